//! Who is let in: nobody when the server ends, and only so many at one endpoint.

use super::negotiate::plain;
use crate::session::cancel::CancellationToken;
use axum::response::Response;
use http::StatusCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::Notify;

/// What all endpoints of an application know of its end.
#[derive(Debug, Default)]
pub(crate) struct Shutdown {
    begun: AtomicBool,
    told: CancellationToken,
    live: AtomicUsize,
    /// Told when the last live connection ends.
    empty: Notify,
}

impl Shutdown {
    /// Whether nothing new begins any more.
    pub(crate) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::SeqCst)
    }

    /// Waits until the end begins.
    pub(crate) async fn begun(&self) {
        self.told.cancelled().await;
    }

    /// From now on nothing new begins.
    pub(crate) fn begin(&self) {
        self.begun.store(true, Ordering::SeqCst);
        self.told.cancel();
    }

    /// How many connections live.
    pub(crate) fn live(&self) -> usize {
        self.live.load(Ordering::SeqCst)
    }

    /// Waits until no connection lives.
    pub(crate) async fn all_ended(&self) {
        loop {
            let notified = self.empty.notified();
            if self.live.load(Ordering::SeqCst) == 0 {
                return;
            }
            notified.await;
        }
    }
}

/// Why a connection is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    ShuttingDown,
    Full,
}

impl Closed {
    /// What is answered to whoever is not let in.
    pub(crate) fn response(self) -> Response {
        let text = match self {
            Closed::ShuttingDown => "The server is shutting down.",
            Closed::Full => "There are too many connections.",
        };
        plain(StatusCode::SERVICE_UNAVAILABLE, text)
    }
}

/// Lets connections in at one endpoint, and counts those that live.
#[derive(Debug)]
pub(crate) struct Gate {
    shutdown: Arc<Shutdown>,
    limit: usize,
    live: AtomicUsize,
}

/// A connection that was let in, from before its first byte to after its `on_disconnected`.
#[derive(Debug)]
pub(crate) struct Admitted(Arc<Gate>);

impl Gate {
    pub(crate) fn new(shutdown: Arc<Shutdown>, limit: Option<usize>) -> Arc<Self> {
        Arc::new(Gate { shutdown, limit: limit.unwrap_or(usize::MAX), live: AtomicUsize::new(0) })
    }

    /// Whether a connection would be let in, for those who only promise one.
    pub(crate) fn is_open(&self) -> Result<(), Closed> {
        if self.shutdown.has_begun() {
            Err(Closed::ShuttingDown)
        } else if self.live.load(Ordering::Relaxed) >= self.limit {
            Err(Closed::Full)
        } else {
            Ok(())
        }
    }

    /// Lets a connection in.
    pub(crate) fn admit(self: &Arc<Self>) -> Result<Admitted, Closed> {
        // Counted first, so that whoever waits for the end of all either sees it, or is seen by it.
        self.shutdown.live.fetch_add(1, Ordering::SeqCst);
        let before = self.live.fetch_add(1, Ordering::Relaxed);
        let admitted = Admitted(self.clone());
        if self.shutdown.has_begun() {
            Err(Closed::ShuttingDown)
        } else if before >= self.limit {
            Err(Closed::Full)
        } else {
            Ok(admitted)
        }
    }
}

impl Admitted {
    pub(crate) fn shutdown(&self) -> &Shutdown {
        &self.0.shutdown
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.0.live.fetch_sub(1, Ordering::Relaxed);
        let shutdown = &self.0.shutdown;
        if shutdown.live.fetch_sub(1, Ordering::SeqCst) == 1 {
            shutdown.empty.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn a_gate_counts_those_inside_and_closes_for_good() {
        let shutdown = Arc::new(Shutdown::default());
        let gate = Gate::new(shutdown.clone(), Some(2));
        let (one, two) = (gate.admit().unwrap(), gate.admit().unwrap());
        assert_eq!(gate.admit().unwrap_err(), Closed::Full);
        assert_eq!(gate.is_open(), Err(Closed::Full));
        drop(one);
        let three = gate.admit().unwrap();
        shutdown.begin();
        assert_eq!(gate.admit().unwrap_err(), Closed::ShuttingDown);
        assert_eq!(gate.is_open(), Err(Closed::ShuttingDown));
        let mut ended = Box::pin(shutdown.all_ended());
        drop(two);
        assert!((&mut ended).now_or_never().is_none());
        drop(three);
        ended.await;
    }
}
