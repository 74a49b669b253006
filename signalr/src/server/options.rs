//! What can be set for a hub, and what holds otherwise.

use super::limits::Limits;
use super::origin::Origins;
use super::validation::{Invalid, above_zero, at_least, at_most_a_year};
use crate::hub::filter::{AnyFilter, Filters, HubFilter};
use crate::protocol::Protocol;
use crate::session::handshake::HandshakeRules;
use crate::session::inbox::Overflow;
use crate::session::keepalive::Intervals;
use crate::session::replay::Budget;
use crate::session::settings::Settings;
use crate::session::stateful::ResumeRules;
use crate::telemetry::call::{InvocationHeaders, InvocationSpanHook};
use crate::transport::Transport;
use crate::transport::server::authentication::{AuthenticationRefresh, Users};
use crate::transport::server::dispatch::HttpRules;
use crate::transport::server::long_polling::PollTimes;
use http::request::Parts;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The options of a hub where it is mounted. The defaults are those of ASP.NET Core where it has the option, whose name there
/// stands in brackets. What cannot hold is found by [`SignalRBuilder::try_build`](crate::SignalRBuilder::try_build).
///
/// ```
/// use signalr::{HubOptions, Limits, Overflow};
/// use std::time::Duration;
///
/// let options = HubOptions::default()
///     .keep_alive_interval(Duration::from_secs(10))
///     .allowed_origins(["https://app.example.com"])
///     .limits(Limits::default().maximum_message_size(1024 * 1024))
///     .overflow(Overflow::DropNewest);
/// # let _ = options;
/// ```
#[derive(Clone)]
#[must_use]
pub struct HubOptions {
    handshake_timeout: Duration,
    keep_alive_interval: Duration,
    client_timeout: Duration,
    websocket_ping_interval: Option<Duration>,
    close_timeout: Duration,
    call_grace: Duration,
    limits: Limits,
    overflow: Overflow,
    detailed_errors: bool,
    protocols: Vec<Protocol>,
    origins: Origins,
    transports: Vec<Transport>,
    poll_timeout: Duration,
    disconnect_timeout: Duration,
    allow_stateful_reconnects: bool,
    stateful_reconnect_buffer_size: usize,
    stateful_reconnect_memory: usize,
    minimum_protocol_version: i32,
    users: Users,
    on_invocation_span: Option<InvocationSpanHook>,
    filters: Vec<Arc<dyn AnyFilter>>,
}

/// Of the versions of the negotiation.
const NEWEST_NEGOTIATION: i32 = 1;

impl Default for HubOptions {
    fn default() -> Self {
        HubOptions {
            handshake_timeout: Duration::from_secs(15),
            keep_alive_interval: Duration::from_secs(15),
            client_timeout: Duration::from_secs(30),
            websocket_ping_interval: Some(Duration::from_secs(60)),
            close_timeout: Duration::from_secs(5),
            call_grace: Duration::from_secs(30),
            limits: Limits::default(),
            overflow: Overflow::Disconnect,
            detailed_errors: false,
            protocols: Protocol::ALL.to_vec(),
            origins: Origins::default(),
            transports: Transport::ALL.to_vec(),
            poll_timeout: Duration::from_secs(90),
            disconnect_timeout: Duration::from_secs(15),
            allow_stateful_reconnects: false,
            stateful_reconnect_buffer_size: 100_000,
            stateful_reconnect_memory: 64 * 1024 * 1024,
            minimum_protocol_version: 0,
            users: Users::default(),
            on_invocation_span: None,
            filters: Vec::new(),
        }
    }
}

