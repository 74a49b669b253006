//! Why a connection ended.

use std::fmt;

/// Why a connection ended, as `on_disconnected` is told. Each end has exactly one of these reasons, the first that came up.
///
/// The client gets a Close message where the connection still works: with an error for `Timeout`, `TooLarge`,
/// `ProtocolError`, `SlowConsumer`, `Kicked` and `ServerError`, whose details it learns only of the last three or where
/// [detailed errors](crate::HubOptions::detailed_errors) are on, and without one otherwise. It lets the client reconnect by
/// itself, but not after `Aborted`, `AuthenticationRefused`, `Kicked` and `ServerError`, nor where the client closed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The client ended the connection in an orderly way: a Close message or a WebSocket close frame.
    ClientClosed,
    /// The client ended the connection with a Close message that carries this error.
    ClientError(String),
    /// Nothing was heard of the client for too long:
    /// [`HubOptions::client_timeout`](crate::HubOptions::client_timeout) has passed, or it did not answer a
    /// [WebSocket ping](crate::HubOptions::websocket_ping_interval).
    Timeout,
    /// The client sent a message above [`Limits::maximum_message_size`](crate::Limits::maximum_message_size).
    TooLarge(String),
    /// The client broke the protocol; the text says how.
    ProtocolError(String),
    /// The client did not read what was sent to it: its buffer was full, see [`Overflow`](crate::Overflow).
    SlowConsumer,
    /// The server ended the connection with `abort()`.
    Aborted,
    /// The server ended the connection with `close(reason)`; the client was told this text.
    Kicked(String),
    /// The server is shutting down ([`SignalR::drain`](crate::SignalR::drain)); the client may connect again.
    Drained,
    /// The authentication of the client has expired, see
    /// [`HubOptions::close_on_authentication_expiration`](crate::HubOptions::close_on_authentication_expiration).
    AuthenticationExpired,
    /// The application refused the changed credentials that a poll or a stateful reconnect came with, see
    /// [`HubOptions::on_authentication_refresh`](crate::HubOptions::on_authentication_refresh).
    AuthenticationRefused,
    /// The connection broke; the text says what the transport reported.
    TransportLost(String),
    /// The hub refused or failed the connection: `on_connected` or the factory of the hub returned an error.
    ServerError(String),
}

impl CloseReason {
    /// A short name that is the same for every text: `ClientClosed`, `Timeout`, … For logs and metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            CloseReason::ClientClosed => "ClientClosed",
            CloseReason::ClientError(_) => "ClientError",
            CloseReason::Timeout => "Timeout",
            CloseReason::TooLarge(_) => "TooLarge",
            CloseReason::ProtocolError(_) => "ProtocolError",
            CloseReason::SlowConsumer => "SlowConsumer",
            CloseReason::Aborted => "Aborted",
            CloseReason::Kicked(_) => "Kicked",
            CloseReason::Drained => "Drained",
            CloseReason::AuthenticationExpired => "AuthenticationExpired",
            CloseReason::AuthenticationRefused => "AuthenticationRefused",
            CloseReason::TransportLost(_) => "TransportLost",
            CloseReason::ServerError(_) => "ServerError",
        }
    }

    /// The text that some reasons carry.
    pub(crate) fn detail(&self) -> Option<&str> {
        match self {
            CloseReason::ClientError(text)
            | CloseReason::TooLarge(text)
            | CloseReason::ProtocolError(text)
            | CloseReason::Kicked(text)
            | CloseReason::TransportLost(text)
            | CloseReason::ServerError(text) => Some(text),
            _ => None,
        }
    }

    /// Whether one of the two ends closed the connection on purpose and without an error. ASP.NET Core gives
    /// `OnDisconnectedAsync` no exception then.
    pub const fn is_normal(&self) -> bool {
        matches!(self, CloseReason::ClientClosed | CloseReason::Aborted | CloseReason::Drained | CloseReason::Kicked(_))
    }

    /// What the Close message says, as ASP.NET Core does for the same cause.
    pub(crate) fn close_message(&self, detailed_errors: bool) -> CloseMessage {
        const ERROR: &str = "Connection closed with an error.";
        let detailed = |details: &str| if detailed_errors { format!("{ERROR} {details}") } else { ERROR.to_owned() };
        let (error, allow_reconnect) = match self {
            CloseReason::ClientClosed
            | CloseReason::ClientError(_)
            | CloseReason::Aborted
            | CloseReason::AuthenticationRefused => (None, false),
            CloseReason::AuthenticationExpired | CloseReason::Drained | CloseReason::TransportLost(_) => (None, true),
            CloseReason::Kicked(text) => (Some(text.clone()), false),
            CloseReason::ServerError(text) => (Some(text.clone()), false),
            CloseReason::ProtocolError(details) | CloseReason::TooLarge(details) => (Some(detailed(details)), true),
            CloseReason::Timeout => (
                Some(detailed(
                    "OperationCanceledException: \
                     Client hasn't sent a message/ping within the configured ClientTimeoutInterval.",
                )),
                true,
            ),
            CloseReason::SlowConsumer => (
                Some("Connection closed because the client does not read: its outbound buffer is full.".to_owned()),
                true,
            ),
        };
        CloseMessage { error, allow_reconnect }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.detail() {
            Some(text) => write!(f, "{}: {text}", self.name()),
            None => f.write_str(self.name()),
        }
    }
}

/// The content of a Close message.
pub(crate) struct CloseMessage {
    pub(crate) error: Option<String>,
    pub(crate) allow_reconnect: bool,
}
