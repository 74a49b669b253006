//! Typed clients and typed receivers: what the macros implement.

use super::connection::HubConnection;
use super::handlers::Handlers;
use crate::clients::target::NoReceiver;
use std::sync::Arc;

/// A typed client: a hub's methods over a [`HubConnection`]. Implemented by `#[hub(client)]`.
pub trait HubClient: From<HubConnection> + AsRef<HubConnection> {
    /// What the hub calls on its clients.
    type Receiver: ?Sized;
}

impl HubClient for HubConnection {
    type Receiver = NoReceiver;
}

impl AsRef<HubConnection> for HubConnection {
    fn as_ref(&self) -> &HubConnection {
        self
    }
}

/// Says that an `R` can be called by the server as this receiver trait says. Implemented by `#[receiver]`.
pub trait ReceiverFor<R: ?Sized> {
    /// Registers every method of the trait under its name.
    fn register(receiver: Arc<R>, handlers: &Handlers);
}
