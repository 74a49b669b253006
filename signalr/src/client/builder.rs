//! How a client is made.

use super::connection::HubConnection;
use super::error::ClientError;
use super::handlers::Handlers;
#[cfg(feature = "client")]
use super::http::HttpOptions;
use super::receiver::{HubClient, ReceiverFor};
use std::marker::PhantomData;
use std::sync::Arc;

/// Makes a client: of the type `C`, which is [`HubConnection`] for calls by name, or what `#[hub(client)]` has made.
pub struct HubConnectionBuilder<C = HubConnection> {
    handlers: Handlers,
    #[cfg(feature = "client")]
    pub(super) http: HttpOptions,
    client: PhantomData<fn() -> C>,
}

impl<C: HubClient> HubConnectionBuilder<C> {
    /// For the server at that URL.
    pub fn new(url: impl Into<String>) -> Self {
        let _ = url.into();
        HubConnectionBuilder {
            handlers: Handlers::default(),
            #[cfg(feature = "client")]
            http: HttpOptions::default(),
            client: PhantomData,
        }
    }

    /// What the server calls on this client.
    pub fn receiver<R: Send + Sync + 'static>(self, receiver: R) -> Self
    where
        C::Receiver: ReceiverFor<R>,
    {
        C::Receiver::register(Arc::new(receiver), &self.handlers);
        self
    }

    /// The client, before it connects.
    pub fn build(self) -> C {
        todo!()
    }

    /// Connects.
    pub async fn connect(self) -> Result<C, ClientError> {
        todo!()
    }
}
