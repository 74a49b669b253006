//! The bounds and intervals of a session.

use super::inbox::Overflow;
use super::keepalive::Intervals;
use super::pace::Pace;
use std::time::Duration;

/// What a session is allowed and how long it waits; made from the options of a hub or a client.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Bytes of one received message with its framing; `None` for no limit.
    pub(crate) message_limit: Option<usize>,
    /// Bytes of calls and upload items that wait, before reading pauses.
    pub(crate) waiting_limit: usize,
    /// Calls without streams that run at once.
    pub(crate) parallel: usize,
    /// How fast they may begin; `None` for no limit.
    pub(crate) pace: Option<Pace>,
    /// Upload items that are kept per stream whatever their size.
    pub(crate) stream_buffer: usize,
    /// Streams that a peer may have open at once, uploads and downloads each.
    pub(crate) streams: usize,
    /// Groups that a connection may be in.
    pub(crate) groups: usize,
    pub(crate) outbound_capacity: usize,
    pub(crate) overflow: Overflow,
    pub(crate) detailed_errors: bool,
    pub(crate) intervals: Intervals,
    /// Whether this end is the one that opens sockets, and can open another one for a session that has lost its own.
    pub(crate) redials: bool,
    /// For the goodbye at the end.
    pub(crate) close_timeout: Duration,
    /// For calls that still run when the connection has ended.
    pub(crate) call_grace: Duration,
}
