//! The task of a connection: connects, runs the session, and connects again.

use super::connect::{ConnectError, Link as Socket, Negotiated, NegotiatedConnection, Wanted};
use super::connection::{Shared, WeakConnection};
use super::error::ClientError;
use super::invocations::Link;
use super::service::{ClientService, Dismissal};
use super::state::{ConnectionEvent, ConnectionState, Status};
use crate::protocol::Transport;
use crate::protocol::handshake::{BASE_VERSION, STATEFUL_VERSION};
use crate::session::cancel::CancellationToken;
use crate::session::close::CloseReason;
use crate::session::handshake::{Refusal, offer};
use crate::session::inbox::Overflow;
use crate::session::mailbox::Mailbox;
use crate::session::peer::Peer;
use crate::session::{BoxFuture, Session};
use futures_util::future::{Either, select};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;
use tokio::time::Instant;

/// Runs a connection from its start to its end.
pub(super) fn run(
    shared: Arc<Shared>,
    handle: WeakConnection,
    stop: CancellationToken,
) -> impl Future<Output = ()> + Send {
    let error = Some(ClientError::ConnectionLost("its task was ended".to_owned()));
    let mut end = End { shared: shared.clone(), error };
    let driver = Driver { shared, handle, stop };
    async move {
        // Here so that it is dropped before the end is told.
        let driver = driver;
        end.is(driver.live().await);
    }
}

/// Tells everybody of the end, also of that by a panic or by the runtime: nobody may wait for what cannot come.
struct End {
    shared: Arc<Shared>,
    error: Option<ClientError>,
}

impl End {
    /// Why it has come, where it has come in an orderly way.
    fn is(&mut self, error: Option<ClientError>) {
        self.error = error;
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let error = self.error.take();
        let lost = error.clone().unwrap_or_else(|| ClientError::ConnectionLost("it was stopped".to_owned()));
        self.shared.invocations.detach(Link::Closed, &lost);
        self.shared.refresher.close();
        self.shared.ended(error);
    }
}

struct Driver {
    shared: Arc<Shared>,
    handle: WeakConnection,
    stop: CancellationToken,
}

/// A connection after its handshake.
struct Connected {
    session: Box<Session>,
    peer: Arc<Peer>,
    id: Option<String>,
    dismissal: Arc<Dismissal>,
    mailbox: Option<Arc<Mailbox>>,
    negotiated: Option<Negotiated>,
}

/// How a connection ended.
struct Ended {
    /// Whether calls have reached the server: then the next attempt is the first of a new series.
    was_ready: bool,
    /// The id that it had.
    id: Option<String>,
    error: ClientError,
    /// Whether another one is to be made.
    again: bool,
}

impl Driver {
    /// Keeps the connection until it is stopped (`None`) or given up.
    async fn live(&self) -> Option<ClientError> {
        let shared = &self.shared;
        let link = || if shared.options.calls_wait { Link::Awaited } else { Link::Closed };
        shared.invocations.detach(link(), &ClientError::NotConnected);
        let mut retries = shared.options.reconnect.begin();
        let mut since = Instant::now();
        let mut former: Option<Option<String>> = None;
        // A farewell without an error is none, but to whoever waits for the first connection.
        let given_up = |error: ClientError, connected: bool| {
            Some(error).filter(|error| !connected || !matches!(error, ClientError::Closed(None)))
        };
        loop {
            let error = match self.unless_stopped(self.connect()).await? {
                Err(error) => error.into(),
                Ok(connected) => {
                    let ended = self.serve(connected, former.clone()).await;
                    if self.stop.is_cancelled() {
                        return None;
                    }
                    shared.invocations.detach(link(), &ended.error);
                    if !ended.again {
                        return given_up(ended.error, ended.was_ready || former.is_some());
                    }
                    if ended.was_ready {
                        former = Some(ended.id);
                        retries = shared.options.reconnect.begin();
                        since = Instant::now();
                    }
                    ended.error
                }
            };
            tracing::debug!(%error, "no connection to the server");
            if matches!(&error, ClientError::Connect(ConnectError::Options(_))) {
                return Some(error);
            }
            let Some(delay) = retries.next(since.elapsed(), &error) else {
                return given_up(error, former.is_some());
            };
            if former.is_some() && shared.status.borrow().state != ConnectionState::Reconnecting {
                shared.status.send_replace(Status::new(ConnectionState::Reconnecting));
                shared.tell(&ConnectionEvent::Reconnecting { error });
            }
            self.unless_stopped(tokio::time::sleep(delay)).await?;
        }
    }

