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
use crate::protocol::Codec;
use crate::protocol::handshake::STATEFUL_VERSION;
use crate::session::close::CloseReason;
use crate::session::handshake::{Handshake, HandshakeRules, accept};
use crate::session::inbox::Overflow;
use crate::session::mailbox::Mailbox;
use crate::session::owner::Owner;
use crate::session::peer::Peer;
use crate::session::settings::Settings;
use crate::session::{BoxFuture, Session};
use crate::telemetry::Telemetry;
use crate::telemetry::connection::{self, Watch};
use crate::transport::server::dispatch::{Answer, Dispatch, Opened};
use crate::transport::server::gate::{Admitted, Gate, Shutdown};
use crate::transport::server::pending::Place;
use crate::transport::{Duplex, Transport};
use axum::extract::Request;
use axum::response::Response;
use http::StatusCode;
use http::request::Parts;
use std::any::Any;
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

    /// Answers `…/refresh`, if there is such a route.
    fn refresh(&self, request: Request) -> Answer;

    /// For a hub, the [`Shared`] of its type.
    fn as_any(&self) -> &dyn Any;

    fn options(&self) -> &HubOptions;

    /// The hub, if it is one.
    fn core(&self) -> Option<&Arc<HubCore>>;
}

/// A hub at a path, with the options that hold there.
pub(super) struct HubEndpoint<H: HubMethods>(Arc<Shared<H>>);

/// What all connections of a mounted hub share.
pub(super) struct Shared<H: HubMethods> {
    hub: Arc<HubInner<H>>,
    options: HubOptions,
    filters: Option<Filters>,
    dispatch: Dispatch,
    /// What holds for each transport.
    web_sockets: Terms,
    server_sent_events: Terms,
    long_polling: Terms,
    /// Everything that is not HTTP.
    streams: Terms,
}

/// How a session is run.
#[derive(Clone)]
struct Terms {
    rules: HandshakeRules,
    settings: Arc<Settings>,
}

impl Terms {
    fn new(options: &HubOptions, transport: Transport) -> Self {
        let mut settings = options.settings();
        settings.intervals = settings.intervals.on(transport);
        Terms { rules: options.handshake_rules(), settings: Arc::new(settings) }
    }
}

impl<H: HubMethods> Shared<H> {
    pub(super) fn new(hub: &Hub<H>, options: &HubOptions, shutdown: &Arc<Shutdown>) -> Arc<Self> {
        let rules = options.handshake_rules();
        hub.inner().core.registry.offer(&rules.protocols);
        Arc::new(Shared {
            hub: hub.inner().clone(),
            filters: options.filters(),
            dispatch: Dispatch::new(options.http_rules(), Gate::new(shutdown.clone(), options.bounds().connections())),
            web_sockets: Terms::new(options, Transport::WebSockets),
            server_sent_events: Terms::new(options, Transport::ServerSentEvents),
            long_polling: Terms::new(options, Transport::LongPolling),
            streams: Terms::new(options, Transport::Stream),
            options: options.clone(),
        })
    }

    /// What is shared at an endpoint, if `hub` is mounted there.
    pub(super) fn of(endpoint: &dyn Endpoint, hub: &Hub<H>) -> Option<Arc<Self>> {
        let shared = endpoint.as_any().downcast_ref::<Arc<Self>>()?;
        Arc::ptr_eq(&shared.hub, hub.inner()).then(|| shared.clone())
    }

    /// Watches a connection that begins.
    pub(super) fn watch(&self, id: &str, transport: Transport) -> Box<Watch> {
        let core = &self.hub.core;
        Watch::begin(&core.name, id, transport, core.meters.on(transport))
    }

    #[cfg(feature = "testing")]
    pub(super) fn core(&self) -> &Arc<HubCore> {
        &self.hub.core
    }

    #[cfg(feature = "testing")]
    pub(super) fn dispatch(&self) -> &Dispatch {
        &self.dispatch
    }

    /// Who decides whether a connection is let in.
    pub(super) fn gate(&self) -> &Arc<Gate> {
        self.dispatch.gate()
    }

    fn terms(&self, transport: Transport) -> &Terms {
        match transport {
            Transport::ServerSentEvents => &self.server_sent_events,
            Transport::LongPolling => &self.long_polling,
            Transport::Stream | Transport::Custom => &self.streams,
            Transport::WebSockets => &self.web_sockets,
        }
    }
}

impl<H: HubMethods> HubEndpoint<H> {
    pub(super) fn new(hub: &Hub<H>, options: &HubOptions, shutdown: &Arc<Shutdown>) -> Self {
        HubEndpoint(Shared::new(hub, options, shutdown))
    }

