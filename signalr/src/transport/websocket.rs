//! WebSockets as a [`Duplex`]: frames in and out of any byte stream. The two ends differ in how they write frames, which is
//! a type ([`Frames`]): [`Plain`] on a server, `Masked` on a client.

#[cfg(feature = "client")]
mod masked;
mod plain;

use super::{Duplex, Received};
use crate::protocol::TransferFormat;
use crate::protocol::websocket::{
    CloseCode, Control, ControlPayload, End, FrameDecoder, Opcode, Piece, Role, write_close, write_control,
};
use crate::session::outbound::Outbound;
use bytes::Bytes;
#[cfg(feature = "client")]
use masked::Masked;
use plain::Plain;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A peer that sends pings and does not read gets no more than so many bytes of pongs kept for it.
const MAX_CONTROL_BYTES: usize = 4 * 1024;

/// Writes frames with data as one of the two ends has to.
pub(crate) trait Frames: Send {
    /// Which end that is.
    const ROLE: Role;

    /// The key for the next frame, where this end has one.
    fn mask() -> io::Result<Option<[u8; 4]>>;

    /// Begins a frame with everything that is in `data` now. Only between two frames.
    fn begin(&mut self, opcode: Opcode, data: &mut Outbound) -> io::Result<()>;

    /// Whether a frame was begun and not sent to its end.
    fn is_amid_frame(&self) -> bool;

    /// Writes the rest of the frame that was begun.
    fn poll_frame<S: AsyncWrite + Unpin>(
        &mut self,
        io: &mut S,
        cx: &mut Context<'_>,
        data: &mut Outbound,
    ) -> Poll<io::Result<()>>;
}

/// One end of a WebSocket.
pub(crate) struct WebSocket<S, F = Plain> {
    io: S,
    /// What was read behind the HTTP messages.
    read_before: Bytes,
    decoder: FrameDecoder,
    /// How the peer ended the connection, once the payload before it was handed out.
    end: Option<End>,
    /// Control frames to send; they come between two frames with data.
    controls: Vec<u8>,
    frames: F,
    close: Close,
    /// How the last payload is divided into messages, if anybody wants to know.
    pieces: Option<Box<Pieces>>,
    /// What the close frame says at an end without faults.
    farewell: CloseCode,
}

