//! What can be set for connections over HTTP, and what holds otherwise.

use super::builder::HubConnectionBuilder;
use super::receiver::HubClient;
use crate::session::BoxFuture;
use crate::transport::Transport;
use http::HeaderMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Gives the headers of the next request.
pub(crate) type Headers = Arc<dyn Fn() -> HeaderMap + Send + Sync>;
/// Gives the access token of the next attempt.
pub(crate) type TokenProvider =
    Arc<dyn Fn() -> BoxFuture<Result<Option<String>, Arc<dyn Error + Send + Sync>>> + Send + Sync>;

/// How connections over HTTP are made.
#[derive(Clone)]
pub(crate) struct HttpOptions {
    /// Those that may be used, the preferred ones first.
    pub(crate) transports: Vec<Transport>,
    /// Whether WebSockets are opened at once, without asking the server before.
    pub(crate) skip_negotiation: bool,
    pub(crate) headers: Option<Headers>,
    pub(crate) access_token: Option<TokenProvider>,
    /// The application's own.
    pub(crate) client: Option<reqwest::Client>,
    /// Whether cookies are kept here.
    pub(crate) cookies: bool,
    /// How long one request may take. Polls and event streams may last for ever, once they are answered.
    pub(crate) request_timeout: Duration,
}

impl Default for HttpOptions {
    fn default() -> Self {
        HttpOptions {
            transports: Transport::ALL.to_vec(),
            skip_negotiation: false,
            headers: None,
            access_token: None,
            client: None,
            cookies: true,
            request_timeout: Duration::from_secs(100),
        }
    }
}

impl fmt::Debug for HttpOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpOptions")
            .field("transports", &self.transports)
            .field("skip_negotiation", &self.skip_negotiation)
            .field("cookies", &self.cookies)
            .field("request_timeout", &self.request_timeout)
            .finish_non_exhaustive()
    }
}

/// Options of connections over HTTP.
impl<C: HubClient> HubConnectionBuilder<C> {
    /// The transports that may be used, the preferred ones first. The first one that the server offers, that can carry the
    /// protocol and that can be opened is used; MessagePack cannot be carried by Server-Sent Events. Default: WebSockets,
    /// Server-Sent Events, long polling (`Transports`).
    pub fn transports(mut self, transports: impl IntoIterator<Item = Transport>) -> Self {
        self.http.transports = transports.into_iter().collect();
        self
    }

    /// Whether the client opens a WebSocket at once, without asking the server before. It saves a request, and allows no other
    /// [transport](Self::transports) than WebSockets, no redirects to other servers and no stateful reconnect. Default: no
    /// (`SkipNegotiation`).
    pub fn skip_negotiation(mut self, skip: bool) -> Self {
        self.http.skip_negotiation = skip;
        self
    }

    /// Headers that are sent with every request, also with the one that opens a WebSocket; the function is asked for each of
    /// them. They take the place of the client's own of that name, but for those that a WebSocket, an event stream or the
    /// [access token](Self::access_token) needs. Default: none (`Headers`).
    ///
    /// A server that redirects the client to another one thereby has them sent there.
    pub fn headers(mut self, headers: impl Fn() -> HeaderMap + Send + Sync + 'static) -> Self {
        self.http.headers = Some(Arc::new(headers));
        self
    }

    /// Where the access token comes from, which is sent as `Authorization: Bearer`. It is asked for each time the client
    /// connects, reconnects or renews its authentication, and when a request is answered 401, which is then sent once more. With
    /// an error the attempt fails; `None` sends no token. Default: none (`AccessTokenProvider`).
    ///
    /// When a server redirects the client and gives a token, that one is sent to the new server instead.
    pub fn access_token<F, R, E>(mut self, provider: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<Option<String>, E>> + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>> + 'static,
    {
        self.http.access_token = Some(Arc::new(move || {
            let token = provider();
            Box::pin(async move { token.await.map_err(|error| Arc::from(error.into())) })
        }));
        self
    }

    /// The HTTP client for all requests, WebSockets too: with a proxy, certificates or name resolution of one's own. Clients of
    /// many connections may share one, which saves memory. Default: one for this client alone, with a limit of 30 s for
    /// opening a socket (`HttpMessageHandlerFactory`, `Proxy`, `ClientCertificates`).
    ///
    /// WebSockets need HTTP/1.1: where the `http2` feature of reqwest is on, build it with
    /// [`http1_only`](reqwest::ClientBuilder::http1_only). Its total timeout does not hold here, but its
    /// [`read_timeout`](reqwest::ClientBuilder::read_timeout) does: it must be longer than the server's polls, which last 90 s. If
    /// it keeps cookies, turn [`cookies`](Self::cookies) off.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http.client = Some(client);
        self
    }

    /// Whether cookies that the server sets are kept and sent back with later requests to the same host, as load balancers
    /// need it that bind clients to servers. Default: yes (`Cookies`).
    pub fn cookies(mut self, keep: bool) -> Self {
        self.http.cookies = keep;
        self
    }

    /// How long the server may take to answer one request; polls, which wait for messages, may last for ever. Default: 100 s.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.http.request_timeout = timeout;
        self
    }
}
