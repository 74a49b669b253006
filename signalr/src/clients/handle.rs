//! A hub from outside: for background tasks, axum handlers and whatever else is not a hub method.

use super::change::{self, Change};
use super::fleet::{self, FleetAnswer};
use super::groups::{Groups, TooManyGroups};
use super::target::{Many, Sender, Single};
use super::{Clients, ProxyOf};
use crate::backplane::registry::HubCore;
use crate::hub::method::HubMethods;
use std::fmt;
use std::sync::Arc;

/// Reaches the clients of a hub from outside of it. Cheap to clone, and it keeps no connection alive. Matches `IHubContext` of
/// ASP.NET Core.
///
/// ```
/// # use signalr::{Hub, hub, receiver};
/// #[receiver]
/// pub trait ChatClient {
///     async fn receive_message(&self, user: String, text: String);
/// }
/// # pub struct ChatHub;
/// # #[hub(receiver = ChatClient)] impl ChatHub {}
/// # async fn demo() {
/// let chat = Hub::new("ChatHub", ChatHub);
/// let ops = chat.handle();
/// let receipt = ops.group("ops").receive_message("cron", "backup done").await;
/// println!("{} clients have it", receipt.connections);
/// # }
/// ```
pub struct HubHandle<H: HubMethods> {
    clients: Clients<H>,
    core: Arc<HubCore>,
}

impl<H: HubMethods> HubHandle<H> {
    pub(crate) fn new(core: Arc<HubCore>) -> Self {
        HubHandle { clients: Clients::new(Sender::Hub(core.clone())), core }
    }

    /// Every connection of the hub.
    pub fn all(&self) -> ProxyOf<H, Many> {
        self.clients.all()
    }

    /// Every connection but those with the given ids.
    pub fn all_except(&self, excluded: impl IntoIterator<Item = impl AsRef<str>>) -> ProxyOf<H, Many> {
        self.clients.all_except(excluded)
    }

    /// One connection, by its id. An id that is not connected reaches nobody.
    pub fn client(&self, connection_id: impl AsRef<str>) -> ProxyOf<H, Single> {
        self.clients.client(connection_id)
    }

    /// Several connections, by their ids.
    pub fn clients(&self, connection_ids: impl IntoIterator<Item = impl AsRef<str>>) -> ProxyOf<H, Many> {
        self.clients.clients(connection_ids)
    }

    /// The members of a group. Names are case-sensitive.
    pub fn group(&self, name: impl Into<String>) -> ProxyOf<H, Many> {
        self.clients.group(name)
    }

    /// The members of several groups. Who is in two of them gets the message twice, as with ASP.NET Core.
    pub fn groups(&self, names: impl IntoIterator<Item = impl Into<String>>) -> ProxyOf<H, Many> {
        self.clients.groups(names)
    }

    /// The members of a group but those with the given ids.
    pub fn group_except(
        &self,
        name: impl Into<String>,
        excluded: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> ProxyOf<H, Many> {
        self.clients.group_except(name, excluded)
    }

    /// All connections of a user.
    pub fn user(&self, user_id: impl Into<String>) -> ProxyOf<H, Many> {
        self.clients.user(user_id)
    }

    /// All connections of several users.
    pub fn users(&self, user_ids: impl IntoIterator<Item = impl Into<String>>) -> ProxyOf<H, Many> {
        self.clients.users(user_ids)
    }

    /// Adds a connection to a group, wherever it is connected: see [`Groups::add`].
    ///
    /// # Errors
    /// [`TooManyGroups`] where it is in as many as [`Limits::maximum_groups`](crate::Limits::maximum_groups) allows.
    pub fn add_to_group(
        &self,
        connection_id: impl AsRef<str>,
        group: impl AsRef<str>,
    ) -> Result<Change, TooManyGroups> {
        Groups::new(self.core.clone()).add(connection_id, group)
    }

    /// Removes a connection from a group, wherever it is connected: see [`Groups::remove`].
    pub fn remove_from_group(&self, connection_id: impl AsRef<str>, group: impl AsRef<str>) -> Change {
        Groups::new(self.core.clone()).remove(connection_id, group)
    }

    /// The ids of the members of a group, of all servers: see [`Groups::members`].
    pub async fn group_members(&self, group: impl AsRef<str>) -> FleetAnswer<Vec<String>> {
        fleet::members(&self.core, group.as_ref()).await
    }

    /// How many members a group has, on all servers.
    pub async fn group_member_count(&self, group: impl AsRef<str>) -> FleetAnswer<usize> {
        fleet::member_count(&self.core, group.as_ref()).await
    }

    /// Ends a connection, wherever it is, and tells its client why. In a fleet the servers that use this crate are asked; one
    /// that does not can neither do it nor tell that it does not have the connection.
    pub fn close(&self, connection_id: impl AsRef<str>, reason: impl Into<String>) -> Change {
        change::end(&self.core, connection_id.as_ref(), Some(reason.into()))
    }

    /// Ends a connection as [`close`](Self::close) does, without giving its client a reason.
    pub fn abort(&self, connection_id: impl AsRef<str>) -> Change {
        change::end(&self.core, connection_id.as_ref(), None)
    }

    /// How many connections a user has, on all servers: whether the user is online.
    pub async fn user_connections(&self, user_id: impl AsRef<str>) -> FleetAnswer<usize> {
        fleet::user_connections(&self.core, user_id.as_ref()).await
    }

    /// How many connections the hub has in this process.
    pub fn connections(&self) -> usize {
        self.core.registry.len()
    }
}

impl<H: HubMethods> Clone for HubHandle<H> {
    fn clone(&self) -> Self {
        Self::new(self.core.clone())
    }
}

impl<H: HubMethods> fmt::Debug for HubHandle<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubHandle").field("hub", &self.core.name).finish_non_exhaustive()
    }
}
