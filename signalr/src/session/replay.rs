//! What was sent and not yet acknowledged, to be sent again on the next socket of the same connection.

use super::outbound::Outbound;
use crate::protocol::Protocol;
use crate::protocol::framing::Framing;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Own messages of a batch up to this size share one allocation, which lives until the last of them is acknowledged.
const SHARED_BATCH: usize = 4 * 1024;
/// What a kept message costs besides its bytes.
const ENTRY: usize = size_of::<Bytes>();
/// So many bytes each connection may keep whatever the others do.
const OWN_SHARE: usize = 4 * 1024;
/// While nothing else can go on, a connection may keep so many times its capacity.
const STRETCHED: usize = 8;

/// More messages than these are not stood in for.
const MAX_STAND_INS: usize = 4096;

/// How another socket begins.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Resumption {
    /// The number of the first message that comes.
    pub(crate) sequence: i64,
    /// So many messages of any content come first, in the place of those that the peer has already.
    pub(crate) stand_ins: usize,
}

/// The memory that all connections of an endpoint may use together for what they keep.
#[derive(Debug)]
pub(crate) struct Budget {
    used: AtomicUsize,
    limit: usize,
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Self {
        Budget { used: AtomicUsize::new(0), limit }
    }

    /// Whether nothing is left: connections keep no more than their own small share then, and new ones are not resumed.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.used.load(Ordering::Relaxed) >= self.limit
    }

    fn change(&self, from: usize, to: usize) {
        if to > from {
            self.used.fetch_add(to - from, Ordering::Relaxed);
        } else if from > to {
            self.used.fetch_sub(from - to, Ordering::Relaxed);
        }
    }
}

/// The counted messages of one direction of a connection, numbered from 1, from the first that the peer has not
/// acknowledged. Shared messages are kept by reference.
#[derive(Debug)]
pub(crate) struct Replay {
    framing: Framing,
    messages: VecDeque<Bytes>,
    /// The number of the first of `messages`.
    first: i64,
    /// How many of `messages` were given to the present socket.
    given: usize,
    /// The number of the first message that no socket was ever given.
    fresh: i64,
    /// The highest number that the peer has acknowledged.
    acknowledged: i64,
    /// What the peer expects next is this number at least: Microsoft's clients count what is repeated from the Sequence
    /// message on, and refuse a later one that is ahead of that count, even where they have more than it says.
    expected: i64,
    /// The number of the first message that the present socket was the first to be given.
    new: i64,
    kept_bytes: usize,
    given_bytes: usize,
    capacity: usize,
    budget: Arc<Budget>,
    charged: usize,
}

impl Replay {
    pub(crate) fn new(protocol: Protocol, capacity: usize, budget: Arc<Budget>) -> Self {
        Replay {
            framing: Framing::new(protocol, None),
            messages: VecDeque::new(),
            first: 1,
            given: 0,
            fresh: 1,
            acknowledged: 0,
            expected: 1,
            new: 1,
            kept_bytes: 0,
            given_bytes: 0,
            capacity,
            budget,
            charged: 0,
        }
    }

    // ---- in ----

    /// Keeps all messages of `outbound`, which must be nothing but counted ones.
    pub(crate) fn keep_all(&mut self, outbound: &Outbound) {
        let (shared, own) = outbound.batches();
        for piece in shared {
            self.split(piece.clone());
        }
        if own.len() <= SHARED_BATCH {
            self.split(Bytes::copy_from_slice(own));
        } else {
            let mut rest = own;
            while let Some(length) = self.first_length(rest) {
                let (message, behind) = rest.split_at_checked(length).unwrap_or((rest, &[]));
                self.push(Bytes::copy_from_slice(message));
                rest = behind;
            }
        }
        self.charge();
    }

    fn split(&mut self, mut piece: Bytes) {
        while let Some(length) = self.first_length(&piece) {
            let message = piece.split_to(length.min(piece.len()));
            self.push(message);
        }
    }

    fn first_length(&mut self, bytes: &[u8]) -> Option<usize> {
        if bytes.is_empty() {
            return None;
        }
        // What this end encoded is never malformed; if it were, it would still be sent once and in its place.
        let frame = self.framing.next(bytes).ok().flatten();
        debug_assert!(frame.is_some(), "not whole messages: {bytes:?}");
        Some(frame.map_or(bytes.len(), |frame| frame.consumed))
    }

