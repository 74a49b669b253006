//! The transports by the names that negotiation uses.

use super::codec::TransferFormat;

/// How bytes travel between client and server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// A WebSocket in both directions (RFC 6455).
    WebSockets,
    /// Events from the server, `POST` requests to it. Text only.
    ServerSentEvents,
    /// Requests that the server answers when it has something to say, `POST` requests to it.
    LongPolling,
    /// A byte stream with nothing around the hub protocol: TCP, a Unix socket, pipes, TLS, a pair in memory. No client
    /// negotiates it.
    Stream,
    /// A transport of the application's own, which carries whole messages. No client negotiates it.
    Custom,
}

impl Transport {
    /// The transports that can be negotiated, the preferred ones first.
    pub const ALL: &'static [Transport] = &[Transport::WebSockets, Transport::ServerSentEvents, Transport::LongPolling];

    /// The name in the answer to a negotiation, such as `WebSockets`.
    pub const fn name(self) -> &'static str {
        match self {
            Transport::WebSockets => "WebSockets",
            Transport::ServerSentEvents => "ServerSentEvents",
            Transport::LongPolling => "LongPolling",
            Transport::Stream => "Stream",
            Transport::Custom => "Custom",
        }
    }

    /// The transport with this name among those that can be negotiated. Case does not matter.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|transport| transport.name().eq_ignore_ascii_case(name))
    }

    /// What the transport can carry; one of the application's own may carry less.
    pub const fn transfer_formats(self) -> &'static [TransferFormat] {
        match self {
            Transport::ServerSentEvents => &[TransferFormat::Text],
            Transport::WebSockets | Transport::LongPolling | Transport::Stream | Transport::Custom => {
                &[TransferFormat::Text, TransferFormat::Binary]
            }
        }
    }
}
