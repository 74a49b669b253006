//! Spans of calls, and how calls end.

use crate::session::BoxFuture;
use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tracing::field::Empty;
use tracing::{Instrument, Span, info_span};

/// In place of a method that the hub does not have: what clients write there is theirs.
pub(crate) const UNKNOWN_METHOD: &str = "_OTHER";

/// What the application does with the span of a call.
pub(crate) type InvocationSpanHook = Arc<dyn Fn(&Span, &InvocationHeaders<'_>) + Send + Sync>;

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Ok,
    PublicError,
    HiddenError,
    Panic,
    /// The call never reached its method.
    Rejected,
    /// The client does not want the answer any more, or has gone.
    Canceled,
    ShuttingDown,
}

impl Outcome {
    #[cfg(feature = "metrics")]
    pub(crate) const ALL: [Outcome; 7] = [
        Outcome::Ok,
        Outcome::PublicError,
        Outcome::HiddenError,
        Outcome::Panic,
        Outcome::Rejected,
        Outcome::Canceled,
        Outcome::ShuttingDown,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::PublicError => "public_error",
            Outcome::HiddenError => "hidden_error",
            Outcome::Panic => "panic",
            Outcome::Rejected => "rejected",
            Outcome::Canceled => "canceled",
            Outcome::ShuttingDown => "shutting_down",
        }
    }
}

/// The headers of a call's message, such as `traceparent`, `tracestate` and `baggage`, by which a client says to which trace
/// the call belongs. Given to [`HubOptions::on_invocation_span`](crate::HubOptions::on_invocation_span).
#[derive(Clone, Copy)]
pub struct InvocationHeaders<'a>(&'a [(Cow<'a, str>, Cow<'a, str>)]);

impl<'a> InvocationHeaders<'a> {
    /// The value of the first header of that name, whose case does not matter.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// All headers, names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

/// Names only: the application decides what of the values may be seen.
impl fmt::Debug for InvocationHeaders<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

/// The span of a call, begun on the current connection. It is a root, linked to its connection's: a trace of its own, or a part
/// of the client's, rather than of a connection that may live for days. Disabled it costs a load and a branch.
#[inline]
pub(crate) fn span(
    hub: &str,
    method: &str,
    connection: &str,
    headers: &[(Cow<'_, str>, Cow<'_, str>)],
    hook: Option<&InvocationSpanHook>,
) -> Span {
    let span = info_span!(
        target: "signalr::invocation",
        parent: None,
        "invocation",
        otel.name = %format_args!("{hub}/{method}"),
        otel.kind = "server",
        rpc.system = "signalr",
        rpc.service = hub,
        rpc.method = method,
        signalr.connection.id = connection,
        traceparent = Empty,
        tracestate = Empty,
        "error.type" = Empty,
        otel.status_code = Empty,
    );
    if !span.is_disabled() {
        link(&span, InvocationHeaders(headers), hook);
    }
    span
}

#[cold]
fn link(span: &Span, headers: InvocationHeaders<'_>, hook: Option<&InvocationSpanHook>) {
    span.follows_from(Span::current());
    for name in ["traceparent", "tracestate"] {
        if let Some(value) = headers.get(name) {
            span.record(name, value);
        }
    }
    if let Some(hook) = hook
        && catch_unwind(AssertUnwindSafe(|| hook(span, &headers))).is_err()
    {
        tracing::error!("the function of HubOptions::on_invocation_span panicked");
    }
}

/// What a hub is told of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Event {
    Connected,
    Disconnected,
    AuthenticationRefreshed,
}

/// The span of a method that is told of an event, within that of the connection.
pub(crate) fn lifecycle_span(hub: &str, event: Event) -> Span {
    macro_rules! span {
        ($name:literal, $method:literal) => {
            info_span!(
                target: "signalr::connection",
                $name,
                otel.name = %format_args!("{hub}/{}", $method),
                rpc.system = "signalr",
                rpc.service = hub,
                rpc.method = $method,
                "error.type" = Empty,
                otel.status_code = Empty,
            )
        };
    }
    match event {
        Event::Connected => span!("on_connected", "OnConnectedAsync"),
        Event::Disconnected => span!("on_disconnected", "OnDisconnectedAsync"),
        Event::AuthenticationRefreshed => span!("on_authentication_refreshed", "OnAuthenticationRefreshedAsync"),
    }
}

/// Runs all of `future` within `span`, its drop included. Nothing is wrapped where nobody looks.
pub(crate) fn within<T: 'static>(span: &Span, future: BoxFuture<T>) -> BoxFuture<T> {
    if span.is_disabled() { future } else { Box::pin(future.instrument(span.clone())) }
}

/// Marks the current span as failed, if it is one of a call.
#[cold]
pub(crate) fn failed(error_type: &str) {
    let span = Span::current();
    if span.metadata().is_some_and(|metadata| metadata.target().starts_with("signalr::")) {
        span.record("error.type", error_type);
        span.record("otel.status_code", "ERROR");
    }
}
