//! One live conversation over one attached socket, the same on both ends.
//!
//! [`Session`] is a single future that owns everything about a connection: it reads and splits messages ([`inbound`]),
//! starts calls and polls them ([`calls`]), takes what others send ([`inbox`]), writes ([`outbound`]), keeps time
//! ([`keepalive`]) and ends the connection ([`close`]). What the calls mean is the [`Service`]'s affair. Everybody else
//! knows the session by its [`peer::Peer`].

mod authentication;
pub(crate) mod calls;
pub(crate) mod cancel;
pub(crate) mod close;
mod closing;
pub(crate) mod current;
mod drain;
mod emit;
pub(crate) mod handshake;
mod inbound;
pub(crate) mod inbox;
pub(crate) mod invocations;
pub(crate) mod keepalive;
pub(crate) mod mailbox;
pub(crate) mod outbound;
pub(crate) mod owner;
pub(crate) mod pace;
pub(crate) mod peer;
pub(crate) mod receive;
pub(crate) mod replay;
pub(crate) mod settings;
pub(crate) mod stateful;

use crate::protocol::framing::Framing;
use crate::protocol::{Completion, Invocation, ProtocolError, StreamItem};
use crate::streaming::upload::{UploadHandle, Uploads};
use crate::transport::Duplex;
use authentication::Authentication;
use calls::{Call, Calls};
use close::CloseReason;
use closing::Closing;
use inbound::Inbound;
use keepalive::{Due, KeepAlive};
use peer::Peer;
use settings::Settings;
use stateful::Stateful;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::time::{Instant, Sleep};

/// Above this many unsent bytes nothing new is produced for a connection: its calls are not polled, its requests not read.
pub(crate) const HIGH_WATER: usize = 64 * 1024;

pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What a session serves: a hub on a server, the receiver on a client.
pub(crate) trait Service: Send {
    /// The connection is open; calls of the peer wait for this to end. An error closes the connection.
    fn connected(&mut self) -> Option<BoxFuture<Result<(), CloseReason>>>;

    /// The peer calls a method. What cannot be called is answered at once; what does not finish at once is returned.
    fn invoke(&mut self, invocation: &Invocation<'_>, uploads: Vec<UploadHandle>, cancelled: bool) -> Option<Call>;

    /// The user's authentication was renewed.
    fn refreshed(&mut self) -> Option<BoxFuture<()>> {
        None
    }

    /// Nothing can be sent any more; comes before [`disconnected`](Self::disconnected).
    fn unreachable(&mut self);

    /// The peer has answered a call of this end.
    ///
    /// # Errors
    /// The answer was meant to be another connection's.
    fn completed(&mut self, peer: &Peer, completion: Completion<'_>) -> Result<(), ProtocolError> {
        peer.answered(completion)
    }

    /// The peer has sent an item of a stream that is no upload: of one that this end has asked for.
    fn item(&mut self, item: &StreamItem<'_>) {
        let _ = item;
    }

    /// Moves what this end's own calls have to say into `outbound`: all of it, or as long as there is room.
    fn take_own(&mut self, outbound: &mut outbound::Outbound, all: bool) {
        let _ = (outbound, all);
    }

    /// The peer has said goodbye, and whether it wants to see this end again.
    fn dismissed(&mut self, allow_reconnect: bool) {
        let _ = allow_reconnect;
    }

    /// The connection has ended and all its calls too.
    fn disconnected(&mut self, reason: CloseReason) -> Option<BoxFuture<()>>;
}

/// The future of a connection, from the end of its handshake to its last call.
pub(crate) struct Session {
    peer: Arc<Peer>,
    settings: Arc<Settings>,
    service: Box<dyn Service>,
    duplex: Option<Box<dyn Duplex>>,
    inbound: Inbound,
    /// Only while something waits to be sent.
    unsent: Option<Box<outbound::Outbound>>,
    connecting: Option<BoxFuture<Result<(), CloseReason>>>,
    calls: Calls,
    uploads: Uploads,
    clock: KeepAlive,
    timer: Pin<Box<Sleep>>,
    /// Until when the calls that have begun are paid, where calls have a pace.
    paid: Option<Box<Instant>>,
    closing: Option<Box<Closing>>,
    /// Only where the session outlives its socket.
    stateful: Option<Box<Stateful>>,
    /// Only where the user's authentication may expire or be renewed.
    authentication: Option<Box<Authentication>>,
}

impl Session {
    /// `received` is what came behind the handshake, `greeting` what is to be sent before everything else.
    pub(crate) fn new(
        peer: Arc<Peer>,
        settings: Arc<Settings>,
        service: Box<dyn Service>,
        duplex: Box<dyn Duplex>,
        received: Vec<u8>,
        greeting: &[u8],
    ) -> Box<Self> {
        let now = Instant::now();
        let clock = KeepAlive::new(now);
        let timer = Box::pin(tokio::time::sleep_until(clock.next(&settings.intervals)));
        let framing = Framing::new(peer.protocol, settings.message_limit);
        let mut unsent = Box::<outbound::Outbound>::default();
        unsent.encode_buffer().extend_from_slice(greeting);
        let mut session = Box::new(Session {
            peer,
            settings,
            service,
            duplex: Some(duplex),
            inbound: Inbound::holding(framing, received),
            unsent: Some(unsent),
            connecting: None,
            calls: Calls::default(),
            uploads: Uploads::default(),
            clock,
            timer,
            paid: None,
            closing: None,
            stateful: None,
            authentication: None,
        });
        session.connecting = session.service.connected();
        session
    }

