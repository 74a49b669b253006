//! A hub over byte streams and over transports of the application's own.

use super::endpoint::{Opening, Shared, serve};
use super::options::HubOptions;
use super::validation::OptionsError;
#[cfg(feature = "testing")]
use crate::backplane::registry::HubCore;
use crate::hub::Hub;
use crate::hub::method::HubMethods;
use crate::hub::request::Request;
use crate::protocol::negotiate::new_connection_id;
use crate::session::close::CloseReason;
use crate::session::owner::{Identity, Owner};
use crate::transport::messages::{Messages, TransportReader, TransportWriter};
#[cfg(feature = "testing")]
use crate::transport::server::dispatch::Dispatch;
use crate::transport::server::gate::Closed;
use crate::transport::server::pending::Place;
use crate::transport::stream::ByteStream;
use crate::transport::{Duplex, Transport};
use crate::user::User;
use http::{Extensions, HeaderMap};
use std::any::Any;
use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// Serves a hub over byte streams, listeners, and transports of one's own: everything that is not HTTP. Made by
/// [`SignalR::server`](crate::SignalR::server), or by [`new`](Self::new) for a hub that has no place in a router. Cheap to
/// clone.
///
/// The guide's section [byte streams](crate#byte-streams-and-transports-of-ones-own) shows it at work.
pub struct HubServer<H: HubMethods> {
    pub(super) shared: Arc<Shared<H>>,
}

impl<H: HubMethods> Hub<H> {
    /// Serves one connection over a byte stream, with default options: see [`HubServer::serve`].
    pub fn serve<S>(&self, stream: S) -> Serve<H>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        HubServer::with_defaults(self).serve(stream)
    }
}

impl<H: HubMethods> HubServer<H> {
    /// A server with the given options, of which those for HTTP mean nothing here. Its connections reach those of the same hub
    /// that come by HTTP, and the other way round.
    ///
    /// # Errors
    /// The first option that cannot hold; its path is the name of the hub.
    pub fn new(hub: &Hub<H>, options: &HubOptions) -> Result<Self, OptionsError> {
        options.validate().map_err(|invalid| OptionsError::new(hub.name(), invalid))?;
        Ok(HubServer { shared: Shared::new(hub, options, &Arc::default()) })
    }

    pub(crate) fn with_defaults(hub: &Hub<H>) -> Self {
        HubServer { shared: Shared::new(hub, &HubOptions::default(), &Arc::default()) }
    }

