//! A hub as what a session serves: finds the method, makes the call, and runs the beginning and the end.

use super::call::HubCall;
use super::caller::Caller;
use super::context::{Connection, Context};
use super::error::HubError;
use super::filter::{Filters, NextConnected, NextDisconnected, RunConnected, RunDisconnected};
use super::filtered::{Gate, Innermost};
use super::invocation::{CallTokens, Invocation, Started};
use super::lifecycle::Lifecycle;
use super::method::{HubMethods, Method};
use super::policy::MethodPolicy;
use super::reply::Reply;
use super::{HubInner, Source};
use crate::backplane::Told;
use crate::protocol::{self, Arguments};
use crate::session::calls::{Call, CallFuture};
use crate::session::cancel::CancellationToken;
use crate::session::close::CloseReason;
use crate::session::{BoxFuture, Service};
use crate::streaming::upload::UploadHandle;
use crate::telemetry::call::{self as spans, Event};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{self, Poll, Waker};
use std::time::Duration;
use tracing::Span;

/// One connection of a hub, for its session.
pub(crate) struct HubService<H: HubMethods> {
    hub: Arc<HubInner<H>>,
    context: Context<H>,
    /// The hub's value of this connection; empty where there is one per call.
    instance: Arc<OnceLock<Arc<H>>>,
    /// Dropped when the connection is no longer reachable: what others know it by.
    place: Option<Box<dyn Any + Send>>,
    filters: Option<Filters>,
}

/// How long a new connection waits for the backplane.
const REACHED_WITHIN: Duration = Duration::from_secs(5);
const CONNECT_FAILED: &str = "Connection closed with an error.";

impl<H: HubMethods> HubService<H> {
    pub(crate) fn new(
        hub: Arc<HubInner<H>>,
        connection: Arc<Connection>,
        place: Option<Box<dyn Any + Send>>,
        filters: Option<Filters>,
    ) -> Self {
        let instance = OnceLock::new();
        if let Source::Shared(shared) = &hub.source {
            let _ = instance.set(shared.clone());
        }
        HubService { hub, context: Context::new(connection), instance: Arc::new(instance), place, filters }
    }

    fn connection(&self) -> &Arc<Connection> {
        self.context.connection()
    }

    /// Asks a policy. What does not decide at once is returned.
    fn admit(
        &self,
        policy: MethodPolicy,
        method: &'static Method<H>,
        arguments: &Arguments<'_>,
    ) -> Result<Option<Gate>, Box<dyn FnOnce(Reply<'static>)>> {
        let call = self.call(method, arguments);
        let mut gate = policy(call);
        let asked =
            catch_unwind(AssertUnwindSafe(|| gate.as_mut().poll(&mut task::Context::from_waker(Waker::noop()))));
        match asked {
            Ok(Poll::Ready(Ok(()))) => Ok(None),
            Ok(Poll::Ready(Err(refusal))) => {
                let error = refusal.of_call(method.name());
                Err(Box::new(move |mut reply| reply.error(error)))
            }
            Ok(Poll::Pending) => {
                Ok(Some(Box::pin(async move { gate.await.map_err(|refusal| refusal.of_call(method.name())) })))
            }
            Err(_panic) => Err(Box::new(Reply::panicked)),
        }
    }

    fn call(&self, method: &'static Method<H>, arguments: &Arguments<'_>) -> HubCall {
        let caller = Caller::new(self.connection().clone());
        HubCall::new(caller, method.name(), method.is_streaming(), method.upload_count(), arguments)
    }

    /// The tokens of a call that begins later.
    fn tokens(method: &'static Method<H>, cancelled: bool) -> CallTokens {
        let cancel = CancellationToken::new();
        if cancelled {
            cancel.cancel();
        }
        let drop = if method.drops_on_cancel() { cancel.clone() } else { CancellationToken::new() };
        CallTokens { cancel: Some(cancel), drop: Some(drop) }
    }

