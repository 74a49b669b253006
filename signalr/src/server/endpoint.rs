//! One path where a hub is mounted: from its HTTP requests to sessions.

use super::options::HubOptions;
use crate::backplane::registry::{HubCore, Memberships};
use crate::hub::context::Connection;
use crate::hub::filter::Filters;
use crate::hub::method::HubMethods;
use crate::hub::policy::Refusal;
use crate::hub::request;
use crate::hub::service::HubService;
use crate::hub::{Hub, HubInner};
use crate::protocol::handshake::STATEFUL_VERSION;
use crate::protocol::{Codec, TransferFormat};
use crate::session::handshake::{Handshake, HandshakeRules, accept};
use crate::session::inbox::Overflow;
use crate::session::mailbox::Mailbox;
use crate::session::peer::Peer;
use crate::session::settings::Settings;
use crate::session::{BoxFuture, Session};
use crate::telemetry::Telemetry;
use crate::telemetry::connection::Watch;
use crate::transport::server::dispatch::{Answer, Dispatch, Opened, Socket};
use crate::transport::server::gate::{Admitted, Gate, Shutdown};
use crate::transport::server::pending::Place;
use crate::transport::{Duplex, Transport};
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use http::StatusCode;
use http::request::Parts;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tracing::Instrument;

/// The answer to every handshake that succeeds.
const HANDSHAKE_ACCEPTED: &[u8] = b"{}\x1e";

/// A mounted hub, whatever its type.
pub(super) trait Endpoint: Send + Sync {
    /// Asks the hub's policy, if it has one, whether a request is let in; an error is the status of the refusal.
    fn admit(&self, parts: &Parts) -> Option<BoxFuture<Result<(), StatusCode>>>;

    /// Answers `…/negotiate`.
    fn negotiate(&self, request: &Request) -> Response;

    /// Answers a request to the hub's own path.
    fn connect(&self, request: Request) -> Answer;

    fn options(&self) -> &HubOptions;

    fn core(&self) -> &Arc<HubCore>;
}

/// A hub at a path, with the options that hold there.
pub(super) struct HubEndpoint<H: HubMethods>(Arc<Shared<H>>);

struct Shared<H: HubMethods> {
    hub: Arc<HubInner<H>>,
    options: HubOptions,
    filters: Option<Filters>,
    dispatch: Dispatch,
    /// What holds for each transport.
    web_sockets: Terms,
    server_sent_events: Terms,
    long_polling: Terms,
}

/// How a session is run.
#[derive(Clone)]
struct Terms {
    rules: HandshakeRules,
    settings: Arc<Settings>,
}

impl Terms {
    fn new(options: &HubOptions, transport: Transport) -> Self {
        let rules = HandshakeRules {
            binary: transport.transfer_formats().contains(&TransferFormat::Binary),
            ..options.handshake_rules()
        };
        let mut settings = options.settings();
        settings.intervals = settings.intervals.on(transport);
        Terms { rules, settings: Arc::new(settings) }
    }
}

impl<H: HubMethods> Shared<H> {
    fn terms(&self, transport: Transport) -> &Terms {
        match transport {
            Transport::ServerSentEvents => &self.server_sent_events,
            Transport::LongPolling => &self.long_polling,
            _ => &self.web_sockets,
        }
    }
}

impl<H: HubMethods> HubEndpoint<H> {
    pub(super) fn new(hub: &Hub<H>, options: &HubOptions, shutdown: &Arc<Shutdown>) -> Self {
        HubEndpoint(Arc::new(Shared {
            hub: hub.inner().clone(),
            filters: options.filters(),
            dispatch: Dispatch::new(options.http_rules(), Gate::new(shutdown.clone(), options.bounds().connections())),
            web_sockets: Terms::new(options, Transport::WebSockets),
            server_sent_events: Terms::new(options, Transport::ServerSentEvents),
            long_polling: Terms::new(options, Transport::LongPolling),
            options: options.clone(),
        }))
    }

    /// Serves a connection, on a task of its own.
    fn open(&self, opened: Opened) {
        let Opened { id, transport, mut parts, socket, place, admitted } = opened;
        let shared = self.0.clone();
        let user = shared.options.user_of(&parts).map(Into::into);
        let peer_address = parts.extensions.remove::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address);
        let query = parts.uri.query().unwrap_or_default();
        let request = request::Request::new(query, &parts.headers, parts.extensions, peer_address);
        let core = &shared.hub.core;
        let watch = Watch::begin(&core.name, &id, transport, core.meters.on(transport));
        let span = watch.span();
        let opening = Box::new(Opening { id, place, user, request, transport, watch });
        tokio::spawn(serve(shared, socket, opening, admitted).instrument(span));
    }
}

