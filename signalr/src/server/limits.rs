//! Everything that a client can make the server keep, and how much of it.

use super::validation::{Invalid, at_least};
use crate::session::pace::Pace;
use std::num::NonZeroU32;

/// The bounds of a hub where it is mounted; [`HubOptions::limits`](crate::HubOptions::limits) takes them. All have safe defaults.
/// ASP.NET Core's name of the same option stands in brackets.
///
/// ```
/// use signalr::{HubOptions, Limits};
///
/// let limits = Limits::default().maximum_message_size(1024 * 1024).calls_per_second(100).parallel_invocations(4);
/// let options = HubOptions::default().limits(limits);
/// # let _ = options;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Limits {
    message_size: Option<usize>,
    handshake_size: Option<usize>,
    frame_size: Option<usize>,
    waiting: usize,
    stream_buffer: usize,
    streams: usize,
    groups: usize,
    parallel_invocations: usize,
    calls_per_second: Option<u32>,
    call_burst: Option<u32>,
    outbound_capacity: usize,
    pending_connections: usize,
    connections: Option<usize>,
}

const DEFAULT_MESSAGE_SIZE: usize = 32 * 1024;
/// Frames are never buffered as a whole, so they may hold many messages.
const DEFAULT_FRAME_SIZE: usize = 16 * 1024 * 1024;
/// No handshake is shorter: `{"protocol":"json","version":1}` and its separator.
const SHORTEST_HANDSHAKE: usize = 32;

impl Default for Limits {
    fn default() -> Self {
        Limits {
            message_size: Some(DEFAULT_MESSAGE_SIZE),
            handshake_size: None,
            frame_size: None,
            waiting: 64 * 1024,
            stream_buffer: 10,
            streams: 100,
            groups: 1000,
            parallel_invocations: 1,
            calls_per_second: None,
            call_burst: None,
            outbound_capacity: 1024 * 1024,
            pending_connections: 100_000,
            connections: None,
        }
    }
}

impl Limits {
    /// Bytes of one message from a client, framing included; `None` lifts the limit. A larger one ends the connection with
    /// [`CloseReason::TooLarge`](crate::CloseReason::TooLarge). Default: 32 KiB (`MaximumReceiveMessageSize`).
    pub fn maximum_message_size(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.message_size = bytes.into();
        self
    }

    /// Bytes of the handshake of a client. Default: [`maximum_message_size`](Self::maximum_message_size), as with ASP.NET
    /// Core, and 32 KiB where that is lifted: who has not even said a protocol gets no unbounded buffer.
    pub fn maximum_handshake_size(mut self, bytes: usize) -> Self {
        self.handshake_size = Some(bytes);
        self
    }

    /// Bytes of one WebSocket frame from a client, which may hold many messages; must be above
    /// [`maximum_message_size`](Self::maximum_message_size). A larger one ends the connection with close code 1009. Frames
    /// are never buffered as a whole, so this costs no memory. Default: 16 MiB, or twice the message size where that is more;
    /// none where the message size is lifted.
    pub fn maximum_frame_size(mut self, bytes: usize) -> Self {
        self.frame_size = Some(bytes);
        self
    }

    /// Bytes of calls that wait for their turn, and of upload items that nobody reads yet, per connection. Above it, reading
    /// from the client pauses until enough of them are done; the answers to
    /// [client results](crate::ClientResult) wait too. Default: 64 KiB (`ApplicationMaxBufferSize`).
    pub fn waiting_limit(mut self, bytes: usize) -> Self {
        self.waiting = bytes;
        self
    }

    /// Items that each upload stream may buffer without counting against [`waiting_limit`](Self::waiting_limit); at least 1.
    /// Default: 10 (`StreamBufferCapacity`).
    pub fn stream_buffer_capacity(mut self, items: usize) -> Self {
        self.stream_buffer = items;
        self
    }

    /// Streams that one connection may have open at once, to the client and from it each. A call that would open more fails.
    /// Default: 100.
    pub fn maximum_streams(mut self, streams: usize) -> Self {
        self.streams = streams;
        self
    }

