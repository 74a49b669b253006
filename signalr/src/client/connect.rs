//! How a client gets a socket: what a connector is asked, and what it gives.

use crate::protocol::{Protocol, Transport};
use crate::session::BoxFuture;
use crate::transport::Duplex;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use thiserror::Error;

/// What a client wants of a new connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// Its transfer format decides which transports can be used.
    pub(crate) protocol: Protocol,
    /// Whether the connection is to outlive its socket, if the server can do that.
    pub(crate) stateful: bool,
}

/// Opens sockets to one server.
pub(crate) trait Connector: Send + Sync {
    /// Opens a new connection, before its handshake.
    fn connect(&self, wanted: Wanted) -> BoxFuture<Result<Link, ConnectError>>;
}

/// A connection before its handshake.
pub(crate) struct Link {
    pub(crate) duplex: Box<dyn Duplex>,
    pub(crate) transport: Transport,
    /// The public id, where the server has told it.
    pub(crate) id: Option<String>,
    /// Only where the server was asked by negotiation.
    pub(crate) negotiated: Option<Negotiated>,
}

/// What was agreed beforehand.
pub(crate) struct Negotiated {
    /// Whether the server agreed to stateful reconnect.
    pub(crate) stateful: bool,
    /// How long the user's authentication lasts, where the server says so: it can be renewed then.
    pub(crate) authenticated_for: Option<Duration>,
    pub(crate) connection: Arc<dyn NegotiatedConnection>,
}

/// A connection that the server knows by a token.
pub(crate) trait NegotiatedConnection: Send + Sync {
    /// Opens another WebSocket for the same connection.
    fn resume(&self) -> BoxFuture<Result<Box<dyn Duplex>, ConnectError>>;

    /// Renews the user's authentication; gives how long it lasts then, where the server says so.
    fn refresh(&self) -> BoxFuture<Result<Option<Duration>, ConnectError>>;
}

/// Why a connection could not be made.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The server refused the handshake of the hub protocol, in its own words.
    #[error("the server refused the handshake: {0}")]
    Handshake(String),
    /// Nothing came of it in time.
    #[error("the connection was not made within {0:?}")]
    TimedOut(Duration),
    /// The socket could not be opened, or was lost before the handshake was done.
    #[error("the connection could not be opened: {0}")]
    Transport(String),
}

impl ConnectError {
    /// Whether the server knows nothing of a connection that was to be resumed.
    pub(crate) fn is_final(&self) -> bool {
        false
    }
}

/// The one stream of a client that has no more.
pub(super) struct OnceStream {
    stream: Mutex<Option<Box<dyn Duplex>>>,
    transport: Transport,
}

impl OnceStream {
    pub(super) fn new(stream: Box<dyn Duplex>, transport: Transport) -> Self {
        OnceStream { stream: Mutex::new(Some(stream)), transport }
    }
}

impl Connector for OnceStream {
    fn connect(&self, _wanted: Wanted) -> BoxFuture<Result<Link, ConnectError>> {
        let stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner).take();
        let transport = self.transport;
        Box::pin(async move {
            match stream {
                Some(duplex) => Ok(Link { duplex, transport, id: None, negotiated: None }),
                None => Err(ConnectError::Transport("its only stream was used".to_owned())),
            }
        })
    }
}

type Open = Box<dyn Fn() -> BoxFuture<io::Result<Box<dyn Duplex>>> + Send + Sync>;

/// Byte streams that the application opens.
pub(super) struct StreamConnector(Open);

impl StreamConnector {
    pub(super) fn new(open: impl Fn() -> BoxFuture<io::Result<Box<dyn Duplex>>> + Send + Sync + 'static) -> Self {
        StreamConnector(Box::new(open))
    }
}

impl Connector for StreamConnector {
    fn connect(&self, _wanted: Wanted) -> BoxFuture<Result<Link, ConnectError>> {
        let opening = (self.0)();
        Box::pin(async move {
            let duplex = opening.await.map_err(|error| ConnectError::Transport(error.to_string()))?;
            Ok(Link { duplex, transport: Transport::Stream, id: None, negotiated: None })
        })
    }
}
