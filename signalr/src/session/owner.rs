//! Whom a connection belongs to: told apart by every request that comes for it, and replaced where credentials are renewed.

use super::close::CloseReason;
use super::peer::Peer;
use crate::user::User;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::time::Instant;

/// By what the users of requests are told apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Whether the request was authenticated at all.
    pub(crate) is_known: bool,
    pub(crate) id: Option<Box<str>>,
}

/// The user of one connection, shared by its session, its hub and the table of connections.
pub(crate) struct Owner {
    /// The public id of the connection.
    connection: Box<str>,
    state: Mutex<State>,
    /// Whether there is something for the session to look at.
    changed: AtomicBool,
    /// Known from the handshake on.
    peer: OnceLock<Arc<Peer>>,
}

struct State {
    identity: Identity,
    user: Option<User>,
    /// Whether the hub is still to be told.
    refreshed: bool,
}

/// What the session learns of its user.
pub(super) struct Change {
    pub(super) until: Option<Instant>,
    pub(super) refreshed: bool,
}

impl Owner {
    pub(crate) fn new(connection: &str, identity: Identity, user: Option<User>) -> Arc<Self> {
        Arc::new(Owner {
            connection: connection.into(),
            state: Mutex::new(State { identity, user, refreshed: false }),
            changed: AtomicBool::new(false),
            peer: OnceLock::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The public id of the connection.
    pub(crate) fn connection(&self) -> &str {
        &self.connection
    }

    /// The id of the user, as it is now.
    pub(crate) fn user_id(&self) -> Option<Box<str>> {
        self.lock().identity.id.clone()
    }

    pub(crate) fn user(&self) -> Option<User> {
        self.lock().user.clone()
    }

    /// Whether a request of that identity comes from the user of the connection.
    pub(crate) fn is(&self, identity: &Identity) -> bool {
        self.lock().identity == *identity
    }

    /// Whether nothing has changed at all.
    pub(crate) fn has(&self, identity: &Identity, user: Option<&User>) -> bool {
        let state = self.lock();
        state.identity == *identity && state.user.as_ref() == user
    }

    /// Takes over what a newer request says of the same user.
    pub(crate) fn follow(&self, user: Option<&User>) {
        let mut state = self.lock();
        if state.user.as_ref() != user {
            state.user = user.cloned();
            drop(state);
            self.notify();
        }
    }

    /// Takes over renewed credentials, unless they end before those that are there; the hub is told of it.
    pub(crate) fn refresh(&self, identity: Identity, user: Option<User>) {
        let mut state = self.lock();
        let expiry = |user: &Option<User>| user.as_ref().and_then(User::expiry);
        if let (Some(known), Some(new)) = (expiry(&state.user), expiry(&user))
            && new < known
        {
            return;
        }
        *state = State { identity, user, refreshed: true };
        drop(state);
        self.notify();
    }

    fn notify(&self) {
        self.changed.store(true, Ordering::Release);
        if let Some(peer) = self.peer.get() {
            peer.inbox.nudge();
        }
    }

    /// From now on there is a session, which looks at what has changed.
    pub(crate) fn connect(&self, peer: &Arc<Peer>) {
        // There is one session for each connection.
        let _ = self.peer.set(peer.clone());
    }

    /// Asks for the end of the connection. Says whether there was a session to ask.
    pub(crate) fn close(&self, reason: CloseReason) -> bool {
        let peer = self.peer.get();
        if let Some(peer) = peer {
            peer.close(reason);
        }
        peer.is_some()
    }

    /// When the authentication expires, by the session's clock.
    pub(super) fn until(&self) -> Option<Instant> {
        let left = self.lock().user.as_ref().and_then(User::time_left)?;
        Instant::now().checked_add(left)
    }

    pub(super) fn take_change(&self) -> Option<Change> {
        if !self.changed.swap(false, Ordering::AcqRel) {
            return None;
        }
        let refreshed = std::mem::take(&mut self.lock().refreshed);
        Some(Change { until: self.until(), refreshed })
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owner").field("connection", &self.connection).finish_non_exhaustive()
    }
}