    /// Groups that one connection may be in at once; [`Context::join`](crate::Context::join) and
    /// [`Groups::add`](crate::Groups::add) return an error for more. Default: 1000.
    pub fn maximum_groups(mut self, groups: usize) -> Self {
        self.groups = groups;
        self
    }

    /// Calls of one connection that run at once, not counting those with streams; at least 1. More wait for their turn.
    /// Default: 1, so that they finish in the order in which they were sent (`MaximumParallelInvocationsPerClient`).
    pub fn parallel_invocations(mut self, calls: usize) -> Self {
        self.parallel_invocations = calls;
        self
    }

    /// Calls that one connection may begin per second, those with streams included; `None` lifts the limit. After a pause it
    /// may begin [`call_burst`](Self::call_burst) at once. What is above it is not refused but waits for its turn, within
    /// [`waiting_limit`](Self::waiting_limit): a client that is too fast is slowed down, and loses nothing. Its pings,
    /// cancellations and stream items are still read. Default: no limit.
    pub fn calls_per_second(mut self, calls: impl Into<Option<u32>>) -> Self {
        self.calls_per_second = calls.into();
        self
    }

    /// How many calls may begin at once after a pause, where [`calls_per_second`](Self::calls_per_second) is set. Default: the
    /// calls of one second, as with `None`.
    pub fn call_burst(mut self, calls: impl Into<Option<u32>>) -> Self {
        self.call_burst = calls.into();
        self
    }

    /// Bytes that others may have waiting for one client; for more,
    /// [`HubOptions::overflow`](crate::HubOptions::overflow) decides. A single message may be larger when nothing else waits.
    /// Default: 1 MiB (`TransportMaxBufferSize`).
    pub fn outbound_capacity(mut self, bytes: usize) -> Self {
        self.outbound_capacity = bytes;
        self
    }

    /// Connections that are negotiated and that nobody has picked up yet; above it `negotiate` answers 503. Live connections do
    /// not count. Default: 100,000.
    pub fn pending_connections(mut self, connections: usize) -> Self {
        self.pending_connections = connections;
        self
    }

    /// Connections that may live at this path at once; above it, new ones and `negotiate` are answered 503. Default: no limit.
    pub fn maximum_connections(mut self, connections: impl Into<Option<usize>>) -> Self {
        self.connections = connections.into();
        self
    }

    pub(super) fn validate(&self) -> Result<(), Invalid> {
        if let Some(bytes) = self.message_size {
            let advice = "write a size that a message fits in, such as 32 * 1024, or None for no limit";
            at_least("Limits::maximum_message_size", bytes, 1, advice)?;
        }
        if let Some(bytes) = self.handshake_size {
            let advice = "no client could connect: the shortest handshake has 32 bytes";
            at_least("Limits::maximum_handshake_size", bytes, SHORTEST_HANDSHAKE, advice)?;
        }
        if let Some(bytes) = self.frame_size {
            let message = self.message_size.unwrap_or_default();
            let advice = format!("write more than Limits::maximum_message_size, which is {message}");
            at_least("Limits::maximum_frame_size", bytes, message.saturating_add(1), &advice)?;
        }
        let advice = "write 1 at least: an item must have a place to wait in";
        at_least("Limits::stream_buffer_capacity", self.stream_buffer, 1, advice)?;
        let advice = "no call could ever run: write 1 at least";
        at_least("Limits::parallel_invocations", self.parallel_invocations, 1, advice)?;
        if self.calls_per_second == Some(0) {
            let advice = "no call could ever begin: write 1 at least, or None for no limit";
            return Err(Invalid::new("Limits::calls_per_second", 0, advice));
        }
        if let Some(burst) = self.call_burst {
            if burst == 0 {
                return Err(Invalid::new("Limits::call_burst", 0, "no call could ever begin: write 1 at least"));
            }
            if self.calls_per_second.is_none() {
                let advice = "it means nothing without Limits::calls_per_second: set that too, or write None";
                return Err(Invalid::new("Limits::call_burst", burst, advice));
            }
        }
        let advice = "nothing could be sent to a client: write some KiB at least";
        at_least("Limits::outbound_capacity", self.outbound_capacity, 1, advice)?;
        let advice = "no client could negotiate: write 1 at least";
        at_least("Limits::pending_connections", self.pending_connections, 1, advice)?;
        if self.connections == Some(0) {
            let advice = "no client could connect: write 1 at least, or None for no limit";
            return Err(Invalid::new("Limits::maximum_connections", 0, advice));
        }
        Ok(())
    }
}

