//! What operators see: spans and events by `tracing`, and numbers by `metrics`.
//!
//! [`connection`] and [`call`] make the spans, [`meters`] and `backplane` count (without the feature `metrics` they are of no size
//! and do nothing), [`redact`] keeps what clients send out of the log. All parts of a connection reach this by its
//! [`Peer`](crate::session::peer::Peer).

#[cfg(feature = "redis")]
#[cfg_attr(not(feature = "metrics"), path = "unmetered_backplane.rs")]
pub(crate) mod backplane;
pub(crate) mod call;
pub(crate) mod connection;
#[cfg_attr(not(feature = "metrics"), path = "unmetered.rs")]
pub(crate) mod meters;
pub(crate) mod redact;

use call::InvocationSpanHook;
use meters::Meters;
use std::fmt;

/// What the parts of one connection report to.
#[derive(Clone, Default)]
pub(crate) struct Telemetry {
    pub(crate) meters: Meters,
    pub(crate) on_invocation_span: Option<InvocationSpanHook>,
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry").finish_non_exhaustive()
    }
}
