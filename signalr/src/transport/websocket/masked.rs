//! Frames as a client sends them: masked while they are copied for the write.

use super::Frames;
use crate::protocol::websocket::{FrameHeader, Opcode, Role, apply_mask, frame_header};
use crate::session::outbound::Outbound;
use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;

/// How many bytes of payload are copied for one write.
const PIECE: usize = 64 * 1024;
/// How many keys are made at once: asking the system for each would cost more than all the rest of a small frame.
const KEYS: usize = 256;

thread_local! {
    /// What all sockets of this thread copy into; what is not written at once moves out of it.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    static RANDOM: RefCell<Random> = const { RefCell::new(Random { keys: [[0; 4]; KEYS], left: 0 }) };
}

/// Keys that nobody can foretell, each of which is used once.
struct Random {
    keys: [[u8; 4]; KEYS],
    left: usize,
}

impl Random {
    fn key(&mut self) -> io::Result<[u8; 4]> {
        if self.left == 0 {
            getrandom::fill(self.keys.as_flattened_mut()).map_err(io::Error::other)?;
            self.left = KEYS;
        }
        self.left -= 1;
        Ok(self.keys.get_mut(self.left).map(std::mem::take).unwrap_or_default())
    }
}

/// The frame that is being sent.
#[derive(Debug, Default)]
pub(crate) struct Masked {
    /// Until it is copied.
    header: Option<FrameHeader>,
    /// The key, rotated to fit the next byte.
    key: [u8; 4],
    /// How much of the payload is not copied yet.
    left: usize,
    /// What is copied and was not taken by the socket; empty but for sockets that are full.
    unsent: Vec<u8>,
    sent: usize,
}

impl Masked {
    /// Copies the next piece of the frame.
    fn copy(&mut self, data: &mut Outbound, to: &mut Vec<u8>) {
        if let Some(header) = self.header.take() {
            to.extend_from_slice(&header);
        }
        let begin = to.len();
        let mut room = self.left.min(PIECE);
        for piece in data.pieces() {
            let piece = piece.get(..room).unwrap_or(piece);
            to.extend_from_slice(piece);
            room -= piece.len();
            if room == 0 {
                break;
            }
        }
        let payload = to.get_mut(begin..).unwrap_or_default();
        let count = payload.len();
        apply_mask(payload, self.key);
        self.key.rotate_left(count % 4);
        // What was to be sent cannot have become less; if it had, nothing would follow.
        self.left = if count == 0 { 0 } else { self.left - count };
        data.advance(count);
    }

    fn poll_unsent<S: AsyncWrite + Unpin>(&mut self, io: &mut S, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.unsent.get(self.sent..).filter(|rest| !rest.is_empty()) {
            self.sent += ready!(poll_some(io, cx, rest))?;
        }
        self.unsent = Vec::new();
        self.sent = 0;
        Poll::Ready(Ok(()))
    }
}

/// Writes at least a byte.
fn poll_some<S: AsyncWrite + Unpin>(io: &mut S, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
    match ready!(Pin::new(io).poll_write(cx, bytes))? {
        0 => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
        count => Poll::Ready(Ok(count)),
    }
}

impl Frames for Masked {
    const ROLE: Role = Role::Client;

    fn mask() -> io::Result<Option<[u8; 4]>> {
        RANDOM.with_borrow_mut(Random::key).map(Some)
    }

    fn begin(&mut self, opcode: Opcode, data: &mut Outbound) -> io::Result<()> {
        let mask = Self::mask()?;
        self.key = mask.unwrap_or_default();
        self.left = data.len();
        self.header = Some(frame_header(opcode, data.len(), mask));
        Ok(())
    }

    fn is_amid_frame(&self) -> bool {
        self.left > 0 || !self.unsent.is_empty()
    }

    fn poll_frame<S: AsyncWrite + Unpin>(
        &mut self,
        io: &mut S,
        cx: &mut Context<'_>,
        data: &mut Outbound,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_unsent(io, cx))?;
        while self.left > 0 {
            let mut scratch = SCRATCH.take();
            self.copy(data, &mut scratch);
            let written = poll_some(io, cx, &scratch);
            if let Poll::Ready(Ok(count)) = written
                && count == scratch.len()
            {
                scratch.clear();
                SCRATCH.set(scratch);
                continue;
            }
            let count = if let Poll::Ready(Ok(count)) = written { count } else { 0 };
            self.unsent.extend_from_slice(scratch.get(count..).unwrap_or_default());
            scratch.clear();
            SCRATCH.set(scratch);
            ready!(written)?;
            ready!(self.poll_unsent(io, cx))?;
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::WebSocket;
    use super::*;
    use crate::protocol::TransferFormat;
    use crate::protocol::websocket::{Control, FrameDecoder};
    use crate::transport::Duplex;
    use futures_util::FutureExt;
    use std::future::poll_fn;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn a_peer_that_reads_slowly_gets_all_of_it_in_order_and_little_is_kept() {
        let (io, mut peer) = tokio::io::duplex(1000);
        let mut socket = WebSocket::client(io);
        let mut data = Outbound::default();
        let mut expected: Vec<u8> = (0..300_001_u32).map(|number| number as u8).collect();
        data.encode_buffer().extend_from_slice(&expected);
        let mut decoder = FrameDecoder::new(Role::Server, 1 << 20);
        let (mut received, mut controls, mut frames) = (Vec::new(), Vec::new(), Vec::new());
        let mut appended = false;
        loop {
            tokio::task::yield_now().await;
            let sent = poll_fn(|cx| socket.poll_send(cx, &mut data, TransferFormat::Binary)).now_or_never();
            assert!(socket.frames.unsent.capacity() <= PIECE + 14);
            if !appended {
                // In the midst of a frame: what is added goes into the next one, and so does the answer to a ping.
                appended = true;
                assert!(sent.is_none());
                data.encode_buffer().extend_from_slice(b"more");
                expected.extend_from_slice(b"more");
                peer.write_all(b"\x89\x02hi").await.unwrap();
                let mut buffer = [0; 100];
                poll_fn(|cx| socket.poll_receive(cx, &mut buffer)).await;
            }
            let mut buffer = [0; 1000];
            match peer.read(&mut buffer).now_or_never() {
                Some(count) => {
                    let read = &mut buffer[..count.unwrap()];
                    let decoded = decoder.decode_messages(read, &mut controls, &mut frames);
                    assert_eq!(decoded.end, None);
                    received.extend_from_slice(&read[..decoded.payload]);
                }
                None if sent.is_some() => break,
                None => {}
            }
        }
        assert!(received == expected);
        assert!(matches!(&controls[..], [Control::Pong(payload)] if &payload[..] == b"hi"));
        assert_eq!(socket.frames.unsent.capacity(), 0, "an idle socket keeps nothing");
    }

    #[test]
    fn keys_are_used_once() {
        let keys: std::collections::HashSet<_> = (0..3 * KEYS).map(|_| Masked::mask().unwrap()).collect();
        // Two of them may be equal by chance.
        assert!(keys.len() > 3 * KEYS - 3);
    }
}
