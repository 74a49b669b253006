//! What everybody else may know of one live conversation: its inbox, its calls in flight to the peer, its end.

use super::cancel::CancellationToken;
use super::close::CloseReason;
use super::inbox::{Inbox, Overflow};
use super::invocations::Invocations;
use crate::protocol::{Codec, Completion, Naming, Protocol, ProtocolError};
use crate::telemetry::Telemetry;
use smol_str::SmolStr;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::task::Waker;

/// The shared part of a session; the session itself is owned by its task.
#[derive(Debug)]
pub(crate) struct Peer {
    /// Unique in this process.
    pub(crate) number: u64,
    /// The public id of the connection.
    pub(crate) id: SmolStr,
    pub(crate) protocol: Protocol,
    /// How members are named in the values of the conversation.
    naming: Naming,
    pub(crate) detailed_errors: bool,
    /// Whether the peer can be told what stands beside the text of errors.
    error_info: bool,
    pub(crate) inbox: Inbox,
    /// Calls of this end that the peer has not answered yet.
    pub(crate) invocations: Invocations,
    /// Bytes of upload items that wait beyond what their streams may buffer.
    pub(crate) held: AtomicUsize,
    /// Streams that wait until the peer has taken what was sent before.
    stalled: Mutex<Vec<Waker>>,
    /// Set at the end: nothing is sent any more.
    shut: AtomicBool,
    /// A [`Drain`], or 0.
    drain: AtomicU8,
    closed: OnceLock<CancellationToken>,
    pub(crate) telemetry: Telemetry,
}

/// How a connection ends when the server ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drain {
    /// After what runs and waits; nothing new begins.
    Finish = 1,
    /// Now.
    Cut = 2,
}

impl Peer {
    pub(crate) fn new(
        id: SmolStr,
        codec: impl Into<Codec>,
        capacity: usize,
        overflow: Overflow,
        detailed_errors: bool,
    ) -> Self {
        static NUMBERS: AtomicU64 = AtomicU64::new(1);
        let Codec { protocol, naming } = codec.into();
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        Peer {
            number,
            id,
            protocol,
            naming,
            detailed_errors,
            // Everybody skips properties that they do not know, but not every client skips items.
            error_info: protocol == Protocol::Json,
            inbox: Inbox::new(number, capacity, overflow),
            invocations: Invocations::new(number),
            held: AtomicUsize::new(0),
            stalled: Mutex::default(),
            shut: AtomicBool::new(false),
            drain: AtomicU8::new(0),
            closed: OnceLock::new(),
            telemetry: Telemetry::default(),
        }
    }

    /// Says where to report what happens.
    pub(crate) fn reporting(mut self, telemetry: Telemetry) -> Self {
        self.telemetry = telemetry;
        self
    }

    /// Says whether the peer has asked for what stands beside the text of errors.
    pub(crate) fn asking_for_error_info(mut self, asks: bool) -> Self {
        self.error_info |= asks;
        self
    }

    /// Whether the peer can be told what stands beside the text of errors.
    pub(crate) fn takes_error_info(&self) -> bool {
        self.error_info
    }

    /// How values are read and written.
    pub(crate) fn codec(&self) -> Codec {
        Codec::new(self.protocol, self.naming)
    }

    /// A token that is cancelled when the connection ends.
    pub(crate) fn closed(&self) -> &CancellationToken {
        let token = self.closed.get_or_init(CancellationToken::new);
        if self.is_shut() {
            token.cancel();
        }
        token
    }

    /// The peer has answered a call of this end.
    pub(crate) fn answered(&self, Completion { id, outcome }: Completion<'_>) -> Result<(), ProtocolError> {
        self.invocations.complete(&id, outcome).map_err(|_foreign| {
            let own = self.id.as_str();
            ProtocolError::invalid_operation(format!("Connection ID '{own}' is not valid for invocation ID '{id}'."))
        })
    }

    /// Whether the connection has ended.
    pub(crate) fn is_shut(&self) -> bool {
        self.shut.load(Ordering::Acquire)
    }

    /// Wakes `waker` when there is room for items again.
    pub(crate) fn stall(&self, waker: &Waker) {
        let mut stalled = self.stalled.lock().unwrap_or_else(PoisonError::into_inner);
        if !stalled.iter().any(|known| known.will_wake(waker)) {
            stalled.push(waker.clone());
        }
    }

    /// Lets the streams go on.
    pub(crate) fn wake_stalled(&self) {
        let mut stalled = self.stalled.lock().unwrap_or_else(PoisonError::into_inner);
        let wakers = std::mem::take(&mut *stalled);
        drop(stalled);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Asks the session to end the connection.
    pub(crate) fn close(&self, reason: CloseReason) {
        self.inbox.request_close(reason);
    }

    /// Asks the session to end the connection because the server ends.
    pub(crate) fn drain(&self, drain: Drain) {
        self.drain.fetch_max(drain as u8, Ordering::AcqRel);
        self.inbox.nudge();
    }

    /// How the connection is to end, if the server ends.
    pub(crate) fn draining(&self) -> Option<Drain> {
        match self.drain.load(Ordering::Acquire) {
            0 => None,
            finish if finish == Drain::Finish as u8 => Some(Drain::Finish),
            _ => Some(Drain::Cut),
        }
    }

    /// For the session, at its end: nothing is sent any more, nobody answers any more.
    pub(crate) fn shut(&self, discard: bool) {
        self.shut.store(true, Ordering::Release);
        self.inbox.close(discard);
        self.invocations.fail_all();
        if let Some(token) = self.closed.get() {
            token.cancel();
        }
    }
}