    /// With one value per call the method begins after the factory has made it, and with a policy that waits after that; the
    /// arguments are kept until then.
    fn call_when_made(
        &self,
        method: &'static Method<H>,
        received: Received<'_>,
        gate: Option<Gate>,
    ) -> (CallFuture, CallTokens) {
        let Received { id, arguments, streaming, uploads, cancelled } = received;
        let tokens = Self::tokens(method, cancelled);
        let mut inner_tokens = tokens.clone();
        let (hub, context, instance) = (self.hub.clone(), self.context.clone(), self.instance.clone());
        let (count, codec) = (arguments.len(), arguments.codec());
        let bytes: Box<[u8]> = arguments.as_bytes().into();
        let mut reply = Reply::new(context.peer().clone(), id, method.name(), streaming);
        reply.token = tokens.cancel.clone();
        let future = Box::pin(async move {
            if let Some(gate) = gate
                && let Err(error) = gate.await
            {
                return reply.error(error);
            }
            let hub = match hub.source.value(&context, &instance).await {
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
                at_once: None,
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

    /// With filters the call is theirs, and the method runs when they say so.
    fn call_filtered(
        &self,
        filters: &Filters,
        method: &'static Method<H>,
        received: Received<'_>,
        gate: Option<Gate>,
    ) -> (CallFuture, CallTokens) {
        let Received { id, arguments, streaming, uploads, cancelled } = received;
        let tokens = Self::tokens(method, cancelled);
        let call = self.call(method, &arguments);
        let failure = (!uploads.is_empty()).then(Default::default);
        let mut reply = Reply::new(self.context.peer().clone(), id, method.name(), streaming);
        reply.token = tokens.cancel.clone();
        reply.failure = failure.clone();
        let innermost = Innermost {
            hub: self.hub.clone(),
            instance: self.instance.clone(),
            context: self.context.clone(),
            method,
            streaming,
            uploads: Mutex::new(Some(uploads)),
            tokens: tokens.clone(),
            failure,
        };
        let filters = filters.clone();
        let future = Box::pin(async move {
            match gate {
                Some(gate) => match gate.await {
                    Ok(()) => innermost.answered(filters, call, reply).await,
                    Err(error) => reply.error(error),
                },
                None => innermost.answered(filters, call, reply).await,
            }
        });
        (future, tokens)
    }

    async fn run_connected(
        hub: Arc<HubInner<H>>,
        connection: Arc<Connection>,
        instance: Arc<OnceLock<Arc<H>>>,
        filters: Option<Filters>,
    ) -> Result<(), HubError> {
        let context = Context::new(connection.clone());
        let beginning = Beginning { hub, context, instance };
        match &filters {
            Some(filters) => {
                NextConnected { filters, hub: &beginning }.run(&Caller::new(connection.clone())).await?;
                beginning.ensure_made().await?;
            }
            None => beginning.begin().await?,
        }
        connection.set_connected();
        Ok(())
    }
}

/// The hub's part of the beginning and the end of a connection.
struct Beginning<H: HubMethods> {
    hub: Arc<HubInner<H>>,
    context: Context<H>,
    instance: Arc<OnceLock<Arc<H>>>,
}

impl<H: HubMethods> Clone for Beginning<H> {
    fn clone(&self) -> Self {
        Beginning { hub: self.hub.clone(), context: self.context.clone(), instance: self.instance.clone() }
    }
}

impl<H: HubMethods> Beginning<H> {
    /// Makes the hub's value, if the connection needs one, and runs `on_connected`.
    async fn begin(&self) -> Result<(), HubError> {
        let context = self.context.clone();
        let made = match self.instance.get() {
            Some(made) => Some(made.clone()),
            None => self.hub.source.make_connected(&context, &self.instance).await?,
        };
        match (H::ON_CONNECTED, made) {
            (Some(run), Some(hub)) => run(Lifecycle { hub, context, reason: CloseReason::ClientClosed }).await,
            _ => Ok(()),
        }
    }

    /// Makes the value of the connection, where a filter has let the client in by itself.
    async fn ensure_made(&self) -> Result<(), HubError> {
        if matches!(self.hub.source, Source::PerConnection(_)) && self.instance.get().is_none() {
            self.hub.source.make_connected(&self.context, &self.instance).await?;
        }
        Ok(())
    }

    /// Runs `on_disconnected`.
    async fn end(self, reason: CloseReason) -> Result<(), HubError> {
        let Some(run) = H::ON_DISCONNECTED else { return Ok(()) };
        let hub = self.hub.source.value(&self.context, &self.instance).await?;
        run(Lifecycle { hub, context: self.context, reason }).await
    }
}

impl<H: HubMethods> RunConnected for Beginning<H> {
    fn run(&self) -> BoxFuture<Result<(), HubError>> {
        let beginning = self.clone();
        Box::pin(async move { beginning.begin().await })
    }
}

impl<H: HubMethods> RunDisconnected for Beginning<H> {
    fn run(&self, reason: CloseReason) -> BoxFuture<Result<(), HubError>> {
        Box::pin(self.clone().end(reason))
    }
}

/// Waits until other servers reach a new connection. Where that cannot be now, the backplane makes it true later.
async fn be_reached(reached: Told<()>) {
    match tokio::time::timeout(REACHED_WITHIN, reached).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "other servers do not reach the connection yet"),
        Err(_elapsed) => tracing::debug!("other servers do not reach the connection yet"),
    }
}

/// What is left to run of a call.
pub(super) fn rest<H: HubMethods>(started: Started, context: &Context<H>) -> Option<CallFuture> {
    match started {
        Started::Done => None,
        Started::Running(future) => Some(future),
        Started::Blocking(run) => {
            let places = context.connection().core.blocking.clone();
            let span = Span::current();
            Some(Box::pin(async move {
                let Ok(place) = places.acquire_owned().await else { return };
                // The place is taken until the thread is done, whatever becomes of the call. A panic was answered
                // when it unwound.
                let run = move || {
                    let _place = place;
                    span.in_scope(run);
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
        let reached = self.connection().core.registry.register(self.connection());
        if H::ON_CONNECTED.is_none() && matches!(self.hub.source, Source::Shared(_)) && self.filters.is_none() {
            let connection = self.connection().clone();
            let Some(reached) = reached else {
                connection.set_connected();
                return None;
            };
            return Some(Box::pin(async move {
                be_reached(reached).await;
                connection.set_connected();
                Ok(())
            }));
        }
        let (hub, connection, instance) = (self.hub.clone(), self.connection().clone(), self.instance.clone());
        let filters = self.filters.clone();
        let span = spans::lifecycle_span(&self.connection().core.name, Event::Connected);
        let run = Box::pin(async move {
            if let Some(reached) = reached {
                be_reached(reached).await;
            }
            let detailed = connection.peer.detailed_errors;
            Self::run_connected(hub, connection, instance, filters).await.map_err(|error| {
                spans::failed(error.name());
                if error.is_public() {
                    tracing::debug!(%error, "on_connected failed");
                } else {
                    tracing::error!(%error, "on_connected failed");
                }
                CloseReason::ServerError(error.describe(CONNECT_FAILED, detailed))
            })
        });
        Some(spans::within(&span, run))
    }

    fn invoke(
        &mut self,
        invocation: &protocol::Invocation<'_>,
        uploads: Vec<UploadHandle>,
        cancelled: bool,
    ) -> Option<Call> {
        let protocol::Invocation { streaming, ref id, ref target, arguments, .. } = *invocation;
        let id = id.as_deref();
        let method = self.hub.table.find(target);
        let Connection { core, peer, .. } = &**self.connection();
        let name = method.map_or(spans::UNKNOWN_METHOD, Method::name);
        let hook = peer.telemetry.on_invocation_span.as_ref();
        let span = spans::span(&core.name, name, peer.id.as_str(), &invocation.headers, hook);
        let _entered = span.enter();
        let Some(method) = method else {
            let text = format!(
                "Failed to invoke '{target}' due to an error on the server. HubException: Method does not exist."
            );
            Reply::new(self.context.peer().clone(), id, "", streaming).refuse(HubError::verbatim(text));
            return None;
        };
        let gate = match method.policy() {
            None => None,
            Some(policy) => match self.admit(policy, method, &arguments) {
                Ok(gate) => gate,
                Err(refuse) => {
                    let reply = Reply::new(self.context.peer().clone(), id, method.name(), streaming);
                    // The application's error may have data. Its panic is answered when the reply unwinds.
                    let _ = catch_unwind(AssertUnwindSafe(|| refuse(reply)));
                    return None;
                }
            },
        };
        let (future, tokens) = match (&self.filters, self.instance.get()) {
            (None, Some(hub)) if gate.is_none() => {
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
                    at_once: None,
                    tokens: &mut tokens,
                    position: 0,
                    failure: None,
                };
                let started = invocation.run()?;
                (rest(started, &self.context)?, tokens)
            }
            (filters, _) => {
                let received = Received { id, arguments, streaming, uploads, cancelled };
                match filters {
                    None => self.call_when_made(method, received, gate),
                    Some(filters) => self.call_filtered(filters, method, received, gate),
                }
            }
        };
        let limited = !method.is_streaming() && method.upload_count() == 0;
        let future = spans::within(&span, future);
        // Only what can be cancelled is looked for by its id.
        let id = id.filter(|_| tokens.cancel.is_some()).map(Into::into);
        Some(Call { future, id, cancel: tokens.cancel, drop: tokens.drop, limited, streaming })
    }

    fn refreshed(&mut self) -> Option<BoxFuture<()>> {
        let run = H::ON_AUTHENTICATION_REFRESHED?;
        let (hub, context, instance) = (self.hub.clone(), self.context.clone(), self.instance.clone());
        let span = spans::lifecycle_span(&self.connection().core.name, Event::AuthenticationRefreshed);
        let run = Box::pin(async move {
            let told = match hub.source.value(&context, &instance).await {
                // It is given no reason.
                Ok(hub) => run(Lifecycle { hub, context: context.clone(), reason: CloseReason::ClientClosed }).await,
                Err(error) => Err(error),
            };
            if let Err(error) = told {
                spans::failed(error.name());
                tracing::error!(connection = context.connection_id(), %error, "on_authentication_refreshed failed");
            }
        });
        Some(spans::within(&span, run))
    }

    fn unreachable(&mut self) {
        self.connection().core.registry.unregister(self.connection());
        self.place = None;
    }

    fn disconnected(&mut self, reason: CloseReason) -> Option<BoxFuture<()>> {
        if H::ON_DISCONNECTED.is_none() && self.filters.is_none() {
            return None;
        }
        let (hub, context, instance) = (self.hub.clone(), self.context.clone(), self.instance.clone());
        let (caller, filters) = (Caller::new(self.connection().clone()), self.filters.clone());
        let span = spans::lifecycle_span(&self.connection().core.name, Event::Disconnected);
        let run = Box::pin(async move {
            let hub = Beginning { hub, context, instance };
            let ended = match &filters {
                Some(filters) => NextDisconnected { filters, hub: &hub }.run(&caller, &reason).await,
                None => hub.end(reason).await,
            };
            if let Err(error) = ended {
                spans::failed(error.name());
                tracing::error!(connection = caller.connection_id(), %error, "on_disconnected failed");
            }
        });
        Some(spans::within(&span, run))
    }
}
