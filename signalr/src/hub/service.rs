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
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

/// One connection of a hub, for its session.
pub(crate) struct HubService<H: HubMethods> {
    hub: Arc<HubInner<H>>,
    context: Context<H>,
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
        HubService { hub, context: Context::new(connection), instance: Arc::new(instance), place }
    }

    fn connection(&self) -> &Arc<Connection> {
        self.context.connection()
    }

    /// With one value per call the method begins after the factory has made it; the arguments are kept until then.
    fn call_when_made(&self, method: &'static Method<H>, received: Received<'_>) -> (CallFuture, CallTokens) {
        let Received { id, arguments, streaming, uploads, cancelled } = received;
        let cancel = CancellationToken::new();
        if cancelled {
            cancel.cancel();
        }
        let drop = if method.drops_on_cancel() { cancel.clone() } else { CancellationToken::new() };
        let tokens = CallTokens { cancel: Some(cancel), drop: Some(drop) };
        let mut inner_tokens = tokens.clone();
        let (hub, context) = (self.hub.clone(), self.context.clone());
        let (count, codec) = (arguments.len(), arguments.codec());
        let bytes: Box<[u8]> = arguments.as_bytes().into();
        let mut reply = Reply::new(context.peer().clone(), id, method.name(), streaming);
        reply.token = tokens.cancel.clone();
        let future = Box::pin(async move {
            let hub = match hub.source.make(context.clone()).await {
                Ok(hub) => hub,
                Err(error) => return reply.error(error),
            };
            let invocation = Invocation {
                hub: &hub,
                context: &context,
                method,
                id: None,
                arguments: Arguments::new(codec, &bytes, count),
                streaming,
                uploads: uploads.into_iter(),
                reply: Some(reply),
                begun: false,
                tokens: &mut inner_tokens,
                position: 0,
                failure: None,
            };
            let started = invocation.run();
            if let Some(future) = started.and_then(|started| rest(started, &context)) {
                future.await;
            }
        });
        (future, tokens)
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

/// What is left to run of a call.
fn rest<H: HubMethods>(started: Started, context: &Context<H>) -> Option<CallFuture> {
    match started {
        Started::Done => None,
        Started::Running(future) => Some(future),
        Started::Blocking(run) => {
            let places = context.connection().core.blocking.clone();
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

/// What the wire gives to a call.
struct Received<'a> {
    id: Option<&'a str>,
    arguments: Arguments<'a>,
    streaming: bool,
    uploads: Vec<UploadHandle>,
    cancelled: bool,
}

impl<H: HubMethods> Service for HubService<H> {
    fn connected(&mut self) -> Option<BoxFuture<Result<(), CloseReason>>> {
        self.connection().core.registry.register(self.connection());
        if H::ON_CONNECTED.is_none() && matches!(self.hub.source, Source::Shared(_)) {
            self.connection().connected.store(true, Ordering::Release);
            return None;
        }
        let (hub, connection, instance) = (self.hub.clone(), self.connection().clone(), self.instance.clone());
        Some(Box::pin(async move {
            let detailed = connection.peer.detailed_errors;
            Self::run_connected(hub, connection, instance)
                .await
                .map_err(|error| CloseReason::ServerError(error.describe(CONNECT_FAILED, detailed)))
        }))
    }

    fn invoke(
        &mut self,
        invocation: &protocol::Invocation<'_>,
        uploads: Vec<UploadHandle>,
        cancelled: bool,
    ) -> Option<Call> {
        let protocol::Invocation { streaming, ref id, ref target, arguments, .. } = *invocation;
        let id = id.as_deref();
        let Some(method) = self.hub.table.find(target) else {
            let text = format!(
                "Failed to invoke '{target}' due to an error on the server. HubException: Method does not exist."
            );
            Reply::new(self.context.peer().clone(), id, "", streaming).refuse(&text);
            return None;
        };
        let (future, tokens) = match self.instance.get() {
            Some(hub) => {
                let mut tokens = CallTokens::default();
                if cancelled {
                    tokens.cancel.get_or_insert_default().cancel();
                }
                let invocation = Invocation {
                    hub,
                    context: &self.context,
                    method,
                    id,
                    arguments,
                    streaming,
                    uploads: uploads.into_iter(),
                    reply: None,
                    begun: false,
                    tokens: &mut tokens,
                    position: 0,
                    failure: None,
                };
                let started = invocation.run()?;
                (rest(started, &self.context)?, tokens)
            }
            None => self.call_when_made(method, Received { id, arguments, streaming, uploads, cancelled }),
        };
        let limited = !method.is_streaming() && method.upload_count() == 0;
        Some(Call { future, id: id.map(Into::into), cancel: tokens.cancel, drop: tokens.drop, limited, streaming })
    }

    fn unreachable(&mut self) {
        self.connection().core.registry.unregister(self.connection());
        self.place = None;
    }

    fn disconnected(&mut self, reason: CloseReason) -> Option<BoxFuture<()>> {
        let run = H::ON_DISCONNECTED?;
        let (hub, context, instance) = (self.hub.clone(), self.context.clone(), self.instance.clone());
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