impl<H: HubMethods> Endpoint for HubEndpoint<H> {
    fn admit(&self, parts: &Parts) -> Option<BoxFuture<Result<(), StatusCode>>> {
        let policy = H::AUTHORIZE?;
        let address = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| *address);
        let query = parts.uri.query().unwrap_or_default();
        let request = request::Request::new(query, &parts.headers, parts.extensions.clone(), address);
        let is_known = self.0.options.user_of(parts).is_some();
        let hub = self.0.hub.core.clone();
        Some(Box::pin(async move {
            let refusal = match policy(request).await {
                Ok(()) => return Ok(()),
                Err(refusal) => refusal,
            };
            match refusal {
                Refusal::Error(error) if !error.is_public() => tracing::error!(hub = hub.name, %error, "policy failed"),
                refusal => tracing::debug!(hub = hub.name, ?refusal, "request refused"),
            }
            Err(if is_known { StatusCode::FORBIDDEN } else { StatusCode::UNAUTHORIZED })
        }))
    }

    fn negotiate(&self, request: &Request) -> Response {
        self.0.dispatch.negotiate(request)
    }

    fn connect(&self, request: Request) -> Answer {
        self.0.dispatch.answer(request, |opened| self.open(opened))
    }

    fn options(&self) -> &HubOptions {
        &self.0.options
    }

    fn core(&self) -> &Arc<HubCore> {
        &self.0.hub.core
    }
}

/// What is known of a connection before its handshake.
struct Opening {
    id: Box<str>,
    place: Option<Place>,
    user: Option<Box<str>>,
    request: request::Request,
    transport: Transport,
    watch: Box<Watch>,
}

/// Serves one connection from its handshake to its end.
async fn serve<H: HubMethods>(shared: Arc<Shared<H>>, socket: Socket, opening: Box<Opening>, admitted: Admitted) {
    let Some(mut duplex) = socket.attached().await else { return };
    let rules = &shared.terms(opening.transport).rules;
    let shutdown = admitted.shutdown();
    // In a box, whose memory a connection gives back after its handshake.
    let handshake = Box::pin(accept(&mut *duplex, rules, shutdown.begun()));
    let Some(handshake) = handshake.await else { return };
    let (session, _place) = session(&shared, duplex, *opening, handshake);
    if shutdown.has_begun() {
        // It was not yet there when all were told.
        session.drain();
    }
    session.await;
}

/// Makes the session, and gives the place of a connection that can be resumed back: its token is known until the very end.
fn session<H: HubMethods>(
    shared: &Arc<Shared<H>>,
    duplex: Box<dyn Duplex>,
    opening: Opening,
    Handshake { protocol, version, received }: Handshake,
) -> (Box<Session>, Option<Box<Place>>) {
    let settings = shared.terms(opening.transport).settings.clone();
    let Opening { id, place, user, request, transport, watch } = opening;
    let resume = shared.dispatch.resume_rules().filter(|_| {
        let agreed = place.as_ref().is_some_and(|place| place.resumable);
        agreed && transport == Transport::WebSockets && version >= STATEFUL_VERSION
    });
    let peer = Peer::new(
        (&*id).into(),
        Codec::new(protocol, shared.hub.core.naming()),
        settings.outbound_capacity,
        // What is promised to be delivered is neither dropped nor a reason to disconnect: senders wait.
        if resume.is_some() { Overflow::Wait } else { settings.overflow },
        settings.detailed_errors,
    );
    let telemetry =
        Telemetry { meters: watch.meters().clone(), on_invocation_span: shared.options.invocation_span_hook() };
    let peer = Arc::new(peer.reporting(telemetry));
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
    let (place, resumed) = match (resume, place) {
        (Some(rules), Some(place)) => {
            let mailbox = Mailbox::new(peer.clone());
            place.resume_by(mailbox.clone());
            (None, Some((mailbox, rules, Box::new(place))))
        }
        (_, place) => (place, None),
    };
    let place = place.map(|place| Box::new(place) as _);
    let service = Box::new(HubService::new(shared.hub.clone(), connection, place, shared.filters.clone()));
    let mut session = Session::new(peer, settings, service, duplex, received, HANDSHAKE_ACCEPTED);
    session.watched_by(watch);
    let kept = resumed.map(|(mailbox, rules, place)| {
        session.resume_by(mailbox, rules);
        place
    });
    (session, kept)
}
