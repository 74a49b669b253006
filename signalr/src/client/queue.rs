//! What a client has to say and nobody has taken yet.

use crate::session::outbound::Outbound;
use std::collections::VecDeque;

/// A larger buffer is given back once it is empty.
const KEPT: usize = 4 * 1024;

/// Encoded messages that wait to be sent, in order, and whose they are.
#[derive(Default)]
pub(super) struct Queue {
    bytes: Vec<u8>,
    messages: VecDeque<Queued>,
    /// The highest owner among them: behind a call there may be items of an older one.
    newest: u64,
}

struct Queued {
    owner: u64,
    length: usize,
}

impl Queue {
    /// In bytes.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Appends what `encode` writes.
    pub(super) fn push<E>(&mut self, owner: u64, encode: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        let before = self.bytes.len();
        encode(&mut self.bytes)?;
        self.messages.push_back(Queued { owner, length: self.bytes.len() - before });
        self.newest = self.newest.max(owner);
        Ok(())
    }

    /// Keeps only the messages of some.
    pub(super) fn retain(&mut self, keep: impl Fn(u64) -> bool) {
        let mut kept = Queue::default();
        let mut start = 0;
        for Queued { owner, length } in std::mem::take(&mut self.messages) {
            let message = self.bytes.get(start..start + length).unwrap_or_default();
            start += length;
            if keep(owner) {
                kept.bytes.extend_from_slice(message);
                kept.messages.push_back(Queued { owner, length });
                kept.newest = kept.newest.max(owner);
            }
        }
        *self = kept;
    }

    /// Whether nothing more may wait in it. What alone exceeds the capacity still passes when nothing else waits.
    pub(super) fn is_full(&self, capacity: usize) -> bool {
        !self.messages.is_empty() && self.bytes.len() >= capacity
    }

    /// Moves messages to `outbound`: all of them, or as long as there is room. Gives their highest owner.
    pub(super) fn take(&mut self, outbound: &mut Outbound, all: bool) -> u64 {
        if all || outbound.room() >= self.bytes.len() {
            let newest = std::mem::take(&mut self.newest);
            outbound.append(&mut self.bytes, self.messages.len());
            self.messages.clear();
            if self.bytes.capacity() > KEPT {
                *self = Queue::default();
            }
            return newest;
        }
        let (mut taken, mut newest) = (0, 0);
        while outbound.has_room()
            && let Some(Queued { owner, length }) = self.messages.pop_front()
        {
            outbound.encode_buffer().extend_from_slice(self.bytes.get(taken..taken + length).unwrap_or_default());
            taken += length;
            newest = owner.max(newest);
        }
        self.bytes.drain(..taken);
        newest
    }
}
