//! The end of a server that does not lose anything: no new connections, running calls finish, clients are told to come back.

use super::builder::SignalR;
use crate::backplane::registry::HubCore;
use crate::session::keepalive::LONGEST;
use crate::session::peer::{Drain, Peer};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout_at};

/// How long calls may still run with [`SignalR::shutdown`].
const DEFAULT_DEADLINE: Duration = Duration::from_secs(20);
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
        let deadline = deadline.min(LONGEST);
        let spread = spread.min(deadline);
        let shutdown = self.state();
        shutdown.begin();
        let rest = Rest { hubs: self, told: self.peers() };
        let connections = shutdown.live();
        tracing::info!(connections, ?deadline, ?spread, "draining");
        let until = start + deadline;
        let told = async {
            tell_over_time(&rest.told, start, spread).await;
            shutdown.all_ended().await;
        };
        let cut = match timeout_at(until, told).await {
            Ok(()) => 0,
            Err(_elapsed) => shutdown.live(),
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
struct Rest<'a> {
    hubs: &'a SignalR,
    /// Of whom some may be unreachable by now, though their calls still run.
    told: Vec<Arc<Peer>>,
}

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        for peer in self.told.iter().chain(&self.hubs.peers()) {
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
