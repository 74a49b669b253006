//! One path where raw connections are served: from its HTTP requests to the application's handler.

use super::endpoint::Endpoint;
use super::options::HubOptions;
use crate::backplane::registry::HubCore;
use crate::hub::request::Request;
use crate::raw::RawConnection;
use crate::raw::driver::{Driver, RawSettings};
use crate::raw::shared::Shared;
use crate::session::BoxFuture;
use crate::telemetry::connection::Watch;
use crate::telemetry::meters::HubMeters;
use crate::transport::server::dispatch::{Answer, Dispatch, Opened};
use crate::transport::server::gate::{Gate, Shutdown};
use axum::response::Response;
use futures_util::future::{Either, select};
use http::StatusCode;
use http::request::Parts;
use std::any::Any;
use std::pin::pin;
use std::sync::Arc;
use tracing::Instrument;

/// What the application does with its connections.
pub(super) type Handler = Arc<dyn Fn(RawConnection) -> BoxFuture<()> + Send + Sync>;

/// A handler at a path, with the options that hold there.
pub(super) struct RawEndpoint {
    /// By its path, for want of a name.
    path: Box<str>,
    meters: HubMeters,
    handler: Handler,
    options: HubOptions,
    dispatch: Dispatch,
}

impl RawEndpoint {
    pub(super) fn new(path: &str, handler: Handler, options: &HubOptions, shutdown: &Arc<Shutdown>) -> Self {
        let gate = Gate::new(shutdown.clone(), options.bounds().connections());
        RawEndpoint {
            path: path.into(),
            meters: HubMeters::new(path),
            handler,
            dispatch: Dispatch::new(options.http_rules(), gate),
            options: options.clone(),
        }
    }

    /// Serves a connection, on a task of its own.
    fn open(&self, opened: Opened) {
        let Opened { owner, transport, parts, socket, place, admitted } = opened;
        let mut watch = Watch::begin(&self.path, owner.connection(), transport, self.meters.on(transport));
        let span = watch.span();
        let shared = Shared::new(owner.connection().into(), owner.user_id(), Request::of(parts), transport);
        let shared = Arc::new(shared);
        let settings = self.options.settings();
        let settings = RawSettings {
            intervals: settings.intervals.on(transport).probes_only(),
            close_timeout: settings.close_timeout,
            call_grace: settings.call_grace,
        };
        let handler = self.handler.clone();
        let connection = RawConnection::new(shared.clone());
        let serve = async move {
            let Some(duplex) = socket.attached().await else { return };
            let running = Box::pin(async move { handler(connection).await });
            let mut driver = Driver::new(shared.clone(), settings, duplex, running);
            let shutdown = admitted.shutdown();
            if let Either::Right(((), driver)) = select(&mut driver, pin!(shutdown.begun())).await {
                driver.drain();
                driver.await;
            }
            drop(place);
            shared.end_reason().iter().for_each(|reason| watch.ended(reason));
        };
        tokio::spawn(serve.instrument(span));
    }
}

impl Endpoint for RawEndpoint {
    fn negotiate(&self, request: &axum::extract::Request) -> Response {
        self.dispatch.negotiate(request)
    }

    fn connect(&self, request: axum::extract::Request) -> Answer {
        self.dispatch.answer(request, |opened| self.open(opened))
    }

    fn admit(&self, _parts: &Parts) -> Option<BoxFuture<Result<(), StatusCode>>> {
        None
    }

    fn refresh(&self, request: axum::extract::Request) -> Answer {
        let (parts, _body) = request.into_parts();
        self.dispatch.refresh(&parts)
    }

    fn as_any(&self) -> &dyn Any {
        &()
    }

    fn options(&self) -> &HubOptions {
        &self.options
    }

    fn core(&self) -> Option<&Arc<HubCore>> {
        None
    }
}
