//! How a client gets a socket: what a connector is asked, and what it gives.

use crate::protocol::{Protocol, Transport};
use crate::session::BoxFuture;
use crate::transport::Duplex;
use http::StatusCode;
use std::error::Error;
use std::fmt;
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
    /// Opens another WebSocket for the same connection. An error that [is a refusal](ConnectError::is_final) means that there
    /// is no such connection any more.
    fn resume(&self) -> BoxFuture<Result<Box<dyn Duplex>, ConnectError>>;

    /// Renews the user's authentication; gives how long it lasts then, where the server says so.
    fn refresh(&self) -> BoxFuture<Result<Option<Duration>, ConnectError>>;
}

/// Why a connection could not be made. No text holds an access token or the query of a URL.
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
    /// The client was built with options that cannot be used: it is no use to try again.
    #[error("the client cannot connect with these options: {0}")]
    Options(String),
    /// The server answered a request with a status that is none of success.
    #[error("the server answered {request} with status {status}")]
    Refused {
        /// Which request, as a part of a sentence: `the negotiation`.
        request: &'static str,
        /// The status of the answer.
        status: StatusCode,
    },
    /// The server refused to negotiate, in its own words.
    #[error("the server refused to negotiate: {0}")]
    NegotiationRefused(String),
    /// What answered the negotiation is not a SignalR server, or one that cannot be understood.
    #[error("the answer to the negotiation cannot be used: {0}")]
    Negotiation(String),
    /// The server redirected the client, and the one behind it again, more than a hundred times.
    #[error("the negotiation was redirected more than {0} times")]
    TooManyRedirects(usize),
    /// The application's provider of access tokens failed, or gave what cannot be one.
    #[error("there is no access token: {0}")]
    AccessToken(Arc<dyn Error + Send + Sync>),
    /// Every transport that the client allows has failed or cannot be used; why stands beside each. Where there is none, the
    /// client allows none.
    #[error("no transport can be used: {}", failures(.0))]
    NoTransport(Vec<TransportFailure>),
    /// The server did not renew the user's authentication; the connection goes on as it was.
    #[error("the server did not renew the authentication: {error} (status {status})")]
    RefreshRefused {
        /// The status of its answer.
        status: StatusCode,
        /// What it says was wrong, such as `permission_change_rejected`.
        error: String,
    },
}

/// Why one of the transports that the client allows was not used; part of [`ConnectError::NoTransport`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TransportFailure {
    /// The transport.
    pub transport: Transport,
    /// What went wrong when it was tried; `None` if it was not.
    pub error: Option<ConnectError>,
    /// The same in words.
    pub reason: String,
}

impl fmt::Display for TransportFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.transport.name(), self.reason)
    }
}

fn failures(failures: &[TransportFailure]) -> String {
    if failures.is_empty() {
        return "the client allows none".to_owned();
    }
    failures.iter().map(TransportFailure::to_string).collect::<Vec<_>>().join("; ")
}

impl ConnectError {
    /// Whether the server has decided, in contrast to an attempt from which nothing is known: who tries to
    /// [resume](NegotiatedConnection::resume) need not try again.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            // A server that is overloaded or starts, or a relay in front of it, may think better of it.
            ConnectError::Refused { status, .. } => {
                !status.is_server_error()
                    && ![StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(status)
            }
            ConnectError::RefreshRefused { status, .. } => !status.is_server_error(),
            ConnectError::Options(_) | ConnectError::NegotiationRefused(_) => true,
            _ => false,
        }
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
