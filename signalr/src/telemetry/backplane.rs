//! Counts what a backplane with a connection does. Docs: `docs/observability.md`.

use metrics::{Counter, Gauge, Unit, counter, describe_counter, describe_gauge, gauge};
use std::fmt;

/// What one backplane counts by.
pub(crate) struct BackplaneMeters {
    connected: Gauge,
    published: Counter,
    failed: Counter,
    received: Counter,
    lost: Counter,
}

impl BackplaneMeters {
    pub(crate) fn new() -> Self {
        describe();
        BackplaneMeters {
            connected: gauge!("signalr.backplane.connected"),
            published: counter!("signalr.backplane.published"),
            failed: counter!("signalr.backplane.publish.failed"),
            received: counter!("signalr.backplane.received"),
            lost: counter!("signalr.backplane.lost"),
        }
    }

    /// There is a connection from now on, or none any more.
    pub(crate) fn connected(&self, is_connected: bool) {
        if is_connected {
            self.connected.increment(1.0);
        } else {
            self.connected.decrement(1.0);
        }
    }

    pub(crate) fn published(&self, payloads: u64) {
        self.published.increment(payloads);
    }

    pub(crate) fn publish_failed(&self, payloads: u64) {
        self.failed.increment(payloads);
    }

    pub(crate) fn received(&self) {
        self.received.increment(1);
    }

    pub(crate) fn lost(&self) {
        self.lost.increment(1);
    }
}

fn describe() {
    describe_gauge!("signalr.backplane.connected", Unit::Count, "Backplanes that have a connection.");
    describe_counter!("signalr.backplane.published", Unit::Count, "Payloads that were published.");
    describe_counter!("signalr.backplane.publish.failed", Unit::Count, "Payloads that were not, or perhaps not.");
    describe_counter!("signalr.backplane.received", Unit::Count, "Payloads that have arrived.");
    describe_counter!("signalr.backplane.lost", Unit::Count, "Connections that were lost.");
}

impl fmt::Debug for BackplaneMeters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackplaneMeters").finish_non_exhaustive()
    }
}
