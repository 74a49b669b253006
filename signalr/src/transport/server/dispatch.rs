//! Which request goes where: to a new connection, to one that lives, or back with the error that ASP.NET Core gives.

use super::authentication::{Readmission, Users, forbidden, refused, rejected};
use super::gate::{Admitted, Gate};
use super::handover::HttpConnection;
use super::inlet::{Inlet, PostError};
use super::long_polling::{self, LongPolling, PollRequest, PollTimes, Polls};
use super::negotiate::{self, plain};
#[cfg(feature = "testing")]
use super::pending::Promise;
use super::pending::{Known, Live, Pending, PickUpError, Place, Posts};
use super::{server_sent_events, upgrade};
use crate::protocol::Transport;
use crate::protocol::negotiate::new_connection_id;
use crate::session::BoxFuture;
use crate::session::close::CloseReason;
use crate::session::mailbox::Mailbox;
#[cfg(feature = "testing")]
use crate::session::owner::Identity;
use crate::session::owner::Owner;
use crate::session::stateful::ResumeRules;
use crate::transport::Duplex;
use crate::transport::query::query_values;
use crate::user::User;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, Version, header};
use hyper::upgrade::OnUpgrade;
use std::borrow::Cow;
use std::sync::Arc;

const NO_ID: &str = "Connection ID required";
const UNKNOWN_ID: &str = "No Connection with that ID";
const OTHER_TRANSPORT: &str = "Cannot change transports mid-connection";
const NO_POST: &str = "POST requests are not allowed for WebSocket connections.";
const NO_DELETE: &str = "Cannot terminate this connection using the DELETE endpoint.";

/// What can be set for the HTTP side of an endpoint.
#[derive(Debug, Clone)]
pub(crate) struct HttpRules {
    /// The transports that are offered, in any order.
    pub(crate) transports: Vec<Transport>,
    /// The lowest version of the negotiation that is served.
    pub(crate) minimum_version: i32,
    pub(crate) polls: PollTimes,
    pub(crate) frame_limit: usize,
    /// Where stateful reconnect is allowed.
    pub(crate) resume: Option<ResumeRules>,
    /// Promised connections that nobody has picked up.
    pub(crate) pending_limit: usize,
    pub(crate) users: Users,
}

/// The HTTP side of one endpoint.
#[derive(Debug)]
pub(crate) struct Dispatch {
    rules: HttpRules,
    connections: Arc<Pending>,
    gate: Arc<Gate>,
}

/// A connection that a request has opened.
pub(crate) struct Opened {
    /// Whose it is, and its id.
    pub(crate) owner: Arc<Owner>,
    pub(crate) transport: Transport,
    /// The request, without its body.
    pub(crate) parts: Parts,
    pub(crate) socket: Socket,
    /// The place in the table, where the socket does not hold it itself.
    pub(crate) place: Option<Place>,
    /// To be dropped when all of it has ended.
    pub(crate) admitted: Admitted,
}

/// What bytes are moved by.
pub(crate) enum Socket {
    Attached(Box<dyn Duplex>),
    /// A WebSocket comes once the answer was sent.
    Upgrading(OnUpgrade, usize),
}

impl Socket {
    /// Waits for the socket. `None` if it does not come.
    pub(crate) async fn attached(self) -> Option<Box<dyn Duplex>> {
        match self {
            Socket::Attached(duplex) => Some(duplex),
            Socket::Upgrading(upgrade, frame_limit) => match upgrade.await {
                Ok(upgraded) => Some(upgrade::duplex(upgraded, frame_limit)),
                Err(error) => {
                    tracing::debug!(%error, "upgrade failed");
                    None
                }
            },
        }
    }
}

/// The answer to a request, which may have to wait for something.
pub(crate) enum Answer {
    Now(Response),
    /// Until the body has been passed on.
    Post(Arc<Inlet>, Body),
    /// Until there is something to say.
    Poll(PollRequest),
    /// Until the application has decided.
    Later(BoxFuture<Response>),
}

impl Answer {
    pub(crate) async fn response(self) -> Response {
        match self {
            Answer::Now(response) => response,
            Answer::Post(inlet, body) => match inlet.post(body).await {
                Ok(()) => plain(StatusCode::OK, ""),
                Err(PostError::Closed) => plain(StatusCode::NOT_FOUND, ""),
                Err(PostError::Body) => plain(StatusCode::BAD_REQUEST, ""),
            },
            Answer::Poll(poll) => uncached(poll.await),
            Answer::Later(response) => response.await,
        }
    }
}

impl Dispatch {
    pub(crate) fn new(rules: HttpRules, gate: Arc<Gate>) -> Self {
        Dispatch { connections: Pending::new(rules.pending_limit), rules, gate }
    }

