//! Clients that do little more than move bytes, so that most of the machine is the server's.

pub(crate) mod engine;
pub(crate) mod protocol;
pub(crate) mod transports;
pub(crate) mod web_socket;

use std::time::Duration;

/// The end of every JSON message.
pub(crate) const SEPARATOR: u8 = 0x1e;

/// Nothing takes as long as this, unless it hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
