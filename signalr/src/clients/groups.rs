//! Groups: who is in and who is out.

use super::change::Change;
use super::fleet::{self, FleetAnswer};
use crate::backplane::registry::HubCore;
use crate::backplane::wire::Action;
use std::fmt;
use std::sync::Arc;

/// Adds connections to groups and removes them, by their ids. A group exists while it has members; its name is case-sensitive.
/// A connection leaves all its groups when it ends. Matches `IGroupManager` of ASP.NET Core.
#[derive(Clone)]
pub struct Groups {
    core: Arc<HubCore>,
}

impl Groups {
    pub(crate) fn new(core: Arc<HubCore>) -> Self {
        Groups { core }
    }

    /// Adds a connection to a group, wherever it is connected.
    ///
    /// In a fleet the connection may be another server's: awaiting the [`Change`] waits until that has confirmed, and for a
    /// connection of this process until other servers' messages to the group reach it. An id that no server knows then costs
    /// [`ChangeError::NoAnswer`](crate::ChangeError::NoAnswer) after [30 seconds](crate::BackplaneOptions::ack_timeout).
    ///
    /// # Errors
    /// [`TooManyGroups`] where it is in as many as [`Limits::maximum_groups`](crate::Limits::maximum_groups) allows. Another
    /// server does not tell; then nobody confirms.
    pub fn add(&self, connection_id: impl AsRef<str>, group: impl AsRef<str>) -> Result<Change, TooManyGroups> {
        let (id, group) = (connection_id.as_ref(), group.as_ref());
        match self.core.registry.get(id) {
            Some(connection) => Ok(Change::reaching(self.core.registry.join(&connection, group)?)),
            None => Ok(self.command(Action::Add, id, group)),
        }
    }

    /// Removes a connection from a group, wherever it is connected: see [`add`](Self::add).
    pub fn remove(&self, connection_id: impl AsRef<str>, group: impl AsRef<str>) -> Change {
        let (id, group) = (connection_id.as_ref(), group.as_ref());
        match self.core.registry.get(id) {
            Some(connection) => {
                self.core.registry.leave(&connection, group);
                Change::done(true)
            }
            None => self.command(Action::Remove, id, group),
        }
    }

    /// Leaves it to the server that holds the connection.
    fn command(&self, action: Action, id: &str, group: &str) -> Change {
        match self.core.node() {
            Some(node) => Change::commanded(node, id, node.command(action, group, id)),
            None => Change::done(false),
        }
    }

    /// The ids of the members of a group, of all servers. A large group makes a large answer of every server; to know its size
    /// use [`member_count`](Self::member_count).
    pub async fn members(&self, group: impl AsRef<str>) -> FleetAnswer<Vec<String>> {
        fleet::members(&self.core, group.as_ref()).await
    }

    /// How many members a group has, on all servers.
    pub async fn member_count(&self, group: impl AsRef<str>) -> FleetAnswer<usize> {
        fleet::member_count(&self.core, group.as_ref()).await
    }
}

/// A connection is in as many groups as it may be: [`Limits::maximum_groups`](crate::Limits::maximum_groups).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a connection may be in {limit} groups at once (Limits::maximum_groups)")]
#[non_exhaustive]
pub struct TooManyGroups {
    /// How many groups a connection may be in.
    pub limit: usize,
}

impl fmt::Debug for Groups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Groups").field("hub", &self.core.name).finish_non_exhaustive()
    }
}
