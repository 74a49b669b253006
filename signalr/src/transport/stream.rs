//! Any byte stream as a [`Duplex`]: the bytes of the hub protocol with nothing around them.

use super::{Duplex, Received};
use crate::protocol::TransferFormat;
use crate::session::outbound::Outbound;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Slices of one write.
const SLICES: usize = 32;
/// Reads of one poll, where what is read does not matter any more.
const READS: usize = 16;

/// One end of a byte stream.
#[derive(Debug)]
pub(crate) struct ByteStream<S> {
    io: S,
    /// Whether something was written since the last flush.
    is_written: bool,
    /// Whether our direction has ended.
    is_shut: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> ByteStream<S> {
    pub(crate) fn new(io: S) -> Self {
        ByteStream { io, is_written: false, is_shut: false }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut read = ReadBuf::new(buffer);
        ready!(Pin::new(&mut self.io).poll_read(cx, &mut read))?;
        Poll::Ready(Ok(read.filled().len()))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, data: &Outbound, first: &[u8]) -> Poll<io::Result<usize>> {
        if first.len() == data.len() || !self.io.is_write_vectored() {
            return Pin::new(&mut self.io).poll_write(cx, first);
        }
        let mut slices = [IoSlice::new(&[]); SLICES];
        let count = data.chunks(&mut slices, usize::MAX);
        Pin::new(&mut self.io).poll_write_vectored(cx, slices.get(..count).unwrap_or_default())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_written {
            ready!(Pin::new(&mut self.io).poll_flush(cx))?;
            self.is_written = false;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_goodbye(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.is_shut {
            ready!(Pin::new(&mut self.io).poll_shutdown(cx))?;
            self.is_shut = true;
        }
        // A socket that is dropped with unread bytes takes back what was sent last: the peer ends first.
        let mut buffer = [0; 512];
        for _ in 0..READS {
            if ready!(self.poll_read(cx, &mut buffer))? == 0 {
                return Poll::Ready(Ok(()));
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Duplex for ByteStream<S> {
    fn poll_receive(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Received> {
        Poll::Ready(match ready!(self.poll_read(cx, buffer)) {
            // There is no other farewell than the end of the stream.
            Ok(0) => Received::Closed,
            Ok(count) => Received::Data(count),
            Err(error) => Received::Lost(error.to_string()),
        })
    }

    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        data: &mut Outbound,
        _format: TransferFormat,
    ) -> Poll<io::Result<()>> {
        while let Some(first) = data.first_chunk() {
            let count = ready!(self.poll_write(cx, data, first))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.is_written = true;
            data.advance(count);
        }
        self.poll_flush(cx)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_goodbye(cx).map(|_| ())
    }
}
