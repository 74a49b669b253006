//! WebSockets as a [`Duplex`]: frames in and out of any byte stream.

use super::{Duplex, Received};
use crate::protocol::TransferFormat;
use crate::protocol::websocket::{
    CloseCode, Control, End, FrameDecoder, FrameHeader, Opcode, Piece, Role, frame_header, write_close, write_control,
};
use crate::session::outbound::Outbound;
use bytes::Bytes;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Slices of one write: the header and so many pieces.
const SLICES: usize = 32;
/// A client that sends pings and does not read gets no more than so many bytes of pongs kept for it.
const MAX_CONTROL_BYTES: usize = 4 * 1024;

/// The server's end of a WebSocket.
pub(crate) struct WebSocket<S> {
    io: S,
    /// What was read behind the HTTP request.
    read_before: Bytes,
    decoder: FrameDecoder,
    /// How the peer ended the connection, once the payload before it was handed out.
    end: Option<End>,
    /// Control frames to send; they come between two frames with data.
    controls: Vec<u8>,
    header: Option<FrameHeader>,
    header_sent: usize,
    /// Payload of the frame that is being sent.
    frame_left: usize,
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
    },
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> WebSocket<S> {
    pub(crate) fn server(io: S, read_before: Bytes, max_frame_size: usize) -> Self {
        WebSocket {
            io,
            read_before,
            decoder: FrameDecoder::new(Role::Server, max_frame_size),
            end: None,
            controls: Vec::new(),
            header: None,
            header_sent: 0,
            frame_left: 0,
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
                write_control(&mut self.controls, &Control::Pong(payload), None);
            }
        }
    }

    fn ended(&mut self, end: &End) -> Received {
        match end {
            End::Close(_) => {
                self.close = Close::Received;
                Received::Closed
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

    /// Writes the rest of the frame that was begun.
    fn poll_frame(&mut self, cx: &mut Context<'_>, data: &mut Outbound) -> Poll<io::Result<()>> {
        while self.header.is_none() && self.frame_left > 0 {
            let chunk = data.first_chunk().unwrap_or_default();
            let chunk = chunk.get(..self.frame_left).unwrap_or(chunk);
            let written = ready!(Pin::new(&mut self.io).poll_write(cx, chunk))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.frame_left -= written;
            data.advance(written);
        }
        while let Some(header) = &self.header {
            let header = header.get(self.header_sent..).unwrap_or_default();
            let mut slices = [IoSlice::new(&[]); SLICES];
            let [first, rest @ ..] = &mut slices;
            *first = IoSlice::new(header);
            let count = 1 + data.chunks(rest, self.frame_left);
            let slices = slices.get(usize::from(header.is_empty())..count).unwrap_or_default();
            let written = ready!(Pin::new(&mut self.io).poll_write_vectored(cx, slices))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            let of_header = written.min(header.len());
            self.header_sent += of_header;
            self.frame_left -= written - of_header;
            data.advance(written - of_header);
            if self.frame_left == 0 {
                self.header = None;
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_goodbye(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let answered = match self.close {
            Close::Sent { answered } => answered,
            before => {
                let code = if let Close::Failed(code) = before { code } else { self.farewell };
                write_close(&mut self.controls, Some(code), "", None);
                let answered = before != Close::No;
                self.close = Close::Sent { answered };
                answered
            }
        };
        ready!(self.poll_controls(cx))?;
        ready!(Pin::new(&mut self.io).poll_flush(cx))?;
        if !answered {
            // Whatever comes before the peer's close frame no longer matters.
            let mut buffer = [0; 512];
            while self.end.is_none() {
                let count = ready!(self.poll_read(cx, &mut buffer))?;
                if count == 0 {
                    break;
                }
                let received = buffer.get_mut(..count).unwrap_or_default();
                self.end = self.decoder.decode(received, &mut Vec::new()).end;
            }
            self.close = Close::Sent { answered: true };
        }
        ready!(Pin::new(&mut self.io).poll_shutdown(cx))?;
        // A socket that is dropped with unread bytes takes back what was sent last: the peer ends first.
        let mut buffer = [0; 512];
        while ready!(self.poll_read(cx, &mut buffer))? > 0 {}
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Duplex for WebSocket<S> {
    fn poll_receive(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Received> {
        if let Some(end) = self.end.take() {
            return Poll::Ready(self.ended(&end));
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
            return Poll::Ready(self.ended(&end));
        }
        Poll::Ready(Received::Data(decoded.payload))
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, data: &mut Outbound, format: TransferFormat) -> Poll<io::Result<()>> {
        if self.close != Close::No && self.header.is_none() && self.frame_left == 0 {
            // The peer has said goodbye, or is to be told nothing but its fault.
            data.clear();
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_frame(cx, data))?;
        loop {
            ready!(self.poll_controls(cx))?;
            if data.is_empty() {
                return Pin::new(&mut self.io).poll_flush(cx);
            }
            let opcode = match format {
                TransferFormat::Text => Opcode::Text,
                TransferFormat::Binary => Opcode::Binary,
            };
            let header = frame_header(opcode, data.len(), None);
            let apart = !data.prepend(&header);
            self.frame_left = data.len();
            self.header = apart.then_some(header);
            self.header_sent = 0;
            ready!(self.poll_frame(cx, data))?;
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
        write_control(&mut self.controls, &Control::Ping(crate::protocol::websocket::ControlPayload::EMPTY), None);
        true
    }
}
