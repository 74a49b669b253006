//! Where a new socket for a living connection is left for its session.

use super::peer::Peer;
use crate::transport::Duplex;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Shared by a session that can go on over another socket and by whoever gets that socket: the table of connections on a
/// server, the connector of a client.
pub(crate) struct Mailbox {
    peer: Arc<Peer>,
    state: Mutex<State>,
    pending: AtomicBool,
    /// Tells whoever opens sockets that one is needed.
    lost: Notify,
}

#[derive(Default)]
struct State {
    duplex: Option<Box<dyn Duplex>>,
    closed: bool,
}

impl Mailbox {
    pub(crate) fn new(peer: Arc<Peer>) -> Arc<Self> {
        Arc::new(Mailbox { peer, state: Mutex::default(), pending: AtomicBool::new(false), lost: Notify::new() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the session would take a socket. Not if somebody has asked for its end.
    pub(crate) fn is_open(&self) -> bool {
        !self.peer.inbox.is_ending() && !self.lock().closed
    }

    /// Lets the session go on over this socket. One that it still has is replaced. Says whether the session takes it.
    pub(crate) fn attach(&self, duplex: Box<dyn Duplex>) -> bool {
        let mut state = self.lock();
        if state.closed {
            return false;
        }
        let never_seen = state.duplex.replace(duplex);
        self.pending.store(true, Ordering::Release);
        drop(state);
        // Outside the lock: it closes a socket.
        drop(never_seen);
        self.peer.inbox.nudge();
        true
    }

    /// Waits until the session has lost its socket.
    pub(crate) async fn lost(&self) {
        self.lost.notified().await;
    }

    /// For the session: it has lost its socket.
    pub(super) fn tell_lost(&self) {
        self.lost.notify_one();
    }

    /// For the session: the socket that was left here.
    pub(super) fn take(&self) -> Option<Box<dyn Duplex>> {
        if self.pending.swap(false, Ordering::AcqRel) { self.lock().duplex.take() } else { None }
    }

    /// For the session, at its end.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let unused = state.duplex.take();
        drop(state);
        drop(unused);
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailbox").field("connection", &self.peer.id).finish_non_exhaustive()
    }
}
