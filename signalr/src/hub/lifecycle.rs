//! `on_connected`, `on_disconnected` and `on_authentication_refreshed`.

use super::context::Context;
use super::error::HubError;
use super::method::HubMethods;
use crate::session::close::CloseReason;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

/// What the lifecycle methods are given.
pub struct Lifecycle<H: HubMethods> {
    pub(crate) hub: Arc<H>,
    pub(crate) context: Context<H>,
    pub(crate) reason: CloseReason,
}

/// What runs at such a moment of a connection.
pub type LifecycleFuture = Pin<Box<dyn Future<Output = Result<(), HubError>> + Send>>;

/// A parameter of a lifecycle method.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a lifecycle method",
    note = "these methods take `Context<Self>`, and `on_disconnected` a `CloseReason` besides"
)]
pub trait FromLifecycle<H: HubMethods>: Sized {
    /// Makes the parameter.
    ///
    /// # Errors
    /// The connection fails with the error.
    fn from_lifecycle(lifecycle: &Lifecycle<H>) -> Result<Self, HubError>;
}

impl<H: HubMethods> Lifecycle<H> {
    /// The hub of this connection.
    pub fn hub(&self) -> Arc<H> {
        self.hub.clone()
    }

    /// A parameter that the server makes.
    pub fn inject<T: FromLifecycle<H>>(&self) -> Result<T, HubError> {
        T::from_lifecycle(self)
    }

    /// Why the connection has ended.
    pub fn reason(&self) -> CloseReason {
        self.reason.clone()
    }
}

impl<H: HubMethods> fmt::Debug for Lifecycle<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lifecycle").field("reason", &self.reason).finish_non_exhaustive()
    }
}

impl<H: HubMethods> FromLifecycle<H> for Context<H> {
    fn from_lifecycle(lifecycle: &Lifecycle<H>) -> Result<Self, HubError> {
        Ok(lifecycle.context.clone())
    }
}
