//! Two directions of bytes between a client and the server, and what can be wrong with them.

use futures_util::task::AtomicWaker;
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// How bytes flow in one direction.
#[derive(Debug, Clone)]
pub(super) struct Flow {
    /// How many bytes are on their way before the sender has to wait.
    pub(super) capacity: usize,
    /// Whether nothing arrives.
    pub(super) stalled: bool,
    /// How many bytes arrive at once.
    pub(super) chunk: usize,
    /// After how many bytes those that follow arrive by themselves.
    pub(super) split: Option<usize>,
    /// How long it takes until more can arrive after some have.
    pub(super) pause: Option<Duration>,
}

impl Default for Flow {
    fn default() -> Self {
        Flow { capacity: 64 * 1024, stalled: false, chunk: usize::MAX, split: None, pause: None }
    }
}

impl Flow {
    /// How many of so many bytes arrive at once.
    fn take(&mut self, available: usize) -> usize {
        let count = available.min(self.chunk);
        match &mut self.split {
            Some(split) => {
                let count = count.min(*split);
                *split -= count;
                if *split == 0 {
                    self.split = None;
                }
                count
            }
            None => count,
        }
    }
}

/// The directions, by who receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Toward {
    Server,
    Client,
}

#[derive(Debug, Default)]
struct Pipe {
    state: Mutex<PipeState>,
    reader: AtomicWaker,
    writer: AtomicWaker,
}

#[derive(Debug, Default)]
struct PipeState {
    bytes: VecDeque<u8>,
    flow: Flow,
    /// Whether one of the ends is gone, or has said that nothing more comes.
    closed: bool,
    cut: bool,
}

fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "the test has cut the line")
}

impl Pipe {
    fn lock(&self) -> MutexGuard<'_, PipeState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut PipeState)) {
        change(&mut self.lock());
        self.reader.wake();
        self.writer.wake();
    }

    /// Moves what arrives; gives how long it takes until more can.
    fn poll_read(&self, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<Option<Duration>>> {
        let mut state = self.lock();
        if state.cut {
            return Poll::Ready(Err(cut()));
        }
        if state.flow.stalled || (state.bytes.is_empty() && !state.closed) {
            return Poll::Pending;
        }
        let available = state.bytes.len().min(buffer.remaining());
        if available == 0 {
            return Poll::Ready(Ok(None));
        }
        let count = state.flow.take(available);
        let (front, back) = state.bytes.as_slices();
        let first = front.len().min(count);
        buffer.put_slice(front.get(..first).unwrap_or_default());
        buffer.put_slice(back.get(..count - first).unwrap_or_default());
        state.bytes.drain(..count);
        let pause = state.flow.pause;
        drop(state);
        self.writer.wake();
        Poll::Ready(Ok(pause))
    }

    fn poll_write(&self, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.lock();
        if state.cut {
            return Poll::Ready(Err(cut()));
        }
        // Whoever writes over a line on which nothing moves does not learn that nobody listens any more.
        if state.closed && !state.flow.stalled {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let count = bytes.len().min(state.flow.capacity.saturating_sub(state.bytes.len()));
        if count == 0 {
            return Poll::Pending;
        }
        state.bytes.extend(bytes.iter().take(count));
        drop(state);
        self.reader.wake();
        Poll::Ready(Ok(count))
    }
}

/// The hold that the test has on a connected pair.
#[derive(Debug, Clone)]
pub(super) struct Wire {
    to_server: Arc<Pipe>,
    to_client: Arc<Pipe>,
}

impl Wire {
    /// A connected pair: the client's end and the server's.
    pub(super) fn new(to_server: Flow, to_client: Flow) -> (Self, End, End) {
        let pipe =
            |flow| Arc::new(Pipe { state: Mutex::new(PipeState { flow, ..PipeState::default() }), ..Pipe::default() });
        let wire = Wire { to_server: pipe(to_server), to_client: pipe(to_client) };
        let client = End::new(&wire.to_client, &wire.to_server);
        let server = End::new(&wire.to_server, &wire.to_client);
        (wire, client, server)
    }

    /// Changes how bytes flow from now on.
    pub(super) fn change(&self, toward: Toward, change: impl FnOnce(&mut Flow)) {
        let pipe = match toward {
            Toward::Server => &self.to_server,
            Toward::Client => &self.to_client,
        };
        pipe.change(|state| change(&mut state.flow));
    }

    /// Breaks both directions; what was on its way is gone.
    pub(super) fn cut(&self) {
        for pipe in [&self.to_server, &self.to_client] {
            pipe.change(|state| {
                state.bytes = VecDeque::new();
                state.cut = true;
            });
        }
    }

    /// Whether it is of no use any more.
    pub(super) fn is_over(&self) -> bool {
        let is_over = |pipe: &Pipe| {
            let state = pipe.lock();
            state.cut || (state.closed && state.bytes.is_empty())
        };
        is_over(&self.to_server) && is_over(&self.to_client)
    }
}

/// One end of a wire. Dropping it ends both directions.
#[derive(Debug)]
pub(super) struct End {
    incoming: Arc<Pipe>,
    outgoing: Arc<Pipe>,
    /// Until more can arrive.
    pause: Option<Pin<Box<Sleep>>>,
}

impl End {
    fn new(incoming: &Arc<Pipe>, outgoing: &Arc<Pipe>) -> Self {
        End { incoming: incoming.clone(), outgoing: outgoing.clone(), pause: None }
    }
}

impl AsyncRead for End {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { incoming, pause, .. } = &mut *self;
        incoming.reader.register(cx.waker());
        if let Some(sleep) = pause
            && !incoming.lock().cut
        {
            ready!(sleep.as_mut().poll(cx));
        }
        let until = ready!(incoming.poll_read(buffer))?;
        *pause = until.map(|until| Box::pin(tokio::time::sleep(until)));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for End {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.outgoing.writer.register(cx.waker());
        self.outgoing.poll_write(bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outgoing.change(|state| state.closed = true);
        Poll::Ready(Ok(()))
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.incoming.change(|state| state.closed = true);
        self.outgoing.change(|state| state.closed = true);
    }
}
