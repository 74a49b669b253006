//! What can be set for a hub, and what holds otherwise.

use crate::protocol::Protocol;
use crate::session::handshake::HandshakeRules;
use crate::session::inbox::Overflow;
use crate::session::keepalive::Intervals;
use crate::session::settings::Settings;
use crate::transport::Transport;
use crate::transport::server::dispatch::HttpRules;
use crate::transport::server::long_polling::PollTimes;
use http::request::Parts;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The options of a hub where it is mounted. The defaults are those of ASP.NET Core where it has the option, whose name there
/// stands in brackets. Intervals and timeouts must be above zero.
///
/// ```
/// use signalr::{HubOptions, Overflow};
/// use std::time::Duration;
///
/// let options = HubOptions::default()
///     .maximum_message_size(1024 * 1024)
///     .keep_alive_interval(Duration::from_secs(10))
///     .overflow(Overflow::DropNewest);
/// # let _ = options;
/// ```
#[derive(Clone)]
#[must_use]
pub struct HubOptions {
    handshake_timeout: Duration,
    keep_alive_interval: Duration,
    client_timeout: Duration,
    websocket_ping_interval: Option<Duration>,
    close_timeout: Duration,
    call_grace: Duration,
    maximum_message_size: Option<usize>,
    maximum_frame_size: usize,
    waiting_limit: usize,
    stream_buffer_capacity: usize,
    maximum_streams: usize,
    parallel_invocations: usize,
    outbound_capacity: usize,
    overflow: Overflow,
    detailed_errors: bool,
    protocols: Vec<Protocol>,
    transports: Vec<Transport>,
    poll_timeout: Duration,
    disconnect_timeout: Duration,
    minimum_protocol_version: i32,
    user_id: Option<UserId>,
}

type UserId = Arc<dyn Fn(&Parts) -> Option<String> + Send + Sync>;

impl Default for HubOptions {
    fn default() -> Self {
        HubOptions {
            handshake_timeout: Duration::from_secs(15),
            keep_alive_interval: Duration::from_secs(15),
            client_timeout: Duration::from_secs(30),
            websocket_ping_interval: Some(Duration::from_secs(60)),
            close_timeout: Duration::from_secs(5),
            call_grace: Duration::from_secs(30),
            maximum_message_size: Some(32 * 1024),
            maximum_frame_size: 16 * 1024 * 1024,
            waiting_limit: 64 * 1024,
            stream_buffer_capacity: 10,
            maximum_streams: 100,
            parallel_invocations: 1,
            outbound_capacity: 1024 * 1024,
            overflow: Overflow::Disconnect,
            detailed_errors: false,
            protocols: Protocol::ALL.to_vec(),
            transports: Transport::ALL.to_vec(),
            poll_timeout: Duration::from_secs(90),
            disconnect_timeout: Duration::from_secs(15),
            minimum_protocol_version: 0,
            user_id: None,
        }
    }
}