    fn push(&mut self, message: Bytes) {
        self.kept_bytes += message.len();
        self.messages.push_back(message);
    }

    // ---- out ----

    /// The next message for the present socket.
    pub(crate) fn give(&mut self) -> Option<Bytes> {
        let message = self.messages.get(self.given)?.clone();
        self.given += 1;
        self.given_bytes += message.len();
        self.fresh = self.fresh.max(self.given_end());
        self.settle();
        Some(message)
    }

    /// The present socket gets all the rest by another way.
    pub(crate) fn give_all(&mut self) {
        self.given = self.messages.len();
        self.given_bytes = self.kept_bytes;
        self.fresh = self.fresh.max(self.given_end());
        self.settle();
    }

    /// Bytes that the present socket has not been given yet.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.kept_bytes - self.given_bytes
    }

    /// Begins anew for another socket.
    pub(crate) fn rewind(&mut self) -> Resumption {
        while self.first <= self.acknowledged && self.pop() {}
        self.shrink();
        self.given = 0;
        self.given_bytes = 0;
        // There is nothing that could stand in for messages which the peer has not acknowledged.
        let known = self.first - 1 == self.acknowledged;
        let missing = self.first.saturating_sub(self.expected);
        let stand_ins = usize::try_from(missing).ok().filter(|count| known && *count <= MAX_STAND_INS).unwrap_or(0);
        let sequence = if stand_ins > 0 { self.expected } else { self.first };
        self.expected = sequence;
        self.new = self.fresh;
        Resumption { sequence, stand_ins }
    }

    /// The number behind the last message that was given to the present socket.
    fn given_end(&self) -> i64 {
        self.first.saturating_add(i64::try_from(self.given).unwrap_or(i64::MAX))
    }

    // ---- away ----

    /// The peer has all messages up to this number. A number that was never sent counts as the last that was. Says whether
    /// it is news.
    pub(crate) fn acknowledge(&mut self, number: i64) -> bool {
        let number = number.min(self.fresh - 1);
        let is_news = number > self.acknowledged;
        self.acknowledged = self.acknowledged.max(number);
        if number >= self.new {
            self.expected = self.expected.max(number + 1);
        }
        self.settle();
        is_news
    }

    /// Forgets what is acknowledged. What was begun to be sent again is sent, because the peer goes on counting.
    fn settle(&mut self) {
        if self.given > 0 && self.first <= self.acknowledged {
            while self.given > 0 && self.first <= self.acknowledged && self.pop() {}
            self.shrink();
        }
    }

    /// Gives up what the present socket has been given: it is not lost unless the socket is, and then the peer sees it by
    /// the numbers.
    pub(crate) fn forget_given(&mut self) {
        while self.given > 0 && self.pop() {}
        self.shrink();
    }

    fn pop(&mut self) -> bool {
        let Some(message) = self.messages.pop_front() else { return false };
        self.first += 1;
        self.kept_bytes -= message.len();
        if self.given > 0 {
            self.given -= 1;
            self.given_bytes -= message.len();
        }
        true
    }

    fn shrink(&mut self) {
        if self.messages.is_empty() {
            self.messages = VecDeque::new();
        }
        self.charge();
    }

    // ---- bounds ----

    /// How many more bytes may be sent before the connection has to wait for an acknowledgement; the message that reaches it
    /// may go beyond. `stretched` where nothing that the peer sends can be read before something is sent.
    pub(crate) fn room(&self, stretched: bool) -> usize {
        let capacity = if stretched { self.capacity.saturating_mul(STRETCHED) } else { self.capacity };
        if self.charged > 0 && self.budget.is_exhausted() {
            return 0;
        }
        (capacity.saturating_add(1)).saturating_sub(self.kept_bytes)
    }

    /// Whether even the most that a connection may keep is reached, or there is no memory for more than its own share.
    pub(crate) fn is_overfull(&self) -> bool {
        self.room(true) == 0
    }

    fn charge(&mut self) {
        let charged = (self.kept_bytes + self.messages.len() * ENTRY).saturating_sub(OWN_SHARE);
        self.budget.change(self.charged, charged);
        self.charged = charged;
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        self.budget.change(self.charged, 0);
    }
}

#[cfg(test)]
mod tests;
