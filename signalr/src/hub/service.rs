//! A hub as what a session serves: finds the method, makes the call, and runs the beginning and the end.

use super::context::{Connection, Context};
use super::invocation::{CallTokens, Invocation, Started};
use super::lifecycle::Lifecycle;
use super::method::{HubMethods, Method};
use super::reply::Reply;
use super::{HubInner, Source};
use crate::hub::error::HubError;
use crate::protocol::{self, Arguments};
use crate::session::calls::{Call, CallFuture};
use crate::session::cancel::CancellationToken;
use crate::session::close::CloseReason;
use crate::session::{BoxFuture, Service};
use crate::streaming::upload::UploadHandle;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

/// One connection of a hub, for its session.
pub(crate) struct HubService<H: HubMethods> {
    hub: Arc<HubInner<H>>,
    connection: Arc<Connection>,
    /// The hub's value of this connection; empty where there is one per call.
    instance: Arc<OnceLock<Arc<H>>>,
    /// Dropped when the connection is no longer reachable: what others know it by.
    place: Option<Box<dyn Any + Send>>,
}

const CONNECT_FAILED: &str = "Connection closed with an error.";

impl<H: HubMethods> HubService<H> {
    pub(crate) fn new(hub: Arc<HubInner<H>>, connection: Arc<Connection>, place: Option<Box<dyn Any + Send>>) -> Self {
        let instance = OnceLock::new();
        if let Source::Shared(shared) = &hub.source {
            let _ = instance.set(shared.clone());
        }
        HubService { hub, connection, instance: Arc::new(instance), place }
    }

    fn context(&self) -> Context<H> {
        Context::new(self.connection.clone())
    }

    fn call(
        &self,
        hub: Arc<H>,
        method: &'static Method<H>,
        received: Received<'_>,
        tokens: &mut CallTokens,
    ) -> Option<Started> {
        if received.cancelled {
            tokens.cancel.get_or_insert_default().cancel();
        }
        let mut invocation = Invocation {
            hub,
            context: self.context(),
            method,
            arguments: received.arguments,
            streaming: received.streaming,
            uploads: received.uploads.into_iter(),
            reply: Some(received.reply),
            tokens,
            position: 0,
            failure: None,
        };
        let started = if let Some(expected) = method.misfit(invocation.arguments.len()) {
            Ok(Err(invocation.wrong_count(expected)))
        } else {
            // A panic is answered by the reply when it unwinds.
            catch_unwind(AssertUnwindSafe(|| method.start(invocation)))
        };
        match started {
            Ok(Ok(started)) => Some(started.0),
            Ok(Err(rejection)) => {
                rejection.answer();
                None
            }
            Err(_panic) => None,
        }
    }

    /// With one value per call the method begins after the factory has made it; the arguments are kept until then.
    fn call_when_made(&self, method: &'static Method<H>, received: Received<'_>) -> (CallFuture, CallTokens) {
        let cancel = CancellationToken::new();
        let drop = if method.drops_on_cancel() { cancel.clone() } else { CancellationToken::new() };
        let tokens = CallTokens { cancel: Some(cancel), drop: Some(drop) };
        let mut inner_tokens = tokens.clone();
        let service = HubService {
            hub: self.hub.clone(),
            connection: self.connection.clone(),
            instance: self.instance.clone(),
            place: None,
        };
        let (count, protocol) = (received.arguments.len(), received.arguments.protocol());
        let bytes: Box<[u8]> = received.arguments.as_bytes().into();
        let Received { streaming, uploads, mut reply, cancelled, .. } = received;
        reply.token = tokens.cancel.clone();
        let future = Box::pin(async move {
            let hub = match service.hub.source.make(service.context()).await {
                Ok(hub) => hub,
                Err(error) => return reply.error(error),
            };
            let arguments = Arguments::new(protocol, &bytes, count);
            let received = Received { arguments, streaming, uploads, reply, cancelled };
            let started = service.call(hub, method, received, &mut inner_tokens);
            if let Some(future) = started.and_then(|started| service.future(started)) {
                future.await;
            }
        });
        (future, tokens)
    }

