//! The future of a raw connection: its handler, and the socket beside it.

use super::shared::{Block, Shared};
use crate::protocol::TransferFormat;
use crate::protocol::websocket::Piece;
use crate::session::BoxFuture;
use crate::session::close::CloseReason;
use crate::session::keepalive::{Due, Intervals, KeepAlive};
use crate::session::outbound::Outbound;
use crate::session::receive::with_buffer;
use crate::transport::{Duplex, Received};
use bytes::Bytes;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// How long things may take.
#[derive(Debug, Clone)]
pub(crate) struct RawSettings {
    /// Of which only the probes count: whether anybody is alive is for the handlers to find out.
    pub(crate) intervals: Intervals,
    pub(crate) close_timeout: Duration,
    pub(crate) call_grace: Duration,
}

/// A connection from its first byte to its last.
pub(crate) struct Driver {
    shared: Arc<Shared>,
    settings: RawSettings,
    handler: Option<BoxFuture<()>>,
    duplex: Option<Box<dyn Duplex>>,
    /// The block that is being sent.
    outbound: Outbound,
    format: TransferFormat,
    /// Whether the transport carries text only.
    is_text: bool,
    /// The beginning of a character whose rest has not come.
    partial: Vec<u8>,
    clock: KeepAlive,
    timer: Pin<Box<Sleep>>,
    /// Whether reading waits for the handler.
    is_held_back: bool,
    /// When the socket and the handler are given up; from the end on.
    until: Option<(Instant, Instant)>,
}

impl Driver {
    pub(crate) fn new(
        shared: Arc<Shared>,
        settings: RawSettings,
        mut duplex: Box<dyn Duplex>,
        handler: BoxFuture<()>,
    ) -> Self {
        duplex.tell_messages_apart();
        let is_text = !duplex.carries_binary();
        let clock = KeepAlive::new(Instant::now());
        let timer = Box::pin(tokio::time::sleep_until(clock.next(&settings.intervals)));
        Driver {
            shared,
            settings,
            handler: Some(handler),
            duplex: Some(duplex),
            outbound: Outbound::default(),
            format: TransferFormat::Text,
            is_text,
            partial: Vec::new(),
            clock,
            timer,
            is_held_back: false,
            until: None,
        }
    }

    fn poll_handler(&mut self, cx: &mut Context<'_>) {
        let Some(handler) = &mut self.handler else { return };
        match catch_unwind(AssertUnwindSafe(|| handler.as_mut().poll(cx))) {
            Ok(Poll::Pending) => return,
            Ok(Poll::Ready(())) => {}
            Err(_) => tracing::error!(connection = &*self.shared.id, "the handler of a raw connection panicked"),
        }
        self.handler = None;
        self.end(CloseReason::Aborted);
    }

    /// The server ends: the client is told, and the handler has its time.
    pub(crate) fn drain(&mut self) {
        if let Some(duplex) = &mut self.duplex {
            duplex.go_away();
        }
        self.end(CloseReason::Drained);
    }

    /// The connection ends: what waits is still sent if it was this end that ended it.
    fn end(&mut self, reason: CloseReason) {
        if self.until.is_some() {
            return;
        }
        let lost = matches!(reason, CloseReason::TransportLost(_));
        let discard = self.handler.is_some() && reason != CloseReason::Drained;
        self.shared.end(reason, discard);
        if lost {
            self.duplex = None;
        }
        let now = Instant::now();
        let until = (now + self.settings.close_timeout, now + self.settings.call_grace);
        self.timer.as_mut().reset(until.0.min(until.1));
        self.until = Some(until);
    }

    /// Reads while there is room. Says whether the handler may have something to do now.
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> bool {
        let mut any = false;
        while self.until.is_none() {
            self.is_held_back = !self.shared.has_room();
            let Some(duplex) = self.duplex.as_mut().filter(|_| !self.is_held_back) else { break };
            let (shared, partial, is_text) = (&self.shared, &mut self.partial, self.is_text);
            let received = with_buffer(|buffer| {
                let received = duplex.poll_receive(cx, buffer);
                if let Poll::Ready(Received::Data(count)) = received {
                    let data = buffer.get(..count).unwrap_or_default();
                    shared.received(blocks(data, duplex.pieces(), is_text, partial).into_iter());
                }
                received
            });
            match received {
                Poll::Pending => break,
                Poll::Ready(Received::Data(_)) => self.clock.received(Instant::now()),
                Poll::Ready(Received::Closed) => self.end(CloseReason::ClientClosed),
                Poll::Ready(Received::Violation(error)) => self.end(CloseReason::ProtocolError(error)),
                Poll::Ready(Received::Lost(error)) => self.end(CloseReason::TransportLost(error)),
            }
            any = true;
        }
        any
    }

