//! How a client is made.

use super::connect::{Connector, OnceStream, StreamConnector};
use super::connection::{HubConnection, OnConnected, OnEvent, Shared};
use super::error::ClientError;
use super::handlers::Handlers;
use super::invocations::{HeaderSource, Invocations};
use super::options::Options;
use super::receiver::{HubClient, ReceiverFor};
use super::retry::RetryPolicy;
use super::state::ConnectionEvent;
use crate::protocol::{Codec, Naming, Protocol, Transport};
use crate::transport::Duplex;
use crate::transport::messages::{Messages, TransportReader, TransportWriter};
use crate::transport::stream::ByteStream;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// Makes a client: a [`HubConnection`] for calls by name, or the typed client `C` that `#[hub(client)]` has made.
///
/// Matches `HubConnectionBuilder` of Microsoft's clients.
#[must_use = "a builder does nothing until `connect` or `build`"]
pub struct HubConnectionBuilder<C = HubConnection> {
    pub(super) source: Source,
    options: Options,
    naming: Naming,
    headers: Option<HeaderSource>,
    pub(super) handlers: Handlers,
    on_connected: Vec<OnConnected>,
    on_event: Vec<OnEvent>,
    client: PhantomData<fn() -> C>,
}

/// Where sockets come from.
pub(crate) enum Source {
    #[cfg(feature = "client")]
    Http(Box<super::http::HttpOptions>),
    Connector(Box<dyn Connector>),
}

impl<C: HubClient> HubConnectionBuilder<C> {
    pub(crate) fn from_source(source: Source) -> Self {
        HubConnectionBuilder {
            source,
            options: Options::default(),
            naming: Naming::default(),
            headers: None,
            handlers: Handlers::default(),
            on_connected: Vec::new(),
            on_event: Vec::new(),
            client: PhantomData,
        }
    }

    /// For the hub at `url`: `http://` or `https://` (`ws://` and `wss://` mean the same), with whatever query the server wants.
    #[cfg(feature = "client")]
    pub fn new(url: impl Into<String>) -> Self {
        Self::from_source(Source::Http(Box::new(super::http::HttpOptions::new(url.into()))))
    }

