//! Which hubs are served where.

use super::endpoint::{Endpoint, HubEndpoint, Shared};
use super::options::HubOptions;
use super::origin::ForeignOrigin;
use super::raw::{Handler, RawEndpoint};
use super::streams::HubServer;
use super::validation::{Invalid, OptionsError};
use crate::backplane::node::Node;
use crate::backplane::registry::HubCore;
use crate::backplane::{Backplane, BackplaneOptions};
use crate::hub::Hub;
use crate::hub::filter::{AnyFilter, HubFilter};
use crate::hub::method::HubMethods;
use crate::raw::RawConnection;
use crate::transport::server::gate::Shutdown;
use crate::transport::server::negotiate::plain;
use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::any;
use http::{Method, StatusCode};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The hubs of an application, to be merged into its axum router.
///
/// ```no_run
/// use signalr::{Hub, SignalR, hub};
///
/// struct Clock;
///
/// #[hub]
/// impl Clock {
///     fn now(&self) -> u64 {
///         std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs())
///     }
/// }
///
/// # async fn serve() -> std::io::Result<()> {
/// let hubs = SignalR::builder().hub("/clock", &Hub::new("Clock", Clock)).build();
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:5000").await?;
/// axum::serve(listener, axum::Router::new().merge(hubs.router())).await
/// # }
/// ```
#[derive(Clone)]
pub struct SignalR {
    endpoints: Vec<(String, Arc<dyn Endpoint>)>,
    shutdown: Arc<Shutdown>,
}

/// Collects the hubs of an application and their options; made by [`SignalR::builder`].
#[derive(Default)]
#[must_use]
pub struct SignalRBuilder {
    options: HubOptions,
    filters: Vec<Arc<dyn AnyFilter>>,
    endpoints: Vec<(String, Arc<dyn Endpoint>)>,
    shutdown: Arc<Shutdown>,
    backplane: Option<(Arc<dyn Backplane>, BackplaneOptions)>,
}

impl SignalR {
    /// An application without hubs.
    pub fn builder() -> SignalRBuilder {
        SignalRBuilder::default()
    }

    /// The server of a hub that is mounted here, for connections that do not come by HTTP. The options are those of the place
    /// where it is mounted, the first of several.
    ///
    /// # Panics
    /// When the hub is not mounted here.
    #[track_caller]
    pub fn server<H: HubMethods>(&self, hub: &Hub<H>) -> HubServer<H> {
        let mut endpoints = self.endpoints.iter().filter_map(|(_, endpoint)| Shared::of(&**endpoint, hub));
        let Some(shared) = endpoints.next() else { panic!("hub '{}' is not mounted here", hub.name()) };
        HubServer { shared }
    }

    /// A router with the routes of all hubs: the path of each and `…/negotiate` below it, and `…/refresh` where
    /// [authentication can be renewed](HubOptions::authentication_refresh). It fits a router with any state.
    ///
    /// # Panics
    /// As axum's `Router::route` does, when two paths are in each other's way.
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        let mut router = Router::new();
        for (path, endpoint) in &self.endpoints {
            let path = path.trim_end_matches('/');
            let (connect, negotiate) = (endpoint.clone(), endpoint.clone());
            let negotiation = format!("{path}/negotiate");
            router = router
                .route(
                    if path.is_empty() { "/" } else { path },
                    any(async move |request: Request| match admitted(&*connect, request).await {
                        Ok(request) => connect.connect(request).response().await,
                        Err(refusal) => refusal,
                    }),
                )
                .route(
                    &negotiation,
                    any(async move |request: Request| match admitted(&*negotiate, request).await {
                        Ok(request) => negotiate.negotiate(&request),
                        Err(refusal) => refusal,
                    }),
                );
            if endpoint.options().has_authentication_refresh() {
                let refresh = endpoint.clone();
                router = router.route(
                    &format!("{path}/refresh"),
                    any(async move |request: Request| match admitted(&*refresh, request).await {
                        Ok(request) => refresh.refresh(request).response().await,
                        Err(refusal) => refusal,
                    }),
                );
            }
        }
        router
    }

    pub(super) fn state(&self) -> &Shutdown {
        &self.shutdown
    }

    /// The hubs that are mounted here.
    pub(super) fn cores(&self) -> impl Iterator<Item = &Arc<HubCore>> {
        self.endpoints.iter().filter_map(|(_, endpoint)| endpoint.core())
    }

    /// How long the goodbyes of connections may take.
    pub(super) fn close_time(&self) -> Duration {
        self.endpoints.iter().map(|(_, endpoint)| endpoint.options().close_time()).max().unwrap_or_default()
    }
}