    /// What `work` gives, unless the connection is stopped first.
    async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        match select(pin!(self.stop.cancelled()), pin!(work)).await {
            Either::Left(_) => None,
            Either::Right((output, _)) => Some(output),
        }
    }

    /// Opens a socket and does the handshake.
    async fn connect(&self) -> Result<Connected, ConnectError> {
        let options = &self.shared.options;
        let protocol = options.protocol;
        let wanted = Wanted { protocol, stateful: options.stateful.is_some() };
        let opening = AssertUnwindSafe(async { self.shared.connector.connect(wanted).await }).catch_unwind();
        let opening = opening.map(|opened| {
            opened.unwrap_or_else(|_panic| Err(ConnectError::Transport("the connector panicked".to_owned())))
        });
        let Socket { mut duplex, transport, id, negotiated } = within(options.connect_timeout, opening).await?;
        let capacity = options.stateful.filter(|_| {
            transport == Transport::WebSockets && negotiated.as_ref().is_some_and(|negotiated| negotiated.stateful)
        });
        let version = if capacity.is_some() { STATEFUL_VERSION } else { BASE_VERSION };
        let offered = offer(&mut *duplex, protocol, version, options.maximum_message_size);
        let received = within(options.handshake_timeout, async {
            offered.await.map_err(|refusal| match refusal {
                Refusal::Refused(text) => ConnectError::Handshake(text),
                Refusal::Ended(text) => ConnectError::Transport(text),
            })
        })
        .await?;
        let invocations = &self.shared.invocations;
        let connection = id.as_deref().unwrap_or_default().into();
        let peer = Peer::new(connection, invocations.codec(), options.queue, Overflow::Wait, options.detailed_errors);
        let peer = Arc::new(peer);
        let dismissal = Arc::<Dismissal>::default();
        let service = ClientService::new(&self.shared, peer.clone(), self.handle.clone(), dismissal.clone());
        let mut settings = options.settings();
        settings.intervals = settings.intervals.on(transport);
        // Polls show by themselves that both ends are alive: neither pings, so that neither may wait for pings.
        let pings = transport != Transport::LongPolling;
        let mut greeting = Vec::new();
        if pings {
            // A first one tells the server that this client will ping.
            protocol.encode_ping(&mut greeting);
        }
        let mut session =
            Session::new(peer.clone(), Arc::new(settings), Box::new(service), duplex, received, &greeting);
        if pings {
            session.expect_pings();
        }
        let mailbox = capacity.map(|capacity| {
            let mailbox = Mailbox::new(peer.clone());
            session.resume_by(mailbox.clone(), &options.resume_rules(capacity));
            mailbox
        });
        Ok(Connected { session, peer, id, dismissal, mailbox, negotiated })
    }

    /// Runs the session to its end.
    async fn serve(&self, connected: Connected, former: Option<Option<String>>) -> Ended {
        let Connected { mut session, peer, id, dismissal, mailbox, negotiated } = connected;
        let made = Arc::new(Made { id: id.clone(), ready: OnceLock::new() });
        self.shared.invocations.attach(&peer);
        // Polled only when one of them is woken, not whenever the session is.
        let mut aside = FuturesUnordered::<BoxFuture<()>>::new();
        aside.push(self.make_ready(made.clone(), peer.clone(), former));
        aside.push(self.obey_stop(peer.clone()));
        if let Some(Negotiated { authenticated_for, connection, .. }) = negotiated {
            if let Some(mailbox) = mailbox {
                aside.push(self.resume(made.clone(), peer.clone(), mailbox, connection.clone()));
            }
            self.shared.refresher.open();
            aside.push(self.keep_authenticated(authenticated_for, connection));
        }
        let reason = poll_fn(|cx| {
            if let Poll::Ready(reason) = session.poll_unpin(cx) {
                return Poll::Ready(reason);
            }
            while let Poll::Ready(Some(())) = aside.poll_next_unpin(cx) {}
            Poll::Pending
        })
        .await;
        drop(aside);
        self.shared.refresher.close();
        let failed = made.ready.get().and_then(|ready| ready.clone().err());
        let (error, again) = match (failed, dismissal.allows_reconnect(), reason) {
            (Some(error), ..) => (error, true),
            (None, dismissed, CloseReason::ClientError(text)) => {
                (ClientError::Closed(Some(text)), dismissed.unwrap_or(true))
            }
            (None, dismissed, CloseReason::ClientClosed) => (ClientError::Closed(None), dismissed.unwrap_or(true)),
            (None, _, CloseReason::Timeout) => {
                (ClientError::ConnectionLost("the server has been silent for too long".to_owned()), true)
            }
            (None, _, reason) => (ClientError::ConnectionLost(describe(&reason)), true),
        };
        Ended { was_ready: matches!(made.ready.get(), Some(Ok(()))), id, error, again }
    }

    /// Does what is to be done on each connection; after it the connection counts as made.
    fn make_ready(&self, made: Arc<Made>, peer: Arc<Peer>, former: Option<Option<String>>) -> BoxFuture<()> {
        let (shared, handle) = (self.shared.clone(), self.handle.clone());
        Box::pin(async move {
            for run in &shared.on_connected {
                let Some(connection) = handle.upgrade() else { return };
                let run = AssertUnwindSafe(async { run(connection).await }).catch_unwind().await;
                let failed = match run {
                    Ok(Ok(())) => continue,
                    Ok(Err(error)) => error,
                    Err(_panic) => ClientError::ConnectionLost("on_connected panicked".to_owned()),
                };
                let _ = made.ready.set(Err(failed));
                return peer.close(CloseReason::ClientClosed);
            }
            let _ = made.ready.set(Ok(()));
            let id = made.id.clone();
            shared.status.send_replace(Status { id: id.clone(), ..Status::new(ConnectionState::Connected) });
            shared.tell(&match former {
                None => ConnectionEvent::Connected { id },
                Some(old_id) => ConnectionEvent::Reconnected { old_id, new_id: id, resumed: false },
            });
        })
    }

    fn obey_stop(&self, peer: Arc<Peer>) -> BoxFuture<()> {
        let stop = self.stop.clone();
        Box::pin(async move {
            stop.cancelled().await;
            peer.close(CloseReason::ClientClosed);
        })
    }

    /// Opens another socket for the session whenever it has lost its own.
    fn resume(
        &self,
        made: Arc<Made>,
        peer: Arc<Peer>,
        mailbox: Arc<Mailbox>,
        connection: Arc<dyn NegotiatedConnection>,
    ) -> BoxFuture<()> {
        let shared = self.shared.clone();
        Box::pin(async move {
            loop {
                mailbox.lost().await;
                let was_ready = matches!(made.ready.get(), Some(Ok(())));
                if was_ready {
                    let id = made.id.clone();
                    shared.status.send_replace(Status { id, ..Status::new(ConnectionState::Reconnecting) });
                    let error = ClientError::ConnectionLost("its socket was lost".to_owned());
                    shared.tell(&ConnectionEvent::Reconnecting { error });
                }
                match redial(&shared, &*connection).await {
                    Err(error) => return peer.close(CloseReason::TransportLost(error.to_string())),
                    Ok(duplex) => {
                        if !mailbox.attach(duplex) {
                            return;
                        }
                    }
                }
                if was_ready {
                    let id = made.id.clone();
                    shared.status.send_replace(Status { id: id.clone(), ..Status::new(ConnectionState::Connected) });
                    shared.tell(&ConnectionEvent::Reconnected { old_id: id.clone(), new_id: id, resumed: true });
                }
            }
        })
    }

    /// Renews the user's authentication before it ends, and when it is asked for.
    fn keep_authenticated(
        &self,
        lifetime: Option<Duration>,
        connection: Arc<dyn NegotiatedConnection>,
    ) -> BoxFuture<()> {
        let shared = self.shared.clone();
        Box::pin(async move {
            let mut lifetime = lifetime;
            loop {
                // Where nothing is left after a renewal, another one would not help, and the next neither.
                let lifetime_left = lifetime.filter(|lifetime| !lifetime.is_zero());
                let due = shared.options.refresh_before.zip(lifetime_left).map(|(before, lifetime)| {
                    let lead = if lifetime < before.saturating_mul(2) { lifetime / 2 } else { before };
                    lifetime - lead
                });
                let asked = shared.refresher.wanted(due).await;
                match connection.refresh().await {
                    Ok(next) => {
                        lifetime = next;
                        asked.answer(Ok(()));
                        shared.tell(&ConnectionEvent::AuthenticationRefreshed);
                    }
                    Err(error) => {
                        // Not again by itself: the server ends the connection when it must.
                        lifetime = None;
                        let error = ClientError::from(error);
                        asked.answer(Err(error.clone()));
                        shared.tell(&ConnectionEvent::AuthenticationRefreshFailed { error });
                    }
                }
            }
        })
    }
}

