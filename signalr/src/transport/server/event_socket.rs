//! A socket on which events are sent without an HTTP server, as the rest of an answer in chunks.

use bytes::{Buf, Bytes};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Room for the head of a chunk: the length in hexadecimal digits and a line end.
pub(super) const CHUNK_HEAD: usize = 18;
const LINE_END: &[u8] = b"\r\n";
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// Makes a chunk of bytes that have [`CHUNK_HEAD`] bytes of room in front of them.
pub(super) fn chunk(mut bytes: Vec<u8>) -> Bytes {
    let head = format!("{:x}\r\n", bytes.len().saturating_sub(CHUNK_HEAD));
    let start = CHUNK_HEAD - head.len();
    if let Some(room) = bytes.get_mut(start..CHUNK_HEAD) {
        room.copy_from_slice(head.as_bytes());
    }
    bytes.extend_from_slice(LINE_END);
    let mut chunk = Bytes::from(bytes);
    chunk.advance(start);
    chunk
}

/// The socket of one connection.
#[derive(Debug)]
pub(super) struct EventSocket {
    tcp: TcpStream,
    unsent: Bytes,
    /// Whether the client has left.
    left: bool,
    /// Whether the answer was ended.
    ended: bool,
}

impl EventSocket {
    pub(super) fn new(tcp: TcpStream, unsent: Bytes) -> Self {
        EventSocket { tcp, unsent, left: false, ended: false }
    }

    /// Whether the client is known to have left.
    pub(super) fn has_left(&self) -> bool {
        self.left
    }

    /// Finds out whether the client has left. What it sends here means nothing.
    pub(super) fn poll_left(&mut self, cx: &mut Context<'_>) -> bool {
        let mut bytes = [0; 64];
        while !self.left {
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut self.tcp).poll_read(cx, &mut buffer) {
                Poll::Pending => break,
                Poll::Ready(result) => self.left = result.is_err() || buffer.filled().is_empty(),
            }
        }
        self.left
    }

    /// Sends what is there. There is nothing once the client has left.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while !self.left && !self.unsent.is_empty() {
            match ready!(Pin::new(&mut self.tcp).poll_write(cx, &self.unsent)) {
                Ok(count @ 1..) => self.unsent.advance(count),
                Ok(0) | Err(_) => self.left = true,
            }
        }
        // Not even an empty piece keeps what it was cut from.
        self.unsent = Bytes::new();
        Poll::Ready(())
    }

    /// Sets what is to be sent. Everything must have been flushed before.
    pub(super) fn put(&mut self, chunk: Bytes) {
        self.unsent = chunk;
    }

    /// Ends the answer and waits for the client to go.
    pub(super) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        ready!(self.poll_flush(cx));
        if !self.ended {
            self.ended = true;
            self.unsent = Bytes::from_static(LAST_CHUNK);
            ready!(self.poll_flush(cx));
        }
        // How it went does not matter any more.
        let _ = ready!(Pin::new(&mut self.tcp).poll_shutdown(cx));
        if self.poll_left(cx) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for EventSocket {
    /// Even without a goodbye the answer is whole, where it can be.
    fn drop(&mut self) {
        if !self.ended && !self.left && self.unsent.is_empty() {
            let _: io::Result<usize> = self.tcp.try_write(LAST_CHUNK);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_has_its_length_in_front() {
        let of = |text: &str| chunk([&[0; CHUNK_HEAD][..], text.as_bytes()].concat());
        assert_eq!(of("data: {}\r\n\r\n"), "c\r\ndata: {}\r\n\r\n\r\n");
        let long = "x".repeat(70_000);
        assert_eq!(of(&long), format!("11170\r\n{long}\r\n"));
    }
}