    /// Says whether the socket has got everything.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> bool {
        loop {
            let Some(duplex) = &mut self.duplex else { return false };
            match duplex.poll_send(cx, &mut self.outbound, self.format) {
                Poll::Pending => return false,
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => {
                    self.duplex = None;
                    self.end(CloseReason::TransportLost(error.to_string()));
                    return false;
                }
            }
            let Some((block, format)) = self.shared.next_outgoing() else { return true };
            self.format = format;
            self.outbound.push_shared(block);
        }
    }

    /// Returns `true` when it is all over.
    fn poll_end(&mut self, cx: &mut Context<'_>, is_sent: bool) -> bool {
        let Some((socket_until, handler_until)) = self.until else { return false };
        let now = Instant::now();
        let socket_over = self.duplex.as_mut().is_some_and(|duplex| is_sent && duplex.poll_close(cx).is_ready());
        if socket_over || now >= socket_until {
            self.duplex = None;
        }
        if now >= handler_until {
            let handler = self.handler.take();
            let _ = catch_unwind(AssertUnwindSafe(|| drop(handler)));
        }
        self.duplex.is_none() && self.handler.is_none()
    }

    /// Says whether there is something to send now, or to end.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> bool {
        let mut any = false;
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            any = true;
            if let Some((socket_until, handler_until)) = self.until {
                let next = [socket_until, handler_until].into_iter().filter(|at| *at > now).min();
                let Some(next) = next else { break };
                self.timer.as_mut().reset(next);
                continue;
            }
            match self.clock.check(&self.settings.intervals, now) {
                Due::Probe => {
                    self.duplex.as_mut().map(|duplex| duplex.probe());
                }
                Due::TimedOut => self.end(CloseReason::Timeout),
                Due::Ping | Due::Nothing => {}
            }
            if self.until.is_none() {
                self.timer.as_mut().reset(self.clock.next(&self.settings.intervals));
            }
        }
        any
    }
}

/// Divides what was received into blocks.
fn blocks(data: &[u8], pieces: &[Piece], is_text: bool, partial: &mut Vec<u8>) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut add = |bytes: &[u8], format: Option<TransferFormat>| {
        let bytes = match format {
            Some(TransferFormat::Text) => whole_characters(bytes, partial),
            None if is_text => whole_characters(bytes, partial),
            _ => Bytes::copy_from_slice(bytes),
        };
        if !bytes.is_empty() {
            blocks.push(Block { bytes, format });
        }
    };
    if pieces.is_empty() {
        add(data, None);
    }
    let mut start = 0;
    for piece in pieces {
        add(data.get(start..piece.end).unwrap_or_default(), Some(piece.format));
        start = piece.end;
    }
    blocks
}

/// What was left over before and `bytes`, without the beginning of a character at the end, which is left over next.
fn whole_characters(bytes: &[u8], partial: &mut Vec<u8>) -> Bytes {
    let mut joined = std::mem::take(partial);
    joined.extend_from_slice(bytes);
    *partial = joined.split_off(joined.len() - unfinished(&joined));
    joined.into()
}

/// How many bytes at the end are the beginning of a character in UTF-8.
fn unfinished(bytes: &[u8]) -> usize {
    let first = bytes.iter().rev().take(3).position(|byte| byte & 0xc0 != 0x80).map(|at| at + 1);
    let Some((count, first)) = first.and_then(|count| Some((count, bytes.get(bytes.len() - count)?))) else { return 0 };
    let length = match first {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    };
    if length > count { count } else { 0 }
}

impl Future for Driver {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        loop {
            this.poll_handler(cx);
            if this.until.is_none() && this.shared.is_aborted() {
                this.end(CloseReason::Aborted);
            }
            let mut progress = this.poll_receive(cx);
            let is_sent = this.poll_send(cx);
            progress |= this.poll_timer(cx);
            if this.poll_end(cx, is_sent) {
                return Poll::Ready(());
            }
            if !progress && this.shared.waits(cx, this.is_held_back, is_sent) {
                return Poll::Pending;
            }
        }
    }
}