impl SignalRBuilder {
    /// Sets the options of the hubs that are mounted after this.
    pub fn options(mut self, options: HubOptions) -> Self {
        self.options = options;
        self
    }

    /// Adds a filter around the hubs that are mounted after this, within those that were added before and around the filters
    /// of the hubs' [own options](HubOptions::filter) (`AddFilter`).
    pub fn filter(mut self, filter: impl HubFilter) -> Self {
        self.filters.push(Arc::new(filter));
        self
    }

    /// Mounts a hub at a path of axum's router, such as `/chat`. The same hub can be mounted at several paths; its connections
    /// reach each other whichever they use.
    pub fn hub<H: HubMethods>(self, path: impl Into<String>, hub: &Hub<H>) -> Self {
        self.hub_with(path, hub, |options| options)
    }

    /// Mounts a hub whose options differ: `change` begins with those set by [`options`](Self::options) before.
    pub fn hub_with<H: HubMethods>(
        mut self,
        path: impl Into<String>,
        hub: &Hub<H>,
        change: impl FnOnce(HubOptions) -> HubOptions,
    ) -> Self {
        let options = change(self.options.clone()).within(&self.filters);
        self.endpoints.push((path.into(), Arc::new(HubEndpoint::new(hub, &options, &self.shutdown))));
        self
    }

    /// Mounts a handler of raw connections at a path: below the hub protocol, over the same transports, which are negotiated in
    /// the same way. The connection ends when the handler does. Matches `MapConnectionHandler`.
    ///
    /// ```
    /// use signalr::{RawConnection, SignalR};
    ///
    /// async fn echo(mut connection: RawConnection) {
    ///     while let Some(block) = connection.receive().await {
    ///         if connection.send(block).await.is_err() {
    ///             break;
    ///         }
    ///     }
    /// }
    ///
    /// let app = SignalR::builder().connection("/echo", echo).build();
    /// # let _ = app;
    /// ```
    ///
    /// Of the options those count that concern transports, users, and how long things take:
    /// [`close_timeout`](HubOptions::close_timeout), [`call_grace`](HubOptions::call_grace),
    /// [`websocket_ping_interval`](HubOptions::websocket_ping_interval).
    pub fn connection<F, R>(self, path: impl Into<String>, handler: F) -> Self
    where
        F: Fn(RawConnection) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.connection_with(path, handler, |options| options)
    }

    /// Mounts a handler of raw connections whose options differ: `change` begins with those set by
    /// [`options`](Self::options) before.
    pub fn connection_with<F, R>(
        mut self,
        path: impl Into<String>,
        handler: F,
        change: impl FnOnce(HubOptions) -> HubOptions,
    ) -> Self
    where
        F: Fn(RawConnection) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let options = change(self.options.clone());
        let handler: Handler = Arc::new(move |connection| Box::pin(handler(connection)));
        let path = path.into();
        let endpoint = RawEndpoint::new(&path, handler, &options, &self.shutdown);
        self.endpoints.push((path, Arc::new(endpoint)));
        self
    }

    /// Connects the hubs with those of the same [channel name](Hub::channel_name) on other servers: what one of them sends
    /// reaches the clients of all. Without a backplane a hub reaches the clients of its own process. Matches
    /// `AddStackExchangeRedis`.
    ///
    /// ```
    /// use signalr::{Hub, MemoryBackplane, SignalR, hub};
    ///
    /// struct Chat;
    ///
    /// #[hub]
    /// impl Chat {}
    ///
    /// let backplane = MemoryBackplane::new();
    /// let one = SignalR::builder().hub("/chat", &Hub::new("Chat", Chat)).backplane(backplane.clone()).build();
    /// let other = SignalR::builder().hub("/chat", &Hub::new("Chat", Chat)).backplane(backplane).build();
    /// # let _ = (one, other);
    /// ```
    pub fn backplane(self, backplane: impl Backplane) -> Self {
        self.backplane_with(backplane, BackplaneOptions::default())
    }

    /// As [`backplane`](Self::backplane), with options.
    pub fn backplane_with(mut self, backplane: impl Backplane, options: BackplaneOptions) -> Self {
        self.backplane = Some((Arc::new(backplane), options));
        self
    }

    /// Puts the hubs into their fleet, or settles that they are in none.
    fn settle(&self) -> Result<(), OptionsError> {
        for (path, endpoint) in &self.endpoints {
            let Some(core) = endpoint.core() else { continue };
            if self.backplane.is_some() && core.node().is_none() && core.registry.len() > 0 {
                let advice = "the hub has connections already: mount it before it is served";
                return Err(OptionsError::new(
                    path,
                    Invalid::new("SignalRBuilder::backplane", core.name.as_str(), advice),
                ));
            }
            let make = || {
                let (backplane, options) = self.backplane.as_ref()?;
                Some(Node::join(core, backplane.clone(), options.clone()))
            };
            let is_settled_so = match (core.settle(make), &self.backplane) {
                (None, None) => true,
                (Some(node), Some((backplane, _))) => node.uses(backplane),
                _ => false,
            };
            if !is_settled_so {
                let advice = "the hub is mounted elsewhere with another backplane or none: mount it in one application";
                return Err(OptionsError::new(
                    path,
                    Invalid::new("SignalRBuilder::backplane", core.name.as_str(), advice),
                ));
            }
        }
        Ok(())
    }

    /// The hubs, ready to be served.
    ///
    /// # Panics
    /// Where [`try_build`](Self::try_build) returns an error, with its text.
    pub fn build(self) -> SignalR {
        self.try_build().unwrap_or_else(|error| panic!("{error}"))
    }

    /// The hubs, ready to be served, if their paths and options can hold.
    ///
    /// ```
    /// # struct Chat;
    /// # #[signalr::hub] impl Chat {}
    /// use signalr::{Hub, HubOptions, Limits, SignalR};
    ///
    /// let options = HubOptions::default().limits(Limits::default().maximum_frame_size(4096));
    /// let error = SignalR::builder().options(options).hub("/chat", &Hub::new("Chat", Chat)).try_build().unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     r#"hub at "/chat": Limits::maximum_frame_size is 4096; write more than Limits::maximum_message_size, which is 32768"#
    /// );
    /// ```
    ///
    /// # Errors
    /// The first option that cannot hold, and the path of its hub.
    pub fn try_build(self) -> Result<SignalR, OptionsError> {
        for (nth, (path, endpoint)) in self.endpoints.iter().enumerate() {
            let mut before = self.endpoints.iter().take(nth);
            if !path.starts_with('/') {
                return Err(OptionsError::new(path, Invalid::new("path", path, "write a `/` before it")));
            }
            if before.any(|(other, _)| other.trim_end_matches('/') == path.trim_end_matches('/')) {
                let advice = "another hub is mounted there: write another path";
                return Err(OptionsError::new(path, Invalid::new("path", path, advice)));
            }
            endpoint.options().validate().map_err(|invalid| OptionsError::new(path, invalid))?;
        }
        self.settle()?;
        Ok(SignalR { endpoints: self.endpoints, shutdown: self.shutdown })
    }
}

