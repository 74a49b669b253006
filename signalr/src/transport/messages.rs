//! Transports of the application's own, which carry whole messages, as a [`Duplex`].

use super::{Duplex, Received};
use crate::protocol::TransferFormat;
use crate::session::outbound::Outbound;
use bytes::{Buf, Bytes};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The receiving half of a transport of one's own: whatever brings blocks of bytes from the other end, in order.
///
/// [`HubServer::serve_transport`](crate::HubServer::serve_transport) has an example.
pub trait TransportReader: Send + 'static {
    /// Waits for the next block; `None` when the other end has closed the connection. How bytes are divided into blocks makes
    /// no difference to the hub protocol, and an empty block counts as a sign of life only.
    ///
    /// It is called again only when it has ended, and dropped while it waits only when the connection ends.
    ///
    /// # Errors
    /// Any error ends the connection, with [`CloseReason::TransportLost`](crate::CloseReason::TransportLost).
    fn receive(&mut self) -> impl Future<Output = io::Result<Option<Bytes>>> + Send;
}

/// The sending half of a transport of one's own: whatever brings blocks of bytes to the other end, in order.
pub trait TransportWriter: Send + 'static {
    /// What it can carry: any bytes, or only text in UTF-8. On a transport for text the handshake of a client that asks for
    /// MessagePack is refused. Asked once.
    fn transfer_format(&self) -> TransferFormat {
        TransferFormat::Binary
    }

    /// Sends a block, which holds one or more whole hub messages, and waits until the transport has taken it: as long as this
    /// takes, no more is sent. `format` says whether the block is text.
    ///
    /// It is called again only when it has ended, and dropped while it waits only when the connection ends.
    ///
    /// # Errors
    /// Any error ends the connection, with [`CloseReason::TransportLost`](crate::CloseReason::TransportLost).
    fn send(&mut self, block: Bytes, format: TransferFormat) -> impl Future<Output = io::Result<()>> + Send;

    /// Tells the other end that nothing more comes. Both halves are dropped after it.
    ///
    /// # Errors
    /// An error makes no difference any more.
    fn close(&mut self) -> impl Future<Output = io::Result<()>> + Send {
        async { Ok(()) }
    }
}

type Step<T, R> = Pin<Box<dyn Future<Output = (T, R)> + Send>>;

/// Half of a transport, which does one thing at a time.
enum Half<T, R> {
    Idle(T),
    Busy(Step<T, R>),
    /// It was closed, or it panicked.
    Gone,
}

impl<T, R> Half<T, R> {
    /// Whether a step could begin.
    fn begin(&mut self, step: impl FnOnce(T) -> Step<T, R>) -> bool {
        match std::mem::replace(self, Half::Gone) {
            Half::Idle(half) => {
                *self = Half::Busy(step(half));
                true
            }
            other => {
                *self = other;
                false
            }
        }
    }

    /// The result of the step that was begun; `None` if none was, or it panicked.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<R>> {
        match std::mem::replace(self, Half::Gone) {
            Half::Busy(mut step) => match catch_unwind(AssertUnwindSafe(|| step.as_mut().poll(cx))) {
                Ok(Poll::Pending) => {
                    *self = Half::Busy(step);
                    Poll::Pending
                }
                Ok(Poll::Ready((half, result))) => {
                    *self = Half::Idle(half);
                    Poll::Ready(Some(result))
                }
                Err(_panic) => {
                    tracing::error!("a transport of the application panicked");
                    Poll::Ready(None)
                }
            },
            other => {
                *self = other;
                Poll::Ready(None)
            }
        }
    }
}

/// A reader and a writer, for a session.
pub(crate) struct Messages<R, W> {
    reader: Half<R, io::Result<Option<Bytes>>>,
    /// What of a block did not fit into the session's buffer.
    rest: Bytes,
    writer: Half<W, io::Result<()>>,
    binary: bool,
    is_closing: bool,
}

impl<R: TransportReader, W: TransportWriter> Messages<R, W> {
    pub(crate) fn new(reader: R, writer: W) -> Self {
        let binary = writer.transfer_format() == TransferFormat::Binary;
        Messages {
            reader: Half::Idle(reader),
            rest: Bytes::new(),
            writer: Half::Idle(writer),
            binary,
            is_closing: false,
        }
    }
}

impl<R: TransportReader, W: TransportWriter> Duplex for Messages<R, W> {
    fn poll_receive(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Received> {
        if self.rest.is_empty() {
            self.reader.begin(|mut reader| {
                Box::pin(async move {
                    let result = reader.receive().await;
                    (reader, result)
                })
            });
            match ready!(self.reader.poll(cx)) {
                Some(Ok(Some(block))) => self.rest = block,
                Some(Ok(None)) => return Poll::Ready(Received::Closed),
                None => return Poll::Ready(Received::Lost("the transport panicked".to_owned())),
                Some(Err(error)) => return Poll::Ready(Received::Lost(error.to_string())),
            }
        }
        let count = self.rest.len().min(buffer.len());
        self.rest.copy_to_slice(buffer.split_at_mut(count).0);
        Poll::Ready(Received::Data(count))
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, data: &mut Outbound, format: TransferFormat) -> Poll<io::Result<()>> {
        loop {
            if let Some(Err(error)) = ready!(self.writer.poll(cx)) {
                return Poll::Ready(Err(error));
            }
            if data.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let block = data.take();
            let begun = self.writer.begin(|mut writer| {
                Box::pin(async move {
                    let result = writer.send(block, format).await;
                    (writer, result)
                })
            });
            if !begun {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
        }
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            // What is being sent comes first.
            self.is_closing |= self.writer.begin(|mut writer| {
                Box::pin(async move {
                    let result = writer.close().await;
                    (writer, result)
                })
            });
            let ended = ready!(self.writer.poll(cx));
            if self.is_closing || ended.is_none() {
                return Poll::Ready(());
            }
        }
    }

    fn carries_binary(&self) -> bool {
        self.binary
    }
}