impl HubOptions {
    /// How long a client may take for its handshake, from the opening of its connection; then it is disconnected. Default:
    /// 15 s (`HandshakeTimeout`).
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.handshake_timeout = timeout;
        self
    }

    /// How often the server pings a client that has taken everything sent before. Should be at most half of the clients'
    /// server timeout, which is 30 s with Microsoft's clients. Default: 15 s (`KeepAliveInterval`).
    pub fn keep_alive_interval(mut self, interval: Duration) -> Self {
        self.keep_alive_interval = interval;
        self
    }

    /// How long a client may be silent, from its first ping on; then it is disconnected. Any message counts, and the time
    /// does not run while the server itself does not read. A client that never pings never times out here, but see
    /// [`websocket_ping_interval`](Self::websocket_ping_interval). Default: 30 s (`ClientTimeoutInterval`).
    pub fn client_timeout(mut self, timeout: Duration) -> Self {
        self.client_timeout = timeout;
        self
    }

    /// After so long a silence the client's WebSocket is pinged, and given up after another such time without any answer. It
    /// finds half-open connections of clients that never ping. Any WebSocket client answers by itself. Default: 60 s; `None`
    /// turns it off.
    pub fn websocket_ping_interval(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.websocket_ping_interval = interval.into();
        self
    }

    /// How long the goodbye at the end of a connection may take before the socket is dropped. Default: 5 s (`CloseTimeout`).
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.close_timeout = timeout;
        self
    }

    /// How long calls that still run may go on after their connection has ended; then they are dropped. Default: 30 s.
    pub fn call_grace(mut self, grace: Duration) -> Self {
        self.call_grace = grace;
        self
    }

    /// Bytes of one message from a client, framing included, and of its handshake; `None` lifts the limit. A larger one ends
    /// the connection with [`CloseReason::TooLarge`](crate::CloseReason::TooLarge). Default: 32 KiB
    /// (`MaximumReceiveMessageSize`).
    pub fn maximum_message_size(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.maximum_message_size = bytes.into();
        self
    }

    /// Bytes of one WebSocket frame from a client, which may hold many messages. A larger one ends the connection. Frames are
    /// never buffered as a whole, so this costs no memory. Default: 16 MiB.
    pub fn maximum_frame_size(mut self, bytes: usize) -> Self {
        self.maximum_frame_size = bytes;
        self
    }

    /// Bytes of calls that wait for their turn, and of upload items that nobody reads yet, per connection. Above it, reading
    /// from the client pauses until enough of them are done; the answers to
    /// [client results](crate::ClientResult) wait too. Default: 64 KiB.
    pub fn waiting_limit(mut self, bytes: usize) -> Self {
        self.waiting_limit = bytes;
        self
    }

    /// Items that each upload stream may buffer without counting against [`waiting_limit`](Self::waiting_limit).
    /// Default: 10 (`StreamBufferCapacity`).
    pub fn stream_buffer_capacity(mut self, items: usize) -> Self {
        self.stream_buffer_capacity = items;
        self
    }

    /// Streams that one connection may have open at once, to the client and from it each. A call that would open more fails.
    /// Default: 100.
    pub fn maximum_streams(mut self, streams: usize) -> Self {
        self.maximum_streams = streams;
        self
    }

    /// Calls of one connection that run at once, not counting those with streams; 0 counts as 1. More wait for their turn.
    /// Default: 1, so that they finish in the order in which they were sent (`MaximumParallelInvocationsPerClient`).
    pub fn parallel_invocations(mut self, calls: usize) -> Self {
        self.parallel_invocations = calls.max(1);
        self
    }

    /// Bytes that others may have waiting for one client; for more, [`overflow`](Self::overflow) decides. A single message
    /// may be larger when nothing else waits. Default: 1 MiB.
    pub fn outbound_capacity(mut self, bytes: usize) -> Self {
        self.outbound_capacity = bytes;
        self
    }

    /// What happens when more than [`outbound_capacity`](Self::outbound_capacity) would wait for one client. Default: it is
    /// disconnected.
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// Whether clients see the texts of all errors. Useful in development, and a leak in production. Default: no
    /// (`EnableDetailedErrors`).
    pub fn detailed_errors(mut self, detailed: bool) -> Self {
        self.detailed_errors = detailed;
        self
    }

    /// The hub protocols that clients may choose; a handshake for another one is refused. Default: all of this build, so
    /// MessagePack with the feature `msgpack` only (`SupportedProtocols`).
    pub fn protocols(mut self, protocols: impl IntoIterator<Item = Protocol>) -> Self {
        self.protocols = protocols.into_iter().collect();
        self
    }

    /// The transports that clients may use; requests of others are refused. Without WebSockets and long polling MessagePack
    /// clients have none. Default: WebSockets, Server-Sent Events and long polling (`Transports`).
    pub fn transports(mut self, transports: impl IntoIterator<Item = Transport>) -> Self {
        self.transports = transports.into_iter().collect();
        self
    }

    /// How long a request of a long-polling client waits for a message; then it is answered without one, and the client asks
    /// again. Should be below the time that proxies let a request wait. Default: 90 s (`LongPolling.PollTimeout`).
    pub fn poll_timeout(mut self, timeout: Duration) -> Self {
        self.poll_timeout = timeout;
        self
    }

    /// How long a long-polling client may be without a request that waits; then it counts as gone, with
    /// [`CloseReason::TransportLost`](crate::CloseReason::TransportLost). Default: 15 s (`DisconnectTimeout`).
    pub fn disconnect_timeout(mut self, timeout: Duration) -> Self {
        self.disconnect_timeout = timeout;
        self
    }

    /// The lowest version of the negotiation that a client may ask for. Version 1 keeps the token that opens a connection
    /// apart from its public id. Default: 0 (`MinimumProtocolVersion`).
    pub fn minimum_protocol_version(mut self, version: i32) -> Self {
        self.minimum_protocol_version = version;
        self
    }

    /// Who the user of a request is, for [`Clients::user`](crate::Clients::user) and
    /// [`Context::user_id`](crate::Context::user_id). Asked once per connection, when its WebSocket is opened; the request's
    /// extensions hold what the layers of the router have put there. Default: nobody (`IUserIdProvider`).
    pub fn user_id(mut self, user_id: impl Fn(&Parts) -> Option<String> + Send + Sync + 'static) -> Self {
        self.user_id = Some(Arc::new(user_id));
        self
    }

    pub(crate) fn user_of(&self, request: &Parts) -> Option<String> {
        self.user_id.as_ref().and_then(|user_id| user_id(request))
    }

    pub(crate) fn http_rules(&self) -> HttpRules {
        HttpRules {
            transports: self.transports.clone(),
            minimum_version: self.minimum_protocol_version,
            polls: PollTimes { poll: bounded(self.poll_timeout), gap: bounded(self.disconnect_timeout) },
            frame_limit: self.maximum_frame_size,
        }
    }

    pub(crate) fn handshake_rules(&self) -> HandshakeRules {
        HandshakeRules {
            timeout: bounded(self.handshake_timeout),
            message_limit: self.maximum_message_size,
            protocols: self.protocols.clone(),
            detailed_errors: self.detailed_errors,
            close_timeout: bounded(self.close_timeout),
        }
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            message_limit: self.maximum_message_size,
            waiting_limit: self.waiting_limit,
            parallel: self.parallel_invocations,
            stream_buffer: self.stream_buffer_capacity,
            streams: self.maximum_streams,
            outbound_capacity: self.outbound_capacity,
            overflow: self.overflow,
            detailed_errors: self.detailed_errors,
            intervals: Intervals {
                ping: bounded(self.keep_alive_interval),
                timeout: bounded(self.client_timeout),
                probe: self.websocket_ping_interval.map(bounded),
            },
            close_timeout: bounded(self.close_timeout),
            call_grace: bounded(self.call_grace),
        }
    }
}

/// A clock can neither tick all the time nor be asked for `Duration::MAX`.
fn bounded(time: Duration) -> Duration {
    time.clamp(Duration::from_millis(1), Duration::from_secs(365 * 24 * 3600))
}

impl fmt::Debug for HubOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubOptions")
            .field("settings", &self.settings())
            .field("protocols", &self.protocols)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_ones_that_a_clock_can_wait_for() {
        for time in [Duration::ZERO, Duration::MAX] {
            let options =
                HubOptions::default().keep_alive_interval(time).call_grace(time).websocket_ping_interval(time);
            let settings = options.settings();
            let now = tokio::time::Instant::now();
            for bounded in [settings.intervals.ping, settings.call_grace, settings.intervals.probe.unwrap_or_default()]
            {
                assert!(bounded > Duration::ZERO && now.checked_add(bounded * 2).is_some());
            }
        }
    }
}
