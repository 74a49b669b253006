//! Stateful reconnect: a session that outlives its sockets. Nothing is lost between two of them, and nothing repeated.
//!
//! Each direction counts its messages. What was sent is kept ([`replay`](super::replay)) until the peer acknowledges it,
//! and is sent again on the next socket; what comes again is recognised by its number. Both ends do the same.

use super::close::CloseReason;
use super::inbound::Inbound;
use super::mailbox::Mailbox;
use super::outbound::Outbound;
use super::replay::{Budget, Replay, Resumption};
use super::{HIGH_WATER, Session, current};
use crate::protocol::framing::Framing;
use crate::protocol::{Message, Protocol, ProtocolError};
use crate::transport::Duplex;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;

/// How long received messages wait for their acknowledgement.
const ACK_DELAY: Duration = Duration::from_secs(1);
/// So many received bytes are acknowledged at once, before the peer's own buffer is full.
const ACK_BYTES: usize = 32 * 1024;

/// How far a connection can be resumed.
#[derive(Debug, Clone)]
pub(crate) struct ResumeRules {
    /// Bytes that one connection keeps until they are acknowledged; then it waits.
    pub(crate) capacity: usize,
    /// How long a connection lives without a socket, and how long it waits for an acknowledgement.
    pub(crate) timeout: Duration,
    pub(crate) budget: Arc<Budget>,
}

/// What a session that can be resumed has besides.
pub(crate) struct Stateful {
    replay: Replay,
    /// The bytes that the present socket is to be sent next.
    wire: Outbound,
    mailbox: Arc<Mailbox>,
    timeout: Duration,
    /// The number of the next counted message that comes.
    next: i64,
    /// The highest number that was processed.
    processed: i64,
    /// When to acknowledge what was received, and how much it is.
    ack_at: Option<Instant>,
    unacknowledged: usize,
    /// Without a socket: until when, and how the last one was lost.
    lost: Option<(Instant, String)>,
    /// While everything waits for the peer's acknowledgement: until when.
    full_until: Option<Instant>,
    /// A socket that was replaced while it still lived says goodbye, until this time.
    leaving: Option<(Instant, Box<dyn Duplex>)>,
}

impl Stateful {
    /// Keeps what was encoded, and hands as much of it to the socket as it may have at once.
    fn collect(&mut self, outbound: &mut Outbound, attached: bool) {
        if !outbound.is_empty() {
            let in_step = attached && self.wire.is_empty() && self.replay.waiting_bytes() == 0;
            self.replay.keep_all(outbound);
            if in_step {
                self.wire.swap(outbound);
                self.replay.give_all();
            } else {
                outbound.clear();
            }
        }
        while attached
            && self.wire.len() < HIGH_WATER
            && let Some(message) = self.replay.give()
        {
            self.wire.push_shared(message);
        }
    }

    /// Bytes that wait for the present socket.
    pub(super) fn unsent_bytes(&self) -> usize {
        if self.lost.is_some() { 0 } else { self.wire.len() + self.replay.waiting_bytes() }
    }

    /// Whether a message of that number is to be processed; otherwise it was processed before.
    fn accept(&mut self, bytes: usize) -> bool {
        let number = self.next;
        self.next = number.saturating_add(1);
        // The peer repeats what it knows no acknowledgement of, so that one is due either way.
        self.unacknowledged = self.unacknowledged.saturating_add(bytes);
        if self.ack_at.is_none() {
            self.ack_at = Some(Instant::now() + ACK_DELAY);
        }
        let is_new = number > self.processed;
        self.processed = self.processed.max(number);
        is_new
    }

    fn sequence(&mut self, number: i64) -> Result<(), ProtocolError> {
        if number > self.processed.saturating_add(1) {
            let text = "Sequence ID greater than amount of messages we've received.";
            return Err(ProtocolError::invalid_operation(text.to_owned()));
        }
        self.next = number;
        Ok(())
    }

    fn acknowledge(&mut self, protocol: Protocol) {
        self.ack_at = None;
        self.unacknowledged = 0;
        protocol.encode_ack(self.wire.encode_buffer(), self.processed);
    }