    /// Gives the peer up if nothing comes from it, also if it has never pinged: on a client, where every server pings.
    pub(crate) fn expect_pings(&mut self) {
        self.clock.arm();
        let next = self.next_tick();
        self.timer.as_mut().reset(next);
    }

    /// The server ends: what was received already is still done.
    pub(crate) fn drain(&self) {
        self.peer.drain(peer::Drain::Finish);
    }

    /// Everything that can be done now. Returns `true` when the session is over.
    fn drive(&mut self, cx: &mut Context<'_>) -> bool {
        loop {
            if self.closing.is_some() {
                return self.drive_closing(cx);
            }
            let mut again = self.stateful.is_some() && self.poll_stateful(cx);
            again |= self.authentication.is_some() && self.poll_authentication(cx);
            let mut progress = self.poll_connecting(cx);
            progress |= self.poll_calls(cx);
            progress |= self.poll_receive(cx);
            again |= self.poll_drain();
            again |= self.poll_send(cx);
            // Last, because sending too may make something due.
            again |= self.poll_timer(cx);
            // What was read has been answered and sent in the same round. Only what stands at the beginning of a round may have
            // waited for it.
            again |= progress && (self.stateful.is_some() || self.authentication.is_some());
            if !again && self.closing.is_none() {
                return false;
            }
        }
    }

    /// What the socket has not taken yet.
    fn unsent_bytes(&self) -> usize {
        let encoded = current::with(self.peer.number, |outbound| outbound.len()).unwrap_or_default();
        self.stateful.as_ref().map_or(encoded, |stateful| encoded + stateful.unsent_bytes())
    }

    /// Whether something new may be produced for the peer.
    fn has_room(&self) -> bool {
        current::with(self.peer.number, |outbound| outbound.has_room()).unwrap_or(true)
    }

    fn poll_connecting(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(connecting) = &mut self.connecting else { return false };
        let result = match catch_unwind(AssertUnwindSafe(|| connecting.as_mut().poll(cx))) {
            Ok(Poll::Pending) => return false,
            Ok(Poll::Ready(result)) => result,
            Err(_) => {
                tracing::error!(connection = self.peer.id.as_str(), "on_connected panicked");
                Err(CloseReason::ServerError("Connection closed with an error.".to_owned()))
            }
        };
        self.connecting = None;
        match result {
            // What waited is started with the other calls.
            Ok(()) => {}
            Err(reason) => self.begin_close(reason),
        }
        true
    }

    /// Runs the calls. Only new ones wait while the peer does not take its answers; streams do so by themselves.
    fn poll_calls(&mut self, cx: &mut Context<'_>) -> bool {
        let mut progress = self.calls.poll(cx);
        // What has just begun is polled too, and may end at once.
        while self.connecting.is_none() && self.calls.has_waiting() && self.start_waiting(cx) {
            progress = true;
            self.calls.poll(cx);
        }
        progress
    }

    /// Sends what is there. Says whether more could be sent after it.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> bool {
        if let Some(reason) = self.peer.inbox.close_request() {
            self.begin_close(reason);
            return true;
        }
        let taken = self.peer.inbox.is_pending() && self.has_room();
        if taken {
            self.take_inbox(false);
        }
        let before = self.unsent_bytes();
        let written = self.poll_write(cx);
        let after = self.unsent_bytes();
        self.clock.has_written |= after < before;
        if self.has_room() {
            self.peer.wake_stalled();
        }
        match written {
            Poll::Pending => before >= HIGH_WATER && after < HIGH_WATER,
            Poll::Ready(Ok(())) => before >= HIGH_WATER || (taken && self.peer.inbox.is_pending()),
            Poll::Ready(Err(error)) => {
                self.lose_socket(error.to_string());
                true
            }
        }
    }

