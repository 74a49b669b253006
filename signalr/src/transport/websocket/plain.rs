//! Frames as a server sends them: their payload is written from where it lies.

use super::Frames;
use crate::protocol::websocket::{FrameHeader, Opcode, Role, frame_header};
use crate::session::outbound::Outbound;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;

/// Slices of one write: the header and so many pieces.
const SLICES: usize = 32;

/// The frame that is being sent.
#[derive(Debug, Default)]
pub(crate) struct Plain {
    header: Option<FrameHeader>,
    header_sent: usize,
    /// Bytes of its payload, and of a header that was put in front of it.
    left: usize,
}

impl Frames for Plain {
    const ROLE: Role = Role::Server;

    #[inline]
    fn mask() -> io::Result<Option<[u8; 4]>> {
        Ok(None)
    }

    #[inline]
    fn begin(&mut self, opcode: Opcode, data: &mut Outbound) -> io::Result<()> {
        let header = frame_header(opcode, data.len(), None);
        let apart = !data.prepend(&header);
        self.left = data.len();
        self.header = apart.then_some(header);
        self.header_sent = 0;
        Ok(())
    }

    #[inline]
    fn is_amid_frame(&self) -> bool {
        self.header.is_some() || self.left > 0
    }

    fn poll_frame<S: AsyncWrite + Unpin>(
        &mut self,
        io: &mut S,
        cx: &mut Context<'_>,
        data: &mut Outbound,
    ) -> Poll<io::Result<()>> {
        while self.header.is_none() && self.left > 0 {
            let chunk = data.first_chunk().unwrap_or_default();
            let chunk = chunk.get(..self.left).unwrap_or(chunk);
            let written = ready!(Pin::new(&mut *io).poll_write(cx, chunk))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.left -= written;
            data.advance(written);
        }
        while let Some(header) = &self.header {
            let header = header.get(self.header_sent..).unwrap_or_default();
            let mut slices = [IoSlice::new(&[]); SLICES];
            let [first, rest @ ..] = &mut slices;
            *first = IoSlice::new(header);
            let count = 1 + data.chunks(rest, self.left);
            let slices = slices.get(usize::from(header.is_empty())..count).unwrap_or_default();
            let written = ready!(Pin::new(&mut *io).poll_write_vectored(cx, slices))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            let of_header = written.min(header.len());
            self.header_sent += of_header;
            self.left -= written - of_header;
            data.advance(written - of_header);
            if self.left == 0 {
                self.header = None;
            }
        }
        Poll::Ready(Ok(()))
    }
}