    /// When to look at the clock.
    pub(super) fn next_tick(&self) -> Option<Instant> {
        let lost_until = self.lost.as_ref().map(|(until, _)| *until);
        let ack_at = self.ack_at.filter(|_| self.lost.is_none());
        let full_until = self.full_until.filter(|_| self.lost.is_none());
        let leaving_until = self.leaving.as_ref().map(|(until, _)| *until);
        [lost_until, ack_at, full_until, leaving_until].into_iter().flatten().min()
    }
}

impl Session {
    /// Lets the session go on over the sockets that are left in the mailbox. To be called before it is polled.
    pub(crate) fn resume_by(&mut self, mailbox: Arc<Mailbox>, rules: &ResumeRules) {
        // The greeting is no counted message.
        let wire = self.unsent.take().map(|greeting| *greeting).unwrap_or_default();
        self.stateful = Some(Box::new(Stateful {
            replay: Replay::new(self.peer.protocol, rules.capacity, rules.budget.clone()),
            wire,
            mailbox,
            timeout: rules.timeout,
            next: 1,
            processed: 0,
            ack_at: None,
            unacknowledged: 0,
            lost: None,
            full_until: None,
            leaving: None,
        }));
    }

    /// Whether calls of the peer are to wait because what was sent is not acknowledged.
    pub(super) fn waits_for_acks(&self) -> bool {
        self.stateful.is_some() && !self.has_room()
    }

    /// The first thing of each turn: takes over a new socket, and looks how much may be sent.
    pub(super) fn poll_stateful(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(stateful) = &mut self.stateful else { return false };
        stateful.leaving.take_if(|(_, old)| old.poll_close(cx).is_ready());
        let attached = stateful.mailbox.take().map(|duplex| self.attach(duplex)).is_some();
        self.open_window();
        attached
    }

    fn attach(&mut self, duplex: Box<dyn Duplex>) {
        let Some(stateful) = &mut self.stateful else { return };
        let now = Instant::now();
        let protocol = self.peer.protocol;
        if let Some(old) = self.duplex.replace(duplex) {
            stateful.leaving = Some((now + self.settings.close_timeout, old));
        }
        // What came in part comes again.
        self.inbound = Inbound::holding(Framing::new(protocol, self.settings.message_limit), Vec::new());
        stateful.lost = None;
        stateful.full_until = None;
        stateful.wire.clear();
        let Resumption { sequence, stand_ins } = stateful.replay.rewind();
        protocol.encode_sequence(stateful.wire.encode_buffer(), sequence);
        for _ in 0..stand_ins {
            protocol.encode_end(stateful.wire.encode_buffer(), "-");
        }
        let _ = current::with(self.peer.number, |outbound| stateful.collect(outbound, true));
        self.clock.received(now);
        tracing::debug!(connection = self.peer.id.as_str(), sequence, "connection goes on over another socket");
    }

    /// The socket is gone: the end of the connection, unless it can go on over another one.
    pub(super) fn lose_socket(&mut self, error: String) {
        let Some(stateful) = &mut self.stateful else {
            return self.begin_close(CloseReason::TransportLost(error));
        };
        tracing::debug!(connection = self.peer.id.as_str(), error, "connection has lost its socket");
        self.duplex = None;
        stateful.wire.clear();
        stateful.wire.give_back();
        stateful.lost = Some((Instant::now() + stateful.timeout, error));
        stateful.mailbox.tell_lost();
    }

    /// Says how much may be sent now. While nothing is read because of what waits for its turn, acknowledgements are not
    /// read either: then more may be sent. Where even that is too much, or memory is short, what the socket was given is
    /// kept no longer, rather than the connection ended: it goes on, and can be resumed if the peer has received that.
    pub(super) fn open_window(&mut self) {
        let stuck = self.has_too_much_waiting();
        let Some(stateful) = &mut self.stateful else { return };
        if stateful.replay.is_overfull() && self.duplex.is_some() {
            stateful.replay.forget_given();
        }
        let keeps = stateful.replay.room(stuck);
        if keeps > 0 || stuck {
            stateful.full_until = None;
        } else if stateful.full_until.is_none() {
            stateful.full_until = Some(Instant::now() + stateful.timeout);
        }
        let room = keeps.min(HIGH_WATER.saturating_sub(stateful.unsent_bytes()));
        let _ = current::with(self.peer.number, |outbound| outbound.open_window(room));
    }

