//! One client's connection, from connecting to the end.

use super::Work;
use crate::Error;
use crate::client::SEPARATOR;
use crate::client::protocol::{Message, Protocol};
use crate::client::web_socket::{BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame, unframe};
use bytes::{Buf, Bytes};
use memchr::{memchr, memmem};
use mio::net::TcpStream;
use std::io::{ErrorKind, Read, Write};
use std::mem;
use std::net::Shutdown;

/// Up to here a copy costs less than a write of its own.
const WORTH_SHARING: usize = 4096;

/// What is to be written.
#[derive(Debug, Default)]
pub(crate) struct Out {
    bytes: Vec<u8>,
    /// Written after `bytes` without being copied.
    shared: Bytes,
    close: bool,
}

impl Out {
    #[inline]
    pub(crate) fn put(&mut self, frames: &[u8]) {
        if !self.shared.is_empty() {
            self.bytes.extend_from_slice(&mem::take(&mut self.shared));
        }
        self.bytes.extend_from_slice(frames);
    }

    /// Without a copy if that saves something.
    #[inline]
    pub(crate) fn put_shared(&mut self, frames: &Bytes) {
        if frames.len() > WORTH_SHARING && self.shared.is_empty() {
            self.shared = frames.clone();
        } else {
            self.put(frames);
        }
    }

    /// Closes the connection after all that is to be written.
    pub(crate) fn close(&mut self) {
        self.close = true;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Connecting,
    Upgrading,
    Handshaking,
    Open,
    Closing,
    Closed,
}

pub(super) struct Connection {
    socket: TcpStream,
    state: State,
    /// What was read of a frame that is not all there.
    unfinished: Vec<u8>,
    /// The frames so far of a message that has several.
    fragments: Option<Vec<u8>>,
    pub(super) out: Out,
}

/// What all connections have in common.
pub(super) struct Receiver {
    pub(super) protocol: Protocol,
    /// How many messages came, and connections came or went.
    pub(super) messages: u64,
    upgrade: Vec<u8>,
    handshake: Vec<u8>,
}

impl Receiver {
    pub(super) fn new(protocol: Protocol, upgrade: Vec<u8>) -> Self {
        Receiver { protocol, messages: 0, upgrade, handshake: protocol.handshake() }
    }
}

impl Connection {
    pub(super) fn new(socket: TcpStream) -> Self {
        Connection { socket, state: State::Connecting, unfinished: Vec::new(), fragments: None, out: Out::default() }
    }

    pub(super) fn writable(&mut self, receiver: &Receiver) -> Result<(), Error> {
        if self.state == State::Connecting {
            if let Some(error) = self.socket.take_error()? {
                return Err(format!("connecting: {error}").into());
            }
            if self.socket.peer_addr().is_err() {
                // Not yet.
                return Ok(());
            }
            self.state = State::Upgrading;
            self.out.put(&receiver.upgrade);
        }
        self.flush()
    }

    #[inline]
    pub(super) fn flush(&mut self) -> Result<(), Error> {
        loop {
            let written = if !self.out.bytes.is_empty() {
                self.socket.write(&self.out.bytes).map(|length| {
                    if length == self.out.bytes.len() {
                        self.out.bytes.clear();
                    } else {
                        self.out.bytes.drain(..length);
                    }
                })
            } else if !self.out.shared.is_empty() {
                self.socket.write(&self.out.shared).map(|length| self.out.shared.advance(length))
            } else if self.out.close && self.state == State::Open {
                self.state = State::Closing;
                self.out.put(&frame(CLOSE, &1000u16.to_be_bytes()));
                Ok(())
            } else {
                return Ok(());
            };
            match written {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                // What is read tells how it has ended.
                Err(_) if self.state == State::Closing => return Ok(()),
                written => written.map_err(|error| format!("writing: {error}"))?,
            }
        }
    }

