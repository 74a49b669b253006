//! What others send to one connection, until its session takes it: bounded, with a policy for when it is full.

use super::close::CloseReason;
use super::current;
use bytes::Bytes;
use futures_util::task::AtomicWaker;
use smol_str::SmolStr;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use tokio::sync::Notify;

/// Senders that should wait but do not may fill the inbox up to so many times its capacity.
const HARD_LIMIT: usize = 4;
/// A queue with a larger capacity is given back once it is empty.
const KEPT: usize = 8;

/// What happens to a message for a client whose outbound buffer is full, because the client does not read fast enough.
///
/// It concerns what others send. A connection's own replies and stream items, and what its own calls send to it, always
/// wait for room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Overflow {
    /// The client is disconnected with [`CloseReason::SlowConsumer`]. Nobody waits. The default.
    #[default]
    Disconnect,
    /// Whoever awaits the send waits until there is room again. Those who send without awaiting can still fill four
    /// times the capacity; then the client is disconnected.
    Wait,
    /// The new message is dropped for that client, and counted in the sender's [`Receipt`](crate::Receipt).
    DropNewest,
}

/// On whose behalf a message is sent, which decides what happens when there is no room for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Others,
    /// A call of this very connection, which can wait for room.
    OwnCall,
    /// The answer to a call of this connection. It is never lost; how many calls run at once bounds what waits.
    Reply,
}

/// What became of one message for one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    Queued,
    /// Queued, but the sender should wait until there is room.
    QueuedAbove,
    Dropped,
    /// The connection has ended, or ends because of this message.
    Gone,
}

/// The queue between all senders and one session.
#[derive(Debug)]
pub(crate) struct Inbox {
    state: Mutex<State>,
    /// Whether there is anything for the session to look at; saves it the lock.
    pending: AtomicBool,
    /// Whether somebody has asked for the end of the connection.
    ending: AtomicBool,
    session: AtomicWaker,
    room: Notify,
    /// The connection's number, to see that a push comes from its own session.
    number: u64,
    capacity: usize,
    overflow: Overflow,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Entry>,
    bytes: usize,
    closed: bool,
    close: Option<CloseReason>,
}

#[derive(Debug)]
struct Entry {
    message: Bytes,
    latest: Option<SmolStr>,
}

impl Inbox {
    pub(crate) fn new(number: u64, capacity: usize, overflow: Overflow) -> Self {
        Inbox {
            state: Mutex::default(),
            pending: AtomicBool::new(false),
            ending: AtomicBool::new(false),
            session: AtomicWaker::new(),
            room: Notify::new(),
            number,
            capacity,
            overflow,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a message. `latest` says that a newer message of that name makes the older ones worthless.
    pub(crate) fn push(&self, message: Bytes, origin: Origin, latest: Option<&SmolStr>) -> Pushed {
        let mut state = self.lock();
        if state.closed {
            return Pushed::Gone;
        }
        if state.bytes + message.len() > self.capacity
            && let Some(name) = latest
        {
            let was_above = state.bytes > self.capacity;
            state.forget(name);
            if was_above && state.bytes <= self.capacity {
                self.room.notify_waiters();
            }
        }
        let length = state.bytes + message.len();
        let mut pushed = Pushed::Queued;
        // A message that alone exceeds the capacity still passes when nothing else waits.
        if length > self.capacity && state.bytes > 0 {
            let overflow = if origin == Origin::Others { self.overflow } else { Overflow::Wait };
            let endures = origin == Origin::Reply || length <= self.capacity.saturating_mul(HARD_LIMIT);
            match overflow {
                Overflow::DropNewest => return Pushed::Dropped,
                Overflow::Wait if endures => pushed = Pushed::QueuedAbove,
                Overflow::Wait | Overflow::Disconnect => {
                    state.closed = true;
                    state.close.get_or_insert(CloseReason::SlowConsumer);
                    self.ending.store(true, Ordering::Release);
                    pushed = Pushed::Gone;
                }
            }
        }
        if pushed != Pushed::Gone {
            state.bytes = length;
            state.queue.push_back(Entry { message, latest: latest.cloned() });
        }
        // One wake-up is enough until the session has looked; but it does not look for messages while its client does
        // not read.
        let wake = !self.pending.swap(true, Ordering::AcqRel) || pushed == Pushed::Gone;
        drop(state);
        if wake && !current::is(self.number) {
            self.session.wake();
        }
        pushed
    }

    /// Waits until the queue is within its capacity again, or the connection has ended.
    pub(crate) async fn room(&self) {
        loop {
            let notified = self.room.notified();
            {
                let state = self.lock();
                if state.closed || state.bytes <= self.capacity {
                    return;
                }
            }
            notified.await;
        }
    }

    /// Asks the session to end the connection. The first reason counts.
    pub(crate) fn request_close(&self, reason: CloseReason) {
        let mut state = self.lock();
        if !state.closed {
            state.close.get_or_insert(reason);
            self.ending.store(true, Ordering::Release);
        }
        drop(state);
        self.session.wake();
    }

    /// There is something to be taken besides what is queued here: what this end's own calls have to say.
    pub(crate) fn announce(&self) {
        if !self.pending.swap(true, Ordering::AcqRel) && !current::is(self.number) {
            self.session.wake();
        }
    }

    /// Makes the session look again at what it had put off.
    pub(crate) fn nudge(&self) {
        if !current::is(self.number) {
            self.session.wake();
        }
    }

    // ---- for the session ----

    /// Who is to be woken by the next push.
    pub(crate) fn register(&self, waker: &Waker) {
        self.session.register(waker);
    }

    /// Whether something was pushed since the last [`take`](Self::take).
    pub(crate) fn is_pending(&self) -> bool {
        self.pending.load(Ordering::Acquire)
    }

    /// Whether somebody has asked for the end of the connection.
    pub(crate) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Acquire)
    }