    /// How connections are resumed, if they may be.
    pub(crate) fn resume_rules(&self) -> Option<&ResumeRules> {
        self.rules.resume.as_ref()
    }

    pub(crate) fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// What is to be known of the users.
    pub(crate) fn users(&self) -> &Users {
        &self.rules.users
    }

    /// Takes a place for a connection that comes without requests but can go on over another socket, as if it had been
    /// negotiated. `None` if that is not allowed.
    #[cfg(feature = "testing")]
    pub(crate) fn place(&self) -> Option<(Promise, Place)> {
        self.resume_rules()?;
        let promise = self.connections.promise(true, true).ok().flatten()?;
        let owner = |id: &str| Owner::new(id, Identity::default(), None);
        let (_, place) = self.connections.pick_up(promise.token.as_deref()?, owner, over_socket).ok()?;
        Some((promise, place))
    }

    /// Where another socket for such a connection is left, as long as it lives.
    #[cfg(feature = "testing")]
    pub(crate) fn mailbox(&self, token: &str) -> Option<Arc<Mailbox>> {
        match self.connections.find(token)? {
            Known::Live(Live::WebSockets(mailbox), _) => mailbox.filter(|mailbox| mailbox.is_open()),
            _ => None,
        }
    }

    /// Answers `…/negotiate`.
    pub(crate) fn negotiate(&self, request: &Request) -> Response {
        if let Err(closed) = self.gate.is_open() {
            return closed.response();
        }
        negotiate::answer(request, &self.rules, &self.connections)
    }

    /// Answers `…/refresh`.
    pub(crate) fn refresh(&self, parts: &Parts) -> Answer {
        if parts.method != Method::POST {
            return Answer::Now(plain(StatusCode::METHOD_NOT_ALLOWED, ""));
        }
        let Some(token) = connection_token(parts) else {
            return Answer::Now(refused(StatusCode::BAD_REQUEST, "missing_connection_token"));
        };
        let (id, owner) = match self.connections.find(&token) {
            Some(Known::Live(_, owner)) => (owner.connection().into(), Some(owner)),
            Some(Known::Promised(id)) => (id, None),
            None => return Answer::Now(refused(StatusCode::NOT_FOUND, "connection_not_found")),
        };
        if *id == *token {
            // Before version 1 of the negotiation the token is no secret.
            return Answer::Now(refused(StatusCode::BAD_REQUEST, "unsupported_negotiate_version"));
        }
        Answer::Later(self.rules.users.renew(&id, owner, parts))
    }

    /// Answers a request to the endpoint's own path. `open` serves the connection that it may open.
    pub(crate) fn answer(&self, request: Request, open: impl FnOnce(Opened)) -> Answer {
        let (parts, body) = request.into_parts();
        match parts.method {
            Method::POST => self.post(&parts, body),
            Method::GET if accepts_events(&parts) => Answer::Now(self.events(parts, open)),
            Method::GET if upgrade::is_requested(&parts) => self.upgrade(parts, open),
            Method::GET => match self.poll(parts, open) {
                Answer::Now(response) => Answer::Now(uncached(response)),
                later => later,
            },
            Method::DELETE => Answer::Now(self.delete(&parts)),
            _ => Answer::Now(plain(StatusCode::METHOD_NOT_ALLOWED, "")),
        }
    }

    fn post(&self, parts: &Parts, body: Body) -> Answer {
        let Some(token) = connection_token(parts) else { return Answer::Now(plain(StatusCode::BAD_REQUEST, NO_ID)) };
        match self.connections.posts(&token, self.rules.users.identity(parts)) {
            Some(Posts::To(inlet)) => Answer::Post(inlet, body),
            Some(Posts::Nowhere) => Answer::Now(plain(StatusCode::METHOD_NOT_ALLOWED, NO_POST)),
            Some(Posts::Forbidden) => Answer::Now(forbidden()),
            None => Answer::Now(unknown()),
        }
    }

    fn delete(&self, parts: &Parts) -> Response {
        let Some(token) = connection_token(parts) else { return plain(StatusCode::BAD_REQUEST, NO_ID) };
        match self.connections.find(&token) {
            Some(Known::Live(Live::LongPolling(polls), owner)) => {
                if !owner.is(&self.rules.users.identity(parts)) {
                    return forbidden();
                }
                polls.delete();
                plain(StatusCode::ACCEPTED, "")
            }
            Some(_) => plain(StatusCode::BAD_REQUEST, NO_DELETE),
            None => unknown(),
        }
    }

