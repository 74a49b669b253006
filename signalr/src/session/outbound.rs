//! The bytes that wait for one socket: what the session encoded itself, and shared messages by reference.

use super::HIGH_WATER;
use crate::telemetry::meters::{Meters, Tally};
use bytes::{Buf, Bytes};
use std::collections::VecDeque;
use std::io::IoSlice;

/// Shorter shared messages are copied: that is cheaper than a slice of their own in the write.
const COPIED: usize = 1024;
/// Bytes up to this are moved to make room in front of them: that is cheaper than a vectored write.
const MOVED: usize = 4 * 1024;
/// What is kept free in front of the first message, for the header of a frame: that is cheaper than moving anything.
const HEADROOM: usize = 16;
/// Sent bytes at the front of the buffer are cut off from this number on.
const COMPACTED: usize = 4 * 1024;
/// A larger buffer is given back once it is empty.
const KEPT: usize = 64 * 1024;

/// A queue of bytes with an encode buffer at its end. It always ends with a whole message.
#[derive(Debug)]
pub(crate) struct Outbound {
    segments: VecDeque<Bytes>,
    segment_bytes: usize,
    tail: Vec<u8>,
    /// How much of `tail` was sent, or is free; only moves while `segments` is empty.
    sent: usize,
    /// With so many bytes in it, nothing new is produced.
    room: usize,
    /// Whether what is in it will be kept until the peer acknowledges it.
    kept: bool,
    /// Messages that were put in since the last write.
    messages: Tally,
}

impl Default for Outbound {
    fn default() -> Self {
        Outbound {
            segments: VecDeque::new(),
            segment_bytes: 0,
            tail: Vec::new(),
            sent: 0,
            room: HIGH_WATER,
            kept: false,
            messages: Tally::default(),
        }
    }
}

impl Outbound {
    pub(crate) fn len(&self) -> usize {
        self.segment_bytes + self.tail.len() - self.sent
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The buffer to encode one's own next message into. Only ever append to it.
    pub(crate) fn encode_buffer(&mut self) -> &mut Vec<u8> {
        self.messages.add();
        self.make_headroom();
        &mut self.tail
    }

    fn make_headroom(&mut self) {
        if self.tail.is_empty() {
            self.tail.extend_from_slice(&[0; HEADROOM]);
            self.sent = HEADROOM;
        }
    }

    /// Appends a batch of whole messages and leaves `batch` empty.
    pub(crate) fn append(&mut self, batch: &mut Vec<u8>, messages: usize) {
        for _ in 0..messages {
            self.messages.add();
        }
        if self.tail.is_empty() {
            // A client's, whose frames are copied anyway.
            std::mem::swap(&mut self.tail, batch);
        } else {
            self.tail.extend_from_slice(batch);
            batch.clear();
        }
    }

    /// How many bytes may be produced now.
    pub(crate) fn room(&self) -> usize {
        self.room.saturating_sub(self.len())
    }

    /// Appends a message that others share.
    pub(crate) fn push_shared(&mut self, message: Bytes) {
        self.messages.add();
        if message.len() < COPIED && !self.kept {
            self.make_headroom();
            self.tail.extend_from_slice(&message);
            return;
        }
        if self.tail.len() > self.sent {
            let mut sealed = Bytes::from(std::mem::take(&mut self.tail));
            sealed.advance(std::mem::take(&mut self.sent));
            self.segment_bytes += sealed.len();
            self.segments.push_back(sealed);
        }
        self.segment_bytes += message.len();
        self.segments.push_back(message);
    }

    /// What was to be a message could not be encoded, and has left nothing.
    pub(crate) fn take_message_back(&mut self) {
        self.messages.take_back();
    }

    /// Runs `send`, and counts what it takes away.
    pub(crate) fn metered<R>(&mut self, meters: &Meters, send: impl FnOnce(&mut Self) -> R) -> R {
        let (waiting, messages) = (self.len(), std::mem::take(&mut self.messages));
        let sent = send(self);
        meters.sent(waiting, waiting.saturating_sub(self.len()), messages);
        sent
    }

    /// The first piece.
    pub(crate) fn first_chunk(&self) -> Option<&[u8]> {
        match self.segments.front() {
            Some(first) => Some(first),
            None => self.tail.get(self.sent..).filter(|rest| !rest.is_empty()),
        }
    }

    /// All pieces, in order.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let tail = self.tail.get(self.sent..).unwrap_or_default();
        self.segments.iter().map(|segment| &segment[..]).chain([tail]).filter(|piece| !piece.is_empty())
    }

    /// Takes everything out as one: a single shared message as it is, anything else as a copy of just its size, because the
    /// buffer serves the next messages too.
    pub(crate) fn take(&mut self) -> Bytes {
        let single =
            if self.segments.len() == 1 && self.len() == self.segment_bytes { self.segments.pop_front() } else { None };
        let taken = single.unwrap_or_else(|| {
            let mut all = Vec::with_capacity(self.len());
            self.pieces().for_each(|piece| all.extend_from_slice(piece));
            all.into()
        });
        self.clear();
        taken
    }

