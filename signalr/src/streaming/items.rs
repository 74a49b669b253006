//! The items of a stream that the peer sends, between the session that receives them and whoever reads the stream: the
//! uploads of a server and the streams that a client has asked for.

use crate::protocol::{Codec, DecodeError, Payload};
use crate::session::peer::Peer;
use futures_util::task::AtomicWaker;
use serde::de::DeserializeOwned;
use std::collections::VecDeque;
use std::marker::PhantomData;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, ready};

/// Encoded items, one behind the other.
#[derive(Debug, Default)]
struct Batch {
    bytes: Vec<u8>,
    lengths: VecDeque<usize>,
    read: usize,
}

impl Batch {
    #[inline]
    fn next(&mut self) -> Option<&[u8]> {
        let start = self.read;
        self.read += self.lengths.pop_front()?;
        self.bytes.get(start..self.read)
    }
}

/// What the session and the reader of a stream share. The stream ends with an `E` if it fails.
#[derive(Debug)]
pub(crate) struct ItemQueue<E> {
    /// Whose session is held back by items that nobody reads.
    peer: OnceLock<Arc<Peer>>,
    codec: Codec,
    state: Mutex<State<E>>,
    reader: AtomicWaker,
    /// So many items are kept whatever their size; those beyond count against the connection's limit.
    capacity: usize,
}

#[derive(Debug)]
struct State<E> {
    batch: Batch,
    /// Bytes of items beyond the capacity.
    held: usize,
    end: Option<Result<(), E>>,
    abandoned: bool,
}

impl<E> ItemQueue<E> {
    pub(crate) fn new(codec: Codec, capacity: usize) -> Arc<Self> {
        let state = State { batch: Batch::default(), held: 0, end: None, abandoned: false };
        Arc::new(ItemQueue {
            peer: OnceLock::new(),
            codec,
            state: Mutex::new(state),
            reader: AtomicWaker::new(),
            capacity,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State<E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says over which connection the items come. The first one stays.
    pub(crate) fn attach(&self, peer: &Arc<Peer>) {
        self.peer.get_or_init(|| peer.clone());
    }

    /// One item has come.
    pub(crate) fn push(&self, item: &[u8]) {
        let mut state = self.lock();
        if state.end.is_some() || state.abandoned {
            return;
        }
        state.batch.bytes.extend_from_slice(item);
        state.batch.lengths.push_back(item.len());
        let first = state.batch.lengths.len() == 1;
        if state.batch.lengths.len() > self.capacity
            && let Some(peer) = self.peer.get()
        {
            state.held += item.len();
            peer.held.fetch_add(item.len(), Ordering::Relaxed);
        }
        drop(state);
        if first {
            self.reader.wake();
        }
    }

    /// No more items come. The first end counts.
    pub(crate) fn end(&self, end: Result<(), E>) {
        let mut state = self.lock();
        state.end.get_or_insert(end);
        drop(state);
        self.reader.wake();
    }

    /// Whether nobody reads it any more.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.lock().abandoned
    }

    /// No longer holds the session back.
    fn release(&self, held: usize) {
        if held > 0
            && let Some(peer) = self.peer.get()
        {
            peer.held.fetch_sub(held, Ordering::Relaxed);
            peer.inbox.nudge();
        }
    }
}

/// The reading end; dropping it abandons the stream.
#[derive(Debug)]
pub(crate) struct ItemReader<E>(Arc<ItemQueue<E>>);

impl<E> ItemReader<E> {
    pub(crate) fn new(queue: Arc<ItemQueue<E>>) -> Self {
        ItemReader(queue)
    }
}

impl<E> ItemReader<E> {
    /// Nothing more is read: what still comes is forgotten and holds nobody back.
    fn abandon(&self) {
        let mut state = self.0.lock();
        state.abandoned = true;
        state.batch = Batch::default();
        let held = std::mem::take(&mut state.held);
        drop(state);
        self.0.release(held);
    }
}

impl<E> Drop for ItemReader<E> {
    fn drop(&mut self) {
        self.abandon();
    }
}

/// The items of a stream, each decoded when it is asked for.
#[derive(Debug)]
pub(crate) struct Items<T, E> {
    encoded: EncodedItems<E>,
    item: PhantomData<fn() -> T>,
}

impl<T, E> Items<T, E> {
    pub(crate) fn new(reader: ItemReader<E>) -> Self {
        let encoded = EncodedItems { reader, batch: Batch::default(), ended: false };
        Items { encoded, item: PhantomData }
    }

    /// Whether the stream has ended: by its end, or by a failure.
    pub(crate) fn has_ended(&self) -> bool {
        self.encoded.ended
    }
}

impl<T: DeserializeOwned, E> Items<T, E> {
    /// The next item. After a failure, which `undecodable` makes of an item that cannot be read, there is none.
    pub(crate) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        undecodable: impl FnOnce(DecodeError, Payload<'_>) -> E,
    ) -> Poll<Option<Result<T, E>>> {
        loop {
            let EncodedItems { reader, batch, .. } = &mut self.encoded;
            if let Some(bytes) = batch.next() {
                let item = Payload::new(reader.0.codec, bytes);
                let failure = match item.decode() {
                    Ok(item) => return Poll::Ready(Some(Ok(item))),
                    Err(error) => undecodable(error, item),
                };
                self.encoded.fail();
                return Poll::Ready(Some(Err(failure)));
            }
            if let Err(end) = ready!(self.encoded.poll_more(cx)) {
                return Poll::Ready(end.map(Err));
            }
        }
    }
}

/// Items that are still encoded. What is done with them is compiled once, and not for each type.
#[derive(Debug)]
struct EncodedItems<E> {
    reader: ItemReader<E>,
    batch: Batch,
    ended: bool,
}

impl<E> EncodedItems<E> {
    /// Waits for the next batch. Fails at the stream's end, with the error if it has one.
    #[inline(never)]
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Option<E>>> {
        if self.ended {
            return Poll::Ready(Err(None));
        }
        let queue = &self.reader.0;
        queue.reader.register(cx.waker());
        let mut state = queue.lock();
        if !state.batch.lengths.is_empty() {
            self.batch.bytes.clear();
            self.batch.read = 0;
            std::mem::swap(&mut self.batch, &mut state.batch);
            let held = std::mem::take(&mut state.held);
            drop(state);
            queue.release(held);
            return Poll::Ready(Ok(()));
        }
        let end = match &mut state.end {
            None => return Poll::Pending,
            Some(end) => std::mem::replace(end, Ok(())),
        };
        drop(state);
        self.ended = true;
        Poll::Ready(Err(end.err()))
    }

    /// Ends the stream by an item that cannot be read.
    #[cold]
    #[inline(never)]
    fn fail(&mut self) {
        self.ended = true;
        self.batch = Batch::default();
        // Whoever keeps the stream that has failed must not keep the connection from reading.
        self.reader.abandon();
    }
}