impl HubOptions {
    /// How long a client may take for its handshake, from the opening of its connection; then it is disconnected. Default:
    /// 15 s (`HandshakeTimeout`).
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.handshake_timeout = timeout;
        self
    }

    /// How often the server pings a client that has taken everything sent before. Should be at most half of the clients'
    /// server timeout, which is 30 s with Microsoft's clients. Default: 15 s (`KeepAliveInterval`).
    pub fn keep_alive_interval(mut self, interval: Duration) -> Self {
        self.keep_alive_interval = interval;
        self
    }

    /// How long a client may be silent, from its first ping on; then it is disconnected. Any message counts, and the time
    /// does not run while the server itself does not read. A client that never pings never times out here, but see
    /// [`websocket_ping_interval`](Self::websocket_ping_interval). Default: 30 s (`ClientTimeoutInterval`).
    pub fn client_timeout(mut self, timeout: Duration) -> Self {
        self.client_timeout = timeout;
        self
    }

    /// After so long a silence the client's WebSocket is pinged, and given up after another such time without any answer. It
    /// finds half-open connections of clients that never ping. Any WebSocket client answers by itself. Default: 60 s; `None`
    /// turns it off.
    pub fn websocket_ping_interval(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.websocket_ping_interval = interval.into();
        self
    }

    /// How long the goodbye at the end of a connection may take before the socket is dropped. Default: 5 s (`CloseTimeout`).
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.close_timeout = timeout;
        self
    }

    /// How long calls that still run may go on after their connection has ended; then they are dropped. Default: 30 s.
    pub fn call_grace(mut self, grace: Duration) -> Self {
        self.call_grace = grace;
        self
    }

    /// The bounds of everything that a client can make the server keep; they take the place of all that were set before.
    /// Default: [`Limits::default`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Changes some of the bounds and keeps the others, for a hub that differs from the rest:
    /// `options.limits_with(|limits| limits.parallel_invocations(4))`.
    pub fn limits_with(mut self, change: impl FnOnce(Limits) -> Limits) -> Self {
        self.limits = change(self.limits);
        self
    }

    /// What happens when more than [`Limits::outbound_capacity`] would wait for one client. Default: it is
    /// disconnected.
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// Whether clients see the texts of all errors. Useful in development, and a leak in production. Default: no
    /// (`EnableDetailedErrors`).
    pub fn detailed_errors(mut self, detailed: bool) -> Self {
        self.detailed_errors = detailed;
        self
    }

    /// The hub protocols that clients may choose; a handshake for another one is refused. Default: all of this build, so
    /// MessagePack with the feature `msgpack` only (`SupportedProtocols`).
    pub fn protocols(mut self, protocols: impl IntoIterator<Item = Protocol>) -> Self {
        self.protocols = protocols.into_iter().collect();
        self
    }

    /// The origins whose pages may connect beside the application's own: `https://app.example.com`, with a port where it is
    /// not the usual one, or all subdomains, `https://*.example.com`. Checked for every request that carries an `Origin`; one
    /// of another origin is answered 403, and the log says what to list. Clients that are not browsers send no `Origin` and
    /// always pass. Browsers also need CORS headers: see [Origins](crate#origins). Takes the place of what was
    /// set before. Default: only the page's own origin, whose
    /// host is the request's.
    pub fn allowed_origins(mut self, origins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.origins.allow(origins.into_iter().map(Into::into));
        self
    }

    /// Lets pages of any origin connect, as ASP.NET Core does. Where cookies say who a user is, every page that the user
    /// visits can then act in the user's name.
    pub fn any_origin(mut self) -> Self {
        self.origins.allow_any();
        self
    }

    /// Whether the application's own host is what a proxy says in `Forwarded` or `X-Forwarded-Host`, instead of `Host`. Only
    /// where a proxy sets these headers: otherwise clients write into them what they like. Default: no.
    pub fn trust_forwarded_host(mut self, trust: bool) -> Self {
        self.origins.trust_forwarded_host(trust);
        self
    }

    /// The transports that clients may use; requests of others are refused. Without WebSockets and long polling MessagePack
    /// clients have none. Default: WebSockets, Server-Sent Events and long polling (`Transports`).
    pub fn transports(mut self, transports: impl IntoIterator<Item = Transport>) -> Self {
        self.transports = transports.into_iter().collect();
        self
    }

    /// How long a request of a long-polling client waits for a message; then it is answered without one, and the client asks
    /// again. Should be below the time that proxies let a request wait. Default: 90 s (`LongPolling.PollTimeout`).
    pub fn poll_timeout(mut self, timeout: Duration) -> Self {
        self.poll_timeout = timeout;
        self
    }

    /// How long a long-polling client may be without a request that waits, and a client with
    /// [stateful reconnect](Self::allow_stateful_reconnects) without a socket; then it counts as gone, with
    /// [`CloseReason::TransportLost`](crate::CloseReason::TransportLost). Default: 15 s (`DisconnectTimeout`).
    pub fn disconnect_timeout(mut self, timeout: Duration) -> Self {
        self.disconnect_timeout = timeout;
        self
    }

    /// Whether a connection outlives its WebSocket. A client that asks for it comes back over a new one within
    /// [`disconnect_timeout`](Self::disconnect_timeout), under the same id: its calls and streams have gone on, no message of
    /// either direction is lost and none comes twice, and the hub is told nothing.
    ///
    /// Messages for such a client are never dropped: whatever [`overflow`](Self::overflow) says, it is
    /// [`Overflow::Wait`] for them. When its buffer is full and it acknowledges nothing for the
    /// [`disconnect_timeout`](Self::disconnect_timeout), it counts as gone, with
    /// [`CloseReason::TransportLost`](crate::CloseReason::TransportLost). Default: no (`AllowStatefulReconnects`).
    pub fn allow_stateful_reconnects(mut self, allow: bool) -> Self {
        self.allow_stateful_reconnects = allow;
        self
    }

    /// Bytes of messages that are kept for one connection with
    /// [stateful reconnect](Self::allow_stateful_reconnects) until its client acknowledges them, which Microsoft's do once a
    /// second; above it, nothing more is sent until then. Only where reading from the client pauses (see
    /// [`Limits::waiting_limit`](crate::Limits::waiting_limit)), so that no acknowledgement can be read, up to eight times as
    /// much is sent. Default: 100,000 (`StatefulReconnectBufferSize`).
    pub fn stateful_reconnect_buffer_size(mut self, bytes: usize) -> Self {
        self.stateful_reconnect_buffer_size = bytes;
        self
    }

    /// Bytes that all connections of this endpoint may keep together for stateful reconnect, beyond 4 KiB each. While they are
    /// used up, new connections do not get the feature; those that have it and a socket go on, but cannot be resumed if just
    /// then they lose what was not acknowledged. Default: 64 MiB.
    pub fn stateful_reconnect_memory(mut self, bytes: usize) -> Self {
        self.stateful_reconnect_memory = bytes;
        self
    }

    /// The lowest version of the negotiation that a client may ask for. Version 1 keeps the token that opens a connection
    /// apart from its public id. Default: 0 (`MinimumProtocolVersion`).
    pub fn minimum_protocol_version(mut self, version: i32) -> Self {
        self.minimum_protocol_version = version;
        self
    }

    /// The id of a request's user, for [`Clients::user`](crate::Clients::user) and
    /// [`Context::user_id`](crate::Context::user_id). That of a connection is the one of the request that opened it. Its
    /// other requests are asked too, and refused with 403 where they are another user's, so the id must not depend on which
    /// request of a client it is. Default: the [id](crate::User::id) of the [`User`](crate::User) in the request's extensions
    /// (`IUserIdProvider`).
    pub fn user_id(mut self, user_id: impl Fn(&Parts) -> Option<String> + Send + Sync + 'static) -> Self {
        self.users.id = Some(Arc::new(user_id));
        self
    }

    /// Whether a connection ends when the [expiry](crate::User::expiry) of its user has passed, with
    /// [`CloseReason::AuthenticationExpired`](crate::CloseReason::AuthenticationExpired); the client may connect again.
    /// Default: no (`CloseOnAuthenticationExpiration`).
    pub fn close_on_authentication_expiration(mut self, close: bool) -> Self {
        self.users.end_with_authentication = close;
        self
    }

    /// Whether clients may renew their credentials while the connection goes on, as those of .NET 11 do: the negotiation
    /// tells them how long their token lives, and `POST …/refresh` takes a new one. The new user must have the same id,
    /// unless [`on_authentication_refresh`](Self::on_authentication_refresh) decides otherwise. Hubs see it in
    /// [`Context::user`](crate::Context::user) and are told by `on_authentication_refreshed`; the
    /// [id](crate::Context::user_id) and the groups of the connection stay as they are. Default: no
    /// (`EnableAuthenticationRefresh`).
    pub fn authentication_refresh(mut self, enable: bool) -> Self {
        self.users.refresh = enable;
        self
    }

    /// Turns [`authentication_refresh`](Self::authentication_refresh) on, and lets the application decide on credentials that
    /// have changed: those that are sent to `…/refresh`, and those of later polls and stateful reconnects. If it says no, a
    /// refresh is answered with 403 and the connection goes on as it was; a poll or a reconnect is answered so too, and the
    /// connection ends. Default: whoever has the same id is accepted (`OnAuthenticationRefresh`).
    ///
    /// ```
    /// use signalr::HubOptions;
    ///
    /// let options = HubOptions::default().on_authentication_refresh(async |refresh| {
    ///     let tenant = |user: Option<signalr::User>| user.and_then(|user| user.claim("tenant").map(str::to_owned));
    ///     tenant(refresh.current) == tenant(refresh.renewed)
    /// });
    /// # let _ = options;
    /// ```
    pub fn on_authentication_refresh<F, D>(mut self, decide: F) -> Self
    where
        F: Fn(AuthenticationRefresh) -> D + Send + Sync + 'static,
        D: Future<Output = bool> + Send + 'static,
    {
        self.users.refresh = true;
        self.users.decision = Some(Arc::new(move |refresh| Box::pin(decide(refresh))));
        self
    }

    /// Whether there is a route to renew credentials at.
    pub(crate) fn has_authentication_refresh(&self) -> bool {
        self.users.refresh
    }

    /// Adds a filter around the calls, the beginnings and the ends of connections, within those that were added before
    /// (`AddFilter`).
    pub fn filter(mut self, filter: impl HubFilter) -> Self {
        self.filters.push(Arc::new(filter));
        self
    }

    /// Adds filters around those that are there.
    pub(super) fn within(mut self, outer: &[Arc<dyn AnyFilter>]) -> Self {
        self.filters.splice(..0, outer.iter().cloned());
        self
    }

    /// `None` where there are none, so that calls take the short way.
    pub(super) fn filters(&self) -> Option<Filters> {
        (!self.filters.is_empty()).then(|| self.filters.as_slice().into())
    }

    /// What is done with the span of each call before the call begins, where a subscriber wants it: usually, to make what the
    /// client says in the `traceparent` header of its message the parent of the span, see
    /// [Seeing what happens](crate#seeing-what-happens). Default: nothing; `traceparent` and `tracestate` become fields of the
    /// span.
    pub fn on_invocation_span(
        mut self,
        function: impl Fn(&tracing::Span, &InvocationHeaders<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.on_invocation_span = Some(Arc::new(function));
        self
    }

    pub(crate) fn invocation_span_hook(&self) -> Option<InvocationSpanHook> {
        self.on_invocation_span.clone()
    }

    pub(crate) fn bounds(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn origins(&self) -> &Origins {
        &self.origins
    }

    pub(crate) fn close_time(&self) -> Duration {
        self.close_timeout
    }

    pub(super) fn validate(&self) -> Result<(), Invalid> {
        above_zero("HubOptions::handshake_timeout", self.handshake_timeout, "15 s")?;
        above_zero("HubOptions::keep_alive_interval", self.keep_alive_interval, "15 s")?;
        above_zero("HubOptions::client_timeout", self.client_timeout, "30 s")?;
        if let Some(interval) = self.websocket_ping_interval {
            above_zero("HubOptions::websocket_ping_interval", interval, "60 s, and None turns it off")?;
        }
        above_zero("HubOptions::close_timeout", self.close_timeout, "5 s")?;
        at_most_a_year("HubOptions::call_grace", self.call_grace)?;
        if self.protocols.is_empty() {
            let advice = "no client could connect: write Protocol::ALL, or leave it out";
            return Err(Invalid::new("HubOptions::protocols", &self.protocols, advice));
        }
        if self.transports.is_empty() {
            let advice = "no client could connect: write Transport::ALL, or leave it out";
            return Err(Invalid::new("HubOptions::transports", &self.transports, advice));
        }
        above_zero("HubOptions::poll_timeout", self.poll_timeout, "90 s")?;
        above_zero("HubOptions::disconnect_timeout", self.disconnect_timeout, "15 s")?;
        let name = "HubOptions::stateful_reconnect_buffer_size";
        at_least(name, self.stateful_reconnect_buffer_size, 1, "nothing could be sent; the default is 100,000 bytes")?;
        if self.minimum_protocol_version > NEWEST_NEGOTIATION {
            let advice = format!("no client could negotiate: the newest version is {NEWEST_NEGOTIATION}");
            return Err(Invalid::new("HubOptions::minimum_protocol_version", self.minimum_protocol_version, advice));
        }
        self.origins.validate()?;
        self.limits.validate()
    }

    pub(crate) fn http_rules(&self) -> HttpRules {
        HttpRules {
            transports: self.transports.clone(),
            minimum_version: self.minimum_protocol_version,
            users: self.users.clone(),
            polls: PollTimes { poll: self.poll_timeout, gap: self.disconnect_timeout },
            frame_limit: self.limits.frame_size(),
            pending_limit: self.limits.pending(),
            resume: self.allow_stateful_reconnects.then(|| ResumeRules {
                capacity: self.stateful_reconnect_buffer_size,
                timeout: self.disconnect_timeout,
                budget: Arc::new(Budget::new(self.stateful_reconnect_memory)),
            }),
        }
    }

    pub(crate) fn handshake_rules(&self) -> HandshakeRules {
        HandshakeRules {
            timeout: self.handshake_timeout,
            message_limit: Some(self.limits.handshake_size()),
            protocols: self.protocols.clone(),
            detailed_errors: self.detailed_errors,
            close_timeout: self.close_timeout,
        }
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            message_limit: self.limits.message_size(),
            waiting_limit: self.limits.waiting(),
            parallel: self.limits.parallel(),
            pace: self.limits.pace(),
            stream_buffer: self.limits.stream_buffer(),
            streams: self.limits.streams(),
            groups: self.limits.groups(),
            outbound_capacity: self.limits.outbound(),
            overflow: self.overflow,
            detailed_errors: self.detailed_errors,
            intervals: Intervals {
                ping: self.keep_alive_interval,
                timeout: self.client_timeout,
                probe: self.websocket_ping_interval,
            },
            redials: false,
            close_timeout: self.close_timeout,
            call_grace: self.call_grace,
        }
    }
}

