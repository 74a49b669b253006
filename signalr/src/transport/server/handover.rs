//! A listener whose HTTP connections can be taken from their server once it has nothing to do for them any more.
//!
//! An HTTP server keeps buffers and a task for a connection as long as an answer lasts, and events last for hours.

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::fmt;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// A TCP listener for `axum::serve` that makes Server-Sent Events cheap.
///
/// Once the head of such an answer was sent, the hub's connection writes its events to the socket by itself, and the HTTP
/// server forgets the socket: an idle connection then takes a few kilobytes instead of some 25, and an event one task instead
/// of two. It needs [`HttpConnection`] as the application's `ConnectInfo`; without it everything works as with any listener.
/// All sockets are set to send small messages at once.
///
/// ```no_run
/// # async fn serve() -> std::io::Result<()> {
/// # let app = axum::Router::new();
/// use signalr::{HttpConnection, HttpListener};
///
/// let listener = HttpListener::from(tokio::net::TcpListener::bind("127.0.0.1:5000").await?);
/// axum::serve(listener, app.into_make_service_with_connect_info::<HttpConnection>()).await
/// # }
/// ```
///
/// Layers around the hubs see the answer's head, but no event behind the first bytes; a layer that changes bodies, for instance
/// by compressing them, must leave `text/event-stream` alone, as those of tower-http do. Only HTTP/1.1 is handed over.
#[derive(Debug)]
pub struct HttpListener(TcpListener);

impl From<TcpListener> for HttpListener {
    fn from(listener: TcpListener) -> Self {
        HttpListener(listener)
    }
}

impl Listener for HttpListener {
    type Io = HttpSocket;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (HttpSocket, SocketAddr) {
        let (tcp, address) = Listener::accept(&mut self.0).await;
        // Without it messages may be late, but they do arrive.
        let _ = tcp.set_nodelay(true);
        (HttpSocket { tcp: Some(tcp), handover: Handover::default() }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// What is known of an HTTP connection of an [`HttpListener`]: the application's `ConnectInfo`.
#[derive(Debug, Clone)]
pub struct HttpConnection {
    peer_address: SocketAddr,
    handover: Handover,
}

impl HttpConnection {
    /// The address of the peer. Behind a proxy it is the proxy's.
    pub fn peer_address(&self) -> SocketAddr {
        self.peer_address
    }

    pub(crate) fn handover(&self) -> &Handover {
        &self.handover
    }
}

impl Connected<IncomingStream<'_, HttpListener>> for HttpConnection {
    fn connect_info(stream: IncomingStream<'_, HttpListener>) -> Self {
        HttpConnection { peer_address: *stream.remote_addr(), handover: stream.io().handover.clone() }
    }
}

/// Who takes a socket.
pub(crate) trait Taker: Send + Sync {
    fn take(&self, tcp: TcpStream);
}

/// Where the wish to have a connection's socket is left.
#[derive(Clone, Default)]
pub(crate) struct Handover(Arc<Wish>);

#[derive(Default)]
struct Wish {
    taker: Mutex<Option<Arc<dyn Taker>>>,
    /// Whether there is one; saves the lock.
    is_there: AtomicBool,
}

impl Handover {
    /// Gives the socket to `taker` as soon as everything was sent that the HTTP server has.
    pub(crate) fn wish(&self, taker: Arc<dyn Taker>) {
        self.set(Some(taker));
    }

    /// Leaves the socket to the HTTP server after all.
    pub(crate) fn withdraw(&self) {
        self.set(None);
    }

    fn set(&self, taker: Option<Arc<dyn Taker>>) {
        let mut wish = self.0.taker.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.is_there.store(taker.is_some(), Ordering::Release);
        let before = std::mem::replace(&mut *wish, taker);
        drop(wish);
        drop(before);
    }

    fn taker(&self) -> Option<Arc<dyn Taker>> {
        if !self.0.is_there.swap(false, Ordering::AcqRel) {
            return None;
        }
        self.0.taker.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl fmt::Debug for Handover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handover").finish_non_exhaustive()
    }
}

/// A socket that [`HttpListener`] has accepted. It ends when it is taken from the HTTP server.
#[derive(Debug)]
pub struct HttpSocket {
    tcp: Option<TcpStream>,
    handover: Handover,
}

impl HttpSocket {
    pub(crate) fn into_tcp(self) -> Option<TcpStream> {
        self.tcp
    }

    fn tcp(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        self.tcp.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl AsyncRead for HttpSocket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.tcp {
            Some(tcp) => Pin::new(tcp).poll_read(cx, buffer),
            None => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncWrite for HttpSocket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.tcp()?.poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.tcp()?.poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// The HTTP server flushes when it has written all that it has.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(taker) = self.handover.taker()
            && let Some(tcp) = self.tcp.take()
        {
            taker.take(tcp);
            // It is to find out that it has nothing any more.
            cx.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.tcp {
            Some(tcp) => Pin::new(tcp).poll_shutdown(cx),
            None => Poll::Ready(Ok(())),
        }
    }
}
