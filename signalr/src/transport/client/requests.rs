//! One request of a connection: its headers, cookies and access token, its time, and what is said when it fails.

use super::body::{ignore, read_all};
use super::cookies::Cookies;
use super::token::Tokens;
use crate::client::connect::ConnectError;
use crate::client::http::{Headers, HttpOptions};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use reqwest::{Client, Response, Url};
use std::error::Error;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How long it may take to open a socket; not for clients that the application brings.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the HTTP client lets a request last: the time is limited here, where it has to be.
const FOR_EVER: Duration = Duration::MAX;
/// Who asks.
const AGENT: &str = concat!("signalr-rust/", env!("CARGO_PKG_VERSION"));
/// Has servers with logins by cookie answer 401 instead of showing a page.
const REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");

/// Makes requests with the options of one client and the token of one connection.
#[derive(Clone)]
pub(super) struct Requests {
    shared: Arc<Shared>,
    tokens: Arc<Tokens>,
}

struct Shared {
    client: Client,
    headers: Option<Headers>,
    cookies: Option<Cookies>,
    time: Duration,
}

/// A request that can be sent twice.
pub(super) struct Outgoing {
    /// What it is, as a part of a sentence.
    pub(super) what: &'static str,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Outgoing {
    pub(super) fn new(what: &'static str, method: Method, url: Url) -> Self {
        Outgoing { what, method, url, headers: HeaderMap::new(), body: Bytes::new() }
    }

    pub(super) fn header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.insert(name, HeaderValue::from_static(value));
        self
    }
}

/// Which access token a request presents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// The one that the connection has.
    Current,
    /// The application is asked for it.
    New,
}

/// How long the answer to a request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Time {
    Limited,
    Unlimited,
}

impl Requests {
    pub(super) fn new(options: &HttpOptions) -> Result<Self, ConnectError> {
        let client = match &options.client {
            Some(client) => client.clone(),
            None => own_client()?,
        };
        Ok(Requests {
            shared: Arc::new(Shared {
                client,
                headers: options.headers.clone(),
                cookies: options.cookies.then(Cookies::default),
                time: options.request_timeout,
            }),
            tokens: Arc::new(Tokens::new(options.access_token.clone())),
        })
    }

    /// The same with the token of another connection.
    pub(super) fn with_tokens(&self, tokens: Tokens) -> Self {
        Requests { shared: self.shared.clone(), tokens: Arc::new(tokens) }
    }

    pub(super) fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// Sends a request and waits for the head of its answer. One that is refused for its token is sent once more with a new one.
    pub(super) async fn send(&self, request: &Outgoing, token: Token, time: Time) -> Result<Response, ConnectError> {
        match time {
            Time::Unlimited => self.send_authorized(request, token).await,
            Time::Limited => self.in_time(self.send_authorized(request, token)).await,
        }
    }

    /// Sends a request and reads all of its answer, if that is not longer than `limit`.
    pub(super) async fn fetch(
        &self,
        request: &Outgoing,
        token: Token,
        limit: usize,
    ) -> Result<(StatusCode, HeaderMap, Option<Bytes>), ConnectError> {
        self.in_time(async {
            let response = self.send_authorized(request, token).await?;
            let (status, headers) = (response.status(), response.headers().clone());
            let body = read_all(response, limit).await.map_err(transport)?;
            Ok((status, headers, body))
        })
        .await
    }

    pub(super) async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, ConnectError>>,
    ) -> Result<T, ConnectError> {
        let time = self.shared.time;
        timeout(time, work).await.unwrap_or(Err(ConnectError::TimedOut(time)))
    }

    async fn send_authorized(&self, request: &Outgoing, token: Token) -> Result<Response, ConnectError> {
        let token = match token {
            Token::Current => self.tokens.current(),
            Token::New => self.tokens.renew().await?,
        };
        let response = self.send_once(request, token).await?;
        if response.status() != StatusCode::UNAUTHORIZED || !self.tokens.can_be_asked() {
            return Ok(response);
        }
        tracing::debug!(request = request.what, "refused for its access token: a new one is asked for");
        ignore(response).await;
        self.send_once(request, self.tokens.renew().await?).await
    }

    /// Sends a request with that token and no other.
    pub(super) async fn send_once(
        &self,
        request: &Outgoing,
        token: Option<HeaderValue>,
    ) -> Result<Response, ConnectError> {
        let shared = &*self.shared;
        let mut sent = reqwest::Request::new(request.method.clone(), request.url.clone());
        *sent.headers_mut() = self.headers(request, token)?;
        *sent.timeout_mut() = Some(FOR_EVER);
        if !request.body.is_empty() {
            *sent.body_mut() = Some(request.body.clone().into());
        }
        let response = shared.client.execute(sent).await.map_err(transport)?;
        if let Some(cookies) = &shared.cookies {
            cookies.store(response.url(), response.headers());
        }
        Ok(response)
    }

    fn headers(&self, request: &Outgoing, token: Option<HeaderValue>) -> Result<HeaderMap, ConnectError> {
        let mut headers = HeaderMap::new();
        headers.insert(header::USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(REQUESTED_WITH, HeaderValue::from_static("XMLHttpRequest"));
        if let Some(own) = &self.shared.headers {
            let own = catch_unwind(AssertUnwindSafe(|| own()))
                .map_err(|_panic| ConnectError::Transport("the function for headers panicked".to_owned()))?;
            headers.extend(own);
        }
        if let Some(cookies) = &self.shared.cookies {
            cookies.add(&request.url, &mut headers);
        }
        headers.extend(request.headers.clone());
        if request.method == Method::POST {
            // Some servers refuse a POST without it, and an empty one is sent without it.
            headers.insert(header::CONTENT_LENGTH, request.body.len().into());
        }
        if let Some(token) = token {
            headers.insert(header::AUTHORIZATION, token);
        }
        Ok(headers)
    }
}

/// The HTTP client where the application brings none.
fn own_client() -> Result<Client, ConnectError> {
    // WebSockets need HTTP/1.1. A `Referer` would tell other servers the query of the URL.
    let builder = Client::builder().http1_only().referer(false).connect_timeout(CONNECT_TIMEOUT);
    // It panics where no provider of cryptography is installed.
    match catch_unwind(AssertUnwindSafe(|| builder.build())) {
        Ok(Ok(client)) => Ok(client),
        Ok(Err(error)) => Err(ConnectError::Options(describe(error))),
        Err(_panic) => Err(ConnectError::Options(
            "rustls needs a provider of cryptography: install one with `CryptoProvider::install_default`".to_owned(),
        )),
    }
}

pub(super) fn transport(error: reqwest::Error) -> ConnectError {
    ConnectError::Transport(describe(error))
}

/// An error with its causes, and without the URL, which holds secrets.
pub(super) fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing to a `String` cannot fail.
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    if text.contains("scheme is not http") {
        text.push_str(" (for https give a client that has TLS, or turn it on in reqwest)");
    }
    text
}
