//! A transport and the hub protocol that is spoken over it.

use crate::conformance::ConformanceHubClient;
use crate::{Heard, Recorder, http_client, url};
use signalr::protocol::Protocol;
use signalr::{HubClient, HubConnection, HubConnectionBuilder, Naming, Transport};
use tokio::sync::mpsc::UnboundedReceiver;

/// One transport with one protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Combination {
    /// The only transport that the client may use.
    pub transport: Transport,
    /// The protocol that it speaks.
    pub protocol: Protocol,
}

impl Combination {
    /// A client of the conformance server, typed or not.
    pub fn builder<C: HubClient>(self, path: &str) -> HubConnectionBuilder<C> {
        self.builder_at(url(path))
    }

    /// A client of any server.
    pub fn builder_at<C: HubClient>(self, url: String) -> HubConnectionBuilder<C> {
        HubConnectionBuilder::new(url)
            .transports([self.transport])
            .protocol(self.protocol)
            .naming(Naming::DotNet)
            .http_client(http_client())
    }

    /// A typed client of a conformance hub.
    ///
    /// # Panics
    ///
    /// When it cannot connect.
    pub async fn typed(self, path: &str) -> ConformanceHubClient {
        self.builder(path).connect().await.expect("the server lets us in")
    }

    /// A typed client, and what its receiver is called with.
    ///
    /// # Panics
    ///
    /// When it cannot connect.
    pub async fn recorded(self, path: &str) -> (ConformanceHubClient, UnboundedReceiver<Heard>) {
        let (recorder, heard) = Recorder::new();
        let client = self.builder::<ConformanceHubClient>(path).receiver(recorder).connect().await;
        (client.expect("the server lets us in"), heard)
    }

    /// A client with calls by name.
    ///
    /// # Panics
    ///
    /// When it cannot connect.
    pub async fn untyped(self, path: &str) -> HubConnection {
        self.builder(path).connect().await.expect("the server lets us in")
    }

    /// Whether the two ends see by pings that the other one is there. Polls show it by themselves.
    #[must_use]
    pub fn pings(self) -> bool {
        self.transport != Transport::LongPolling
    }
}
