//! Streams that the peer sends as a part of a call.

use crate::protocol::{Codec, Payload};
use crate::session::peer::Peer;
use futures_util::Stream;
use futures_util::task::AtomicWaker;
use serde::de::DeserializeOwned;
use smol_str::SmolStr;
use std::collections::VecDeque;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use thiserror::Error;

/// A stream that the client sends with a call, as a parameter of a hub method.
///
/// Each item is decoded when it is asked for. The stream ends after the client has completed it, and it fails, once and
/// for all, as [`UploadError`] says: a broken upload never looks like a finished one. Items that nobody asks for yet are
/// kept up to [a limit](crate::Limits::waiting_limit); then reading from the client pauses. Dropping it ignores what the
/// client still sends.
///
/// Matches the `IAsyncEnumerable<T>` and `ChannelReader<T>` parameters of ASP.NET Core.
///
/// ```
/// # use signalr::{HubError, Upload, hub};
/// use futures_util::StreamExt;
///
/// # struct Words;
/// #[hub]
/// impl Words {
///     async fn join(&self, mut words: Upload<String>) -> Result<String, HubError> {
///         let mut text = String::new();
///         while let Some(word) = words.next().await {
///             text += &word?;
///         }
///         Ok(text)
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Upload<T> {
    handle: UploadHandle,
    batch: Batch,
    failed: bool,
    item: PhantomData<fn() -> T>,
}

/// Why an upload stream ended before the client completed it. As the error of a hub method it is public.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UploadError {
    /// The client ended the stream with this error.
    #[error("{0}")]
    Client(String),
    /// An item cannot be read as the type that the method expects; the text says why.
    #[error("Failed to bind Stream message.")]
    Item(String),
    /// The client has begun another stream under the same id.
    #[error("The id of the stream was used for another one.")]
    Replaced,
    /// The connection has ended.
    #[error("The underlying connection was closed.")]
    ConnectionClosed,
}

/// Encoded items, one behind the other.
#[derive(Debug, Default)]
struct Batch {
    bytes: Vec<u8>,
    lengths: VecDeque<usize>,
    read: usize,
}

impl Batch {
    fn next(&mut self) -> Option<&[u8]> {
        let start = self.read;
        self.read += self.lengths.pop_front()?;
        self.bytes.get(start..self.read)
    }
}

/// What the session and the reader of an upload share.
#[derive(Debug)]
pub(crate) struct UploadQueue {
    peer: Arc<Peer>,
    state: Mutex<State>,
    reader: AtomicWaker,
    /// So many items are kept whatever their size; those beyond count against the connection's limit.
    capacity: usize,
}

#[derive(Debug, Default)]
struct State {
    batch: Batch,
    /// Bytes of items beyond the capacity.
    held: usize,
    end: Option<Result<(), UploadError>>,
    abandoned: bool,
}

impl UploadQueue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, item: &[u8]) {
        let mut state = self.lock();
        if state.end.is_some() || state.abandoned {
            return;
        }
        state.batch.bytes.extend_from_slice(item);
        state.batch.lengths.push_back(item.len());
        let first = state.batch.lengths.len() == 1;
        if state.batch.lengths.len() > self.capacity {
            state.held += item.len();
            self.peer.held.fetch_add(item.len(), Ordering::Relaxed);
        }
        drop(state);
        if first {
            self.reader.wake();
        }
    }

    fn end(&self, end: Result<(), UploadError>) {
        let mut state = self.lock();
        state.end.get_or_insert(end);
        drop(state);
        self.reader.wake();
    }

    /// No longer holds the session back.
    fn release(&self, held: usize) {
        if held > 0 {
            self.peer.held.fetch_sub(held, Ordering::Relaxed);
            self.peer.inbox.nudge();
        }
    }
}

/// The reading end; dropping it abandons the stream.
#[derive(Debug)]
pub(crate) struct UploadHandle(Arc<UploadQueue>);

impl Drop for UploadHandle {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.abandoned = true;
        state.batch = Batch::default();
        let held = std::mem::take(&mut state.held);
        drop(state);
        self.0.release(held);
    }
}

impl<T> Upload<T> {
    pub(crate) fn new(handle: UploadHandle) -> Self {
        Upload { handle, batch: Batch::default(), failed: false, item: PhantomData }
    }

    fn codec(&self) -> Codec {
        self.handle.0.peer.codec()
    }
}

impl<T: DeserializeOwned> Stream for Upload<T> {
    type Item = Result<T, UploadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.failed {
            return Poll::Ready(None);
        }
        let codec = this.codec();
        loop {
            if let Some(bytes) = this.batch.next() {
                let item = Payload::new(codec, bytes).decode();
                this.failed = item.is_err();
                return Poll::Ready(Some(item.map_err(|error| UploadError::Item(error.to_string()))));
            }
            let queue = &this.handle.0;
            queue.reader.register(cx.waker());
            let mut state = queue.lock();
            if !state.batch.lengths.is_empty() {
                this.batch.bytes.clear();
                this.batch.read = 0;
                std::mem::swap(&mut this.batch, &mut state.batch);
                let held = std::mem::take(&mut state.held);
                drop(state);
                queue.release(held);
                continue;
            }
            return match state.end.clone() {
                None => Poll::Pending,
                Some(Ok(())) => Poll::Ready(None),
                Some(Err(error)) => {
                    this.failed = true;
                    Poll::Ready(Some(Err(error)))
                }
            };
        }
    }
}

/// The upload streams of one connection that have not ended, by the ids that the peer gave them.
#[derive(Debug, Default)]
pub(crate) struct Uploads(Vec<(SmolStr, Arc<UploadQueue>)>);

impl Uploads {
    /// Begins the streams of a call. `None` when there would be more than `limit` at once.
    pub(crate) fn open<S: AsRef<str>>(
        &mut self,
        peer: &Arc<Peer>,
        ids: &[S],
        capacity: usize,
        limit: usize,
    ) -> Option<Vec<UploadHandle>> {
        self.0.retain(|(_, queue)| !queue.lock().abandoned);
        if self.0.len() + ids.len() > limit {
            return None;
        }
        Some(ids.iter().map(|id| self.open_one(peer, id.as_ref(), capacity)).collect())
    }

    fn open_one(&mut self, peer: &Arc<Peer>, id: &str, capacity: usize) -> UploadHandle {
        self.end(id, Err(UploadError::Replaced));
        let queue =
            Arc::new(UploadQueue { peer: peer.clone(), state: Mutex::default(), reader: AtomicWaker::new(), capacity });
        self.0.push((id.into(), queue.clone()));
        UploadHandle(queue)
    }

    /// One item has come; those of unknown streams are ignored.
    pub(crate) fn push(&self, id: &str, item: &[u8]) {
        if let Some((_, queue)) = self.0.iter().find(|(known, _)| known.as_str() == id) {
            queue.push(item);
        }
    }

    /// Ends a stream, and says whether there was one.
    pub(crate) fn end(&mut self, id: &str, end: Result<(), UploadError>) -> bool {
        let Some(place) = self.0.iter().position(|(known, _)| known.as_str() == id) else { return false };
        self.0.swap_remove(place).1.end(end);
        true
    }

    /// The connection has ended.
    pub(crate) fn fail_all(&mut self) {
        for (_, queue) in self.0.drain(..) {
            queue.end(Err(UploadError::ConnectionClosed));
        }
    }
}
