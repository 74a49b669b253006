//! How a client's connection is run.

use super::retry::RetryPolicy;
use crate::protocol::Protocol;
use crate::session::inbox::Overflow;
use crate::session::keepalive::{Intervals, LONGEST};
use crate::session::replay::Budget;
use crate::session::settings::Settings;
use crate::session::stateful::ResumeRules;
use std::sync::Arc;
use std::time::Duration;

/// What the builder sets.
#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) protocol: Protocol,
    pub(super) reconnect: RetryPolicy,
    pub(super) connect_timeout: Duration,
    pub(super) handshake_timeout: Duration,
    pub(super) server_timeout: Duration,
    pub(super) keep_alive_interval: Duration,
    pub(super) close_timeout: Duration,
    pub(super) call_timeout: Option<Duration>,
    /// How long before its end the user's authentication is renewed; `None` for never.
    pub(super) refresh_before: Option<Duration>,
    pub(super) maximum_message_size: Option<usize>,
    pub(super) waiting_limit: usize,
    pub(super) stream_buffer: usize,
    pub(super) queue: usize,
    pub(super) calls_wait: bool,
    /// Bytes that are kept until they are acknowledged.
    pub(super) stateful: Option<usize>,
    pub(super) detailed_errors: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            protocol: Protocol::Json,
            reconnect: RetryPolicy::never(),
            connect_timeout: Duration::from_secs(30),
            handshake_timeout: Duration::from_secs(15),
            server_timeout: Duration::from_secs(30),
            keep_alive_interval: Duration::from_secs(15),
            close_timeout: Duration::from_secs(5),
            call_timeout: None,
            refresh_before: Some(Duration::from_secs(300)),
            maximum_message_size: Some(16 * 1024 * 1024),
            waiting_limit: 1024 * 1024,
            stream_buffer: 10,
            queue: 1024 * 1024,
            calls_wait: false,
            stateful: None,
            detailed_errors: false,
        }
    }
}

impl Options {
    pub(super) fn settings(&self) -> Settings {
        Settings {
            message_limit: self.maximum_message_size,
            waiting_limit: self.waiting_limit,
            parallel: 1,
            pace: None,
            stream_buffer: self.stream_buffer,
            // One, so that a server which asks for a stream is told that clients have none.
            streams: 1,
            groups: 0,
            outbound_capacity: self.queue,
            overflow: Overflow::Wait,
            detailed_errors: self.detailed_errors,
            intervals: Intervals {
                ping: self.keep_alive_interval.min(LONGEST),
                timeout: self.server_timeout,
                probe: None,
            },
            redials: true,
            close_timeout: self.close_timeout.min(LONGEST),
            call_grace: self.close_timeout.min(LONGEST),
        }
    }

    /// How a connection goes on over another socket: for as long as the server keeps it, which only the server knows.
    pub(super) fn resume_rules(&self, capacity: usize) -> ResumeRules {
        ResumeRules { capacity, timeout: RESUME_TIMEOUT, budget: Arc::new(Budget::new(usize::MAX)) }
    }
}

/// Longer than any server keeps a connection without a socket; a server that has forgotten it says so before.
const RESUME_TIMEOUT: Duration = Duration::from_secs(300);
