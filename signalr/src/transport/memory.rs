//! A connected pair of duplexes within the process: tests talk to a session through it, byte by byte.

use super::{Duplex, Received};
use crate::protocol::TransferFormat;
use crate::session::outbound::Outbound;
use futures_util::task::AtomicWaker;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

/// How many bytes one direction holds before the sender has to wait.
const CAPACITY: usize = 64 * 1024;

/// Two ends: what one sends the other receives.
pub(crate) fn pair() -> (Memory, Memory) {
    let (there, back) = (Arc::new(Pipe::default()), Arc::new(Pipe::default()));
    (Memory { incoming: back.clone(), outgoing: there.clone() }, Memory { incoming: there, outgoing: back })
}

/// One end of the pair. Dropping it ends both directions.
#[derive(Debug)]
pub(crate) struct Memory {
    incoming: Arc<Pipe>,
    outgoing: Arc<Pipe>,
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
    closed: bool,
    /// Whether it broke instead.
    cut: bool,
}

impl Pipe {
    fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Option<usize>> {
        self.reader.register(cx.waker());
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.bytes.is_empty() {
            return if state.closed { Poll::Ready(None) } else { Poll::Pending };
        }
        let count = io::Read::read(&mut state.bytes, buffer).unwrap_or_default();
        drop(state);
        self.writer.wake();
        Poll::Ready(Some(count))
    }

    fn poll_write(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.writer.register(cx.waker());
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let count = bytes.len().min(CAPACITY.saturating_sub(state.bytes.len()));
        if count == 0 {
            return Poll::Pending;
        }
        state.bytes.extend(bytes.iter().take(count));
        drop(state);
        self.reader.wake();
        Poll::Ready(Ok(count))
    }

    /// Breaks the pipe; what was not read is gone.
    fn cut(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = PipeState { bytes: VecDeque::new(), closed: true, cut: true };
        drop(state);
        self.reader.wake();
        self.writer.wake();
    }

    fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.reader.wake();
        self.writer.wake();
    }
}

impl Memory {
    /// Breaks the connection without a goodbye.
    pub(crate) fn cut(self) {
        self.incoming.cut();
        self.outgoing.cut();
    }
}

impl Duplex for Memory {
    fn poll_receive(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Received> {
        Poll::Ready(match ready!(self.incoming.poll_read(cx, buffer)) {
            Some(count) => Received::Data(count),
            None if self.incoming.state.lock().is_ok_and(|state| state.cut) => Received::Lost("cut".to_owned()),
            None => Received::Closed,
        })
    }

    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        data: &mut Outbound,
        _format: TransferFormat,
    ) -> Poll<io::Result<()>> {
        while let Some(chunk) = data.first_chunk() {
            let count = ready!(self.outgoing.poll_write(cx, chunk))?;
            data.advance(count);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_close(&mut self, _cx: &mut Context<'_>) -> Poll<()> {
        self.outgoing.close();
        Poll::Ready(())
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.incoming.close();
        self.outgoing.close();
    }
}
