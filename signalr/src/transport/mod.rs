//! Moves the bytes of a connection; what they mean is the session's affair.
//!
//! A [`Duplex`] is one attached socket. It knows nothing of hubs and messages: received bytes form one stream, and what is
//! sent is handed over in batches of whole messages.

#[cfg(feature = "client")]
pub(crate) mod client;
#[cfg(test)]
pub(crate) mod memory;
pub(crate) mod messages;
pub(crate) mod query;
#[cfg(feature = "server")]
pub(crate) mod server;
pub(crate) mod stream;
pub(crate) mod websocket;

pub use crate::protocol::Transport;

use crate::protocol::TransferFormat;
use crate::protocol::websocket::Piece;
use crate::session::outbound::Outbound;
use std::io;
use std::task::{Context, Poll};

/// Wakes whoever was waiting. To be called without the lock under which it waited.
#[cfg(feature = "server")]
pub(crate) fn wake(waker: Option<std::task::Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// One attached socket, whatever it is made of.
pub(crate) trait Duplex: Send {
    /// Receives bytes into `buffer`, which belongs to the caller and is only lent for the call.
    fn poll_receive(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Received>;

    /// Sends everything that is in `data`, which holds whole messages only, and flushes it. After `Pending` more
    /// messages may be appended to `data` before the next call.
    fn poll_send(&mut self, cx: &mut Context<'_>, data: &mut Outbound, format: TransferFormat) -> Poll<io::Result<()>>;

    /// Says goodbye and waits for the peer to do the same. The caller limits the time.
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// Makes the goodbye say that this end goes away, not that the conversation is over, if the transport can say so.
    fn go_away(&mut self) {}

    /// Whether it carries any bytes, and not only text in UTF-8.
    fn carries_binary(&self) -> bool {
        true
    }

    /// Asks the transport to say how what is received is divided into messages, where it knows such a thing.
    fn tell_messages_apart(&mut self) {}

    /// What was received last, by messages; empty where the transport does not tell.
    fn pieces(&self) -> &[Piece] {
        &[]
    }

    /// Asks for a sign of life below the hub protocol, if the transport has such a thing.
    fn probe(&mut self) -> bool {
        false
    }
}

/// What a [`Duplex`] received.
#[derive(Debug)]
pub(crate) enum Received {
    /// So many bytes at the front of the buffer; none is a mere sign of life.
    Data(usize),
    /// The peer ended the connection in an orderly way.
    Closed,
    /// The peer broke the rules of the transport.
    Violation(String),
    /// The connection is gone.
    Lost(String),
}