/// What is known of a connection while it is served.
struct Made {
    id: Option<String>,
    /// Whether all that is to be done on a new connection was done.
    ready: OnceLock<Result<(), ClientError>>,
}

/// Opens another socket for a connection: at once, and then as the policy says.
async fn redial(
    shared: &Shared,
    connection: &dyn NegotiatedConnection,
) -> Result<Box<dyn crate::transport::Duplex>, ConnectError> {
    let mut retries = shared.options.reconnect.begin();
    let since = Instant::now();
    loop {
        let error = match within(shared.options.connect_timeout, connection.resume()).await {
            Ok(duplex) => return Ok(duplex),
            Err(error) => error,
        };
        tracing::debug!(%error, "the connection could not be resumed");
        if error.is_final() {
            return Err(error);
        }
        match retries.next(since.elapsed(), &error.clone().into()) {
            Some(delay) => tokio::time::sleep(delay).await,
            None => return Err(error),
        }
    }
}

async fn within<T>(limit: Duration, work: impl Future<Output = Result<T, ConnectError>>) -> Result<T, ConnectError> {
    tokio::time::timeout(limit, work).await.unwrap_or(Err(ConnectError::TimedOut(limit)))
}

fn describe(reason: &CloseReason) -> String {
    reason.detail().map_or_else(|| reason.name().to_owned(), str::to_owned)
}

#[cfg(test)]
mod tests;