impl fmt::Debug for HubOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubOptions")
            .field("settings", &self.settings())
            .field("protocols", &self.protocols)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_hold_together() {
        HubOptions::default().validate().unwrap();
        HubOptions::default().websocket_ping_interval(None).call_grace(Duration::ZERO).validate().unwrap();
    }

    #[test]
    fn times_are_ones_that_a_clock_can_wait_for() {
        let options = HubOptions::default;
        for time in [Duration::ZERO, Duration::from_micros(999), Duration::MAX] {
            for (options, option) in [
                (options().handshake_timeout(time), "HubOptions::handshake_timeout"),
                (options().keep_alive_interval(time), "HubOptions::keep_alive_interval"),
                (options().client_timeout(time), "HubOptions::client_timeout"),
                (options().websocket_ping_interval(time), "HubOptions::websocket_ping_interval"),
                (options().close_timeout(time), "HubOptions::close_timeout"),
                (options().poll_timeout(time), "HubOptions::poll_timeout"),
                (options().disconnect_timeout(time), "HubOptions::disconnect_timeout"),
            ] {
                let invalid = options.validate().unwrap_err();
                assert_eq!((invalid.option, invalid.value), (option, format!("{time:?}")));
            }
        }
        assert_eq!(options().call_grace(Duration::MAX).validate().unwrap_err().option, "HubOptions::call_grace");
    }

    #[test]
    fn a_hub_that_nobody_can_reach_is_a_mistake() {
        for (options, option) in [
            (HubOptions::default().transports([]), "HubOptions::transports"),
            (HubOptions::default().minimum_protocol_version(2), "HubOptions::minimum_protocol_version"),
            (HubOptions::default().stateful_reconnect_buffer_size(0), "HubOptions::stateful_reconnect_buffer_size"),
        ] {
            assert_eq!(options.validate().unwrap_err().option, option);
        }
    }

    #[test]
    fn a_hub_without_protocols_is_a_mistake() {
        assert_eq!(HubOptions::default().protocols([]).validate().unwrap_err().option, "HubOptions::protocols");
    }

    #[test]
    fn bounds_can_be_changed_or_replaced() {
        let options = HubOptions::default().limits(Limits::default().maximum_streams(7));
        let changed = options.clone().limits_with(|limits| limits.maximum_groups(8));
        assert_eq!((changed.bounds().streams(), changed.bounds().groups()), (7, 8));
        let replaced = changed.limits(Limits::default().maximum_groups(9));
        assert_eq!((replaced.bounds().streams(), replaced.bounds().groups()), (100, 9));
    }
}
