//! WebSocket frames with every bit under the test's control.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, TcpStream},
};

use crate::{
    Server,
    http::{self, Response},
    server,
};

/// Opcode of a continuation frame.
pub const CONTINUATION: u8 = 0;
/// Opcode of a text frame.
pub const TEXT: u8 = 1;
/// Opcode of a binary frame.
pub const BINARY: u8 = 2;
/// Opcode of a close frame.
pub const CLOSE: u8 = 8;
/// Opcode of a ping frame.
pub const PING: u8 = 9;
/// Opcode of a pong frame.
pub const PONG: u8 = 10;

/// One frame, to be sent or as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The last frame of its message.
    pub fin: bool,
    /// The three reserved bits.
    pub rsv: u8,
    /// The opcode.
    pub opcode: u8,
    /// Masked, as clients must and servers must not.
    pub masked: bool,
    /// The payload, unmasked.
    pub payload: Vec<u8>,
}

impl Frame {
    /// A whole message in one masked frame.
    #[must_use]
    pub fn new(opcode: u8, payload: impl Into<Vec<u8>>) -> Self {
        Self { fin: true, rsv: 0, opcode, masked: true, payload: payload.into() }
    }

    /// A text frame.
    #[must_use]
    pub fn text(payload: impl Into<Vec<u8>>) -> Self {
        Self::new(TEXT, payload)
    }

    /// A binary frame.
    #[must_use]
    pub fn binary(payload: impl Into<Vec<u8>>) -> Self {
        Self::new(BINARY, payload)
    }

    /// A close frame with this code.
    #[must_use]
    pub fn close(code: u16) -> Self {
        Self::new(CLOSE, code.to_be_bytes())
    }

    /// This frame as no client may send it: without a mask.
    #[must_use]
    pub fn unmasked(self) -> Self {
        Self { masked: false, ..self }
    }

    /// This frame with these reserved bits.
    #[must_use]
    pub fn with_rsv(self, rsv: u8) -> Self {
        Self { rsv, ..self }
    }

    /// This frame with another frame of the same message behind it.
    #[must_use]
    pub fn unfinished(self) -> Self {
        Self { fin: false, ..self }
    }

    /// The bytes of this frame, with the shortest form of its length.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_bytes_with_length(self.payload.len() as u64)
    }

    /// The bytes of this frame, which lies about its length.
    #[must_use]
    pub fn to_bytes_with_length(&self, length: u64) -> Vec<u8> {
        let mask_bit = if self.masked { 0x80 } else { 0 };
        let mut bytes = vec![(u8::from(self.fin) << 7) | (self.rsv << 4) | self.opcode];
        if length < 126 {
            bytes.push(mask_bit | length as u8);
        } else if let Ok(length) = u16::try_from(length) {
            bytes.push(mask_bit | 126);
            bytes.extend_from_slice(&length.to_be_bytes());
        } else {
            bytes.push(mask_bit | 127);
            bytes.extend_from_slice(&length.to_be_bytes());
        }
        if self.masked {
            let key = [0x12, 0x34, 0x56, 0x78];
            bytes.extend_from_slice(&key);
            bytes.extend(self.payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
        } else {
            bytes.extend_from_slice(&self.payload);
        }
        bytes
    }
}

/// A WebSocket connection below the level of messages.
#[derive(Debug)]
pub struct RawSocket {
    stream: TcpStream,
    received: Vec<u8>,
}

impl RawSocket {
    /// Opens a WebSocket at this path of the server under test.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    #[must_use]
    pub fn open(path: &str) -> Self {
        Self::upgrade(path, &[]).unwrap_or_else(|response| panic!("no WebSocket: {response:?}")).0
    }

    /// Asks for a WebSocket with further headers and returns it with the 101 response, or the refusal.
    ///
    /// # Errors
    ///
    /// Any other response than 101.
    pub fn upgrade(path: &str, headers: &[(&str, &str)]) -> Result<(Self, Response), Response> {
        Self::upgrade_at(server(), path, headers)
    }

