//! What a client's connection is doing, for whoever wants to know.

use super::error::ClientError;
use std::fmt;

/// What a client's connection is doing.
///
/// Matches `HubConnectionState` of .NET, whose `Disconnecting` is the end of `Connected` here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionState {
    /// It was not started, or was stopped, or has given up.
    Disconnected,
    /// It was started and has never been connected since.
    Connecting,
    /// Calls reach the server.
    Connected,
    /// The connection was lost, and another one is being made.
    Reconnecting,
}

impl fmt::Display for ConnectionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Something that happened to a client's connection.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ConnectionEvent {
    /// The first connection since the start is made.
    Connected {
        /// The id by which the server knows the connection, where it has told it.
        id: Option<String>,
    },
    /// The connection was lost, and another one is being made (.NET: `Reconnecting`).
    Reconnecting {
        /// Why it was lost.
        error: ClientError,
    },
    /// The connection is there again (.NET: `Reconnected`).
    Reconnected {
        /// The id that the connection had.
        old_id: Option<String>,
        /// The id that it has now.
        new_id: Option<String>,
        /// Whether it is the same connection to the server, which has lost nothing (stateful reconnect). Otherwise the server
        /// knows nothing of the old one: its groups and streams are gone.
        resumed: bool,
    },
    /// The connection has ended, and no other one will be made (.NET: `Closed`).
    Closed {
        /// Why; `None` after [`stop`](crate::HubConnection::stop), and when the server has closed it without an error.
        error: Option<ClientError>,
    },
    /// The user's authentication was renewed (.NET: `AuthenticationRefreshed`).
    AuthenticationRefreshed,
    /// The user's authentication could not be renewed (.NET: `AuthenticationRefreshFailed`). The connection goes on as long as
    /// the server lets it.
    AuthenticationRefreshFailed {
        /// Why not.
        error: ClientError,
    },
}

/// What is known of a connection at one moment.
#[derive(Debug, Clone)]
pub(super) struct Status {
    pub(super) state: ConnectionState,
    pub(super) id: Option<String>,
    /// Why it is disconnected, if by a failure.
    pub(super) error: Option<ClientError>,
}

impl Status {
    pub(super) fn new(state: ConnectionState) -> Self {
        Status { state, id: None, error: None }
    }
}