    /// Why the connection is to end.
    pub(crate) fn close_request(&self) -> Option<CloseReason> {
        if self.is_ending() { self.lock().close.clone() } else { None }
    }

    /// Hands the queued messages to `each`, in order, until it says that it has enough.
    pub(crate) fn take(&self, mut each: impl FnMut(Bytes) -> bool) {
        self.pending.store(false, Ordering::Release);
        let mut state = self.lock();
        let was_above = state.bytes > self.capacity;
        let mut more = true;
        while more && let Some(entry) = state.queue.pop_front() {
            state.bytes -= entry.message.len();
            more = each(entry.message);
        }
        if state.queue.is_empty() && state.queue.capacity() > KEPT {
            state.queue = VecDeque::new();
        }
        if !state.queue.is_empty() {
            self.pending.store(true, Ordering::Release);
        }
        let room = was_above && state.bytes <= self.capacity;
        drop(state);
        if room {
            self.room.notify_waiters();
        }
    }

    /// Takes no messages any more; those that wait are thrown away if `discard`.
    pub(crate) fn close(&self, discard: bool) {
        let mut state = self.lock();
        state.closed = true;
        state.close = None;
        if discard {
            state.queue = VecDeque::new();
            state.bytes = 0;
        }
        drop(state);
        self.room.notify_waiters();
    }
}

