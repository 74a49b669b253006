//! What the handler of a raw connection has of it.

use super::shared::{CAPACITY, Shared};
use crate::hub::request::Request;
use crate::protocol::TransferFormat;
use crate::session::cancel::CancellationToken;
use crate::session::close::CloseReason;
use crate::transport::Transport;
use bytes::{Buf, Bytes};
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection below the hub protocol, over any of the transports: bytes in, bytes out. It is what the handler of
/// [`SignalRBuilder::connection`](crate::SignalRBuilder::connection) gets. Matches `ConnectionContext` of ASP.NET Core.
///
/// The connection ends when its handler does, after everything was sent. When the client ends it, [`receive`](Self::receive)
/// gives what came before and then `None`, [`closed`](Self::closed) fires, and the handler may go on for as long as
/// [`HubOptions::call_grace`](crate::HubOptions::call_grace) allows; then it is dropped.
///
/// In each direction some 64 KiB wait; above that, the client has to wait for the handler, or [`send`](Self::send) for the
/// client.
///
/// It is also [`AsyncRead`] and [`AsyncWrite`], for what works on byte streams, such as [`tokio::io::copy_bidirectional`]. Set
/// the format to binary first: pieces of a byte stream may end in the middle of a character.
pub struct RawConnection {
    sender: RawSender,
    /// What of a block was not read by [`AsyncRead`].
    rest: Bytes,
}

/// The sending side of a [`RawConnection`], for other tasks. Cheap to clone; it does not keep the connection open.
#[derive(Clone)]
pub struct RawSender {
    shared: Arc<Shared>,
}

impl RawConnection {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        RawConnection { sender: RawSender { shared }, rest: Bytes::new() }
    }

    fn shared(&self) -> &Shared {
        &self.sender.shared
    }

    /// The public id: 22 characters of `A-Z a-z 0-9 - _`. It is not secret (`ConnectionId`).
    pub fn id(&self) -> &str {
        &self.shared().id
    }

    /// The user, as [`HubOptions::user_id`](crate::HubOptions::user_id) made it from the request.
    pub fn user_id(&self) -> Option<&str> {
        self.shared().user.as_deref()
    }

    /// The request that opened the connection.
    pub fn request(&self) -> &Request {
        &self.shared().request
    }

    /// The transport in use.
    pub fn transport(&self) -> Transport {
        self.shared().transport
    }

    /// A token that is cancelled when the connection ends (`ConnectionClosed`).
    pub fn closed(&self) -> CancellationToken {
        self.shared().closed.clone()
    }

    /// Why the connection has ended, if it has.
    pub fn close_reason(&self) -> Option<CloseReason> {
        self.shared().end_reason()
    }

    /// The next block of bytes, which is never empty; `None` when the connection has ended.
    ///
    /// On WebSockets a block belongs to one message, and is all of it unless the message is large or arrives in parts. On the
    /// other transports blocks are what the client's requests happened to bring. Blocks of text on WebSockets and Server-Sent
    /// Events end with a whole character. It may be dropped while it waits.
    pub async fn receive(&mut self) -> Option<Bytes> {
        poll_fn(|cx| self.poll_block(cx)).await
    }

    fn poll_block(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if !self.rest.is_empty() {
            return Poll::Ready(Some(std::mem::take(&mut self.rest)));
        }
        self.shared().poll_take(cx)
    }

    /// Whether the block that was received last is text, where the transport tells: on WebSockets only.
    pub fn received_format(&self) -> Option<TransferFormat> {
        self.shared().taken_format()
    }

    /// Sets how blocks are sent from now on. It makes a difference on WebSockets, whose messages are either text or binary; on
    /// Server-Sent Events only text can be sent. By default a block is sent in the format of the block that was received
    /// last, and as text before the first (`ITransferFormatFeature.ActiveFormat`).
    pub fn set_transfer_format(&self, format: TransferFormat) {
        self.shared().set_format(format);
    }

    /// Sends a block of bytes: see [`RawSender::send`].
    ///
    /// # Errors
    /// As [`RawSender::send`].
    pub async fn send(&self, block: impl Into<Bytes>) -> io::Result<()> {
        self.sender.send(block).await
    }

    /// Waits until the transport has got everything that was sent.
    ///
    /// # Errors
    /// Fails when the connection has ended.
    pub async fn flush(&self) -> io::Result<()> {
        poll_fn(|cx| self.shared().poll_flush(cx)).await
    }

    /// The sending side by itself.
    pub fn sender(&self) -> RawSender {
        self.sender.clone()
    }

    /// Ends the connection at once; what waits to be sent is dropped (`Abort`).
    pub fn abort(&self) {
        self.shared().abort();
    }
}

impl RawSender {
    /// Sends a block of bytes: one message on WebSockets and Server-Sent Events. It waits while too much is unsent. An empty
    /// block is not sent.
    ///
    /// # Errors
    /// Fails when the connection has ended ([`io::ErrorKind::BrokenPipe`]), and when the block must be text, as that is the
    /// [format](RawConnection::set_transfer_format) or the only one that the transport carries, but is not UTF-8
    /// ([`io::ErrorKind::InvalidData`]).
    pub async fn send(&self, block: impl Into<Bytes>) -> io::Result<()> {
        let mut block = block.into();
        let format = self.format_of(&block)?;
        poll_fn(|cx| self.shared.poll_give(cx, &mut block, format)).await
    }

    fn format_of(&self, block: &[u8]) -> io::Result<TransferFormat> {
        let format = match self.shared.transport {
            Transport::ServerSentEvents => TransferFormat::Text,
            _ => self.shared.format(),
        };
        if self.shared.checks_text && format == TransferFormat::Text && std::str::from_utf8(block).is_err() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a block of text must be UTF-8"));
        }
        Ok(format)
    }

    /// The id of the connection.
    pub fn id(&self) -> &str {
        &self.shared.id
    }
}

impl AsyncRead for RawConnection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Some(mut block) = ready!(self.poll_block(cx)) {
            let count = block.len().min(buffer.remaining());
            buffer.put_slice(block.get(..count).unwrap_or_default());
            block.advance(count);
            self.rest = block;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for RawConnection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        let part = buffer.get(..CAPACITY).unwrap_or(buffer);
        let format = self.sender.format_of(part)?;
        self.shared().poll_give(cx, &mut Bytes::copy_from_slice(part), format).map_ok(|()| part.len())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.shared().poll_flush(cx)
    }

    /// The client is told of the end when the handler has ended.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.shared().poll_flush(cx)
    }
}

impl fmt::Debug for RawConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawConnection").field("id", &self.id()).field("transport", &self.transport()).finish()
    }
}

impl fmt::Debug for RawSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RawSender").field(&self.id()).finish()
    }
}