    /// Puts a few bytes in front, if that is cheaper than writing them apart.
    pub(crate) fn prepend(&mut self, head: &[u8]) -> bool {
        if !self.segments.is_empty() {
            return false;
        }
        let start = self.sent.checked_sub(head.len());
        if let Some(start) = start
            && let Some(room) = self.tail.get_mut(start..self.sent)
        {
            room.copy_from_slice(head);
            self.sent = start;
            return true;
        }
        let cheap = self.len() <= MOVED;
        if cheap {
            self.tail.splice(self.sent..self.sent, head.iter().copied());
        }
        cheap
    }

    /// Fills `slices` with the first pieces, `limit` bytes at the most, and says how many there are.
    pub(crate) fn chunks<'a>(&'a self, slices: &mut [IoSlice<'a>], mut limit: usize) -> usize {
        let mut count = 0;
        for (slot, piece) in slices.iter_mut().zip(self.pieces()) {
            let piece = piece.get(..limit).unwrap_or(piece);
            *slot = IoSlice::new(piece);
            count += 1;
            limit -= piece.len();
            if limit == 0 {
                break;
            }
        }
        count
    }

    /// Takes away what was sent.
    pub(crate) fn advance(&mut self, mut count: usize) {
        while count > 0 {
            let Some(first) = self.segments.front_mut() else {
                self.sent += count;
                break;
            };
            let part = count.min(first.len());
            first.advance(part);
            self.segment_bytes -= part;
            count -= part;
            if first.is_empty() {
                self.segments.pop_front();
            }
        }
        if self.is_empty() {
            self.clear();
        } else if self.sent >= COMPACTED && self.sent * 2 >= self.tail.len() {
            // A buffer that is never quite empty must not keep all that was ever sent.
            self.tail.drain(..self.sent);
            self.sent = 0;
        }
    }

    // ---- for sessions that can be resumed ----

    /// What is in it will be kept; and with `room` bytes in it, nothing new may be produced.
    pub(crate) fn open_window(&mut self, room: usize) {
        self.room = room;
        self.kept = true;
    }

    /// It is again as that of any other session.
    pub(crate) fn close_window(&mut self) {
        self.room = HIGH_WATER;
        self.kept = false;
    }

    /// Whether something new may be produced. What has begun may be finished nevertheless, unless it
    /// [must wait](Self::must_wait).
    pub(crate) fn has_room(&self) -> bool {
        self.len() < self.room
    }

    /// Whether nothing at all may be written until the peer has acknowledged what it was sent before.
    pub(crate) fn must_wait(&self) -> bool {
        self.kept && !self.has_room()
    }

    /// The shared messages and sealed batches, and what follows them.
    pub(crate) fn batches(&self) -> (impl Iterator<Item = &Bytes>, &[u8]) {
        (self.segments.iter(), self.tail.get(self.sent..).unwrap_or_default())
    }

    /// Exchanges the bytes of two queues.
    pub(crate) fn swap(&mut self, other: &mut Self) {
        std::mem::swap(self, other);
        std::mem::swap(&mut self.room, &mut other.room);
        std::mem::swap(&mut self.kept, &mut other.kept);
    }

    /// Gives an empty buffer back, however small.
    pub(crate) fn give_back(&mut self) {
        if self.is_empty() {
            self.sent = 0;
            self.tail = Vec::new();
            self.segments = VecDeque::new();
        }
    }

    /// Forgets everything and gives large buffers back.
    pub(crate) fn clear(&mut self) {
        self.messages = Tally::default();
        self.segments.clear();
        self.segments.shrink_to(8);
        self.segment_bytes = 0;
        self.sent = 0;
        self.tail.clear();
        self.tail.shrink_to(KEPT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(outbound: &mut Outbound, step: usize) -> Vec<u8> {
        let mut all = Vec::new();
        while !outbound.is_empty() {
            let mut slices = [IoSlice::new(&[]); 3];
            let count = outbound.chunks(&mut slices, step);
            let piece: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.iter().copied()).collect();
            assert!((1..=step).contains(&piece.len()));
            outbound.advance(piece.len());
            all.extend(piece);
        }
        all
    }

    #[test]
    fn keeps_the_order_of_own_and_shared_messages_however_they_are_sent() {
        for step in [1, 3, 1000, 5000] {
            let mut outbound = Outbound::default();
            outbound.encode_buffer().extend(b"one");
            outbound.push_shared(Bytes::from_static(b"two"));
            outbound.push_shared(Bytes::from(vec![b'3'; COPIED]));
            outbound.encode_buffer().extend(b"four");
            outbound.advance(2);
            outbound.push_shared(Bytes::from(vec![b'5'; COPIED + 1]));
            let expected = [&b"etwo"[..], &[b'3'; COPIED], b"four", &[b'5'; COPIED + 1]].concat();
            assert_eq!(outbound.len(), expected.len());
            assert_eq!(drain(&mut outbound, step), expected);
        }
    }

    #[test]
    fn a_large_message_that_many_share_is_not_copied() {
        let mut outbound = Outbound::default();
        let shared = Bytes::from(vec![1; 60_000]);
        outbound.push_shared(shared.clone());
        assert_eq!(outbound.first_chunk().map(<[u8]>::as_ptr), Some(shared.as_ptr()));
        outbound.advance(60_000);
        assert_eq!(outbound.tail.capacity(), 0);
    }
}