    /// Serves one connection over a byte stream with the plain hub protocol: a handshake, then messages, with no frames around
    /// them. Anything goes that is read and written in order: TCP, a Unix socket, the standard input and output joined, a TLS
    /// stream of whatever library, or one end of [`tokio::io::duplex`] in tests. A [`TcpStream`] is set to send small messages
    /// at once.
    ///
    /// ```
    /// # struct Calculator;
    /// # #[signalr::hub] impl Calculator { fn add(&self, a: i64, b: i64) -> i64 { a + b } }
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// use signalr::{CloseReason, Hub, HubOptions, HubServer, User};
    /// use tokio::io::{AsyncReadExt, AsyncWriteExt};
    ///
    /// let server = HubServer::new(&Hub::new("Calculator", Calculator), &HubOptions::default())?;
    /// let (mut client, stream) = tokio::io::duplex(64 * 1024);
    /// let connection = tokio::spawn(server.serve(stream).user(User::new("ann")).into_future());
    ///
    /// client.write_all(b"{\"protocol\":\"json\",\"version\":1}\x1e").await?;
    /// client.write_all(b"{\"type\":1,\"invocationId\":\"1\",\"target\":\"Add\",\"arguments\":[2,3]}\x1e").await?;
    /// let mut received = [0; 44];
    /// client.read_exact(&mut received).await?;
    /// assert_eq!(&received, b"{}\x1e{\"type\":3,\"invocationId\":\"1\",\"result\":5}\x1e");
    ///
    /// drop(client);
    /// assert_eq!(connection.await?, CloseReason::ClientClosed);
    /// # Ok::<_, Box<dyn std::error::Error>>(()) }).unwrap();
    /// ```
    pub fn serve<S>(&self, stream: S) -> Serve<H>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        if let Some(tcp) = (&stream as &dyn Any).downcast_ref::<TcpStream>() {
            // Without it messages may be late, but they do arrive.
            let _ = tcp.set_nodelay(true);
        }
        self.begin(Box::new(ByteStream::new(stream)), Transport::Stream)
    }

    /// Serves one connection over a transport of one's own: a message broker, a WebRTC channel, whatever brings blocks of
    /// bytes, or of text, both ways in order.
    ///
    /// ```
    /// # struct Calculator;
    /// # #[signalr::hub] impl Calculator { fn add(&self, a: i64, b: i64) -> i64 { a + b } }
    /// use bytes::Bytes;
    /// use signalr::protocol::TransferFormat;
    /// use signalr::{Hub, TransportReader, TransportWriter};
    /// use std::io;
    /// use tokio::sync::mpsc;
    ///
    /// struct Incoming(mpsc::Receiver<String>);
    ///
    /// impl TransportReader for Incoming {
    ///     async fn receive(&mut self) -> io::Result<Option<Bytes>> {
    ///         Ok(self.0.recv().await.map(Bytes::from))
    ///     }
    /// }
    ///
    /// struct Outgoing(mpsc::Sender<String>);
    ///
    /// impl TransportWriter for Outgoing {
    ///     fn transfer_format(&self) -> TransferFormat {
    ///         TransferFormat::Text
    ///     }
    ///
    ///     async fn send(&mut self, block: Bytes, _format: TransferFormat) -> io::Result<()> {
    ///         let text = String::from_utf8(block.into()).map_err(io::Error::other)?;
    ///         self.0.send(text).await.map_err(io::Error::other)
    ///     }
    /// }
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// # use signalr::{HubOptions, HubServer};
    /// let server = HubServer::new(&Hub::new("Calculator", Calculator), &HubOptions::default())?;
    /// let (to_server, incoming) = mpsc::channel(10);
    /// let (outgoing, mut from_server) = mpsc::channel(10);
    /// tokio::spawn(server.serve_transport(Incoming(incoming), Outgoing(outgoing)).into_future());
    ///
    /// to_server.send("{\"protocol\":\"json\",\"version\":1}\x1e".to_owned()).await?;
    /// assert_eq!(from_server.recv().await.as_deref(), Some("{}\x1e"));
    /// # Ok::<_, Box<dyn std::error::Error>>(()) }).unwrap();
    /// ```
    pub fn serve_transport(&self, reader: impl TransportReader, writer: impl TransportWriter) -> Serve<H> {
        self.begin(Box::new(Messages::new(reader, writer)), Transport::Custom)
    }

    fn begin(&self, duplex: Box<dyn Duplex>, transport: Transport) -> Serve<H> {
        Serve {
            shared: self.shared.clone(),
            duplex,
            transport,
            place: None,
            id: None,
            user: None,
            query: String::new(),
            headers: HeaderMap::new(),
            extensions: Extensions::new(),
            peer_address: None,
        }
    }

    /// The part of the hub that does not depend on its type.
    #[cfg(feature = "testing")]
    pub(crate) fn core(&self) -> &Arc<HubCore> {
        self.shared.core()
    }

    /// The connections by their tokens.
    #[cfg(feature = "testing")]
    pub(crate) fn dispatch(&self) -> &Dispatch {
        self.shared.dispatch()
    }
}