    pub(super) fn poll_write_kept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let written = self.poll_wire(cx);
        self.open_window();
        written
    }

    fn poll_wire(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (number, format) = (self.peer.number, self.peer.protocol.transfer_format());
        let Some(stateful) = &mut self.stateful else { return Poll::Ready(Ok(())) };
        loop {
            let attached = self.duplex.is_some();
            let _ = current::with(number, |outbound| stateful.collect(outbound, attached));
            let Some(duplex) = &mut self.duplex else { return Poll::Ready(Ok(())) };
            let meters = &self.peer.telemetry.meters;
            let written = stateful.wire.metered(meters, |wire| duplex.poll_send(cx, wire, format));
            if !matches!(written, Poll::Ready(Ok(()))) {
                return written;
            }
            if stateful.replay.waiting_bytes() == 0 {
                let _ = current::with(number, |outbound| outbound.swap(&mut stateful.wire));
                stateful.wire.give_back();
                return written;
            }
        }
    }

    /// Counts what the peer sent. Says whether the message is to be processed.
    pub(super) fn count(&mut self, message: &Message<'_>, bytes: usize) -> Result<bool, ProtocolError> {
        let Some(stateful) = &mut self.stateful else { return Ok(true) };
        match message {
            Message::Invocation(_)
            | Message::StreamItem(_)
            | Message::Completion(_)
            | Message::CancelInvocation { .. } => {
                let is_new = stateful.accept(bytes);
                if stateful.unacknowledged >= ACK_BYTES && stateful.lost.is_none() {
                    stateful.acknowledge(self.peer.protocol);
                }
                return Ok(is_new);
            }
            Message::Ack { sequence_id } => {
                if stateful.replay.acknowledge(*sequence_id) {
                    stateful.full_until = None;
                    self.open_window();
                }
            }
            Message::Sequence { sequence_id } => stateful.sequence(*sequence_id)?,
            Message::Ping | Message::Close { .. } | Message::Unknown { .. } => {}
        }
        Ok(true)
    }

    /// What is due of it now. Says whether there is something to be sent.
    pub(super) fn tick_stateful(&mut self, now: Instant) -> bool {
        let protocol = self.peer.protocol;
        let Some(stateful) = &mut self.stateful else { return false };
        stateful.leaving.take_if(|(until, _)| now >= *until);
        if let Some((until, error)) = &stateful.lost {
            if now >= *until {
                let error = error.clone();
                self.begin_close(CloseReason::TransportLost(error));
            }
            return false;
        }
        if stateful.full_until.is_some_and(|until| now >= until) {
            let error = "the client does not acknowledge what it was sent".to_owned();
            self.begin_close(CloseReason::TransportLost(error));
            return false;
        }
        let due = stateful.ack_at.is_some_and(|at| now >= at);
        if due {
            stateful.acknowledge(protocol);
        }
        due
    }

    /// A ping where a session with stateful reconnect has it: it is no counted message.
    pub(super) fn ping_on_wire(&mut self) -> bool {
        let protocol = self.peer.protocol;
        let idle = self.duplex.is_some() && self.unsent_bytes() == 0;
        let Some(stateful) = self.stateful.as_mut().filter(|_| idle) else { return false };
        protocol.encode_ping(stateful.wire.encode_buffer());
        true
    }

    /// From now on the session is as any other: all that was not sent yet is in its outbound bytes.
    pub(super) fn end_stateful(&mut self) {
        let Some(mut stateful) = self.stateful.take() else { return };
        stateful.mailbox.close();
        let _ = current::with(self.peer.number, |outbound| {
            stateful.collect(outbound, false);
            while let Some(message) = stateful.replay.give() {
                stateful.wire.push_shared(message);
            }
            outbound.swap(&mut stateful.wire);
            outbound.close_window();
        });
    }
}

impl Drop for Stateful {
    fn drop(&mut self) {
        self.mailbox.close();
    }
}
