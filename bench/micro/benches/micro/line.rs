//! A connection in memory: the client's end is the benchmark, which writes bytes and counts those that it gets.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How much a server has written to all its connections.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter(Arc<Mutex<Reading>>);

#[derive(Debug, Default)]
struct Reading {
    written: u64,
    /// Who waits, and until how much was written.
    awaited: Option<(u64, Waker)>,
}

impl Meter {
    fn lock(&self) -> MutexGuard<'_, Reading> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn written(&self) -> u64 {
        self.lock().written
    }

    /// Waits until so much was written.
    pub(crate) async fn reaches(&self, goal: u64) {
        poll_fn(|context| {
            let mut reading = self.lock();
            if reading.written >= goal {
                return Poll::Ready(());
            }
            reading.awaited = Some((goal, context.waker().clone()));
            Poll::Pending
        })
        .await;
    }

    fn add(&self, bytes: usize) {
        let mut reading = self.lock();
        reading.written += bytes as u64;
        if reading.awaited.as_ref().is_some_and(|(goal, _)| reading.written >= *goal)
            && let Some((_, waker)) = reading.awaited.take()
        {
            drop(reading);
            waker.wake();
        }
    }
}

#[derive(Debug, Default)]
struct State {
    /// What the client has sent, of which the server has read the first `read` bytes.
    sent: Vec<u8>,
    read: usize,
    closed: bool,
    reader: Option<Waker>,
    /// What the server has sent, if the client looks at it.
    received: Option<Vec<u8>>,
}

type Shared = Arc<Mutex<State>>;

fn lock(shared: &Shared) -> MutexGuard<'_, State> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The end that the server has.
#[derive(Debug)]
pub(crate) struct Socket {
    shared: Shared,
    meter: Meter,
}

/// The end that the benchmark has.
#[derive(Debug)]
pub(crate) struct Client {
    shared: Shared,
}

/// Both ends of a connection.
pub(crate) fn line(meter: &Meter) -> (Client, Socket) {
    let shared = Shared::default();
    (Client { shared: shared.clone() }, Socket { shared, meter: meter.clone() })
}

impl Client {
    pub(crate) fn send(&self, bytes: &[u8]) {
        let mut state = lock(&self.shared);
        state.sent.extend_from_slice(bytes);
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Keeps what the server sends from now on, instead of only counting it.
    pub(crate) fn listen(&self) {
        lock(&self.shared).received = Some(Vec::new());
    }

    /// What has come since the client listens, which it no longer does.
    pub(crate) fn heard(&self) -> Vec<u8> {
        lock(&self.shared).received.take().unwrap_or_default()
    }

    pub(crate) fn close(&self) {
        let mut state = lock(&self.shared);
        state.closed = true;
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut state = lock(&self.shared);
        let unread = state.sent.get(state.read..).unwrap_or_default();
        if unread.is_empty() {
            if state.closed {
                return Poll::Ready(Ok(()));
            }
            state.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        let fits = unread.len().min(buffer.remaining());
        buffer.put_slice(&unread[..fits]);
        state.read += fits;
        if state.read == state.sent.len() {
            state.sent.clear();
            state.read = 0;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = slices.iter().map(|slice| slice.len()).sum();
        if let Some(received) = &mut lock(&self.shared).received {
            slices.iter().for_each(|slice| received.extend_from_slice(slice));
        }
        self.meter.add(length);
        Poll::Ready(Ok(length))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Drop for Socket {
    /// The end of a connection counts as a byte, so that it can be waited for.
    fn drop(&mut self) {
        self.meter.add(1);
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.close();
    }
}