    /// Serves a connection, on a task of its own.
    fn open(&self, opened: Opened) {
        let Opened { owner, transport, parts, socket, place, admitted } = opened;
        let shared = self.0.clone();
        let watch = shared.watch(owner.connection(), transport);
        let opening = Box::new(Opening { owner, place, request: request::Request::of(parts), transport });
        tokio::spawn(async move {
            if let Some(duplex) = socket.attached().await {
                serve(shared, duplex, opening, admitted, watch).await;
            }
        });
    }
}

impl<H: HubMethods> Endpoint for HubEndpoint<H> {
    fn admit(&self, parts: &Parts) -> Option<BoxFuture<Result<(), StatusCode>>> {
        let policy = H::AUTHORIZE?;
        let request = request::Request::of(parts.clone());
        let identity = self.0.dispatch.users().identity(parts);
        let is_known = identity.is_known || identity.id.is_some();
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

    fn refresh(&self, request: Request) -> Answer {
        let (parts, _body) = request.into_parts();
        self.0.dispatch.refresh(&parts)
    }

    fn as_any(&self) -> &dyn Any {
        &self.0
    }

    fn options(&self) -> &HubOptions {
        &self.0.options
    }

    fn core(&self) -> Option<&Arc<HubCore>> {
        Some(&self.0.hub.core)
    }
}

/// What is known of a connection before its handshake.
pub(super) struct Opening {
    pub(super) owner: Arc<Owner>,
    pub(super) place: Option<Place>,
    pub(super) request: request::Request,
    pub(super) transport: Transport,
}

/// Serves one connection from its handshake to its end.
pub(super) async fn serve<H: HubMethods>(
    shared: Arc<Shared<H>>,
    duplex: Box<dyn Duplex>,
    opening: Box<Opening>,
    admitted: Admitted,
    mut watch: Box<Watch>,
) -> CloseReason {
    let span = watch.span();
    let reason = converse(shared, duplex, opening, admitted).instrument(span).await;
    watch.ended(&reason);
    reason
}

async fn converse<H: HubMethods>(
    shared: Arc<Shared<H>>,
    mut duplex: Box<dyn Duplex>,
    opening: Box<Opening>,
    admitted: Admitted,
) -> CloseReason {
    let rules = &shared.terms(opening.transport).rules;
    let shutdown = admitted.shutdown();
    // In a box, whose memory a connection gives back after its handshake.
    let handshake = match Box::pin(accept(&mut *duplex, rules, shutdown.begun())).await {
        Ok(handshake) => handshake,
        Err(reason) => return reason,
    };
    let (session, _place) = session(&shared, duplex, *opening, handshake);
    if shutdown.has_begun() {
        // It was not yet there when all were told.
        session.drain();
    }
    session.await
}

/// Makes the session, and gives the place of a connection that can be resumed back: its token is known until the very end.
fn session<H: HubMethods>(
    shared: &Arc<Shared<H>>,
    duplex: Box<dyn Duplex>,
    opening: Opening,
    Handshake { protocol, version, error_info, received }: Handshake,
) -> (Box<Session>, Option<Box<Place>>) {
    connection::shaken(protocol);
    let settings = shared.terms(opening.transport).settings.clone();
    let Opening { owner, place, request, transport } = opening;
    let resume = shared.dispatch.resume_rules().filter(|_| {
        let agreed = place.as_ref().is_some_and(|place| place.resumable);
        agreed && transport == Transport::WebSockets && version >= STATEFUL_VERSION
    });
    let peer = Peer::new(
        owner.connection().into(),
        Codec::new(protocol, shared.hub.core.naming()),
        settings.outbound_capacity,
        // What is promised to be delivered is neither dropped nor a reason to disconnect: senders wait.
        if resume.is_some() { Overflow::Wait } else { settings.overflow },
        settings.detailed_errors,
    );
    let telemetry = Telemetry {
        meters: shared.hub.core.meters.on(transport),
        on_invocation_span: shared.options.invocation_span_hook(),
    };
    let peer = Arc::new(peer.reporting(telemetry).asking_for_error_info(error_info));
    let connection = Arc::new(Connection {
        peer: peer.clone(),
        core: shared.hub.core.clone(),
        transport,
        user: owner.user_id(),
        owner: owner.clone(),
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
    let kept = resumed.map(|(mailbox, rules, place)| {
        session.resume_by(mailbox, rules);
        place
    });
    let users = shared.dispatch.users();
    if users.are_looked_after() {
        session.look_after(owner, users.end_with_authentication);
    }
    (session, kept)
}
