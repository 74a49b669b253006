//! What can be set for connections over HTTP, and what holds otherwise.

use super::builder::{HubConnectionBuilder, Source};
use super::connect::Connector;
use super::receiver::HubClient;
use crate::session::BoxFuture;
use crate::transport::Transport;
use crate::transport::client::connector::HttpConnector;
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
    pub(crate) url: String,
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
    /// How long a transport may take to open while there are others to try: something between the client and the server may
    /// swallow requests for WebSockets.
    pub(crate) trial_timeout: Duration,
}

impl HttpOptions {
    /// The defaults, for the hub at that URL.
    pub(crate) fn new(url: String) -> Self {
        HttpOptions {
            url,
            transports: Transport::ALL.to_vec(),
            skip_negotiation: false,
            headers: None,
            access_token: None,
            client: None,
            cookies: true,
            request_timeout: Duration::from_secs(100),
            trial_timeout: Duration::from_secs(10),
        }
    }

    /// What is wrong with the options is said by every attempt to connect.
    pub(crate) fn connector(self) -> Box<dyn Connector> {
        Box::new(HttpConnector::new(self))
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

/// Options of connections over HTTP. They make no difference to clients over streams and transports of the application's.
impl<C: HubClient> HubConnectionBuilder<C> {
    /// Sets the transports that may be used, the preferred ones first. The first one that the server offers, that can carry the
    /// protocol and that can be opened is used; MessagePack cannot be carried by Server-Sent Events. All but the last have 10 s
    /// to open. By default WebSockets, Server-Sent Events and long polling (.NET: `HttpConnectionOptions.Transports`, where the order is the server's).
    pub fn transports(self, transports: impl IntoIterator<Item = Transport>) -> Self {
        self.http(|http| http.transports = transports.into_iter().collect())
    }

    /// Sets whether the client opens a WebSocket at once, without asking the server before; by default it asks. It saves a
    /// request, and leaves no other [transport](Self::transports) than WebSockets, no redirects to other servers and no stateful
    /// reconnect (.NET: `HttpConnectionOptions.SkipNegotiation`).
    pub fn skip_negotiation(self, skip: bool) -> Self {
        self.http(|http| {
            http.skip_negotiation = skip;
            if skip {
                http.transports = vec![Transport::WebSockets];
            }
        })
    }

    /// Sets headers that are sent with every request, also with the one that opens a WebSocket; the function is asked for each
    /// of them. They take the place of the client's own of that name, but for those that the transport or the
    /// [access token](Self::access_token) needs. By default there are none (.NET: `HttpConnectionOptions.Headers`).
    ///
    /// A server that redirects the client to another one thereby has them sent there.
    pub fn headers(self, headers: impl Fn() -> HeaderMap + Send + Sync + 'static) -> Self {
        self.http(|http| http.headers = Some(Arc::new(headers)))
    }

    /// Sets where the access token comes from, which is sent as `Authorization: Bearer`. It is asked for each time the client
    /// connects, reconnects or renews its authentication, and when a request is answered 401, which is then sent once more. With
    /// an error the attempt fails; `None` sends no token. By default there is none (.NET:
    /// `HttpConnectionOptions.AccessTokenProvider`).
    ///
    /// When a server redirects the client and gives a token, that one is sent to the new server instead.
    ///
    /// ```no_run
    /// use signalr::{HubConnection, HubConnectionBuilder};
    ///
    /// # async fn log_in() -> std::io::Result<String> { Ok(String::new()) }
    /// # async fn run() -> Result<(), signalr::ClientError> {
    /// let connection: HubConnection = HubConnectionBuilder::new("https://example.com/chat")
    ///     .access_token(|| async { log_in().await.map(Some) })
    ///     .connect()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn access_token<F, R, E>(self, provider: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<Option<String>, E>> + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>> + 'static,
    {
        let provider: TokenProvider = Arc::new(move || {
            let token = provider();
            Box::pin(async move { token.await.map_err(|error| Arc::from(error.into())) })
        });
        self.http(|http| http.access_token = Some(provider))
    }

    /// Sets the HTTP client for all requests, WebSockets too: with a proxy, certificates or name resolution of one's own. By
    /// default there is one for this client alone, which has 30 s to open a socket (.NET: `HttpMessageHandlerFactory`, `Proxy`
    /// and `ClientCertificates` of `HttpConnectionOptions`).
    ///
    /// A program with many connections should make one and give a clone of it to each: that saves memory, and with TLS the
    /// certificates of the system are read only once.
    ///
    /// WebSockets need HTTP/1.1: where the feature `http2` of reqwest is on, build it with
    /// [`http1_only`](reqwest::ClientBuilder::http1_only). Its total timeout does not hold here, but its
    /// [`read_timeout`](reqwest::ClientBuilder::read_timeout) does, and must be longer than the server's polls, which last 90 s.
    /// If it keeps cookies, turn [`cookies`](Self::cookies) off.
    pub fn http_client(self, client: reqwest::Client) -> Self {
        self.http(|http| http.client = Some(client))
    }

    /// Sets whether cookies that the server sets are kept, and sent back with later requests to the same host, as load balancers
    /// need it that bind clients to servers; by default they are (.NET: `HttpConnectionOptions.Cookies`).
    pub fn cookies(self, keep: bool) -> Self {
        self.http(|http| http.cookies = keep)
    }

    /// Sets how long the server may take to answer one request; by default 100 s. Polls wait for messages and may last for ever.
    /// A request that opens a connection has to be answered within [`connect_timeout`](Self::connect_timeout) too.
    pub fn request_timeout(self, timeout: Duration) -> Self {
        self.http(|http| http.request_timeout = timeout)
    }

    fn http(mut self, change: impl FnOnce(&mut HttpOptions)) -> Self {
        if let Source::Http(http) = &mut self.source {
            change(http);
        }
        self
    }
}