    /// Takes what others sent: all of it, or as long as there is room.
    fn take_inbox(&mut self, all: bool) {
        let (inbox, service) = (&self.peer.inbox, &mut self.service);
        let _ = current::with(self.peer.number, |outbound| {
            inbox.take(|message| {
                outbound.push_shared(message);
                all || outbound.has_room()
            });
            if all || outbound.has_room() {
                service.take_own(outbound, all);
            }
        });
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        if self.stateful.is_some() {
            return self.poll_write_kept(cx);
        }
        let Some(duplex) = &mut self.duplex else { return Poll::Ready(Ok(())) };
        let format = self.peer.protocol.transfer_format();
        let meters = &self.peer.telemetry.meters;
        current::with(self.peer.number, |outbound| {
            outbound.metered(meters, |outbound| duplex.poll_send(cx, outbound, format))
        })
        .unwrap_or(Poll::Ready(Ok(())))
    }

    /// When to look at the clock again.
    fn next_tick(&self) -> Instant {
        let next = self.clock.next(&self.settings.intervals);
        let stateful = self.stateful.as_ref().and_then(|stateful| stateful.next_tick());
        [stateful, self.expires_at()].into_iter().flatten().fold(next, Instant::min)
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> bool {
        let mut progress = false;
        let may_be_earlier = self.stateful.is_some() || self.authentication.is_some();
        if may_be_earlier {
            let next = self.next_tick();
            if next < self.timer.deadline() {
                self.timer.as_mut().reset(next);
            }
        }
        while self.closing.is_none() && self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            progress |= self.tick_stateful(now);
            if self.closing.is_some() || self.end_expired(now) {
                return true;
            }
            // What the peer sends is not read while it has to wait for this end, or takes its answers slowly.
            let takes_answers = std::mem::take(&mut self.clock.has_written);
            if self.has_too_much_waiting() || (takes_answers && self.unsent_bytes() >= HIGH_WATER) {
                self.clock.received(now);
            }
            match self.clock.check(&self.settings.intervals, now) {
                Due::Nothing => {}
                Due::Ping => progress |= self.ping(),
                Due::Probe => progress |= self.duplex.as_mut().is_some_and(|duplex| duplex.probe()),
                Due::TimedOut => {
                    self.time_out(now);
                    return true;
                }
            }
            let next = self.next_tick();
            self.timer.as_mut().reset(next);
            // A call may have waited for this time.
            progress |= self.settings.pace.is_some() && self.calls.has_waiting();
        }
        progress
    }

    /// The peer has been silent for too long. A client may find its server again over another socket.
    fn time_out(&mut self, now: Instant) {
        if self.settings.redials && self.stateful.is_some() {
            self.clock.received(now);
            if self.duplex.is_some() {
                self.lose_socket("the server has been silent for too long".to_owned());
            }
            let next = self.next_tick();
            self.timer.as_mut().reset(next);
        } else {
            self.begin_close(CloseReason::Timeout);
        }
    }

    /// A peer that has not taken what was sent before needs no ping.
    fn ping(&mut self) -> bool {
        if self.stateful.is_some() {
            return self.ping_on_wire();
        }
        let protocol = self.peer.protocol;
        current::with(self.peer.number, |outbound| {
            let idle = outbound.is_empty();
            if idle {
                protocol.encode_ping(outbound.encode_buffer());
            }
            idle
        })
        .unwrap_or(false)
    }
}

impl Future for Session {
    type Output = CloseReason;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<CloseReason> {
        let this = self.get_mut();
        this.peer.inbox.register(cx.waker());
        let mut unsent = this.unsent.take();
        let scope = current::enter(this.peer.number, &mut unsent);
        let over = this.drive(cx);
        drop(scope);
        this.unsent = unsent;
        if over { Poll::Ready(this.end_reason()) } else { Poll::Pending }
    }
}

impl Drop for Session {
    /// The runtime is shutting down, or the session is over.
    fn drop(&mut self) {
        self.peer.shut(true);
        self.uploads.fail_all();
        self.service.unreachable();
    }
}

#[cfg(test)]
mod tests;
