//! Which hubs are served where.

use super::endpoint::{Endpoint, HubEndpoint};
use super::options::HubOptions;
use crate::hub::Hub;
use crate::hub::method::HubMethods;
use axum::Router;
use axum::extract::Request;
use axum::routing::any;
use std::fmt;
use std::sync::Arc;

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
}

/// Collects the hubs of an application and their options; made by [`SignalR::builder`].
#[derive(Default)]
#[must_use]
pub struct SignalRBuilder {
    options: HubOptions,
    endpoints: Vec<(String, Arc<dyn Endpoint>)>,
}

impl SignalR {
    /// An application without hubs.
    pub fn builder() -> SignalRBuilder {
        SignalRBuilder::default()
    }

    /// A router with the routes of all hubs: the path of each and `…/negotiate` below it, and `…/refresh` where
    /// [authentication can be renewed](HubOptions::authentication_refresh). It fits a router with any state.
    ///
    /// # Panics
    /// As axum's `Router::route` does: when two hubs have the same path, or a path does not begin with `/`.
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        let mut router = Router::new();
        for (path, endpoint) in &self.endpoints {
            let path = path.trim_end_matches('/');
            let (connect, negotiate) = (endpoint.clone(), endpoint.clone());
            let negotiation = format!("{path}/negotiate");
            router = router
                .route(
                    if path.is_empty() { "/" } else { path },
                    any(async move |request: Request| connect.connect(request).response().await),
                )
                .route(&negotiation, any(async move |request: Request| negotiate.negotiate(&request)));
            if endpoint.has_refresh() {
                let refresh = endpoint.clone();
                let refresh = any(async move |request: Request| refresh.refresh(request).response().await);
                router = router.route(&format!("{path}/refresh"), refresh);
            }
        }
        router
    }
}

impl SignalRBuilder {
    /// Sets the options of the hubs that are mounted after this.
    pub fn options(mut self, options: HubOptions) -> Self {
        self.options = options;
        self
    }

    /// Mounts a hub at a path of axum's router, such as `/chat`. The same hub can be mounted at several paths; its connections
    /// reach each other whichever they use.
    pub fn hub<H: HubMethods>(self, path: impl Into<String>, hub: &Hub<H>) -> Self {
        let options = self.options.clone();
        self.hub_with_options(path, hub, &options)
    }

    /// Mounts a hub whose options differ: `change` begins with those set by [`options`](Self::options) before.
    pub fn hub_with<H: HubMethods>(
        self,
        path: impl Into<String>,
        hub: &Hub<H>,
        change: impl FnOnce(HubOptions) -> HubOptions,
    ) -> Self {
        let options = change(self.options.clone());
        self.hub_with_options(path, hub, &options)
    }

    fn hub_with_options<H: HubMethods>(mut self, path: impl Into<String>, hub: &Hub<H>, options: &HubOptions) -> Self {
        self.endpoints.push((path.into(), Arc::new(HubEndpoint::new(hub, options))));
        self
    }

    /// The hubs, ready to be served.
    pub fn build(self) -> SignalR {
        SignalR { endpoints: self.endpoints }
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
