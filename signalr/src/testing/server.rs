//! A hub that is served in memory.

use super::clock::in_time;
use super::host::HubHost;
use super::line::TestLine;
use crate::backplane::registry::HubCore;
use crate::client::builder::HubConnectionBuilder;
use crate::client::error::ClientError;
use crate::client::receiver::HubClient;
use crate::clients::handle::HubHandle;
use crate::hub::Hub;
use crate::hub::method::HubMethods;
use crate::protocol::Protocol;
use crate::server::{HubOptions, HubServer, OptionsError};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// A hub that is served in memory, for tests: as over a byte stream, with the real protocols and the real sessions at both ends.
/// Cheap to clone. There is no equivalent in .NET, where tests of hubs replace what the hub sends to.
///
/// ```
/// use signalr::testing::{Recorder, TestServer};
/// use signalr::{ClientError, Context, Hub, hub, receiver};
///
/// #[receiver]
/// trait ChatClient {
///     async fn receive_message(&self, user: String, text: String);
/// }
///
/// struct ChatHub;
///
/// #[hub(receiver = ChatClient, client)]
/// impl ChatHub {
///     fn send_message(&self, ctx: Context<Self>, user: String, text: String) {
///         ctx.clients().others().receive_message(user, text);
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), ClientError> {
/// let server = TestServer::new(&Hub::new("ChatHub", ChatHub));
/// let heard = Recorder::new();
/// let ann: ChatHubClient = server.connect().await?;
/// let _bob: ChatHubClient = server.client().record(&heard).connect().await?;
///
/// ann.send_message("ann", "hi").await?;
/// let (user, text): (String, String) = heard.next("ReceiveMessage").await;
/// assert_eq!((&*user, &*text), ("ann", "hi"));
/// # Ok(()) }
/// ```
pub struct TestServer<H: HubMethods> {
    host: Arc<HubHost<H>>,
    protocol: Protocol,
    limit: Option<Duration>,
}

impl<H: HubMethods> TestServer<H> {
    /// Serves a hub with the default options. Clients come by [`connect`](Self::connect), [`client`](Self::client) and
    /// [`line`](Self::line).
    pub fn new(hub: &Hub<H>) -> Self {
        HubServer::with_defaults(hub).into()
    }

    /// Serves a hub with these options, of which those for HTTP mean nothing here, except
    /// [stateful reconnect](HubOptions::allow_stateful_reconnects). A hub that is mounted in a router is tested with the
    /// options that it has there by `TestServer::from(hubs.server(&hub))`: see [`SignalR::server`](crate::SignalR::server).
    ///
    /// # Errors
    /// The first option that cannot hold.
    pub fn with_options(hub: &Hub<H>, options: &HubOptions) -> Result<Self, OptionsError> {
        HubServer::new(hub, options).map(Into::into)
    }

    /// Sets the hub protocol of the clients that are made from now on; by default JSON. A builder of one can be told
    /// [another](HubConnectionBuilder::protocol).
    #[must_use]
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// Sets how long the kit waits for what must happen, before the test fails. By default 10 seconds, or an hour where the
    /// clock of the runtime is paused.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// A line of its own for a client: to say who the client is, and what goes wrong on the way.
    pub fn line(&self) -> TestLine {
        TestLine::new(self.host.clone(), self.protocol, self.limit)
    }

    /// The builder of a client, typed or not, over a line of its own: see [`TestLine::client`].
    pub fn client<C: HubClient + 'static>(&self) -> HubConnectionBuilder<C> {
        self.line().client()
    }

    /// Connects a client without a receiver: `client().connect()`.
    ///
    /// # Errors
    /// As [`HubConnection::start`](crate::HubConnection::start).
    pub async fn connect<C: HubClient + 'static>(&self) -> Result<C, ClientError> {
        self.client().connect().await
    }

    pub(super) fn core(&self) -> &Arc<HubCore> {
        self.host.server.core()
    }

    /// The hub from outside, to send to its clients.
    pub fn handle(&self) -> HubHandle<H> {
        HubHandle::new(self.core().clone())
    }

    /// How many connections there are: those whose `on_connected` has ended, and whose `on_disconnected` has not. Of
    /// the clients made here; [`HubHandle::connections`] counts all that are reachable.
    pub fn connections(&self) -> usize {
        *self.host.connections.borrow()
    }

    /// Waits until there are so many [connections](Self::connections). With 0, until all clients have gone and the hub has
    /// been told.
    ///
    /// # Panics
    /// When that does not happen in [time](Self::time_limit).
    #[track_caller]
    pub fn wait_for_connections(&self, count: usize) -> impl Future<Output = ()> + Send + use<H> {
        let connections = self.host.connections.clone();
        let mut watched = connections.subscribe();
        let missing = move || format!("there are {} connections instead of {count}", *connections.borrow());
        in_time(self.limit, missing, async move {
            // The sender is kept for the message.
            let _ = watched.wait_for(|connections| *connections == count).await;
        })
    }
}

impl<H: HubMethods> From<HubServer<H>> for TestServer<H> {
    fn from(server: HubServer<H>) -> Self {
        let connections = Arc::new(watch::Sender::new(0));
        TestServer { host: Arc::new(HubHost { server, connections }), protocol: Protocol::Json, limit: None }
    }
}

impl<H: HubMethods> Clone for TestServer<H> {
    fn clone(&self) -> Self {
        TestServer { host: self.host.clone(), protocol: self.protocol, limit: self.limit }
    }
}

impl<H: HubMethods> fmt::Debug for TestServer<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestServer")
            .field("protocol", &self.protocol)
            .field("connections", &self.connections())
            .finish_non_exhaustive()
    }
}
