//! What can become of a call, and whose fault it is.

use super::connect::ConnectError;
use crate::protocol::EncodeError;
use std::time::Duration;
use thiserror::Error;

/// The error of a hub method, as the client received it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HubFailure {
    /// The text, in the server's words.
    pub message: String,
}

/// Why a call or a connection failed.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// There is no connection, and nothing was sent.
    #[error("there is no connection to the server")]
    NotConnected,
    /// The connection could not be made.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The connection was lost. As the error of a call: after it was sent, so that it is not known whether the server has run
    /// it.
    #[error("the connection was lost: {0}")]
    ConnectionLost(String),
    /// The server has closed the connection, perhaps with an error. As the error of a call: after it was sent.
    #[error("the server closed the connection{}", .0.as_ref().map(|text| format!(": {text}")).unwrap_or_default())]
    Closed(Option<String>),
    /// No answer came in time. The call was cancelled.
    #[error("the server did not answer within {0:?}")]
    TimedOut(Duration),
    /// The hub's own error.
    #[error("{}", .0.message)]
    Hub(HubFailure),
    /// An argument cannot be serialised; nothing was sent.
    #[error("an argument of '{method}' cannot be serialised: {cause}")]
    Argument {
        /// The method that was to be called.
        method: String,
        /// Why it cannot.
        cause: EncodeError,
    },
    /// What the server sent cannot be read as the type that was expected.
    #[error("the {part} of '{method}' cannot be read: {cause}")]
    Decode {
        /// The method that was called.
        method: String,
        /// Which part of it: its result or an item.
        part: &'static str,
        /// Why not, with the place in the value.
        cause: String,
    },
    /// As much waits to be sent as may, and the call was not to wait.
    #[error("too much waits to be sent")]
    QueueFull,
}