    /// What is left to run of a call.
    fn future(&self, started: Started) -> Option<CallFuture> {
        match started {
            Started::Done => None,
            Started::Running(future) => Some(future),
            Started::Blocking(run) => {
                let places = self.connection.core.blocking.clone();
                Some(Box::pin(async move {
                    let Ok(place) = places.acquire_owned().await else { return };
                    // The place is taken until the thread is done, whatever becomes of the call. A panic was answered
                    // when it unwound.
                    let run = move || {
                        let _place = place;
                        run();
                    };
                    let _ = tokio::task::spawn_blocking(run).await;
                }))
            }
        }
    }

    async fn run_connected(
        hub: Arc<HubInner<H>>,
        connection: Arc<Connection>,
        instance: Arc<OnceLock<Arc<H>>>,
    ) -> Result<(), HubError> {
        let context = Context::new(connection.clone());
        let made = match instance.get() {
            Some(made) => Some(made.clone()),
            None => hub.source.make_connected(&context, &instance).await?,
        };
        if let (Some(run), Some(hub)) = (H::ON_CONNECTED, made) {
            run(Lifecycle { hub, context, reason: CloseReason::ClientClosed }).await?;
        }
        connection.connected.store(true, Ordering::Release);
        Ok(())
    }
}

/// What the wire gives to a call, and what answers it.
struct Received<'a> {
    arguments: Arguments<'a>,
    streaming: bool,
    uploads: Vec<UploadHandle>,
    reply: Reply,
    cancelled: bool,
}

impl<H: HubMethods> Service for HubService<H> {
    fn connected(&mut self) -> Option<BoxFuture<Result<(), CloseReason>>> {
        self.connection.core.registry.register(&self.connection);
        if H::ON_CONNECTED.is_none() && matches!(self.hub.source, Source::Shared(_)) {
            self.connection.connected.store(true, Ordering::Release);
            return None;
        }
        let (hub, connection, instance) = (self.hub.clone(), self.connection.clone(), self.instance.clone());
        Some(Box::pin(async move {
            let detailed = connection.peer.detailed_errors;
            Self::run_connected(hub, connection, instance)
                .await
                .map_err(|error| CloseReason::ServerError(error.describe(CONNECT_FAILED, detailed)))
        }))
    }

    fn invoke(
        &mut self,
        invocation: protocol::Invocation<'_>,
        uploads: Vec<UploadHandle>,
        cancelled: bool,
    ) -> Option<Call> {
        let protocol::Invocation { streaming, id, target, arguments, .. } = invocation;
        let peer = self.connection.peer.clone();
        let Some(method) = self.hub.table.find(&target) else {
            let text = format!(
                "Failed to invoke '{target}' due to an error on the server. HubException: Method does not exist."
            );
            Reply::new(peer, id.as_deref(), "", streaming).refuse(&text);
            return None;
        };
        let limited = !method.is_streaming() && method.upload_count() == 0;
        let reply = Reply::new(peer, id.as_deref(), method.name(), streaming);
        let received = Received { arguments, streaming, uploads, reply, cancelled };
        let (future, tokens) = match self.instance.get() {
            Some(hub) => {
                let mut tokens = CallTokens::default();
                let started = self.call(hub.clone(), method, received, &mut tokens)?;
                (self.future(started)?, tokens)
            }
            None => self.call_when_made(method, received),
        };
        Some(Call {
            future,
            id: id.as_deref().map(Into::into),
            cancel: tokens.cancel,
            drop: tokens.drop,
            limited,
            streaming,
        })
    }

    fn unreachable(&mut self) {
        self.connection.core.registry.unregister(&self.connection);
        self.place = None;
    }

    fn disconnected(&mut self, reason: CloseReason) -> Option<BoxFuture<()>> {
        let run = H::ON_DISCONNECTED?;
        let (hub, context, instance) = (self.hub.clone(), self.context(), self.instance.clone());
        Some(Box::pin(async move {
            let hub = match instance.get() {
                Some(hub) => Ok(hub.clone()),
                None => hub.source.make(context.clone()).await,
            };
            let ended = match hub {
                Ok(hub) => run(Lifecycle { hub, context: context.clone(), reason }).await,
                Err(error) => Err(error),
            };
            if let Err(error) = ended {
                tracing::error!(connection = context.connection_id(), %error, "on_disconnected failed");
            }
        }))
    }
}