    fn events(&self, parts: Parts, open: impl FnOnce(Opened)) -> Response {
        let transport = Transport::ServerSentEvents;
        let Some(token) = connection_token(&parts) else { return plain(StatusCode::BAD_REQUEST, NO_ID) };
        let mut posts = None;
        let live = |kept: Option<Arc<Inlet>>| Live::ServerSentEvents(posts.insert(kept.unwrap_or_default()).clone());
        match (self.pick_up(&token, transport, &parts, live), posts) {
            (Ok((owner, place, admitted)), Some(posts)) => {
                let info =
                    parts.extensions.get::<ConnectInfo<HttpConnection>>().filter(|_| parts.version == Version::HTTP_11);
                let handover = info.map(|ConnectInfo(connection)| connection.handover().clone());
                let (response, duplex) = server_sent_events::open(posts, place, handover);
                let socket = Socket::Attached(Box::new(duplex));
                open(Opened { owner, transport, parts, socket, place: None, admitted });
                response
            }
            (Err(Refusal::Live(..)), _) => plain(StatusCode::CONFLICT, ""),
            (Err(Refusal::Other(refusal)), _) => *refusal,
            (Ok(_), None) => unknown(),
        }
    }

    fn poll(&self, parts: Parts, open: impl FnOnce(Opened)) -> Answer {
        let transport = Transport::LongPolling;
        let Some(token) = connection_token(&parts) else { return Answer::Now(plain(StatusCode::BAD_REQUEST, NO_ID)) };
        let mut opened = None;
        let live = |kept: Option<Arc<Inlet>>| {
            let polls = Polls::new(kept.unwrap_or_default(), self.rules.polls);
            Live::LongPolling(opened.insert(polls).clone())
        };
        Answer::Now(match (self.pick_up(&token, transport, &parts, live), opened) {
            (Ok((owner, place, admitted)), Some(polls)) => {
                let socket = Socket::Attached(Box::new(LongPolling::new(polls, place)));
                open(Opened { owner, transport, parts, socket, place: None, admitted });
                long_polling::opened()
            }
            (Err(Refusal::Live(Live::LongPolling(polls), owner)), _) => {
                match self.rules.users.readmit(&owner, &parts) {
                    Readmission::Granted => return Answer::Poll(polls.begin()),
                    Readmission::Forbidden => forbidden(),
                    Readmission::Asked(accepted) => {
                        return Answer::Later(Box::pin(async move {
                            if accepted.await {
                                return uncached(polls.begin().await);
                            }
                            if owner.close(CloseReason::AuthenticationRefused) {
                                polls.leave();
                            } else {
                                polls.delete();
                            }
                            uncached(rejected())
                        }));
                    }
                }
            }
            (Err(Refusal::Other(refusal)), _) => *refusal,
            (Err(Refusal::Live(..)) | Ok(_), _) => unknown(),
        })
    }

    fn upgrade(&self, mut parts: Parts, open: impl FnOnce(Opened)) -> Answer {
        let transport = Transport::WebSockets;
        let (response, on_upgrade) = match upgrade::accept(&mut parts) {
            Ok(accepted) => accepted,
            Err(refusal) => return Answer::Now(refusal),
        };
        let socket = Socket::Upgrading(on_upgrade, self.rules.frame_limit);
        let (owner, place, admitted) = match connection_token(&parts) {
            Some(token) => match self.pick_up(&token, transport, &parts, over_socket) {
                Ok((owner, place, admitted)) => (owner, Some(place), admitted),
                Err(Refusal::Live(Live::WebSockets(Some(mailbox)), owner)) => {
                    return self.readmit(&parts, &owner, mailbox, socket, response);
                }
                Err(Refusal::Live(..)) => return Answer::Now(plain(StatusCode::CONFLICT, "")),
                Err(Refusal::Other(mut refusal)) => {
                    if refusal.status() == StatusCode::NOT_FOUND && self.offers(transport) {
                        // As in ASP.NET Core it is the one plain answer without a content type.
                        refusal.headers_mut().remove(header::CONTENT_TYPE);
                    }
                    return Answer::Now(*refusal);
                }
            },
            None if !self.offers(transport) => return Answer::Now(not_offered(transport)),
            None => match (new_connection_id(), self.gate.admit()) {
                (Ok(id), Ok(admitted)) => (self.rules.users.owner(&id, &parts), None, admitted),
                (Ok(_), Err(closed)) => return Answer::Now(closed.response()),
                (Err(error), _) => {
                    tracing::error!(%error, "no random bytes for a connection id");
                    return Answer::Now(plain(StatusCode::SERVICE_UNAVAILABLE, ""));
                }
            },
        };
        open(Opened { owner, transport, parts, socket, place, admitted });
        Answer::Now(response)
    }