/// For those who keep within them.
impl Limits {
    pub(crate) fn message_size(&self) -> Option<usize> {
        self.message_size
    }

    pub(crate) fn handshake_size(&self) -> usize {
        self.handshake_size.or(self.message_size).unwrap_or(DEFAULT_MESSAGE_SIZE)
    }

    pub(crate) fn frame_size(&self) -> usize {
        let default = || self.message_size.map_or(usize::MAX, |size| size.saturating_mul(2).max(DEFAULT_FRAME_SIZE));
        self.frame_size.unwrap_or_else(default)
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    pub(crate) fn stream_buffer(&self) -> usize {
        self.stream_buffer
    }

    pub(crate) fn streams(&self) -> usize {
        self.streams
    }

    pub(crate) fn groups(&self) -> usize {
        self.groups
    }

    pub(crate) fn parallel(&self) -> usize {
        self.parallel_invocations
    }

    pub(crate) fn pace(&self) -> Option<Pace> {
        let rate = NonZeroU32::new(self.calls_per_second?)?;
        Some(Pace::new(rate, self.call_burst.and_then(NonZeroU32::new).unwrap_or(rate)))
    }

    pub(crate) fn outbound(&self) -> usize {
        self.outbound_capacity
    }

    pub(crate) fn pending(&self) -> usize {
        self.pending_connections
    }

    pub(crate) fn connections(&self) -> Option<usize> {
        self.connections
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_hold_together() {
        Limits::default().validate().unwrap();
        Limits::default().maximum_message_size(None).validate().unwrap();
        Limits::default().maximum_message_size(64 * 1024 * 1024).validate().unwrap();
    }

    #[test]
    fn what_cannot_hold_is_named_with_its_value() {
        let limits = Limits::default;
        for (limits, option, value) in [
            (limits().maximum_message_size(0), "maximum_message_size", "0"),
            (limits().maximum_handshake_size(31), "maximum_handshake_size", "31"),
            (limits().maximum_frame_size(32 * 1024), "maximum_frame_size", "32768"),
            (limits().maximum_message_size(None).maximum_frame_size(0), "maximum_frame_size", "0"),
            (limits().stream_buffer_capacity(0), "stream_buffer_capacity", "0"),
            (limits().parallel_invocations(0), "parallel_invocations", "0"),
            (limits().calls_per_second(0), "calls_per_second", "0"),
            (limits().calls_per_second(5).call_burst(0), "call_burst", "0"),
            (limits().call_burst(7), "call_burst", "7"),
            (limits().outbound_capacity(0), "outbound_capacity", "0"),
            (limits().pending_connections(0), "pending_connections", "0"),
            (limits().maximum_connections(0), "maximum_connections", "0"),
        ] {
            let invalid = limits.validate().unwrap_err();
            assert_eq!((invalid.option, &*invalid.value), (&*format!("Limits::{option}"), value));
        }
    }

    #[test]
    fn frames_follow_the_message_size_unless_they_are_set() {
        let limits = Limits::default;
        assert_eq!(limits().frame_size(), 16 * 1024 * 1024);
        assert_eq!(limits().maximum_message_size(10 * 1024 * 1024).frame_size(), 20 * 1024 * 1024);
        assert_eq!(limits().maximum_message_size(None).frame_size(), usize::MAX);
        assert_eq!(limits().maximum_frame_size(40_000).frame_size(), 40_000);
    }

    #[test]
    fn handshakes_follow_the_message_size_and_are_never_without_a_bound() {
        let limits = Limits::default;
        assert_eq!(limits().maximum_message_size(1024).handshake_size(), 1024);
        assert_eq!(limits().maximum_message_size(None).handshake_size(), 32 * 1024);
        assert_eq!(limits().maximum_handshake_size(100).handshake_size(), 100);
    }
}
