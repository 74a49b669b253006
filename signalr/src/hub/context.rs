//! The caller, as a hub method sees it.

use super::items::Items;
use super::method::HubMethods;
use super::request::Request;
use crate::backplane::registry::{HubCore, Memberships};
use crate::clients::Clients;
use crate::clients::change::Change;
use crate::clients::groups::{Groups, TooManyGroups};
use crate::clients::target::Sender;
use crate::session::cancel::CancellationToken;
use crate::session::close::CloseReason;
use crate::session::owner::Owner;
use crate::session::peer::Peer;
use crate::transport::Transport;
use crate::user::User;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// One live connection of a hub, whatever it is used for.
pub(crate) struct Connection {
    pub(crate) peer: Arc<Peer>,
    pub(crate) core: Arc<HubCore>,
    pub(crate) transport: Transport,
    /// The id that it is addressed by.
    pub(crate) user: Option<Box<str>>,
    pub(crate) owner: Arc<Owner>,
    pub(crate) request: Request,
    pub(crate) items: Items,
    pub(crate) memberships: Memberships,
    /// Whether `on_connected` has ended.
    pub(crate) connected: AtomicBool,
}

impl Connection {
    /// Whether the client can be asked already: not before `on_connected` has ended.
    pub(crate) fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Acquire)
    }

    /// `on_connected` has ended, and the client is let in.
    pub(crate) fn set_connected(&self) {
        self.connected.store(true, Ordering::Release);
        #[cfg(feature = "testing")]
        if let Some(visit) = self.request.extension::<crate::testing::visit::Witness>() {
            visit.connected();
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("id", &self.peer.id).finish_non_exhaustive()
    }
}

/// The caller of a hub method: who it is, what is kept with its connection, and whom else the hub can address.
///
/// It is cheap to clone and may be kept, also by background work: it holds neither the hub nor the socket. After the
/// connection's end its sends reach nobody. Matches `HubCallerContext` of ASP.NET Core.
///
/// ```
/// # use signalr::{Context, HubError, hub, receiver};
/// # #[receiver] trait Client { async fn said(&self, who: String, text: String); }
/// # struct Rooms;
/// #[hub(receiver = Client)]
/// impl Rooms {
///     fn enter(&self, ctx: Context<Self>, room: String) -> Result<(), HubError> {
///         ctx.join(&room)?;
///         let who = ctx.user_id().unwrap_or_else(|| ctx.connection_id());
///         ctx.clients().others_in_group(room).said(who.to_owned(), "hello");
///         Ok(())
///     }
/// }
/// ```
pub struct Context<H: HubMethods> {
    connection: Arc<Connection>,
    hub: super::invocation::Of<H>,
}

impl<H: HubMethods> Context<H> {
    pub(crate) fn new(connection: Arc<Connection>) -> Self {
        Context { connection, hub: std::marker::PhantomData }
    }

    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    pub(crate) fn peer(&self) -> &Arc<Peer> {
        &self.connection.peer
    }

    /// The id by which others address this connection: 22 characters of `A-Z a-z 0-9 - _`. It is not secret.
    pub fn connection_id(&self) -> &str {
        self.connection.peer.id.as_str()
    }

    /// Who the caller is: what the application's layer has put into the request. `None` if the caller is anonymous. It is
    /// that of the latest poll of a long-polling client, and the new one where
    /// [credentials were renewed](crate::HubOptions::authentication_refresh). Matches `Context.User`.
    pub fn user(&self) -> Option<User> {
        self.connection.owner.user()
    }

    /// The id that [`Clients::user`](crate::Clients::user) reaches the caller by: that of its [`user`](Self::user) when it
    /// connected, or what the hub's [`user_id`](crate::HubOptions::user_id) function made of the request. Matches
    /// `Context.UserIdentifier`.
    pub fn user_id(&self) -> Option<&str> {
        self.connection.user.as_deref()
    }

    /// The request that opened the connection.
    pub fn request(&self) -> &Request {
        &self.connection.request
    }

    /// The value of the first header of that name, whose case does not matter, in the request that opened the connection.
    /// `None` also for a value that is not UTF-8.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.request().header(name)
    }

    /// The decoded value of the first query parameter of that name, whose case does not matter, in the request that opened
    /// the connection.
    pub fn query(&self, name: &str) -> Option<Cow<'_, str>> {
        self.request().query(name)
    }

    /// A value that a layer of the application has put into the extensions of the request that opened the connection.
    pub fn extension<T: Clone + Send + Sync + 'static>(&self) -> Option<&T> {
        self.request().extension()
    }

    /// The transport in use.
    pub fn transport(&self) -> Transport {
        self.connection.transport
    }

    /// Values of the application that live with the connection.
    pub fn items(&self) -> &Items {
        &self.connection.items
    }

    /// Whom the hub can address; the caller counts as itself.
    #[inline(never)]
    pub fn clients(&self) -> Clients<H> {
        Clients::new(Sender::Caller(self.connection.clone()))
    }

    /// The groups of the hub.
    pub fn groups(&self) -> Groups {
        Groups::new(self.connection.core.clone())
    }

    /// Adds the caller to a group. Names are case-sensitive; being in it already changes nothing, and neither does a
    /// connection that has ended. The next send of this server to the group reaches the caller; those of other servers do from
    /// when the [`Change`] that is returned has been awaited, which takes no time without a [backplane](crate::Backplane).
    ///
    /// # Errors
    /// [`TooManyGroups`] where the caller is in as many as [`Limits::maximum_groups`](crate::Limits::maximum_groups) allows,
    /// 1000 by default. A hub method passes it on with `?`.
    pub fn join(&self, group: impl AsRef<str>) -> Result<Change, TooManyGroups> {
        self.connection.core.registry.join(&self.connection, group.as_ref()).map(Change::reaching)
    }

    /// Removes the caller from a group.
    pub fn leave(&self, group: impl AsRef<str>) {
        self.connection.core.registry.leave(&self.connection, group.as_ref());
    }

    /// A token that is cancelled when the connection ends; background work may keep it. Matches `ConnectionAborted`. To
    /// end the connection use [`abort`](Self::abort): cancelling the token does not.
    pub fn closed(&self) -> CancellationToken {
        self.connection.peer.closed().clone()
    }

    /// Ends the caller's connection, as soon as this call waits or returns, without giving the client a reason. The call
    /// itself is not answered any more. Matches `Context.Abort()`.
    pub fn abort(&self) {
        self.connection.peer.close(CloseReason::Aborted);
    }

    /// Ends the caller's connection as [`abort`](Self::abort) does, and tells the client why: it arrives as the error of
    /// the connection's end.
    pub fn close(&self, reason: impl Into<String>) {
        self.connection.peer.close(CloseReason::Kicked(reason.into()));
    }
}

impl<H: HubMethods> Clone for Context<H> {
    fn clone(&self) -> Self {
        Self::new(self.connection.clone())
    }
}

impl<H: HubMethods> fmt::Debug for Context<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Context").field(&self.connection.peer.id).finish()
    }
}