    /// Lets a living connection go on over another socket, if that is its user's.
    fn readmit(
        &self,
        parts: &Parts,
        owner: &Arc<Owner>,
        mailbox: Arc<Mailbox>,
        socket: Socket,
        response: Response,
    ) -> Answer {
        if !mailbox.is_open() {
            return Answer::Now(plain(StatusCode::NO_CONTENT, ""));
        }
        match self.rules.users.readmit(owner, parts) {
            Readmission::Granted => {
                tokio::spawn(resume(mailbox, socket));
                Answer::Now(response)
            }
            Readmission::Forbidden => Answer::Now(forbidden()),
            Readmission::Asked(accepted) => {
                let owner = owner.clone();
                Answer::Later(Box::pin(async move {
                    if accepted.await {
                        tokio::spawn(resume(mailbox, socket));
                        return response;
                    }
                    owner.close(CloseReason::AuthenticationRefused);
                    rejected()
                }))
            }
        }
    }

    fn offers(&self, transport: Transport) -> bool {
        self.rules.transports.contains(&transport)
    }

    /// Picks a promised connection up, or says why not, in the order of ASP.NET Core's checks.
    fn pick_up(
        &self,
        token: &str,
        transport: Transport,
        parts: &Parts,
        live: impl FnOnce(Option<Arc<Inlet>>) -> Live,
    ) -> Result<(Arc<Owner>, Place, Admitted), Refusal> {
        if !self.offers(transport) {
            let known = self.connections.find(token).is_some();
            return Err(Refusal::other(if known { not_offered(transport) } else { unknown() }));
        }
        let (identity, user) = (self.rules.users.identity(parts), parts.extensions.get::<User>());
        let owner = |id: &str| Owner::new(id, identity, user.cloned());
        let picked_up = self.connections.pick_up(token, owner, live).map_err(|error| match error {
            PickUpError::Unknown => Refusal::other(unknown()),
            PickUpError::Forbidden => Refusal::other(forbidden()),
            PickUpError::Live(live, _) if live.transport() != transport => {
                Refusal::other(plain(StatusCode::BAD_REQUEST, OTHER_TRANSPORT))
            }
            PickUpError::Live(live, owner) => Refusal::Live(live, owner),
        });
        let (owner, place) = picked_up?;
        match self.gate.admit() {
            Ok(admitted) => Ok((owner, place, admitted)),
            Err(closed) => {
                // POSTs may wait for somebody to read them.
                if let Some(Known::Live(live, _)) = self.connections.find(token)
                    && let Some(inlet) = live.inlet()
                {
                    inlet.close();
                }
                Err(Refusal::other(closed.response()))
            }
        }
    }
}

/// A WebSocket takes no POSTs, not even those that came before it.
fn over_socket(kept: Option<Arc<Inlet>>) -> Live {
    if let Some(inlet) = kept {
        inlet.close();
    }
    Live::WebSockets(None)
}

/// Hands the socket to the connection that it belongs to.
async fn resume(mailbox: Arc<Mailbox>, socket: Socket) {
    if let Some(duplex) = socket.attached().await {
        // If the connection has ended meanwhile, so does the socket.
        mailbox.attach(duplex);
    }
}

/// Why a connection is not picked up.
enum Refusal {
    /// It lives already, by the same transport.
    Live(Live, Arc<Owner>),
    Other(Box<Response>),
}

impl Refusal {
    fn other(response: Response) -> Self {
        Refusal::Other(Box::new(response))
    }
}

fn unknown() -> Response {
    plain(StatusCode::NOT_FOUND, UNKNOWN_ID)
}

fn not_offered(transport: Transport) -> Response {
    let text = match transport {
        Transport::WebSockets => "WebSockets transport not supported by this end point type",
        Transport::ServerSentEvents => "ServerSentEvents transport not supported by this end point type",
        _ => "LongPolling transport not supported by this end point type",
    };
    plain(StatusCode::NOT_FOUND, text)
}

/// Answers to polls, good or bad, must not be kept.
fn uncached(mut response: Response) -> Response {
    for (name, value) in [
        (header::CACHE_CONTROL, "no-cache, no-store"),
        (header::PRAGMA, "no-cache"),
        (header::EXPIRES, "Thu, 01 Jan 1970 00:00:00 GMT"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The secret that a negotiated connection is asked for by. The parameter is called `id` in every version.
fn connection_token(parts: &Parts) -> Option<Cow<'_, str>> {
    query_values(parts.uri.query().unwrap_or_default(), "id").next().filter(|token| !token.is_empty())
}

/// Whether the client wants Server-Sent Events. As in ASP.NET Core the element of the list is compared as a whole.
fn accepts_events(parts: &Parts) -> bool {
    let lists = parts.headers.get_all(header::ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|element| element.trim().eq_ignore_ascii_case("text/event-stream"))
}
