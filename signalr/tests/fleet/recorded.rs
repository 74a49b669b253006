//! A backplane that writes down what it is told to do.

use bytes::Bytes;
use signalr::{Backplane, BackplaneError, BackplaneReceiver, MemoryBackplane, Told};
use std::sync::{Arc, Mutex};

/// What servers have done, in order, each as one line: `subscribe CHANNEL`, `unsubscribe CHANNEL`, `publish CHANNEL HEX`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record(Arc<Mutex<Vec<String>>>);

/// The backplane of one server.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) record: Record,
    pub(crate) engine: MemoryBackplane,
}

impl Record {
    fn add(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    /// What was done since somebody asked.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Backplane for Recorded {
    fn publish(&self, channel: &str, payload: Bytes) -> Result<Told<Option<usize>>, BackplaneError> {
        self.record.add(format!("publish {channel} {}", hex(&payload)));
        self.engine.publish(channel, payload)
    }

    fn subscribe(&self, channel: &str, receiver: &Arc<BackplaneReceiver>) -> Told<()> {
        self.record.add(format!("subscribe {channel}"));
        self.engine.subscribe(channel, receiver)
    }

    fn unsubscribe(&self, channel: &str, receiver: &Arc<BackplaneReceiver>) {
        self.record.add(format!("unsubscribe {channel}"));
        self.engine.unsubscribe(channel, receiver);
    }

    fn subscribers(&self, channel: &str) -> Told<Option<usize>> {
        self.engine.subscribers(channel)
    }

    fn is_connected(&self) -> bool {
        true
    }
}
