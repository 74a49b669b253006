//! One path where a hub is mounted: from its HTTP requests to sessions.

use super::options::HubOptions;
use crate::hub::context::Connection;
use crate::hub::method::HubMethods;
use crate::hub::request;
use crate::hub::service::HubService;
use crate::hub::{Hub, HubInner};
use crate::protocol::{Codec, Protocol};
use crate::session::Session;
use crate::session::close::CloseReason;
use crate::session::handshake::{Handshake, HandshakeRules, accept};
use crate::session::peer::Peer;
use crate::session::settings::Settings;
use crate::transport::server::dispatch::{Answer, Dispatch, Opened};
use crate::transport::server::pending::Place;
use crate::transport::{Duplex, Transport};
use axum::extract::Request;
use axum::response::Response;
use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The answer to every handshake that succeeds.
const HANDSHAKE_ACCEPTED: &[u8] = b"{}\x1e";

/// A mounted hub, whatever its type.
pub(super) trait Endpoint: Send + Sync {
    /// Answers `…/negotiate`.
    fn negotiate(&self, request: &Request) -> Response;

    /// Answers a request to the hub's own path.
    fn connect(&self, request: Request) -> Answer;

    /// For a hub, the [`Shared`] of its type.
    fn as_any(&self) -> &dyn Any;
}

/// A hub at a path, with the options that hold there.
pub(super) struct HubEndpoint<H: HubMethods>(Arc<Shared<H>>);

/// What all connections of a mounted hub share.
pub(super) struct Shared<H: HubMethods> {
    hub: Arc<HubInner<H>>,
    options: HubOptions,
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
    pub(super) fn new(hub: &Hub<H>, options: &HubOptions) -> Arc<Self> {
        Arc::new(Shared {
            hub: hub.inner().clone(),
            dispatch: Dispatch::new(options.http_rules()),
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
    pub(super) fn new(hub: &Hub<H>, options: &HubOptions) -> Self {
        HubEndpoint(Shared::new(hub, options))
    }

    /// Serves a connection, on a task of its own.
    fn open(&self, opened: Opened) {
        let Opened { id, transport, parts, socket, place } = opened;
        let shared = self.0.clone();
        let user = shared.options.user_of(&parts).map(Into::into);
        let opening = Box::new(Opening { id, place, user, request: request::Request::of(parts), transport });
        tokio::spawn(async move {
            if let Some(duplex) = socket.attached().await {
                serve(shared, duplex, opening).await;
            }
        });
    }
}

impl<H: HubMethods> Endpoint for HubEndpoint<H> {
    fn negotiate(&self, request: &Request) -> Response {
        self.0.dispatch.negotiate(request)
    }

    fn connect(&self, request: Request) -> Answer {
        self.0.dispatch.answer(request, |opened| self.open(opened))
    }

    fn as_any(&self) -> &dyn Any {
        &self.0
    }
}

/// What is known of a connection before its handshake.
pub(super) struct Opening {
    pub(super) id: Box<str>,
    pub(super) place: Option<Place>,
    pub(super) user: Option<Box<str>>,
    pub(super) request: request::Request,
    pub(super) transport: Transport,
}

/// Serves one connection from its handshake to its end.
pub(super) async fn serve<H: HubMethods>(
    shared: Arc<Shared<H>>,
    mut duplex: Box<dyn Duplex>,
    opening: Box<Opening>,
) -> CloseReason {
    let rules = &shared.terms(opening.transport).rules;
    match accept(&mut *duplex, rules).await {
        Ok(Handshake { protocol, received }) => session(&shared, duplex, *opening, protocol, received).await,
        Err(reason) => reason,
    }
}

fn session<H: HubMethods>(
    shared: &Arc<Shared<H>>,
    duplex: Box<dyn Duplex>,
    opening: Opening,
    protocol: Protocol,
    received: Vec<u8>,
) -> Box<Session> {
    let settings = shared.terms(opening.transport).settings.clone();
    let Opening { id, place, user, request, transport } = opening;
    let peer = Arc::new(Peer::new(
        (&*id).into(),
        Codec::new(protocol, shared.hub.core.naming()),
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
        memberships: Default::default(),
        connected: AtomicBool::new(false),
    });
    let service = Box::new(HubService::new(shared.hub.clone(), connection, place.map(|place| Box::new(place) as _)));
    Session::new(peer, settings, service, duplex, received, HANDSHAKE_ACCEPTED)
}
