//! The bytes below a connection to Redis.

use super::builder::Options;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// Reads until whoever reads has to do something else. The crate `redis` reads until nothing is there, and writes afterwards:
/// under a flood of payloads it would use up its task's turn each time, and never write.
const READS: u8 = 4;

#[derive(Clone)]
pub(super) enum Address {
    Tcp(String, u16),
    Tls(String, u16),
    Unix(PathBuf),
}

/// Whether a socket lives.
#[derive(Default)]
pub(super) struct Pulse {
    /// Something was read since somebody asked.
    was_heard: AtomicBool,
    cause: OnceLock<String>,
    has_ended: Notify,
}

trait Io: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

pub(super) struct Socket {
    io: Box<dyn Io>,
    pulse: Arc<Pulse>,
    reads: u8,
}

impl Address {
    pub(super) fn is_tls(&self) -> bool {
        matches!(self, Address::Tls(..))
    }
}

impl Pulse {
    pub(super) fn was_heard(&self) -> bool {
        self.was_heard.swap(false, Ordering::Relaxed)
    }

    /// Why the socket has ended, if it has.
    pub(super) fn cause(&self) -> Option<String> {
        self.cause.get().cloned()
    }

    /// Waits until the socket has ended.
    pub(super) async fn ended(&self) -> String {
        self.has_ended.notified().await;
        self.cause().unwrap_or_default()
    }

    fn end(&self, cause: impl FnOnce() -> String) {
        self.cause.get_or_init(cause);
        self.has_ended.notify_one();
    }
}

impl Socket {
    pub(super) async fn connect(address: &Address, options: &Options) -> io::Result<(Self, Arc<Pulse>)> {
        let io: Box<dyn Io> = match address {
            Address::Tcp(host, port) => Box::new(tcp(host, *port).await?),
            #[cfg(feature = "redis-tls")]
            Address::Tls(host, port) => {
                let Some(tls) = &options.tls else { return Err(io::Error::other("there is no TLS")) };
                Box::new(tls.connect(host, tcp(host, *port).await?).await?)
            }
            #[cfg(not(feature = "redis-tls"))]
            Address::Tls(..) => return Err(io::Error::other("there is no TLS")),
            #[cfg(unix)]
            Address::Unix(path) => Box::new(tokio::net::UnixStream::connect(path).await?),
            #[cfg(not(unix))]
            Address::Unix(_) => return Err(io::Error::other("there are no Unix sockets")),
        };
        let _ = options;
        let pulse = Arc::<Pulse>::default();
        Ok((Socket { io, pulse: pulse.clone(), reads: 0 }, pulse))
    }
}

async fn tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.reads == READS {
            this.reads = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let Poll::Ready(result) = Pin::new(&mut this.io).poll_read(cx, buffer) else {
            this.reads = 0;
            return Poll::Pending;
        };
        match &result {
            Ok(()) if buffer.filled().len() > before => {
                this.reads += 1;
                this.pulse.was_heard.store(true, Ordering::Relaxed);
            }
            Ok(()) => this.pulse.end(|| "Redis has closed the connection".to_owned()),
            Err(error) => this.pulse.end(|| error.to_string()),
        }
        Poll::Ready(result)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.io).poll_write(cx, data));
        if let Err(error) = &result {
            self.pulse.end(|| error.to_string());
        }
        Poll::Ready(result)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// When the crate `redis` gives up by itself, as what it has read makes no sense.
impl Drop for Socket {
    fn drop(&mut self) {
        self.pulse.end(|| "what Redis has sent is not understood".to_owned());
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(host, port) | Address::Tls(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Address::Tcp(host, port) | Address::Tls(host, port) => write!(f, "{host}:{port}"),
            Address::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}