/// A connection that is to be served, and what is known of it. Awaiting it serves the connection from its handshake to its end,
/// and gives the reason of the end, also where that came before the hub heard of the connection.
///
/// Most callers give [`into_future`](IntoFuture::into_future) of it to [`tokio::spawn`]. Dropping the future cuts the connection:
/// its calls are dropped, and `on_disconnected` does not run.
#[must_use = "a connection is served by awaiting it"]
pub struct Serve<H: HubMethods> {
    shared: Arc<Shared<H>>,
    duplex: Box<dyn Duplex>,
    transport: Transport,
    /// Where sockets that follow the first one are left for it, if there can be any.
    place: Option<Place>,
    id: Option<Box<str>>,
    user: Option<User>,
    query: String,
    headers: HeaderMap,
    extensions: Extensions,
    peer_address: Option<SocketAddr>,
}

impl<H: HubMethods> Serve<H> {
    /// Sets the connection's public id, by which others address it. No two live connections of a hub may have the same. By
    /// default it is made up.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into().into());
        self
    }

    /// Sets the user, as the application knows it; policies and hub methods see it as they see that of a request. By default
    /// there is none: the [`user_id`](HubOptions::user_id) function is for HTTP requests.
    pub fn user(mut self, user: User) -> Self {
        self.extensions.insert(user.clone());
        self.user = Some(user);
        self
    }

    /// Adds a value that hub methods read with [`Context::extension`](crate::Context::extension), one of each type.
    pub fn extension<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.extensions.insert(value);
        self
    }

    /// Sets what hub methods find in the request, where a request is only played.
    #[cfg(feature = "testing")]
    pub(crate) fn request(mut self, query: String, headers: HeaderMap, extensions: Extensions) -> Self {
        self.query = query;
        self.headers = headers;
        self.extensions.extend(extensions);
        self
    }

    /// Lets the connection go on over other sockets, which are known by the token of `place`.
    #[cfg(feature = "testing")]
    pub(crate) fn resumable(mut self, place: Option<Place>) -> Self {
        if place.is_some() {
            // The only transport that can do it.
            self.transport = Transport::WebSockets;
        }
        self.place = place;
        self
    }

    /// Sets the address of the peer, which hub methods read with [`Request::peer_address`].
    pub fn peer_address(mut self, address: SocketAddr) -> Self {
        self.peer_address = Some(address);
        self
    }
}

impl<H: HubMethods> IntoFuture for Serve<H> {
    type Output = CloseReason;
    type IntoFuture = Pin<Box<dyn Future<Output = CloseReason> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let Serve { shared, duplex, transport, place, id, user, query, headers, extensions, peer_address } = self;
        Box::pin(async move {
            let id = match id.map_or_else(|| new_connection_id().map(Into::into), Ok) {
                Ok(id) => id,
                Err(error) => return CloseReason::ServerError(format!("no random bytes for a connection id: {error}")),
            };
            let admitted = match shared.gate().admit() {
                Ok(admitted) => admitted,
                Err(Closed::ShuttingDown) => return CloseReason::Drained,
                Err(Closed::Full) => return CloseReason::ServerError("There are too many connections.".to_owned()),
            };
            let request = Request::new(&query, &headers, extensions, peer_address);
            if let Some(policy) = H::AUTHORIZE
                && let Err(refusal) = policy(request.clone()).await
            {
                tracing::debug!(connection = &*id, ?refusal, "connection refused");
                return CloseReason::ServerError("the policy of the hub refuses the connection".to_owned());
            }
            let user_id = user.as_ref().and_then(User::id).map(Into::into);
            let owner = Owner::new(&id, Identity { is_known: user.is_some(), id: user_id }, user);
            let watch = shared.watch(&id, transport);
            serve(shared, duplex, Box::new(Opening { owner, place, request, transport }), admitted, watch).await
        })
    }
}

impl<H: HubMethods> Clone for HubServer<H> {
    fn clone(&self) -> Self {
        HubServer { shared: self.shared.clone() }
    }
}

impl<H: HubMethods> fmt::Debug for HubServer<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubServer").finish_non_exhaustive()
    }
}

impl<H: HubMethods> fmt::Debug for Serve<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve").field("transport", &self.transport).field("id", &self.id).finish_non_exhaustive()
    }
}
