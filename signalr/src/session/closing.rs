//! How a session ends: a Close message, the goodbye of the transport, the calls that still run, and then the service.

use super::close::CloseReason;
use super::peer::Drain;
use super::{BoxFuture, Session, current};
use crate::telemetry::connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;

/// The end in progress. Socket and calls end beside each other; the service hears of it after both.
pub(super) struct Closing {
    reason: CloseReason,
    flushed: bool,
    socket_until: Instant,
    calls_until: Instant,
    disconnecting: Option<BoxFuture<()>>,
    told: bool,
    /// Whether the service ever heard of the connection.
    connected: bool,
}

impl Session {
    /// Begins the end of the connection; the first reason counts.
    pub(super) fn begin_close(&mut self, reason: CloseReason) {
        if self.closing.is_some() {
            return;
        }
        connection::closing(&reason);
        let lost = matches!(reason, CloseReason::TransportLost(_));
        let discard = lost || reason == CloseReason::SlowConsumer;
        if !discard {
            // What was sent before the end still goes out before the Close message.
            self.take_inbox(true);
        }
        self.end_stateful();
        if lost {
            self.duplex = None;
        } else {
            self.write_close(&reason);
        }
        self.peer.shut(true);
        self.service.unreachable();
        self.uploads.fail_all();
        self.calls.cancel_all();
        // What the client has asked for before it left is still done; what a broken or unwanted client asked for is not.
        if !matches!(reason, CloseReason::ClientClosed | CloseReason::ClientError(_) | CloseReason::TransportLost(_)) {
            self.calls.forget_waiting();
        }
        let connected = self.connecting.is_none() && !matches!(reason, CloseReason::ServerError(_));
        let now = Instant::now();
        let socket_until = now + self.settings.close_timeout;
        // When the server ends, calls have had their time before.
        let grace = if reason == CloseReason::Drained { Duration::ZERO } else { self.settings.call_grace };
        let calls_until = now + grace;
        if let Some(duplex) = &mut self.duplex
            && reason == CloseReason::Drained
        {
            duplex.go_away();
        }
        self.timer.as_mut().reset(socket_until.min(calls_until));
        self.closing = Some(Box::new(Closing {
            reason,
            flushed: false,
            socket_until,
            calls_until,
            disconnecting: None,
            told: false,
            connected,
        }));
    }

    /// Why the session is over.
    pub(super) fn end_reason(&self) -> CloseReason {
        self.closing.as_ref().map_or(CloseReason::Aborted, |closing| closing.reason.clone())
    }

    fn write_close(&self, reason: &CloseReason) {
        let message = reason.close_message(self.peer.detailed_errors);
        let protocol = self.peer.protocol;
        let _ = current::with(self.peer.number, |outbound| {
            protocol.encode_close(outbound.encode_buffer(), message.error.as_deref(), message.allow_reconnect);
        });
    }

    /// Returns `true` when everything has ended.
    pub(super) fn drive_closing(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(mut closing) = self.closing.take() else { return true };
        let now = Instant::now();
        if self.peer.draining() == Some(Drain::Cut) {
            // The server does not wait for calls of clients that have left either.
            closing.calls_until = closing.calls_until.min(now);
        }
        self.close_socket(&mut closing, now, cx);
        let over =
            self.end_calls(&mut closing, now, cx) && self.tell_service(&mut closing, cx) && self.duplex.is_none();
        if !over {
            self.wait_on(&closing, now, cx);
        }
        self.closing = Some(closing);
        over
    }

    fn close_socket(&mut self, closing: &mut Closing, now: Instant, cx: &mut Context<'_>) {
        if !closing.flushed {
            match self.poll_write(cx) {
                Poll::Ready(Ok(())) => closing.flushed = true,
                Poll::Ready(Err(_)) => self.duplex = None,
                Poll::Pending => {}
            }
        }
        if closing.flushed
            && let Some(duplex) = &mut self.duplex
            && duplex.poll_close(cx).is_ready()
        {
            self.duplex = None;
        }
        if now >= closing.socket_until {
            self.duplex = None;
        }
        if self.duplex.is_none() {
            let _ = current::with(self.peer.number, super::outbound::Outbound::clear);
        }
    }

    /// Calls that were received run to their end, within the grace period.
    fn end_calls(&mut self, closing: &mut Closing, now: Instant, cx: &mut Context<'_>) -> bool {
        if now >= closing.calls_until {
            let connecting = self.connecting.take();
            let _ = catch_unwind(AssertUnwindSafe(|| drop(connecting)));
            self.calls.clear();
        }
        if let Some(connecting) = &mut self.connecting {
            closing.connected = match catch_unwind(AssertUnwindSafe(|| connecting.as_mut().poll(cx))) {
                Ok(Poll::Pending) => return false,
                Ok(Poll::Ready(result)) => result.is_ok(),
                Err(_) => false,
            };
            self.connecting = None;
            if !closing.connected {
                // They were calls to a hub that did not let the client in.
                self.calls.forget_waiting();
            }
        }
        while self.poll_calls(cx) {}
        self.calls.is_empty() && !self.calls.has_waiting()
    }

    fn tell_service(&mut self, closing: &mut Closing, cx: &mut Context<'_>) -> bool {
        if !closing.told {
            closing.told = true;
            if closing.connected {
                closing.disconnecting = self.service.disconnected(closing.reason.clone());
            }
        }
        let Some(disconnecting) = &mut closing.disconnecting else { return true };
        match catch_unwind(AssertUnwindSafe(|| disconnecting.as_mut().poll(cx))) {
            Ok(Poll::Pending) => false,
            ended => {
                if ended.is_err() {
                    tracing::error!(connection = self.peer.id.as_str(), "on_disconnected panicked");
                }
                closing.disconnecting = None;
                true
            }
        }
    }

    /// Looks again when the next of the two times has come.
    fn wait_on(&mut self, closing: &Closing, now: Instant, cx: &mut Context<'_>) {
        let next = [closing.socket_until, closing.calls_until].into_iter().filter(|at| *at > now).min();
        if let Some(next) = next {
            if self.timer.deadline() != next {
                self.timer.as_mut().reset(next);
            }
            if self.timer.as_mut().poll(cx).is_ready() {
                cx.waker().wake_by_ref();
            }
        }
    }
}