/// The answer to a request from a page of an origin that is not let in.
fn foreign(endpoint: &dyn Endpoint, request: &Request) -> Option<Response> {
    let ForeignOrigin(origin) = endpoint.options().origins().check(request.uri(), request.headers()).err()?;
    tracing::warn!(
        path = request.uri().path(),
        origin,
        "refused a request of another origin; if its pages may connect, list it: HubOptions::allowed_origins([{origin:?}])"
    );
    Some(plain(StatusCode::FORBIDDEN, "Origin not allowed"))
}

/// Lets a request in, or refuses it: those of pages of other origins, and those that the policy of the hub does not want.
/// Preflights are the affair of a layer around the router.
async fn admitted(endpoint: &dyn Endpoint, request: Request) -> Result<Request, Response> {
    if request.method() == Method::OPTIONS {
        return Ok(request);
    }
    if let Some(refusal) = foreign(endpoint, &request) {
        return Err(refusal);
    }
    let (parts, body) = request.into_parts();
    match endpoint.admit(&parts) {
        Some(admission) => match admission.await {
            Ok(()) => Ok(Request::from_parts(parts, body)),
            Err(status) => {
                let mut refusal = Response::default();
                *refusal.status_mut() = status;
                Err(refusal)
            }
        },
        None => Ok(Request::from_parts(parts, body)),
    }
}

impl fmt::Debug for SignalR {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.endpoints.iter().map(|(path, _)| path)).finish()
    }
}

impl fmt::Debug for SignalRBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.endpoints.iter().map(|(path, _)| path)).finish()
    }
}
