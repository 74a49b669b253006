//! Servers of one process, for tests.

use super::{Backplane, BackplaneError, BackplaneReceiver, Told};
use bytes::Bytes;
use std::collections::{HashMap, VecDeque};
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A backplane within one process: connects the servers that are given clones of it, for tests of how hubs behave in a fleet.
///
/// A payload is handed to its receivers before [`publish`](Backplane::publish) returns, unless others are being handed over at
/// that moment: then right after these. A hub that has no backplane at all reaches its own connections without any of this.
#[derive(Debug, Clone, Default)]
pub struct MemoryBackplane {
    state: Arc<Mutex<State>>,
}

type Receivers = Vec<Arc<BackplaneReceiver>>;

#[derive(Debug, Default)]
struct State {
    channels: HashMap<Box<str>, Receivers>,
    /// What was published while something else is handed over.
    waiting: VecDeque<(Box<str>, Bytes, Receivers)>,
    /// Whether somebody hands payloads over, so that each receiver gets them one after the other.
    busy: bool,
}

impl MemoryBackplane {
    /// A backplane that nobody uses yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next payload to be handed over.
    fn next(&self) -> Option<(Box<str>, Bytes, Receivers)> {
        let mut state = self.lock();
        let next = state.waiting.pop_front();
        state.busy = next.is_some();
        next
    }
}

fn hand_over(channel: &str, payload: &Bytes, receivers: &[Arc<BackplaneReceiver>]) {
    receivers.iter().for_each(|receiver| receiver.receive(channel, payload.clone()));
}

impl Backplane for MemoryBackplane {
    fn publish(&self, channel: &str, payload: Bytes) -> Result<Told<Option<usize>>, BackplaneError> {
        let mut state = self.lock();
        let receivers = state.channels.get(channel).cloned().unwrap_or_default();
        let count = receivers.len();
        if state.busy {
            state.waiting.push_back((channel.into(), payload, receivers));
        } else {
            state.busy = true;
            drop(state);
            hand_over(channel, &payload, &receivers);
            while let Some((channel, payload, receivers)) = self.next() {
                hand_over(&channel, &payload, &receivers);
            }
        }
        Ok(Box::pin(ready(Ok(Some(count)))))
    }

    fn subscribe(&self, channel: &str, receiver: &Arc<BackplaneReceiver>) -> Told<()> {
        let mut state = self.lock();
        let receivers = state.channels.entry(channel.into()).or_default();
        if !receivers.iter().any(|known| Arc::ptr_eq(known, receiver)) {
            receivers.push(receiver.clone());
        }
        Box::pin(ready(Ok(())))
    }

    fn unsubscribe(&self, channel: &str, receiver: &Arc<BackplaneReceiver>) {
        let State { channels, .. } = &mut *self.lock();
        if let Some(receivers) = channels.get_mut(channel) {
            receivers.retain(|known| !Arc::ptr_eq(known, receiver));
            if receivers.is_empty() {
                channels.remove(channel);
            }
        }
    }

    fn subscribers(&self, channel: &str) -> Told<Option<usize>> {
        let count = self.lock().channels.get(channel).map_or(0, Vec::len);
        Box::pin(ready(Ok(Some(count))))
    }

    fn is_connected(&self) -> bool {
        true
    }
}
