//! The caller, whatever its hub: what filters and policies see.

use super::context::{Connection, Context};
use super::items::Items;
use super::method::HubMethods;
use super::request::Request;
use crate::session::cancel::CancellationToken;
use crate::session::close::CloseReason;
use crate::transport::Transport;
use crate::user::User;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// A client of any hub, as [filters](crate::HubFilter) and policies see it: what [`Context`] is to the methods of one hub.
///
/// It is cheap to clone and may be kept.
#[derive(Clone)]
pub struct Caller(Arc<Connection>);

impl Caller {
    pub(crate) fn new(connection: Arc<Connection>) -> Self {
        Caller(connection)
    }

    /// The name of the hub.
    pub fn hub(&self) -> &str {
        &self.0.core.name
    }

    /// The id by which others address this connection. It is not secret.
    pub fn connection_id(&self) -> &str {
        self.0.peer.id.as_str()
    }

    /// Who the caller is: see [`Context::user`].
    pub fn user(&self) -> Option<User> {
        self.0.owner.user()
    }

    /// The id of the user: see [`Context::user_id`].
    pub fn user_id(&self) -> Option<&str> {
        self.0.user.as_deref()
    }

    /// The request that opened the connection.
    pub fn request(&self) -> &Request {
        &self.0.request
    }

    /// A header of that request: see [`Context::header`].
    pub fn header(&self, name: &str) -> Option<&str> {
        self.request().header(name)
    }

    /// A query parameter of that request: see [`Context::query`].
    pub fn query(&self, name: &str) -> Option<Cow<'_, str>> {
        self.request().query(name)
    }

    /// A value that a layer of the application has put into the extensions of that request.
    pub fn extension<T: Clone + Send + Sync + 'static>(&self) -> Option<&T> {
        self.request().extension()
    }

    /// The transport in use.
    pub fn transport(&self) -> Transport {
        self.0.transport
    }

    /// Values of the application that live with the connection; the hub's methods see the same.
    pub fn items(&self) -> &Items {
        &self.0.items
    }

    /// A token that is cancelled when the connection ends.
    pub fn closed(&self) -> CancellationToken {
        self.0.peer.closed().clone()
    }

    /// Ends the connection without giving the client a reason: see [`Context::abort`].
    pub fn abort(&self) {
        self.0.peer.close(CloseReason::Aborted);
    }

    /// Ends the connection and tells the client why: see [`Context::close`].
    pub fn close(&self, reason: impl Into<String>) {
        self.0.peer.close(CloseReason::Kicked(reason.into()));
    }
}

impl<H: HubMethods> From<&Context<H>> for Caller {
    fn from(context: &Context<H>) -> Self {
        Caller(context.connection().clone())
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").field("hub", &self.hub()).field("id", &self.connection_id()).finish_non_exhaustive()
    }
}
