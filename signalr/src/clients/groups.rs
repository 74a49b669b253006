//! Groups: who is in and who is out.

use crate::backplane::registry::HubCore;
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

    /// Adds a connection to a group, and says whether there is such a connection.
    ///
    /// # Errors
    /// [`TooManyGroups`] where it is in as many as [`Limits::maximum_groups`](crate::Limits::maximum_groups) allows.
    pub fn add(&self, connection_id: impl AsRef<str>, group: impl AsRef<str>) -> Result<bool, TooManyGroups> {
        let Some(connection) = self.core.registry.get(connection_id.as_ref()) else { return Ok(false) };
        self.core.registry.join(&connection, group.as_ref()).map(|()| true)
    }

    /// Removes a connection from a group, and says whether there is such a connection.
    pub fn remove(&self, connection_id: impl AsRef<str>, group: impl AsRef<str>) -> bool {
        let connection = self.core.registry.get(connection_id.as_ref());
        connection.is_some_and(|connection| {
            self.core.registry.leave(&connection, group.as_ref());
            true
        })
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