impl State {
    /// Throws away the waiting messages of that name.
    fn forget(&mut self, name: &SmolStr) {
        let bytes = &mut self.bytes;
        self.queue.retain(|entry| {
            let keep = entry.latest.as_ref() != Some(name);
            if !keep {
                *bytes -= entry.message.len();
            }
            keep
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    fn taken(inbox: &Inbox) -> Vec<Bytes> {
        let mut all = Vec::new();
        inbox.take(|message| {
            all.push(message);
            true
        });
        all
    }

    fn message(text: &'static str) -> Bytes {
        Bytes::from_static(text.as_bytes())
    }

    #[test]
    fn a_full_inbox_disconnects_by_default_and_only_then() {
        let inbox = Inbox::new(1, 8, Overflow::Disconnect);
        assert_eq!(inbox.push(message("12345678"), Origin::Others, None), Pushed::Queued);
        assert_eq!(inbox.push(message("9"), Origin::Others, None), Pushed::Gone);
        assert!(inbox.lock().closed);
        assert_eq!(inbox.close_request(), Some(CloseReason::SlowConsumer));
    }

    #[test]
    fn a_message_above_the_capacity_passes_when_nothing_else_waits() {
        let inbox = Inbox::new(1, 4, Overflow::Disconnect);
        assert_eq!(inbox.push(message("large message"), Origin::Others, None), Pushed::Queued);
        assert_eq!(taken(&inbox), ["large message"]);
    }

    #[test]
    fn drop_newest_keeps_what_waits() {
        let inbox = Inbox::new(1, 4, Overflow::DropNewest);
        assert_eq!(inbox.push(message("abc"), Origin::Others, None), Pushed::Queued);
        assert_eq!(inbox.push(message("de"), Origin::Others, None), Pushed::Dropped);
        assert_eq!(inbox.push(message("f"), Origin::Others, None), Pushed::Queued);
        assert_eq!(taken(&inbox), ["abc", "f"]);
    }

    #[test]
    fn keeping_the_latest_makes_room_of_its_own_predecessors_only() {
        let inbox = Inbox::new(1, 8, Overflow::DropNewest);
        inbox.push(message("p1"), Origin::Others, Some(&"Price".into()));
        inbox.push(message("chat"), Origin::Others, None);
        inbox.push(message("p2"), Origin::Others, Some(&"Price".into()));
        assert_eq!(inbox.push(message("p3"), Origin::Others, Some(&"Price".into())), Pushed::Queued);
        assert_eq!(taken(&inbox), ["chat", "p3"]);
    }

    #[tokio::test]
    async fn whoever_waits_for_room_goes_on_when_the_session_has_taken_messages() {
        let inbox = Inbox::new(1, 4, Overflow::Wait);
        inbox.push(message("abcd"), Origin::Others, None);
        assert_eq!(inbox.push(message("e"), Origin::Others, None), Pushed::QueuedAbove);
        let mut room = Box::pin(inbox.room());
        assert!((&mut room).now_or_never().is_none());
        assert_eq!(taken(&inbox).len(), 2);
        room.await;
    }

    #[test]
    fn waiting_has_a_hard_limit_for_those_who_do_not_wait() {
        let inbox = Inbox::new(1, 2, Overflow::Wait);
        let pushed: Vec<_> = (0..5).map(|_| inbox.push(message("ab"), Origin::Others, None)).collect();
        assert_eq!(pushed[3], Pushed::QueuedAbove);
        assert_eq!(pushed[4], Pushed::Gone);
    }

    #[test]
    fn a_session_that_takes_no_messages_is_still_woken_for_the_end() {
        #[derive(Default)]
        struct Wakes(AtomicBool);
        impl std::task::Wake for Wakes {
            fn wake(self: std::sync::Arc<Self>) {
                self.0.store(true, Ordering::Release);
            }
        }
        let wakes = std::sync::Arc::new(Wakes::default());
        let inbox = Inbox::new(1, 2, Overflow::Disconnect);
        for (text, pushed, wake) in
            [("a", Pushed::Queued, true), ("b", Pushed::Queued, false), ("c", Pushed::Gone, true)]
        {
            inbox.register(&wakes.clone().into());
            assert_eq!(inbox.push(message(text), Origin::Others, None), pushed);
            assert_eq!(wakes.0.swap(false, Ordering::AcqRel), wake, "{text}");
        }
    }

    #[test]
    fn replies_are_never_lost() {
        let inbox = Inbox::new(1, 2, Overflow::Disconnect);
        assert_eq!(inbox.push(message("ab"), Origin::Reply, None), Pushed::Queued);
        let pushed: Vec<_> = (0..50).map(|_| inbox.push(message("ab"), Origin::Reply, None)).collect();
        assert_eq!(pushed, [Pushed::QueuedAbove; 50]);
        assert_eq!(inbox.push(message("ab"), Origin::Others, None), Pushed::Gone);
    }

    #[test]
    fn own_messages_are_never_dropped_by_the_policy() {
        let inbox = Inbox::new(1, 2, Overflow::DropNewest);
        inbox.push(message("ab"), Origin::OwnCall, None);
        assert_eq!(inbox.push(message("cd"), Origin::OwnCall, None), Pushed::QueuedAbove);
    }
}