    /// Reads all that has come. `ends` says that nothing more will.
    #[inline]
    pub(super) fn readable(
        &mut self,
        number: usize,
        ends: bool,
        buffer: &mut [u8],
        receiver: &mut Receiver,
        work: &mut impl Work,
    ) -> Result<(), Error> {
        loop {
            let length = match self.socket.read(buffer) {
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(_) if self.state == State::Closing => 0,
                Err(error) => return Err(format!("reading: {error}").into()),
            };
            if length == 0 {
                match mem::replace(&mut self.state, State::Closed) {
                    State::Closing => {
                        receiver.messages += 1;
                        work.closed(number);
                    }
                    State::Closed => {}
                    _ => return Err("the server has closed the connection".into()),
                }
                return Ok(());
            }
            let read = buffer.get(..length).unwrap_or_default();
            if self.unfinished.is_empty() {
                let done = self.received(number, read, receiver, work)?;
                self.unfinished.extend_from_slice(read.get(done..).unwrap_or_default());
            } else {
                let mut all = mem::take(&mut self.unfinished);
                all.extend_from_slice(read);
                let done = self.received(number, &all, receiver, work)?;
                all.drain(..done);
                self.unfinished = all;
            }
            self.flush()?;
            // The next event tells of more, but not again of the end.
            if length < buffer.len() && !ends {
                return Ok(());
            }
        }
    }

    /// Handles all frames that are there as a whole; gives their length.
    #[inline]
    fn received(
        &mut self,
        number: usize,
        bytes: &[u8],
        receiver: &mut Receiver,
        work: &mut impl Work,
    ) -> Result<usize, Error> {
        let mut done = 0;
        if self.state == State::Upgrading {
            let Some(end) = memmem::find(bytes, b"\r\n\r\n") else { return Ok(0) };
            if !bytes.starts_with(b"HTTP/1.1 101 ") {
                return Err(format!("no upgrade: {}", String::from_utf8_lossy(bytes).escape_debug()).into());
            }
            done = end + 4;
            self.state = State::Handshaking;
            self.out.put(&receiver.handshake);
        }
        while let Some(received) = unframe(bytes.get(done..).unwrap_or_default())? {
            done += received.length;
            match (received.opcode, &mut self.fragments) {
                (TEXT | BINARY, None) if received.is_last => self.payload(number, received.payload, receiver, work)?,
                (TEXT | BINARY, fragments @ None) => *fragments = Some(received.payload.to_owned()),
                (CONTINUATION, Some(fragments)) => {
                    fragments.extend_from_slice(received.payload);
                    if received.is_last {
                        let whole = self.fragments.take().unwrap_or_default();
                        self.payload(number, &whole, receiver, work)?;
                    }
                }
                // In case that the server waits for our side to end.
                (CLOSE, _) if self.state == State::Closing => drop(self.socket.shutdown(Shutdown::Write)),
                (CLOSE, _) => {
                    let reason = String::from_utf8_lossy(received.payload.get(2..).unwrap_or_default());
                    return Err(format!("the server has closed the WebSocket: {reason}").into());
                }
                (PING, _) => self.out.put(&frame(PONG, received.payload)),
                (PONG, _) => {}
                (opcode, _) => return Err(format!("a frame with opcode {opcode} where none may be").into()),
            }
        }
        Ok(done)
    }

    /// Handles what one WebSocket message has brought.
    #[inline]
    fn payload(
        &mut self,
        number: usize,
        mut payload: &[u8],
        receiver: &mut Receiver,
        work: &mut impl Work,
    ) -> Result<(), Error> {
        if self.state == State::Handshaking {
            let end = memchr(SEPARATOR, payload).ok_or("an answer to the handshake without an end")?;
            let (answer, rest) = payload.split_at(end);
            if !answer.starts_with(b"{") || memmem::find(answer, b"error").is_some() {
                return Err(format!("handshake: {}", String::from_utf8_lossy(answer)).into());
            }
            payload = rest.get(1..).unwrap_or_default();
            self.state = State::Open;
            receiver.messages += 1;
            work.opened(number, &mut self.out)?;
        }
        while let Some(message) = receiver.protocol.next(&mut payload)? {
            match message {
                Message::Ping => {}
                Message::Close if self.state == State::Closing => {}
                Message::Close => return Err("the server has closed the connection".into()),
                message => {
                    receiver.messages += 1;
                    work.message(number, &mut self.out, &message)?;
                }
            }
        }
        Ok(())
    }
}
