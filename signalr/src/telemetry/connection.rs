//! The span of a connection, and what is reported when it ends.

use super::meters::Meters;
use crate::protocol::{Protocol, Transport};
use crate::session::close::CloseReason;
use smol_str::SmolStr;
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Span, debug, info, info_span, warn};

/// Watches one connection from its request to its end, which it reports when it is dropped.
pub(crate) struct Watch {
    span: Span,
    id: SmolStr,
    meters: Meters,
    started: Instant,
    reason: Option<CloseReason>,
    is_shaken: bool,
}

/// The transport as metrics and spans name it.
pub(super) fn transport_label(transport: Transport) -> &'static str {
    match transport.name() {
        "WebSockets" => "web_sockets",
        "ServerSentEvents" => "server_sent_events",
        "LongPolling" => "long_polling",
        "Memory" => "memory",
        "Stream" => "stream",
        _ => "custom",
    }
}

impl Watch {
    /// A connection begins. The current span, that of its HTTP request, ends long before it, so the two are linked only.
    pub(crate) fn begin(hub: &str, id: &str, transport: Transport, meters: Meters) -> Box<Self> {
        let span = info_span!(
            target: "signalr::connection",
            parent: None,
            "connection",
            otel.name = hub,
            signalr.connection.id = id,
            signalr.hub = hub,
            signalr.transport = transport_label(transport),
            signalr.protocol = Empty,
            signalr.close_reason = Empty,
        );
        if !span.is_disabled() {
            span.follows_from(Span::current());
        }
        debug!(parent: &span, connection = id, "connection opened");
        meters.opened();
        Box::new(Watch { span, id: id.into(), meters, started: Instant::now(), reason: None, is_shaken: false })
    }

    /// What everything of the connection is to run in.
    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    pub(crate) fn meters(&self) -> &Meters {
        &self.meters
    }

    /// The handshake has succeeded.
    pub(crate) fn shaken(&mut self, protocol: Protocol) {
        self.is_shaken = true;
        self.span.record("signalr.protocol", protocol.name());
    }

    /// The end begins. The first reason counts.
    pub(crate) fn closing(&mut self, reason: &CloseReason) {
        if self.reason.is_none() {
            self.span.record("signalr.close_reason", reason.name());
            self.reason = Some(reason.clone());
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let duration = self.started.elapsed();
        let name = match &self.reason {
            Some(reason) => reason.name(),
            None if self.is_shaken => "Dropped",
            None => "HandshakeFailed",
        };
        self.meters.closed(name, duration);
        macro_rules! ended {
            ($level:ident) => {
                $level!(
                    parent: &self.span,
                    connection = self.id.as_str(),
                    reason = name,
                    detail = self.reason.as_ref().and_then(CloseReason::detail),
                    ?duration,
                    "connection ended"
                )
            };
        }
        match &self.reason {
            // What an operator may have to look at.
            Some(CloseReason::SlowConsumer | CloseReason::ServerError(_)) => ended!(warn),
            // What a client did wrong.
            Some(CloseReason::Timeout | CloseReason::TooLarge(_) | CloseReason::ProtocolError(_)) => ended!(info),
            _ => ended!(debug),
        }
    }
}
