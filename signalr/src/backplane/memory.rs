//! Servers of one process, for tests.

use super::{Backplane, BackplaneError, BackplaneReceiver, Told};
use bytes::Bytes;
use std::collections::HashMap;
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A backplane within one process: connects the servers that are given clones of it, for tests of how hubs behave in a fleet.
///
/// A payload is handed to its receivers before [`publish`](Backplane::publish) returns. A hub that has no backplane at all
/// reaches its own connections without any of this.
#[derive(Debug, Clone, Default)]
pub struct MemoryBackplane {
    channels: Arc<Mutex<HashMap<Box<str>, Vec<Arc<BackplaneReceiver>>>>>,
}

impl MemoryBackplane {
    /// A backplane that nobody uses yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn channels(&self) -> MutexGuard<'_, HashMap<Box<str>, Vec<Arc<BackplaneReceiver>>>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backplane for MemoryBackplane {
    fn publish(&self, channel: &str, payload: Bytes) -> Result<Told<Option<usize>>, BackplaneError> {
        let receivers = self.channels().get(channel).cloned().unwrap_or_default();
        for receiver in &receivers {
            receiver.receive(channel, payload.clone());
        }
        Ok(Box::pin(ready(Ok(Some(receivers.len())))))
    }

    fn subscribe(&self, channel: &str, receiver: &Arc<BackplaneReceiver>) -> Told<()> {
        let mut channels = self.channels();
        let receivers = channels.entry(channel.into()).or_default();
        if !receivers.iter().any(|known| Arc::ptr_eq(known, receiver)) {
            receivers.push(receiver.clone());
        }
        Box::pin(ready(Ok(())))
    }

    fn unsubscribe(&self, channel: &str, receiver: &Arc<BackplaneReceiver>) {
        let mut channels = self.channels();
        if let Some(receivers) = channels.get_mut(channel) {
            receivers.retain(|known| !Arc::ptr_eq(known, receiver));
            if receivers.is_empty() {
                channels.remove(channel);
            }
        }
    }

    fn subscribers(&self, channel: &str) -> Told<Option<usize>> {
        let count = self.channels().get(channel).map_or(0, Vec::len);
        Box::pin(ready(Ok(Some(count))))
    }

    fn is_connected(&self) -> bool {
        true
    }
}
