//! Many WebSocket clients on one thread: one poll, and one read buffer for all.

mod connection;
#[cfg(test)]
mod tests;

use super::PATIENCE;
use super::protocol::{Message, Protocol};
use super::web_socket::UPGRADE;
use crate::Error;
use crate::process::Server;
use crate::system::{connect, raise_file_limit};
use connection::{Connection, Receiver};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

pub(crate) use connection::Out;

/// What clients do.
pub(crate) trait Work {
    /// The handshake of a connection is done.
    fn opened(&mut self, _connection: usize, _out: &mut Out) -> Result<(), Error> {
        Ok(())
    }

    /// Anything but a ping or the end. What is put into `out` is written at once after all that one read has brought.
    fn message(&mut self, connection: usize, out: &mut Out, message: &Message<'_>) -> Result<(), Error>;

    /// A connection has ended as [`Out::close`] says.
    fn closed(&mut self, _connection: usize) {}

    /// At the beginning, and after all events of one wait: the place for what concerns other connections. Says whether the
    /// work goes on.
    fn turn(&mut self, engine: &mut Engine) -> Result<bool, Error>;
}

/// What is open besides connections, at most.
const OTHER_FILES: u64 = 100;
/// How many connections are opened at once.
const OPENED_AT_ONCE: usize = 64;
const READ_BUFFER: usize = 256 * 1024;
/// How long one wait is at most: `turn` looks at the time.
const WAIT: Duration = Duration::from_millis(20);
/// How many addresses of loopback connections come from, so that ports do not run short.
const SOURCES: usize = 240;

/// The clients of one server.
pub(crate) struct Engine {
    poll: Poll,
    address: SocketAddr,
    connections: Vec<Connection>,
    read_buffer: Box<[u8]>,
    /// How many connections were opened so far.
    opened: usize,
    receiver: Receiver,
}

impl Engine {
    pub(crate) fn of(server: &Server, protocol: Protocol) -> Result<Self, Error> {
        Self::new(server.address, &server.path, protocol)
    }

    fn new(address: SocketAddr, path: &str, protocol: Protocol) -> Result<Self, Error> {
        let upgrade = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{UPGRADE}\r\n");
        Ok(Engine {
            poll: Poll::new()?,
            address,
            connections: Vec::new(),
            read_buffer: vec![0; READ_BUFFER].into(),
            opened: 0,
            receiver: Receiver::new(protocol, upgrade.into_bytes()),
        })
    }

    pub(crate) fn protocol(&self) -> Protocol {
        self.receiver.protocol
    }

    /// How many connections there are.
    pub(crate) fn len(&self) -> usize {
        self.connections.len()
    }

    /// Opens connections up to that number of them, each up to the end of its handshake.
    pub(crate) fn open_all(&mut self, number: usize) -> Result<(), Error> {
        let (files, allowed) = (number as u64 + OTHER_FILES, raise_file_limit()?);
        if files > allowed {
            let text = "connections need that many open files, of server and clients each";
            return Err(format!("{number} {text}, but {allowed} are allowed: see `ulimit -Hn`").into());
        }
        let open = self.connections.len();
        self.run(&mut Opening { begun: open, open, number })
    }

    /// Begins to open a connection: the next new one, or again one that has ended.
    pub(crate) fn open(&mut self, number: usize) -> Result<(), Error> {
        let mut socket = TcpStream::from_std(connect(self.address, self.source())?);
        self.opened += 1;
        self.poll.registry().register(&mut socket, Token(number), Interest::READABLE | Interest::WRITABLE)?;
        let connection = Connection::new(socket);
        match self.connections.get_mut(number) {
            Some(ended) => *ended = connection,
            None => self.connections.push(connection),
        }
        Ok(())
    }

    /// The next of many addresses of this machine.
    fn source(&self) -> Ipv4Addr {
        Ipv4Addr::new(127, 0, 0, 2 + (self.opened % SOURCES) as u8)
    }

    /// Sends what `write` puts there.
    pub(crate) fn send(&mut self, number: usize, write: impl FnOnce(&mut Out)) -> Result<(), Error> {
        let connection = self.connections.get_mut(number).ok_or("no such connection")?;
        write(&mut connection.out);
        connection.flush()
    }

    /// Fails if anything comes although nothing is under way.
    pub(crate) fn expect_nothing(&mut self, time: Duration) -> Result<(), Error> {
        self.run(&mut Silence { until: Instant::now() + time })
    }

    pub(crate) fn run(&mut self, work: &mut impl Work) -> Result<(), Error> {
        let mut events = Events::with_capacity(1024);
        let mut progress = (self.receiver.messages, Instant::now());
        while work.turn(self)? {
            match self.poll.poll(&mut events, Some(WAIT)) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error.into()),
                _ => {}
            }
            for event in &events {
                let number = event.token().0;
                let Some(connection) = self.connections.get_mut(number) else { continue };
                let mut handle = || {
                    if event.is_writable() {
                        connection.writable(&self.receiver)?;
                    }
                    if event.is_readable() {
                        let ends = event.is_read_closed();
                        connection.readable(number, ends, &mut self.read_buffer, &mut self.receiver, work)?;
                    }
                    Ok(())
                };
                handle().map_err(|error: Error| format!("connection {number}: {error}"))?;
            }
            if self.receiver.messages != progress.0 {
                progress = (self.receiver.messages, Instant::now());
            } else if progress.1.elapsed() > PATIENCE {
                return Err(format!("nothing has happened for {PATIENCE:?}").into());
            }
        }
        Ok(())
    }
}

/// Opens connections, some at once, up to a number.
struct Opening {
    begun: usize,
    open: usize,
    number: usize,
}

impl Work for Opening {
    fn opened(&mut self, _connection: usize, _out: &mut Out) -> Result<(), Error> {
        self.open += 1;
        Ok(())
    }

    fn message(&mut self, _connection: usize, _out: &mut Out, message: &Message<'_>) -> Result<(), Error> {
        Err(unexpected(message))
    }

    fn turn(&mut self, engine: &mut Engine) -> Result<bool, Error> {
        while self.begun < self.number.min(self.open + OPENED_AT_ONCE) {
            engine.open(self.begun)?;
            self.begun += 1;
        }
        Ok(self.open < self.number)
    }
}

struct Silence {
    until: Instant,
}

impl Work for Silence {
    fn message(&mut self, _connection: usize, _out: &mut Out, message: &Message<'_>) -> Result<(), Error> {
        Err(unexpected(message))
    }

    fn turn(&mut self, _engine: &mut Engine) -> Result<bool, Error> {
        Ok(Instant::now() < self.until)
    }
}

/// An error that tells of something that should not have come.
#[cold]
pub(crate) fn unexpected(message: &Message<'_>) -> Error {
    let text = match message {
        Message::Invocation(bytes) | Message::Completion { result: Some(bytes), .. } => {
            bytes.get(..200).unwrap_or(bytes)
        }
        _ => b"",
    };
    let kind = match message {
        Message::Completion { id, .. } => format!("a completion of {id}"),
        Message::Invocation(_) => "an invocation".to_owned(),
        other => format!("{other:?}"),
    };
    format!("{kind} that was not expected: {}", String::from_utf8_lossy(text).escape_debug()).into()
}
