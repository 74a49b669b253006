//! One path where a hub is mounted: from its HTTP requests to sessions.

use super::options::HubOptions;
use super::shutdown::{Admitted, Closed, Gate, Shutdown};
use crate::backplane::registry::{HubCore, Memberships};
use crate::hub::context::Connection;
use crate::hub::method::HubMethods;
use crate::hub::request::{self, query_values};
use crate::hub::service::HubService;
use crate::hub::{Hub, HubInner};
use crate::protocol::negotiate::new_connection_id;
use crate::session::Session;
use crate::session::handshake::{Handshake, HandshakeRules, accept};
use crate::session::peer::Peer;
use crate::session::settings::Settings;
use crate::transport::server::negotiate::{self, plain};
use crate::transport::server::pending::{Pending, PickUpError, Place};
use crate::transport::server::upgrade;
use crate::transport::{Duplex, Transport};
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use http::request::Parts;
use http::{Method, StatusCode, header};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

const NO_ID: &str = "Connection ID required";
const UNKNOWN_ID: &str = "No Connection with that ID";
/// The answer to every handshake that succeeds.
const HANDSHAKE_ACCEPTED: &[u8] = b"{}\x1e";

/// A mounted hub, whatever its type.
pub(super) trait Endpoint: Send + Sync {
    /// Answers `…/negotiate`.
    fn negotiate(&self, request: &Request) -> Response;

    /// Answers a request to the hub's own path.
    fn connect(&self, request: Request) -> Response;

    fn options(&self) -> &HubOptions;

    fn core(&self) -> &Arc<HubCore>;
}

/// A hub at a path, with the options that hold there.
pub(super) struct HubEndpoint<H: HubMethods>(Arc<Shared<H>>);

struct Shared<H: HubMethods> {
    hub: Arc<HubInner<H>>,
    options: HubOptions,
    rules: HandshakeRules,
    settings: Arc<Settings>,
    pending: Arc<Pending>,
    gate: Arc<Gate>,
}

impl<H: HubMethods> HubEndpoint<H> {
    pub(super) fn new(hub: &Hub<H>, options: &HubOptions, shutdown: &Arc<Shutdown>) -> Self {
        HubEndpoint(Arc::new(Shared {
            hub: hub.inner().clone(),
            rules: options.handshake_rules(),
            settings: Arc::new(options.settings()),
            pending: Pending::new(options.bounds().pending()),
            gate: Gate::new(shutdown.clone(), options.bounds().connections()),
            options: options.clone(),
        }))
    }

    /// The id of the connection that a WebSocket request opens, and the place of a negotiated one.
    fn pick_up(&self, parts: &Parts) -> Result<(Box<str>, Option<Place>), Response> {
        let Some(token) = connection_token(parts) else {
            let id = new_connection_id().map_err(|error| {
                tracing::error!(%error, "no random bytes for a connection id");
                plain(StatusCode::SERVICE_UNAVAILABLE, "")
            })?;
            return Ok((id.into(), None));
        };
        match self.0.pending.pick_up(&token) {
            Ok((id, place)) => Ok((id, Some(place))),
            Err(PickUpError::Unknown) => {
                // As in ASP.NET Core it is the one plain answer without a content type.
                let mut unknown = Response::new(UNKNOWN_ID.into());
                *unknown.status_mut() = StatusCode::NOT_FOUND;
                Err(unknown)
            }
            Err(PickUpError::Live) => Err(plain(StatusCode::CONFLICT, "")),
        }
    }

    fn upgrade(&self, mut parts: Parts) -> Response {
        let (response, on_upgrade) = match upgrade::accept(&mut parts) {
            Ok(accepted) => accepted,
            Err(refusal) => return refusal,
        };
        let admitted = match self.0.gate.admit() {
            Ok(admitted) => admitted,
            Err(closed) => return refused(closed),
        };
        let (id, place) = match self.pick_up(&parts) {
            Ok(picked_up) => picked_up,
            Err(refusal) => return refusal,
        };
        let shared = self.0.clone();
        let user = shared.options.user_of(&parts).map(Into::into);
        let peer_address = parts.extensions.remove::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address);
        let query = parts.uri.query().unwrap_or_default();
        let request = request::Request::new(query, &parts.headers, parts.extensions, peer_address);
        let opening = Box::new(Opening { id, place, user, request, transport: Transport::WebSockets });
        tokio::spawn(async move {
            match on_upgrade.await {
                Ok(upgraded) => {
                    let duplex = upgrade::duplex(upgraded, shared.options.bounds().frame_size());
                    serve(shared.clone(), duplex, opening, &admitted).await;
                }
                Err(error) => tracing::debug!(%error, "upgrade failed"),
            }
        });
        response
    }

    /// What is answered to requests of transports that this endpoint does not have.
    fn other_transport(&self, parts: &Parts) -> Response {
        let Some(token) = connection_token(parts) else { return plain(StatusCode::BAD_REQUEST, NO_ID) };
        let found = self.0.pending.find(&token);
        let transport = match (&parts.method, found) {
            (_, Err(PickUpError::Unknown)) => return plain(StatusCode::NOT_FOUND, UNKNOWN_ID),
            (&Method::POST, Err(PickUpError::Live)) => {
                let text = "POST requests are not allowed for WebSocket connections.";
                return plain(StatusCode::METHOD_NOT_ALLOWED, text);
            }
            (&Method::DELETE, _) => {
                let text = "Cannot terminate this connection using the DELETE endpoint.";
                return plain(StatusCode::BAD_REQUEST, text);
            }
            (&Method::GET, _) if accepts_events(parts) => {
                "ServerSentEvents transport not supported by this end point type"
            }
            _ => "LongPolling transport not supported by this end point type",
        };
        plain(StatusCode::NOT_FOUND, transport)
    }
}

