//! What a session does with the messages that it receives.

use super::calls::{Calls, Waiting};
use super::close::CloseReason;
use super::inbound::Flow;
use super::pace::Pace;
use super::settings::Settings;
use super::{HIGH_WATER, Session};
use crate::protocol::{Completion, CompletionError, Invocation, Message, Outcome, ProtocolError, Raw};
use crate::streaming::upload::{UploadError, UploadHandle};
use crate::transport::Received;
use std::cell::Cell;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use tokio::time::Instant;

/// What one read can bring.
const SCRATCH: usize = 64 * 1024;

thread_local! {
    /// The read buffer of all sessions on this thread; each has it for the time of one poll.
    static BUFFER: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

/// Lends the read buffer of this thread.
pub(crate) fn with_buffer<R>(read: impl FnOnce(&mut [u8]) -> R) -> R {
    let mut buffer = BUFFER.take().unwrap_or_else(|| vec![0; SCRATCH].into_boxed_slice());
    let result = read(&mut buffer);
    BUFFER.set(Some(buffer));
    result
}

/// Whether a call may begin. Those with streams do not count against the limit of parallel calls, but they too have one.
fn has_place(calls: &Calls, settings: &Settings, limited: bool) -> bool {
    if limited {
        calls.limited() < settings.parallel
    } else {
        calls.running() < settings.parallel.saturating_add(settings.streams)
    }
}

/// The code of the error of calls and streams that end because the server does. The same call may succeed elsewhere.
pub(crate) const SHUTTING_DOWN: &str = "shutting_down";

/// What a call is answered that comes too late.
pub(crate) fn shutting_down(target: &str) -> String {
    format!("Failed to invoke '{target}' because the server is shutting down.")
}

impl Session {
    /// Whether reading pauses: too much waits for its turn, or the peer does not take its answers.
    #[inline]
    pub(super) fn is_held_back(&self) -> bool {
        self.has_too_much_waiting() || self.unsent_bytes() >= HIGH_WATER
    }

    /// Whether it is this end that does not keep up.
    pub(super) fn has_too_much_waiting(&self) -> bool {
        self.calls.waiting_bytes() + self.peer.held.load(Ordering::Relaxed) > self.settings.waiting_limit
    }

    /// Whether the connection ends, or somebody has asked for it: nothing more is done for the peer then.
    fn is_ending(&self) -> bool {
        self.closing.is_some() || self.peer.inbox.is_ending()
    }

    /// Reads until the socket has nothing more. Says whether anything was done.
    pub(super) fn poll_receive(&mut self, cx: &mut Context<'_>) -> bool {
        with_buffer(|buffer| {
            let mut progress = false;
            while !self.is_ending() && !self.is_held_back() {
                if self.inbound.has_put_off() {
                    self.feed(&[], cx);
                } else {
                    match self.duplex.as_mut().map(|duplex| duplex.poll_receive(cx, buffer)) {
                        None | Some(Poll::Pending) => break,
                        Some(Poll::Ready(received)) => self.received(received, buffer, cx),
                    }
                }
                progress = true;
                self.poll_calls(cx);
            }
            progress
        })
    }

    fn received(&mut self, received: Received, buffer: &[u8], cx: &mut Context<'_>) {
        match received {
            // A server that is done with a connection says goodbye by a message: it is done with the socket only.
            Received::Closed if self.settings.redials && self.stateful.is_some() => {
                self.lose_socket("the server closed the socket".to_owned());
            }
            Received::Data(count) => {
                self.clock.received(Instant::now());
                if count > 0 {
                    self.feed(buffer.get(..count).unwrap_or_default(), cx);
                }
            }
            Received::Closed if !self.inbound.is_empty() => self.begin_close(CloseReason::ProtocolError(
                "InvalidDataException: Connection terminated while reading a message.".to_owned(),
            )),
            Received::Closed => self.begin_close(CloseReason::ClientClosed),
            Received::Violation(error) => self.begin_close(CloseReason::ProtocolError(error)),
            Received::Lost(error) => self.lose_socket(error),
        }
    }

    fn feed(&mut self, bytes: &[u8], cx: &mut Context<'_>) {
        let stand_in = self.inbound.stand_in();
        let mut inbound = std::mem::replace(&mut self.inbound, stand_in);
        let mut messages = 0;
        let fed = inbound.feed(bytes, |body| {
            messages += 1;
            match self.message(body, cx) {
                Err(violation) => {
                    self.violation(&violation);
                    Flow::Stop
                }
                Ok(()) if self.is_ending() => Flow::Stop,
                Ok(()) if self.is_held_back() => Flow::PutOff,
                Ok(()) => Flow::Continue,
            }
        });
        self.peer.telemetry.meters.received(bytes.len(), messages);
        self.inbound = inbound;
        if let Err(violation) = fed
            && self.closing.is_none()
        {
            self.violation(&violation);
        }
    }

    fn violation(&mut self, violation: &ProtocolError) {
        let details = format!("{}: {violation}", violation.exception());
        self.begin_close(if violation.is_too_large() {
            CloseReason::TooLarge(details)
        } else {
            CloseReason::ProtocolError(details)
        });
    }

    fn message(&mut self, body: Raw<'_>, cx: &mut Context<'_>) -> Result<(), ProtocolError> {
        let decoded = self.peer.codec().decode_raw(body);
        if self.stateful.is_some()
            && let Ok(message) = &decoded
            && !self.count(message, body.as_bytes().len())?
        {
            return Ok(());
        }
        // Matched where it is: messages are large to move.
        match decoded {
            Err(violation) => return Err(violation),
            Ok(Message::Invocation(ref invocation)) => self.invocation(body.as_bytes(), invocation, cx),
            Ok(Message::StreamItem(item)) => {
                if !self.uploads.push(&item.id, item.item.as_bytes()) {
                    self.service.item(&item);
                }
            }
            Ok(Message::Completion(completion)) => self.completion(completion)?,
            Ok(Message::CancelInvocation { id }) => self.calls.cancel(&id),
            Ok(Message::Ping) => {
                if self.clock.arm() {
                    let next = self.next_tick();
                    self.timer.as_mut().reset(next);
                }
            }
            Ok(Message::Close { error, allow_reconnect }) => {
                self.service.dismissed(allow_reconnect);
                self.begin_close(match error {
                    Some(error) => CloseReason::ClientError(error.into_owned()),
                    None => CloseReason::ClientClosed,
                });
            }
            // Counted above; without stateful reconnect the numbers mean nothing.
            Ok(Message::Ack { .. } | Message::Sequence { .. } | Message::Unknown { .. }) => {}
        }
        Ok(())
    }

    fn completion(&mut self, completion: Completion<'_>) -> Result<(), ProtocolError> {
        let end = match &completion.outcome {
            Outcome::Error(error) => Err(UploadError::Client(error.message.clone().into_owned())),
            Outcome::Void | Outcome::Result(_) => Ok(()),
        };
        if self.uploads.end(&completion.id, end) {
            return Ok(());
        }
        self.service.completed(&self.peer, completion)
    }

    fn invocation(&mut self, body: &[u8], invocation: &Invocation<'_>, cx: &mut Context<'_>) {
        let id = invocation.id.as_deref();
        if self.peer.draining().is_some() {
            if let Some(id) = id {
                let (message, code) = (shutting_down(&invocation.target), Some(SHUTTING_DOWN.into()));
                self.refuse_with(id, &CompletionError { message: message.into(), code, data: None });
            }
            return;
        }
        if invocation.streaming
            && let Some(id) = id
            && self.calls.is_active(id)
        {
            return self.refuse(id, &format!("Invocation ID '{id}' is already in use."));
        }
        let (capacity, limit) = (self.settings.stream_buffer, self.settings.streams);
        let uploads = if invocation.stream_ids.is_empty() {
            Some(Vec::new())
        } else {
            self.uploads.open(&self.peer, &invocation.stream_ids, capacity, limit)
        };
        let Some(uploads) = uploads.filter(|_| !invocation.streaming || self.calls.streams() < limit) else {
            if let Some(id) = id {
                self.refuse(id, &format!("A connection may have {limit} streams open at once."));
            }
            return;
        };
        let streaming = invocation.streaming;
        let limited = !streaming && uploads.is_empty();
        let must_wait = self.connecting.is_some()
            || self.calls.has_waiting()
            || !has_place(&self.calls, &self.settings, limited)
            || self.waits_for_acks()
            || !self.has_pace();
        if must_wait {
            let id = id.map(Into::into);
            let _waits = self.peer.telemetry.meters.waits();
            self.calls.wait(Waiting { message: body.into(), id, uploads, cancelled: false, streaming, _waits });
        } else {
            self.start(invocation, uploads, false, cx);
        }
    }

    #[inline(always)]
    fn start(
        &mut self,
        invocation: &Invocation<'_>,
        uploads: Vec<UploadHandle>,
        cancelled: bool,
        cx: &mut Context<'_>,
    ) {
        if let Some(pace) = &self.settings.pace {
            let paid = pace.pay(self.paid.as_deref().copied(), Instant::now());
            **self.paid.get_or_insert_with(|| Box::new(paid)) = paid;
        }
        if let Some(call) = self.service.invoke(invocation, uploads, cancelled) {
            self.calls.start(call, cx);
        }
    }

    /// Whether the peer is not calling too fast. If it is, the session looks again when the next call may begin.
    #[inline(always)]
    fn has_pace(&mut self) -> bool {
        self.settings.pace.is_none_or(|pace| self.keeps(pace))
    }

    fn keeps(&mut self, pace: Pace) -> bool {
        let next = pace.next(self.paid.as_deref().copied());
        // What a client has sent before it left is bounded already.
        let Some(next) = next.filter(|next| *next > Instant::now() && self.closing.is_none()) else { return true };
        if next < self.timer.deadline() {
            self.timer.as_mut().reset(next);
        }
        false
    }

    /// Starts the calls whose turn has come, while the peer takes its answers. Says whether there were any.
    pub(super) fn start_waiting(&mut self, cx: &mut Context<'_>) -> bool {
        let mut any = false;
        let settings = self.settings.clone();
        while self.has_room()
            && !self.peer.inbox.is_ending()
            && self.has_pace()
            && let Some(waiting) = self.calls.next_waiting(|calls, next| has_place(calls, &settings, next.is_limited()))
        {
            any = true;
            // It was decoded once before.
            if let Ok(Message::Invocation(invocation)) = self.peer.codec().decode(&waiting.message) {
                self.start(&invocation, waiting.uploads, waiting.cancelled || self.peer.is_shut(), cx);
            }
        }
        any
    }

    fn refuse(&self, id: &str, error: &str) {
        self.refuse_with(id, &CompletionError { message: error.into(), code: None, data: None });
    }

    fn refuse_with(&self, id: &str, error: &CompletionError<'_>) {
        tracing::debug!(connection = self.peer.id.as_str(), error = &*error.message, "call refused");
        self.peer.telemetry.meters.refused();
        let peer = &self.peer;
        let _ = super::current::with(peer.number, |outbound| {
            let out = outbound.encode_buffer();
            let told = peer.takes_error_info() && peer.protocol.encode_error_with_info(out, id, error).is_ok();
            if !told {
                peer.protocol.encode_error(out, id, &error.message);
            }
        });
    }
}
