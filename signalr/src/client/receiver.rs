//! Typed clients and typed receivers: what the macros implement.

use super::callback::{AnswerEncoder, Callback, CallbackResult, NotRun};
use super::connection::HubConnection;
use super::handlers::Handlers;
use crate::clients::target::NoReceiver;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// A typed client: a hub's methods over a [`HubConnection`]. Implemented by `#[hub(client)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a client of a hub",
    label = "not a client",
    note = "`#[hub(client)]` on `impl ChatHub` makes the type `ChatHubClient`; for calls by name there is `HubConnection`"
)]
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
#[diagnostic::on_unimplemented(
    message = "`{R}` cannot be the receiver of this client",
    label = "does not implement the hub's receiver trait",
    note = "the hub calls its clients as `{Self}` says; where that is `NoReceiver`, the hub declares no receiver: \
            handle its calls with `on(name, handler)`"
)]
pub trait ReceiverFor<R: ?Sized> {
    /// Registers every method of the trait under its name.
    fn register(receiver: Arc<R>, handlers: &Handlers);
}

// What a receiver reads and answers is asked of the implementor `R`, which always can, so that a type which a server only
// writes is an error where a client would have to read it, and not where the trait is declared.

/// The receiver is sent a `T`.
pub trait Receives<T> {
    /// Reads the next argument.
    #[doc(hidden)]
    fn read(callback: &mut Callback<'_>, name: &'static str) -> Result<T, NotRun>;
}

impl<R: ?Sized, T: DeserializeOwned> Receives<T> for R {
    fn read(callback: &mut Callback<'_>, name: &'static str) -> Result<T, NotRun> {
        callback.argument(Some(name))
    }
}

/// The receiver answers with a `T`.
pub trait Answers<T> {
    /// Encodes the answer.
    #[doc(hidden)]
    fn answer(value: &T, encoder: AnswerEncoder) -> CallbackResult;
}

impl<R: ?Sized, T: Serialize> Answers<T> for R {
    fn answer(value: &T, encoder: AnswerEncoder) -> CallbackResult {
        encoder.value(value)
    }
}
