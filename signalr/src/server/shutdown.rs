//! The end of a server that does not lose anything: no new connections, running calls finish, clients are told to come back.

use super::builder::SignalR;
use crate::backplane::registry::HubCore;
use crate::session::cancel::CancellationToken;
use crate::session::peer::{Drain, Peer};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout_at};

/// How long calls may still run with [`SignalR::shutdown`].
const DEFAULT_DEADLINE: Duration = Duration::from_secs(20);
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);
/// How often connections are told while they are told one after another.
const STEP: Duration = Duration::from_millis(10);

/// What became of the connections of a server that was [drained](SignalR::drain).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DrainReport {
    /// Connections that there were when it began.
    pub connections: usize,
    /// Connections that had not ended at the deadline: a call, their goodbye or `on_disconnected` still went on.
    pub cut: usize,
}

impl fmt::Display for DrainReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} connections ended, {} of them cut", self.connections, self.cut)
    }
}

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

    fn begin(&self) {
        self.begun.store(true, Ordering::SeqCst);
        self.told.cancel();
    }

    async fn all_ended(&self) {
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

    pub(crate) fn shutdown(&self) -> &Shutdown {
        &self.shutdown
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

impl Drop for Admitted {
    fn drop(&mut self) {
        self.0.live.fetch_sub(1, Ordering::Relaxed);
        let shutdown = &self.0.shutdown;
        if shutdown.live.fetch_sub(1, Ordering::SeqCst) == 1 {
            shutdown.empty.notify_waiters();
        }
    }
}

impl SignalR {
    /// Ends all connections as [`drain`](Self::drain) does, all at once, with 20 seconds for calls that run.
    pub async fn shutdown(&self) -> DrainReport {
        self.drain(DEFAULT_DEADLINE, Duration::ZERO).await
    }

    /// Waits for `signal`, then does what [`shutdown`](Self::shutdown) does: what axum's `with_graceful_shutdown` takes. The
    /// listener accepts until it is done, so that health checks are answered and negotiations told to go elsewhere.
    ///
    /// ```no_run
    /// # struct Chat;
    /// # #[signalr::hub] impl Chat {}
    /// # async fn terminated() {}
    /// # async fn serve(listener: tokio::net::TcpListener) -> std::io::Result<()> {
    /// use signalr::{Hub, SignalR};
    ///
    /// let hubs = SignalR::builder().hub("/chat", &Hub::new("Chat", Chat)).build();
    /// let app = axum::Router::new().merge(hubs.router());
    /// axum::serve(listener, app).with_graceful_shutdown(hubs.shutdown_on(terminated())).await
    /// # }
    /// ```
    pub fn shutdown_on<F>(&self, signal: F) -> impl Future<Output = ()> + Send + use<F>
    where
        F: Future<Output = ()> + Send,
    {
        let hubs = self.clone();
        async move {
            signal.await;
            hubs.shutdown().await;
        }
    }

    /// Ends all connections in an orderly way:
    ///
    /// 1. From now on nothing new begins: `negotiate` and new connections are answered 503.
    /// 2. The connections are told one after another, evenly over the time of `spread` (zero: all at once), so that their
    ///    clients do not all come back at the same moment. Until its turn, a connection works as ever.
    /// 3. From its turn on, what runs and what waited finishes; new calls are refused with an error. Streams to the client
    ///    may be endless, so they end at once, with a completion whose error says why.
    /// 4. When nothing runs any more, the client gets a Close message that lets it reconnect, and its transport ends: WebSockets
    ///    with close code 1001. `on_disconnected` runs with [`CloseReason::Drained`](crate::CloseReason::Drained).
    /// 5. What still runs at `deadline`, counted from now, is dropped, and answered with an error before the Close message.
    ///
    /// The future is done when all connections have ended, `on_disconnected` included; at the latest a
    /// [close timeout](crate::HubOptions::close_timeout) after the deadline. Dropped before, it cuts what is left at once.
    /// A hub method that awaits it waits for itself, until the deadline. Draining cannot be taken back. It concerns the connections of the hubs mounted here, at whatever path.
    pub async fn drain(&self, deadline: Duration, spread: Duration) -> DrainReport {
        let start = Instant::now();
        // A clock cannot be asked for `Duration::MAX`.
        let deadline = deadline.min(LONGEST);
        let spread = spread.min(deadline);
        let shutdown = self.state();
        shutdown.begin();
        let rest = Rest(self);
        let connections = shutdown.live.load(Ordering::SeqCst);
        tracing::info!(connections, ?deadline, ?spread, "draining");
        let until = start + deadline;
        let told = async {
            tell_over_time(&self.peers(), start, spread).await;
            shutdown.all_ended().await;
        };
        let cut = match timeout_at(until, told).await {
            Ok(()) => 0,
            Err(_elapsed) => shutdown.live.load(Ordering::SeqCst),
        };
        drop(rest);
        // The goodbyes of those that were cut.
        let _ = timeout_at(until + self.close_time(), shutdown.all_ended()).await;
        let report = DrainReport { connections, cut };
        tracing::info!(%report, "drained");
        report
    }

    /// All connections of the hubs, each once.
    fn peers(&self) -> Vec<Arc<Peer>> {
        let mut cores: Vec<&Arc<HubCore>> = Vec::new();
        let mut peers = Vec::new();
        for core in self.cores() {
            if !cores.iter().any(|known| Arc::ptr_eq(known, core)) {
                core.registry.each(|peer| peers.push(peer.clone()));
                cores.push(core);
            }
        }
        peers
    }
}

/// Those that have not ended by themselves are cut, also where nobody waits any more.
struct Rest<'a>(&'a SignalR);

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        for peer in self.0.peers() {
            peer.drain(Drain::Cut);
        }
    }
}

async fn tell_over_time(peers: &[Arc<Peer>], start: Instant, spread: Duration) {
    let count = u32::try_from(peers.len()).unwrap_or(u32::MAX);
    for (peer, nth) in peers.iter().zip(0..) {
        let turn = start + spread.mul_f64(f64::from(nth) / f64::from(count));
        // Many share a step of the clock.
        if turn > Instant::now() + STEP {
            sleep_until(turn).await;
        }
        peer.drain(Drain::Finish);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Protocol;
    use crate::session::inbox::Overflow;
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

    #[tokio::test(start_paused = true)]
    async fn the_turns_are_spread_evenly() {
        let peer = |_| Arc::new(Peer::new("id".into(), Protocol::Json, 1, Overflow::Disconnect, false));
        let peers: Vec<_> = (0..10).map(peer).collect();
        let told = || peers.iter().filter(|peer| peer.draining().is_some()).count();
        let start = Instant::now();
        let mut telling = Box::pin(tell_over_time(&peers, start, Duration::from_secs(10)));
        for second in 0..9 {
            assert!((&mut telling).now_or_never().is_none());
            assert_eq!(told(), second + 1);
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        telling.await;
        assert_eq!(told(), 10);
        assert_eq!(start.elapsed(), Duration::from_secs(9));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_spread_all_are_told_at_once() {
        let peer = Arc::new(Peer::new("id".into(), Protocol::Json, 1, Overflow::Disconnect, false));
        tell_over_time(std::slice::from_ref(&peer), Instant::now(), Duration::ZERO).now_or_never().unwrap();
        assert_eq!(peer.draining(), Some(Drain::Finish));
        tell_over_time(&[], Instant::now(), Duration::MAX).now_or_never().unwrap();
    }
}