impl<H: HubMethods> Endpoint for HubEndpoint<H> {
    fn negotiate(&self, request: &Request) -> Response {
        if let Err(closed) = self.0.gate.is_open() {
            return refused(closed);
        }
        negotiate::answer(request.method(), request.uri().query().unwrap_or_default(), &self.0.pending)
    }

    fn connect(&self, request: Request) -> Response {
        let (parts, _body) = request.into_parts();
        match parts.method {
            Method::GET if !accepts_events(&parts) && upgrade::is_requested(&parts) => self.upgrade(parts),
            Method::GET | Method::POST | Method::DELETE => self.other_transport(&parts),
            _ => plain(StatusCode::METHOD_NOT_ALLOWED, ""),
        }
    }

    fn options(&self) -> &HubOptions {
        &self.0.options
    }

    fn core(&self) -> &Arc<HubCore> {
        &self.0.hub.core
    }
}

/// The answer to whoever is not let in.
fn refused(closed: Closed) -> Response {
    match closed {
        Closed::ShuttingDown => plain(StatusCode::SERVICE_UNAVAILABLE, "The server is shutting down."),
        Closed::Full => plain(StatusCode::SERVICE_UNAVAILABLE, "There are too many connections."),
    }
}

/// The secret that a negotiated connection is asked for by. The parameter is called `id` in every version.
fn connection_token(parts: &Parts) -> Option<String> {
    let query = parts.uri.query().unwrap_or_default();
    query_values(query, "id").next().filter(|token| !token.is_empty()).map(Into::into)
}

/// Whether the client wants Server-Sent Events. As in ASP.NET Core the element of the list is compared as a whole.
fn accepts_events(parts: &Parts) -> bool {
    let lists = parts.headers.get_all(header::ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|element| element.trim().eq_ignore_ascii_case("text/event-stream"))
}

/// What is known of a connection before its handshake.
struct Opening {
    id: Box<str>,
    place: Option<Place>,
    user: Option<Box<str>>,
    request: request::Request,
    transport: Transport,
}

/// Serves one connection from its handshake to its end.
async fn serve<H: HubMethods>(
    shared: Arc<Shared<H>>,
    mut duplex: Box<dyn Duplex>,
    opening: Box<Opening>,
    _admitted: &Admitted,
) {
    let shutdown = shared.gate.shutdown();
    // In a box, whose memory a connection gives back after its handshake.
    let handshake = Box::pin(accept(&mut *duplex, &shared.rules, shutdown.begun()));
    let Some(Handshake { protocol, received }) = handshake.await else { return };
    let session = session(&shared, duplex, *opening, protocol, received);
    if shutdown.has_begun() {
        // It was not yet there when all were told.
        session.drain();
    }
    session.await;
}

fn session<H: HubMethods>(
    shared: &Arc<Shared<H>>,
    duplex: Box<dyn Duplex>,
    opening: Opening,
    protocol: crate::protocol::Protocol,
    received: Vec<u8>,
) -> Box<Session> {
    let settings = shared.settings.clone();
    let Opening { id, place, user, request, transport } = opening;
    let peer = Arc::new(Peer::new(
        (&*id).into(),
        protocol,
        settings.outbound_capacity,
        settings.overflow,
        settings.detailed_errors,
    ));
    let connection = Arc::new(Connection {
        peer: peer.clone(),
        core: shared.hub.core.clone(),
        transport,
        user,
        request,
        items: Default::default(),
        memberships: Memberships::new(settings.groups),
        connected: AtomicBool::new(false),
    });
    let service = Box::new(HubService::new(shared.hub.clone(), connection, place.map(|place| Box::new(place) as _)));
    Session::new(peer, settings, service, duplex, received, HANDSHAKE_ACCEPTED)
}