#[derive(Debug, Default)]
struct Pieces(Vec<Piece>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Close {
    No,
    /// The peer's close frame has come.
    Received,
    /// The peer broke the rules; it is told by this code.
    Failed(CloseCode),
    /// Our close frame is on its way.
    Sent {
        answered: bool,
        failed: bool,
    },
    /// Nothing more is sent.
    Shut {
        /// Whether nothing more comes either.
        peer_is_done: bool,
    },
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> WebSocket<S> {
    pub(crate) fn server(io: S, read_before: Bytes, max_frame_size: usize) -> Self {
        Self::new(io, read_before, max_frame_size, Plain::default())
    }
}

#[cfg(feature = "client")]
impl<S: AsyncRead + AsyncWrite + Unpin + Send> WebSocket<S, Masked> {
    /// Frames of any size: what their messages may have is the session's affair, and nothing is kept of a frame here.
    pub(crate) fn client(io: S) -> Self {
        Self::new(io, Bytes::new(), usize::MAX, Masked::default())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send, F: Frames> WebSocket<S, F> {
    fn new(io: S, read_before: Bytes, max_frame_size: usize, frames: F) -> Self {
        WebSocket {
            io,
            read_before,
            decoder: FrameDecoder::new(F::ROLE, max_frame_size),
            end: None,
            controls: Vec::new(),
            frames,
            close: Close::No,
            pieces: None,
            farewell: CloseCode::NORMAL,
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        if !self.read_before.is_empty() {
            let count = self.read_before.len().min(buffer.len());
            let first = self.read_before.split_to(count);
            buffer.iter_mut().zip(first).for_each(|(to, from)| *to = from);
            return Poll::Ready(Ok(count));
        }
        let mut read = ReadBuf::new(buffer);
        ready!(Pin::new(&mut self.io).poll_read(cx, &mut read))?;
        Poll::Ready(Ok(read.filled().len()))
    }

    fn answer(&mut self, controls: Vec<Control>) {
        for control in controls {
            if let Control::Ping(payload) = control
                && self.controls.len() < MAX_CONTROL_BYTES
            {
                self.write_control(&Control::Pong(payload));
            }
        }
    }

    /// Says whether it will be sent.
    fn write_control(&mut self, control: &Control) -> bool {
        // Without randomness there is no key: data cannot be sent either, which is where the error shows.
        let Ok(mask) = F::mask() else { return false };
        write_control(&mut self.controls, control, mask);
        true
    }

    fn ended(&mut self, end: End) -> Received {
        match end {
            End::Close(frame) => {
                self.close = Close::Received;
                match frame {
                    // Whatever a client says, it has left; a server tells by its code whether it had to.
                    Some(frame) if F::ROLE == Role::Client && frame.code != CloseCode::NORMAL => {
                        Received::Lost(format!(
                            "the server closed the WebSocket with code {}{}{}",
                            frame.code,
                            if frame.reason.is_empty() { "" } else { ": " },
                            frame.reason
                        ))
                    }
                    _ => Received::Closed,
                }
            }
            End::Error(error) => {
                self.close = Close::Failed(error.close_code());
                Received::Violation(error.to_string())
            }
        }
    }

    /// Writes the control frames that wait. Only between two frames.
    fn poll_controls(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.controls.is_empty() {
            let count = ready!(Pin::new(&mut self.io).poll_write(cx, &self.controls))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.controls.drain(..count);
            if self.controls.is_empty() {
                self.controls = Vec::new();
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_goodbye(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let peer_is_done = match self.close {
            Close::Shut { peer_is_done } => peer_is_done,
            _ => {
                let peer_is_done = ready!(self.poll_close_frames(cx))?;
                ready!(Pin::new(&mut self.io).poll_shutdown(cx))?;
                self.close = Close::Shut { peer_is_done };
                peer_is_done
            }
        };
        // Behind a client's close frame nothing comes, and the server is to close the socket first.
        if F::ROLE == Role::Client || !peer_is_done {
            // A socket that is dropped with unread bytes takes back what was sent last: the peer ends first.
            let mut buffer = [0; 512];
            while ready!(self.poll_read(cx, &mut buffer))? > 0 {}
        }
        Poll::Ready(Ok(()))
    }

    /// Sends a close frame, and waits for that of the peer unless it has broken the rules. Says whether the peer sends nothing
    /// more.
    fn poll_close_frames(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let (answered, failed) = match self.close {
            Close::Sent { answered, failed } => (answered, failed),
            before => {
                let code = if let Close::Failed(code) = before { code } else { self.farewell };
                write_close(&mut self.controls, Some(code), "", F::mask()?);
                let (answered, failed) = (before != Close::No, matches!(before, Close::Failed(_)));
                self.close = Close::Sent { answered, failed };
                (answered, failed)
            }
        };
        ready!(self.poll_controls(cx))?;
        ready!(Pin::new(&mut self.io).poll_flush(cx))?;
        if answered {
            return Poll::Ready(Ok(!failed));
        }
        // Whatever comes before the peer's close frame no longer matters.
        let mut buffer = [0; 512];
        loop {
            match &self.end {
                Some(End::Close(_)) => return Poll::Ready(Ok(true)),
                Some(End::Error(_)) => return Poll::Ready(Ok(false)),
                None => {}
            }
            let count = ready!(self.poll_read(cx, &mut buffer))?;
            if count == 0 {
                return Poll::Ready(Ok(true));
            }
            let received = buffer.get_mut(..count).unwrap_or_default();
            self.end = self.decoder.decode(received, &mut Vec::new()).end;
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send, F: Frames> Duplex for WebSocket<S, F> {
    fn poll_receive(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Received> {
        if let Some(end) = self.end.take() {
            return Poll::Ready(self.ended(end));
        }
        let count = match ready!(self.poll_read(cx, buffer)) {
            Ok(0) => return Poll::Ready(Received::Lost("the socket ended without a close frame".to_owned())),
            Ok(count) => count,
            Err(error) => return Poll::Ready(Received::Lost(error.to_string())),
        };
        let mut controls = Vec::new();
        let received = buffer.get_mut(..count).unwrap_or_default();
        let decoded = match &mut self.pieces {
            None => self.decoder.decode(received, &mut controls),
            Some(pieces) => {
                pieces.0 = Vec::new();
                self.decoder.decode_messages(received, &mut controls, &mut pieces.0)
            }
        };
        self.answer(controls);
        self.end = decoded.end;
        if decoded.payload == 0
            && let Some(end) = self.end.take()
        {
            return Poll::Ready(self.ended(end));
        }
        Poll::Ready(Received::Data(decoded.payload))
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, data: &mut Outbound, format: TransferFormat) -> Poll<io::Result<()>> {
        if self.close != Close::No && !self.frames.is_amid_frame() {
            // The peer has said goodbye, or is to be told nothing but its fault.
            data.clear();
            return Poll::Ready(Ok(()));
        }
        ready!(self.frames.poll_frame(&mut self.io, cx, data))?;
        loop {
            ready!(self.poll_controls(cx))?;
            if data.is_empty() {
                return Pin::new(&mut self.io).poll_flush(cx);
            }
            let opcode = match format {
                TransferFormat::Text => Opcode::Text,
                TransferFormat::Binary => Opcode::Binary,
            };
            self.frames.begin(opcode, data)?;
            ready!(self.frames.poll_frame(&mut self.io, cx, data))?;
        }
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_goodbye(cx).map(|_| ())
    }

    fn tell_messages_apart(&mut self) {
        self.pieces = Some(Box::default());
    }

    fn pieces(&self) -> &[Piece] {
        self.pieces.as_ref().map(|pieces| &*pieces.0).unwrap_or_default()
    }

    fn go_away(&mut self) {
        self.farewell = CloseCode::GOING_AWAY;
    }

    fn probe(&mut self) -> bool {
        self.write_control(&Control::Ping(ControlPayload::EMPTY))
    }
}
