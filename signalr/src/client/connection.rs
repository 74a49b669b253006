//! The handle of a client's connection.

#[cfg(feature = "client")]
use super::builder::HubConnectionBuilder;
use super::call::{Call, Draft};
use super::connect::Connector;
use super::driver;
use super::error::ClientError;
use super::handlers::Handlers;
use super::invocations::Invocations;
use super::options::Options;
use super::refresh::Refresher;
use super::state::{ConnectionEvent, ConnectionState, Status};
use super::stream::StreamCall;
use crate::protocol::WireArguments;
use crate::session::BoxFuture;
use crate::session::cancel::CancellationToken;
use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::watch;

/// A connection to a hub, as its client has it. It is a handle: clones are the same connection, and when the last one is
/// dropped the connection is closed as by [`stop`](Self::stop), without waiting for it.
///
/// Methods are called by their names here; `#[hub(client)]` makes a typed client of a hub, whose
/// [`AsRef`] is this.
///
/// Matches `HubConnection` of Microsoft's clients.
#[derive(Clone)]
pub struct HubConnection(Arc<Handle>);

struct Handle {
    shared: Arc<Shared>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.end();
    }
}

/// A handle that does not keep the connection: what callbacks have.
#[derive(Clone)]
pub(crate) struct WeakConnection(Weak<Handle>);

/// What is done each time that there is a new connection.
pub(super) type OnConnected = Arc<dyn Fn(HubConnection) -> BoxFuture<Result<(), ClientError>> + Send + Sync>;
pub(super) type OnEvent = Arc<dyn Fn(&ConnectionEvent) + Send + Sync>;

/// What the handles and the task of a connection share.
pub(super) struct Shared {
    pub(super) connector: Box<dyn Connector>,
    pub(super) options: Options,
    pub(super) handlers: Handlers,
    pub(super) invocations: Arc<Invocations>,
    pub(super) status: watch::Sender<Status>,
    pub(super) refresher: Refresher,
    pub(super) on_connected: Vec<OnConnected>,
    pub(super) on_event: Vec<OnEvent>,
    running: Mutex<Option<Running>>,
}

/// The task that runs from a start to the end that belongs to it.
#[derive(Clone, Default)]
struct Running {
    /// Ends it.
    stop: CancellationToken,
    /// Says that it has ended. The status does not: whoever starts again may be faster than whoever looks at it.
    ended: CancellationToken,
}

impl Shared {
    pub(super) fn new(
        connector: Box<dyn Connector>,
        options: Options,
        handlers: Handlers,
        invocations: Invocations,
        on_connected: Vec<OnConnected>,
        on_event: Vec<OnEvent>,
    ) -> Self {
        Shared {
            connector,
            options,
            handlers,
            invocations: Arc::new(invocations),
            status: watch::Sender::new(Status::new(ConnectionState::Disconnected)),
            refresher: Refresher::default(),
            on_connected,
            on_event,
            running: Mutex::default(),
        }
    }

    /// Ends the connection, if there is one.
    fn end(&self) {
        if let Some(running) = self.running() {
            running.stop.cancel();
        }
    }

    fn running(&self) -> Option<Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// For the task, at its end.
    pub(super) fn ended(&self, error: Option<ClientError>) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = running.take();
        self.status.send_replace(Status { error: error.clone(), ..Status::new(ConnectionState::Disconnected) });
        drop(running);
        self.tell(&ConnectionEvent::Closed { error });
        if let Some(running) = ended {
            running.ended.cancel();
        }
    }

    pub(super) fn tell(&self, event: &ConnectionEvent) {
        tracing::debug!(?event, "connection to the server");
        for hook in &self.on_event {
            let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| hook(event)));
            if told.is_err() {
                tracing::error!(?event, "an event handler of the connection panicked");
            }
        }
    }
}

impl WeakConnection {
    /// The connection, if anybody still has it.
    pub(crate) fn upgrade(&self) -> Option<HubConnection> {
        self.0.upgrade().map(HubConnection)
    }
}

impl HubConnection {
    pub(super) fn new(shared: Shared) -> Self {
        HubConnection(Arc::new(Handle { shared: Arc::new(shared) }))
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }

    pub(super) fn invocations(&self) -> &Arc<Invocations> {
        &self.0.shared.invocations
    }

    pub(super) fn downgrade(&self) -> WeakConnection {
        WeakConnection(Arc::downgrade(&self.0))
    }

    /// A connection to the hub at `url`, such as `https://host/chat`, with calls by name.
    #[cfg(feature = "client")]
    pub fn builder(url: impl Into<String>) -> HubConnectionBuilder {
        HubConnectionBuilder::new(url)
    }