    /// Over a byte stream: TCP, a Unix socket, pipes, one end of a pair in memory. The other end may be a
    /// [`HubServer`](crate::HubServer). There is one such stream, so that a connection that has ended cannot be made again.
    pub fn over_stream<S>(stream: S) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        Self::from_source(Source::Connector(Box::new(OnceStream::new(
            Box::new(ByteStream::new(stream)),
            Transport::Stream,
        ))))
    }

    /// Over a transport of the application's own, which carries blocks of bytes, or of text. There is one, as with
    /// [`over_stream`](Self::over_stream).
    pub fn over_transport(reader: impl TransportReader, writer: impl TransportWriter) -> Self {
        Self::from_source(Source::Connector(Box::new(OnceStream::new(
            Box::new(Messages::new(reader, writer)),
            Transport::Custom,
        ))))
    }

    /// Over byte streams that `connect` makes, one for each attempt.
    ///
    /// ```no_run
    /// use signalr::{HubConnection, HubConnectionBuilder, RetryPolicy};
    /// use tokio::net::TcpStream;
    ///
    /// # async fn run() -> Result<(), signalr::ClientError> {
    /// let connection: HubConnection = HubConnectionBuilder::with_connector(|| TcpStream::connect("[::1]:5001"))
    ///     .reconnect(RetryPolicy::forever())
    ///     .connect()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn with_connector<F, S>(connect: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = io::Result<S>> + Send + 'static,
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let open = move || {
            let opening = connect();
            Box::pin(async move {
                let stream = opening.await?;
                Ok(Box::new(ByteStream::new(stream)) as Box<dyn Duplex>)
            }) as _
        };
        Self::from_source(Source::Connector(Box::new(StreamConnector::new(open))))
    }

    /// Sets the hub protocol; by default JSON.
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.options.protocol = protocol;
        self
    }

    /// Sets how members of values are named on the wire; by default as they are declared.
    pub fn naming(mut self, naming: Naming) -> Self {
        self.naming = naming;
        self
    }

    /// Sets when another connection is tried after one has failed or was lost: the first one and all later ones alike. By
    /// default never (.NET: `WithAutomaticReconnect`, which leaves out the first one).
    pub fn reconnect(mut self, policy: RetryPolicy) -> Self {
        self.options.reconnect = policy;
        self
    }

    /// Asks the server to keep the connection when its socket is lost, so that it goes on over another one and nothing is lost
    /// or repeated. `buffer` is how many bytes are kept until the server has acknowledged them; Microsoft's clients keep
    /// 100,000. Only over WebSockets, and only where the server can do it; otherwise the connection is as any other (.NET:
    /// `WithStatefulReconnect`).
    pub fn stateful_reconnect(mut self, buffer: usize) -> Self {
        self.options.stateful = Some(buffer);
        self
    }

    /// Lets calls that are made while the connection is being made again wait for it, and those that were not sent before it was
    /// lost. By default such calls fail at once with [`ClientError::NotConnected`]. What waits is bounded by
    /// [`queue_capacity`](Self::queue_capacity).
    pub fn calls_wait_for_connection(mut self, wait: bool) -> Self {
        self.options.calls_wait = wait;
        self
    }

    /// Sets how long the server may take to open a connection, before its handshake; by default 30 seconds.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.options.connect_timeout = timeout;
        self
    }

    /// Sets how long the server may take for the handshake; by default 15 seconds (.NET: `HandshakeTimeout`).
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.options.handshake_timeout = timeout;
        self
    }

    /// Sets after which silence of the server the connection is lost; by default 30 seconds. It should be at least twice the
    /// interval of the server's pings (.NET: `ServerTimeout`).
    pub fn server_timeout(mut self, timeout: Duration) -> Self {
        self.options.server_timeout = timeout;
        self
    }

    /// Sets how often the server gets a ping; by default every 15 seconds (.NET: `KeepAliveInterval`).
    pub fn keep_alive_interval(mut self, interval: Duration) -> Self {
        self.options.keep_alive_interval = interval;
        self
    }

    /// Sets how long the end of a connection may take: what is still to be sent, the server's goodbye, and callbacks that run;
    /// by default 5 seconds (.NET: `CloseTimeout`).
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.options.close_timeout = timeout;
        self
    }

    /// Sets how long the server may take to answer a call, unless [`Call::timeout`](crate::Call::timeout) says otherwise; by
    /// default there is no limit.
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.options.call_timeout = Some(timeout);
        self
    }

    /// Sets how long before its end the user's authentication is renewed, where the server says when it ends (.NET 11:
    /// `WithAuthenticationRefresh`); by default 5 minutes, or at half of its life where that is shorter than 10 minutes. `None`
    /// leaves it to [`HubConnection::refresh_authentication`].
    pub fn refresh_authentication_before(mut self, before: Option<Duration>) -> Self {
        self.options.refresh_before = before;
        self
    }

    /// Sets how large a message of the server may be, in bytes; by default 16 MiB, with `None` there is no limit. A larger one
    /// ends the connection.
    pub fn maximum_message_size(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.options.maximum_message_size = bytes.into();
        self
    }

    /// Sets how many bytes of callbacks that wait for their turn, and of stream items that nobody reads, are kept before
    /// reading from the server pauses; by default 1 MiB. Answers are not read then either: who has more than this before it,
    /// and asks the server for something before it goes on with it, waits until its [timeout](Self::call_timeout).
    pub fn waiting_limit(mut self, bytes: usize) -> Self {
        self.options.waiting_limit = bytes;
        self
    }

    /// Sets how many bytes may wait to be sent; by default 1 MiB. Calls wait for room while there is a connection, and fail with
    /// [`ClientError::QueueFull`] where they wait for one.
    pub fn queue_capacity(mut self, bytes: usize) -> Self {
        self.options.queue = bytes;
        self
    }

    /// Lets the server know the texts of all errors of callbacks, also of those that are not public; by default it does not.
    pub fn detailed_errors(mut self, detailed: bool) -> Self {
        self.options.detailed_errors = detailed;
        self
    }

    /// Sets what is sent with each call as its headers, such as the `traceparent` of the caller's span. It is asked when the
    /// call is queued, on the task that awaits the call.
    pub fn invocation_headers(mut self, headers: impl Fn() -> Vec<(String, String)> + Send + Sync + 'static) -> Self {
        self.headers = Some(Arc::new(headers));
        self
    }

    /// Adds what is to be done on each connection: the first, and every later one that was not resumed. Groups are joined
    /// here, and streams opened. The connection counts as made when all of it is done; if it fails, the connection is closed,
    /// and the attempt has failed.
    pub fn on_connected<F>(mut self, run: impl Fn(C) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), ClientError>> + Send + 'static,
        C: 'static,
    {
        self.on_connected.push(Arc::new(move |connection| Box::pin(run(C::from(connection)))));
        self
    }

    /// Adds a function that is told what happens to the connection. It is called on the connection's task and must not block. A
    /// connection that it captures is kept for ever.
    pub fn on_event(mut self, hook: impl Fn(&ConnectionEvent) + Send + Sync + 'static) -> Self {
        self.on_event.push(Arc::new(hook));
        self
    }

    /// Sets what the server calls on this client: a type that implements the hub's `#[receiver]` trait.
    pub fn receiver<R: Send + Sync + 'static>(self, receiver: R) -> Self
    where
        C::Receiver: ReceiverFor<R>,
    {
        C::Receiver::register(Arc::new(receiver), &self.handlers);
        self
    }

    /// What the server's calls run.
    #[cfg(feature = "testing")]
    pub(crate) fn handlers(&self) -> &Handlers {
        &self.handlers
    }

    /// The client, before it [starts](HubConnection::start).
    pub fn build(self) -> C {
        let Self { source, options, naming, headers, handlers, on_connected, on_event, client: _ } = self;
        let connector = match source {
            #[cfg(feature = "client")]
            Source::Http(http) => http.connector(),
            Source::Connector(connector) => connector,
        };
        let codec = Codec::new(options.protocol, naming);
        let invocations = Invocations::new(codec, options.queue, options.stream_buffer, headers);
        HubConnection::new(Shared::new(connector, options, handlers, invocations, on_connected, on_event)).into()
    }

    /// Makes the client and starts it.
    ///
    /// # Errors
    /// As [`HubConnection::start`].
    pub async fn connect(self) -> Result<C, ClientError> {
        let client = self.build();
        client.as_ref().start().await?;
        Ok(client)
    }
}

impl<C> fmt::Debug for HubConnectionBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubConnectionBuilder").field("options", &self.options).finish_non_exhaustive()
    }
}