    /// As [`upgrade`](Self::upgrade), to another server.
    ///
    /// # Errors
    ///
    /// Any other response than 101.
    pub fn upgrade_at(server: &Server, path: &str, headers: &[(&str, &str)]) -> Result<(Self, Response), Response> {
        let mut stream = server.tcp();
        // The key of RFC 6455's example, whose answer is known.
        let mut head = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            server.authority()
        );
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += "\r\n";
        stream.write_all(head.as_bytes()).expect("the request can be written");
        let (response, received) = http::read_head(&mut stream);
        if response.status == 101 {
            Ok((Self { stream, received }, response))
        } else if response.status == 204 {
            Err(response)
        } else {
            Err(http::read_body(&mut stream, response, received))
        }
    }

    /// The WebSocket on a connection whose upgrade request was sent by hand.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    #[must_use]
    pub fn from_response(mut stream: TcpStream) -> Self {
        let (response, received) = http::read_head(&mut stream);
        assert_eq!(response.status, 101, "{response:?}");
        Self { stream, received }
    }

    /// A second handle to write with, while the first one reads.
    ///
    /// # Panics
    ///
    /// When the system gives none.
    #[must_use]
    pub fn writer(&self) -> Self {
        Self { stream: self.stream.try_clone().expect("a second handle"), received: Vec::new() }
    }

    /// Writes bytes as they are.
    ///
    /// # Panics
    ///
    /// When the server has ended the connection.
    pub fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server reads");
    }

    /// Writes bytes as they are; false if the server has ended the connection.
    pub fn try_write(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// Sends one frame.
    pub fn send(&mut self, frame: &Frame) {
        self.write(&frame.to_bytes());
    }

    /// Ends the writing half of the TCP connection, without a close frame.
    pub fn end_of_input(&mut self) {
        self.stream.shutdown(Shutdown::Write).expect("the connection is open");
    }

    /// The next frame, or nothing when the server has ended the TCP connection.
    ///
    /// # Panics
    ///
    /// When nothing comes in time, or the connection ends within a frame, or the frame is one that no server may send.
    pub fn read_frame(&mut self) -> Option<Frame> {
        if !self.fill(2) {
            assert!(self.received.is_empty(), "the connection ended within a frame");
            return None;
        }
        let (first, second) = (self.received[0], self.received[1]);
        assert_eq!(second & 0x80, 0, "a server must not mask");
        let (head, length) = match second & 0x7f {
            126 => (4, None),
            127 => (10, None),
            short => (2, Some(usize::from(short))),
        };
        assert!(self.fill(head), "the connection ended within a frame");
        let length = length.unwrap_or_else(|| {
            self.received[2..head].iter().fold(0_usize, |length, byte| (length << 8) | usize::from(*byte))
        });
        assert!(self.fill(head + length), "the connection ended within a frame");
        let payload = self.received[head..head + length].to_vec();
        self.received.drain(..head + length);
        let frame =
            Frame { fin: first & 0x80 != 0, rsv: (first >> 4) & 7, opcode: first & 0x0f, masked: false, payload };
        assert_eq!(frame.rsv, 0, "no extension was agreed on: {frame:?}");
        Some(frame)
    }

    /// The next frame that is neither a ping nor a pong of WebSockets; fragments are put together.
    pub fn read_message(&mut self) -> Option<Frame> {
        let mut message: Option<Frame> = None;
        loop {
            let frame = self.read_frame()?;
            match (frame.opcode, &mut message) {
                (PING | PONG, _) => {}
                (CLOSE, _) => return Some(frame),
                (CONTINUATION, Some(whole)) => {
                    whole.payload.extend_from_slice(&frame.payload);
                    whole.fin = frame.fin;
                }
                (TEXT | BINARY, None) => message = Some(frame),
                _ => panic!("a frame out of place: {frame:?}"),
            }
            if message.as_ref().is_some_and(|message| message.fin) {
                return message;
            }
        }
    }

    /// Reads up to the close frame, answers it, sees the connection end, and returns the code and the reason; nothing
    /// else may come before it but data frames. Nothing if the connection ended without a close frame.
    pub fn read_close(&mut self) -> Option<(u16, String)> {
        let close = loop {
            let message = self.read_message()?;
            if message.opcode == CLOSE {
                break message;
            }
        };
        Some(self.finish(&close))
    }

    /// Answers a close frame of the server, sees the connection end, and returns the frame's code and reason; the code
    /// is 1005 where it has none.
    pub fn finish(&mut self, close: &Frame) -> (u16, String) {
        // The server may have ended the connection already.
        self.try_write(&Frame::new(CLOSE, close.payload.clone()).to_bytes());
        assert_eq!(self.read_message(), None, "nothing follows a close frame");
        let Some((code, reason)) = close.payload.split_at_checked(2) else {
            return (1005, String::new());
        };
        (u16::from_be_bytes([code[0], code[1]]), String::from_utf8_lossy(reason).into_owned())
    }

    /// Receives until there are `count` bytes; false if the connection ends before.
    fn fill(&mut self, count: usize) -> bool {
        while self.received.len() < count {
            let mut chunk = [0; 16 * 1024];
            match self.stream.read(&mut chunk) {
                Ok(0) => return false,
                Ok(read) => self.received.extend_from_slice(&chunk[..read]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Bytes of ours that the server never read turn its end of the connection into a reset.
                Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => {
                    return false;
                }
                Err(error) => panic!("nothing came from the server: {error}"),
            }
        }
        true
    }
}
