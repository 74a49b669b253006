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
}

/// The transport as metrics and spans name it.
pub(super) fn transport_label(transport: Transport) -> &'static str {
    match transport {
        Transport::WebSockets => "web_sockets",
        Transport::ServerSentEvents => "server_sent_events",
        Transport::LongPolling => "long_polling",
        Transport::Stream => "stream",
        Transport::Custom => "custom",
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
        Box::new(Watch { span, id: id.into(), meters, started: Instant::now(), reason: None })
    }

    /// What everything of the connection is to run in.
    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    /// The connection has ended.
    pub(crate) fn ended(&mut self, reason: &CloseReason) {
        self.reason = Some(reason.clone());
        self.span.record("signalr.close_reason", reason.name());
    }
}

/// The handshake of the current connection has succeeded.
pub(crate) fn shaken(protocol: Protocol) {
    Span::current().record("signalr.protocol", protocol.name());
}

/// The end of the current connection begins; its span shows why while the end runs.
pub(crate) fn closing(reason: &CloseReason) {
    Span::current().record("signalr.close_reason", reason.name());
}

impl Drop for Watch {
    fn drop(&mut self) {
        let duration = self.started.elapsed();
        // Without a reason the socket never came, or the runtime has ended.
        let name = self.reason.as_ref().map_or("Dropped", CloseReason::name);
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