    /// Connects, and connects again when the connection is lost, as the
    /// [policy](crate::HubConnectionBuilder::reconnect) says. Returns when the first connection is made and all that is to be done
    /// [on each connection](crate::HubConnectionBuilder::on_connected) is done. A connection that is being made already is waited for.
    /// One that was stopped, or has given up, starts again.
    ///
    /// Matches `StartAsync` of .NET. To be called within a tokio runtime, which runs the connection.
    ///
    /// # Errors
    /// The last failure, when the policy gives up. [`ClientError::NotConnected`] when the connection is stopped meanwhile.
    pub async fn start(&self) -> Result<(), ClientError> {
        if let Some(stopping) = self.shared().running().filter(|running| running.stop.is_cancelled()) {
            stopping.ended.cancelled().await;
        }
        let shared = self.shared();
        let begun = {
            let mut running = shared.running.lock().unwrap_or_else(PoisonError::into_inner);
            running.is_none().then(|| {
                shared.status.send_replace(Status::new(ConnectionState::Connecting));
                running.insert(Running::default()).stop.clone()
            })
        };
        let mut status = shared.status.subscribe();
        if let Some(stop) = begun {
            tokio::spawn(driver::run(shared.clone(), self.downgrade(), stop));
        }
        let settled =
            |status: &Status| matches!(status.state, ConnectionState::Connected | ConnectionState::Disconnected);
        match status.wait_for(settled).await {
            Ok(status) if status.state == ConnectionState::Connected => Ok(()),
            Ok(status) => Err(status.error.clone().unwrap_or(ClientError::NotConnected)),
            Err(_) => Err(ClientError::NotConnected),
        }
    }

    /// Ends the connection: what was queued is sent, then a Close message. Returns when the connection has ended. Calls that
    /// are not answered by then fail. No other connection is made until [`start`](Self::start).
    ///
    /// Matches `StopAsync` of .NET.
    pub async fn stop(&self) {
        if let Some(running) = self.shared().running() {
            running.stop.cancel();
            running.ended.cancelled().await;
        }
    }

    /// What the connection is doing (.NET: `State`).
    pub fn state(&self) -> ConnectionState {
        self.shared().status.borrow().state
    }

    /// Waits until the connection is in that state.
    pub async fn wait_for(&self, state: ConnectionState) {
        let mut status = self.shared().status.subscribe();
        let _ = status.wait_for(|status| status.state == state).await;
    }

    /// The states of the connection, from the present one on. States that pass faster than they are read are left out.
    pub fn states(&self) -> impl futures_util::Stream<Item = ConnectionState> + Send + use<> {
        let status = self.shared().status.subscribe();
        futures_util::stream::unfold((status, None), |(mut status, last)| async move {
            let state = status.wait_for(|status| last != Some(status.state)).await.ok()?.state;
            Some((state, (status, Some(state))))
        })
    }

    /// Renews the user's authentication now, with a new token, without another connection (.NET 11:
    /// `RefreshAuthenticationAsync`).
    ///
    /// # Errors
    /// [`ClientError::Connect`] when the server or the token provider refuses, [`ClientError::NotConnected`] where there is no
    /// connection, or one that nothing was negotiated for.
    pub async fn refresh_authentication(&self) -> Result<(), ClientError> {
        if self.state() != ConnectionState::Connected {
            return Err(ClientError::NotConnected);
        }
        self.shared().refresher.ask().await
    }

    /// The id by which the server knows the connection (.NET: `ConnectionId`). `None` while there is no connection, and where
    /// nothing was negotiated.
    pub fn connection_id(&self) -> Option<String> {
        self.shared().status.borrow().id.clone()
    }

    /// Calls a method of the hub by its name; `arguments` is a tuple, such as `("ann", 3)`, or `()`. Nothing is sent before
    /// what is returned is awaited; its [`send`](Call::send) asks for no answer.
    ///
    /// Matches `InvokeAsync<T>` of .NET.
    pub fn invoke<T>(&self, method: impl Into<Cow<'static, str>>, arguments: impl WireArguments) -> Call<'_, T> {
        let draft = Draft::new(self.invocations(), method.into(), &arguments);
        Call::new(self, draft, self.shared().options.call_timeout)
    }

    /// Calls a method of the hub that answers with a stream. Nothing is sent before what is returned is awaited.
    ///
    /// Matches `StreamAsync<T>` of .NET.
    pub fn stream<T>(&self, method: impl Into<Cow<'static, str>>, arguments: impl WireArguments) -> StreamCall<'_, T> {
        StreamCall::new(self, Draft::new(self.invocations(), method.into(), &arguments))
    }
}

impl fmt::Debug for HubConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.shared().status.borrow().clone();
        let mut debug = f.debug_struct("HubConnection");
        debug.field("state", &status.state).field("id", &status.id);
        self.invocations().describe(&mut debug);
        debug.finish_non_exhaustive()
    }
}

impl fmt::Debug for WeakConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakConnection").finish_non_exhaustive()
    }
}
