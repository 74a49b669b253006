//! Where a raw connection's handler and its socket meet: received blocks, blocks to send, and the end.

use crate::hub::request::Request;
use crate::protocol::TransferFormat;
use crate::session::cancel::CancellationToken;
use crate::session::close::CloseReason;
use crate::telemetry::connection;
use crate::transport::{Transport, wake};
use bytes::Bytes;
use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Above so many bytes that nobody has taken, whoever brings more has to wait; in each direction.
pub(super) const CAPACITY: usize = 64 * 1024;

/// What is known of a connection, and what moves through it.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(super) id: Box<str>,
    pub(super) user: Option<Box<str>>,
    pub(super) request: Request,
    pub(super) transport: Transport,
    /// Whether a block is a message of its own to the client, which then must be text where it is said to be.
    pub(super) checks_text: bool,
    pub(super) closed: CancellationToken,
    state: Mutex<State>,
}

/// A block of bytes, with its format where the transport tells.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) bytes: Bytes,
    pub(super) format: Option<TransferFormat>,
}

#[derive(Debug, Default)]
struct State {
    received: VecDeque<Block>,
    received_bytes: usize,
    /// The format of the block that the handler took last.
    taken_format: Option<TransferFormat>,
    outgoing: VecDeque<(Bytes, TransferFormat)>,
    outgoing_bytes: usize,
    /// Whether something was taken out that the socket has not got yet.
    is_sending: bool,
    /// The format that the handler has set.
    format: Option<TransferFormat>,
    end: Option<CloseReason>,
    abort: bool,
    reader: Option<Waker>,
    writers: Vec<Waker>,
    /// The driver's, while it waits.
    driver: Option<Waker>,
}

impl State {
    fn is_full(&self) -> bool {
        self.received_bytes >= CAPACITY
    }

    fn error(reason: &CloseReason) -> io::Error {
        io::Error::new(io::ErrorKind::BrokenPipe, format!("the connection has ended: {reason}"))
    }
}

impl Shared {
    pub(crate) fn new(id: Box<str>, user: Option<Box<str>>, request: Request, transport: Transport) -> Self {
        Shared {
            id,
            user,
            request,
            transport,
            checks_text: matches!(transport, Transport::WebSockets | Transport::ServerSentEvents),
            closed: CancellationToken::new(),
            state: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // ---- for the handler ----

    /// The next block; `None` at the end.
    pub(super) fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut state = self.lock();
        let Some(block) = state.received.pop_front() else {
            if state.end.is_some() {
                return Poll::Ready(None);
            }
            state.reader = Some(cx.waker().clone());
            return Poll::Pending;
        };
        let was_full = state.is_full();
        state.received_bytes -= block.bytes.len();
        state.taken_format = block.format;
        let driver = if was_full && !state.is_full() { state.driver.take() } else { None };
        drop(state);
        wake(driver);
        Poll::Ready(Some(block.bytes))
    }

    pub(super) fn taken_format(&self) -> Option<TransferFormat> {
        self.lock().taken_format
    }

    pub(super) fn set_format(&self, format: TransferFormat) {
        self.lock().format = Some(format);
    }

    /// How a block is sent: as was set, else as the last block came, else as text.
    pub(super) fn format(&self) -> TransferFormat {
        let state = self.lock();
        state.format.or(state.taken_format).unwrap_or(TransferFormat::Text)
    }

    /// Takes `bytes` when there is room.
    pub(super) fn poll_give(
        &self,
        cx: &mut Context<'_>,
        bytes: &mut Bytes,
        format: TransferFormat,
    ) -> Poll<io::Result<()>> {
        let mut state = self.lock();
        if let Some(reason) = &state.end {
            return Poll::Ready(Err(State::error(reason)));
        }
        if bytes.is_empty() {
            return Poll::Ready(Ok(()));
        }
        if state.outgoing_bytes >= CAPACITY {
            Self::add(&mut state.writers, cx.waker());
            return Poll::Pending;
        }
        state.outgoing_bytes += bytes.len();
        state.outgoing.push_back((std::mem::take(bytes), format));
        let driver = state.driver.take();
        drop(state);
        wake(driver);
        Poll::Ready(Ok(()))
    }

    /// Waits until the socket has got everything.
    pub(super) fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.lock();
        if let Some(reason) = &state.end {
            return Poll::Ready(Err(State::error(reason)));
        }
        if state.outgoing.is_empty() && !state.is_sending {
            return Poll::Ready(Ok(()));
        }
        Self::add(&mut state.writers, cx.waker());
        Poll::Pending
    }

    fn add(writers: &mut Vec<Waker>, waker: &Waker) {
        if !writers.iter().any(|known| known.will_wake(waker)) {
            writers.push(waker.clone());
        }
    }

    pub(crate) fn end_reason(&self) -> Option<CloseReason> {
        self.lock().end.clone()
    }

    pub(super) fn abort(&self) {
        let mut state = self.lock();
        state.abort = true;
        let driver = state.driver.take();
        drop(state);
        wake(driver);
    }

    // ---- for the driver ----

    pub(super) fn is_aborted(&self) -> bool {
        self.lock().abort
    }

    pub(super) fn has_room(&self) -> bool {
        !self.lock().is_full()
    }

    /// Hands received blocks to the handler.
    pub(super) fn received(&self, blocks: impl Iterator<Item = Block>) {
        let mut state = self.lock();
        for block in blocks {
            state.received_bytes += block.bytes.len();
            state.received.push_back(block);
        }
        let reader = state.reader.take();
        drop(state);
        wake(reader);
    }

    /// The next block to send. Says by the call that those before are with the socket.
    pub(super) fn next_outgoing(&self) -> Option<(Bytes, TransferFormat)> {
        let mut state = self.lock();
        let next = state.outgoing.pop_front();
        state.is_sending = next.is_some();
        state.outgoing_bytes -= next.as_ref().map_or(0, |(bytes, _)| bytes.len());
        let writers = if state.outgoing_bytes < CAPACITY { std::mem::take(&mut state.writers) } else { Vec::new() };
        drop(state);
        writers.into_iter().for_each(Waker::wake);
        next
    }

    /// Lets the driver wait, unless there is something to do for it meanwhile: it was held back and there is room now, or it has
    /// sent everything and there is more.
    pub(super) fn waits(&self, cx: &Context<'_>, is_held_back: bool, can_send: bool) -> bool {
        let mut state = self.lock();
        let news = (is_held_back && !state.is_full()) || (can_send && !state.outgoing.is_empty()) || state.abort;
        if !news || state.end.is_some() {
            state.driver = Some(cx.waker().clone());
            return true;
        }
        false
    }

    /// Nothing moves any more, but what was received can still be taken. The first reason counts.
    pub(super) fn end(&self, reason: CloseReason, discard: bool) {
        let mut state = self.lock();
        if state.end.is_none() {
            connection::closing(&reason);
            state.end = Some(reason);
        }
        if discard {
            state.outgoing.clear();
            state.outgoing_bytes = 0;
        }
        let reader = state.reader.take();
        let writers = std::mem::take(&mut state.writers);
        drop(state);
        self.closed.cancel();
        wake(reader);
        writers.into_iter().for_each(Waker::wake);
    }
}
