//! Byte streams as a listener accepts them.

use super::streams::HubServer;
use crate::hub::method::HubMethods;
use axum::serve::Listener;
use futures_util::future::{Either, pending, select};
use std::any::Any;
use std::fmt;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

type Signal = Pin<Box<dyn Future<Output = ()> + Send>>;

impl<H: HubMethods> HubServer<H> {
    /// Serves every connection that `listener` accepts, each on a task of its own: a [`TcpListener`](tokio::net::TcpListener),
    /// a [`UnixListener`](tokio::net::UnixListener), or one of the application's own, for instance with TLS. When accepting
    /// fails, for want of file descriptors, it is tried again after a while.
    ///
    /// ```no_run
    /// # struct Chat;
    /// # #[signalr::hub] impl Chat {}
    /// # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    /// use signalr::{Hub, HubOptions, HubServer};
    ///
    /// let server = HubServer::new(&Hub::new("Chat", Chat), &HubOptions::default())?;
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:5001").await?;
    /// server.serve_listener(listener).await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn serve_listener<L>(&self, listener: L) -> ServeListener<H, L>
    where
        L: Listener,
        L::Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        L::Addr: 'static,
    {
        ServeListener { server: self.clone(), listener, stop: Box::pin(pending()) }
    }
}

/// Connections that are to be accepted and served. Awaiting it serves them; without a
/// [signal](Self::with_graceful_shutdown) it does not end.
#[must_use = "connections are served by awaiting it"]
pub struct ServeListener<H: HubMethods, L> {
    server: HubServer<H>,
    listener: L,
    stop: Signal,
}

impl<H: HubMethods, L> ServeListener<H, L> {
    /// Accepts no more connections when `signal` has ended, and ends when those that were accepted have.
    pub fn with_graceful_shutdown(mut self, signal: impl Future<Output = ()> + Send + 'static) -> Self {
        self.stop = Box::pin(signal);
        self
    }
}

impl<H: HubMethods, L> IntoFuture for ServeListener<H, L>
where
    L: Listener,
    L::Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    L::Addr: 'static,
{
    type Output = ();
    type IntoFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let ServeListener { server, mut listener, mut stop } = self;
        Box::pin(async move {
            // Nothing is sent: each connection holds a sender until its end.
            let (alive, mut ended) = mpsc::channel::<()>(1);
            loop {
                let accepted = match select(pin!(listener.accept()), &mut stop).await {
                    Either::Left((accepted, _)) => accepted,
                    Either::Right(((), _)) => break,
                };
                let (stream, address) = accepted;
                let mut connection = server.serve(stream);
                if let Some(address) = (&address as &dyn Any).downcast_ref::<SocketAddr>() {
                    connection = connection.peer_address(*address);
                }
                let alive = alive.clone();
                tokio::spawn(async move {
                    connection.await;
                    drop(alive);
                });
            }
            drop(listener);
            drop(alive);
            ended.recv().await;
        })
    }
}

impl<H: HubMethods, L> fmt::Debug for ServeListener<H, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServeListener").finish_non_exhaustive()
    }
}
