//! Whom a broadcast reaches.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// All connections.
pub(super) struct Members<M>(Mutex<All<M>>);

struct All<M> {
    next: u64,
    senders: HashMap<u64, UnboundedSender<M>>,
}

impl<M> Default for Members<M> {
    fn default() -> Self {
        Members(Mutex::new(All { next: 0, senders: HashMap::new() }))
    }
}

impl<M: Clone> Members<M> {
    pub(super) fn join(&self) -> (u64, UnboundedReceiver<M>) {
        let (sender, receiver) = unbounded_channel();
        let mut all = self.lock();
        let id = all.next;
        all.next += 1;
        all.senders.insert(id, sender);
        (id, receiver)
    }

    pub(super) fn leave(&self, id: u64) {
        self.lock().senders.remove(&id);
    }

    pub(super) fn send(&self, message: &M) {
        for sender in self.lock().senders.values() {
            // One that has just ended will leave.
            let _ = sender.send(message.clone());
        }
    }

    fn lock(&self) -> MutexGuard<'_, All<M>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
