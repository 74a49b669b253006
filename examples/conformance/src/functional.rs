//! The endpoints that Microsoft's functional tests for the TypeScript client expect, beside those of the hubs.

use crate::test_hub::{AuthorizedHub, TestHub, UncreatableHub};
use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use signalr::{Hub, HubError, HubHandle, HubOptions, SignalRBuilder, Transport, User};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The hubs of those tests, and what lets callers in.
pub(crate) struct Functional {
    test: Hub<TestHub>,
    key: Arc<Key>,
}

impl Functional {
    pub(crate) fn new() -> Self {
        Functional { test: Hub::new("TestHub", TestHub), key: Arc::new(Key::new()) }
    }

    /// Adds the hubs.
    pub(crate) fn mount(&self, builder: SignalRBuilder) -> SignalRBuilder {
        let authorized = Hub::new("AuthorizedHub", AuthorizedHub);
        let uncreatable = Hub::per_connection("UncreatableHub", async |_| {
            Err::<UncreatableHub, _>(HubError::hidden("this hub cannot be made"))
        });
        let detailed = |options: HubOptions| options.detailed_errors(true);
        builder
            .hub_with("/testhub", &self.test, detailed)
            .hub_with("/testhub-nowebsockets", &self.test, |options| {
                detailed(options).transports([Transport::ServerSentEvents, Transport::LongPolling])
            })
            .hub_with("/authorizedhub", &authorized, detailed)
            .hub_with("/uncreatable", &uncreatable, detailed)
    }

    /// The other endpoints.
    pub(crate) fn router(&self) -> Router {
        let key = self.key.clone();
        Router::new()
            .route("/generatejwttoken", get(async move || key.token()))
            .route("/clientresult/{id}", get(client_result).with_state(self.test.handle()))
            .route("/redirect/negotiate", any(redirect))
    }

    /// Lets nobody without a token to the hub for token holders.
    pub(crate) fn guard(&self, app: Router) -> Router {
        let key = self.key.clone();
        app.layer(from_fn(move |request, next| authorize(key.clone(), request, next)))
    }
}

/// Asks a client of the test hub for a number.
async fn client_result(State(hub): State<HubHandle<TestHub>>, Path(id): Path<String>) -> String {
    hub.client(id).result().await.map_or_else(|error| error.to_string(), |number| number.to_string())
}

#[derive(Deserialize)]
struct Redirect {
    #[serde(rename = "baseUrl")]
    base_url: String,
}

#[derive(Serialize)]
struct Redirected {
    url: String,
}

/// A negotiation that sends clients to the test hub, and counts them.
async fn redirect(Query(Redirect { base_url }): Query<Redirect>) -> Json<Redirected> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed) + 1;
    Json(Redirected { url: format!("{base_url}/testHub?numRedirects={number}") })
}

// ---- what holds for all paths ----

/// Paths are known in any case, but what stands for an id keeps its own.
pub(crate) fn lower_case(mut request: Request) -> Request {
    if !request.uri().path().bytes().any(|byte| byte.is_ascii_uppercase()) {
        return request;
    }
    let mut segments = request.uri().path().split('/').skip(1);
    let first = segments.next().unwrap_or_default().to_ascii_lowercase();
    let mut path = format!("/{first}");
    for segment in segments {
        let is_known = ["negotiate", "refresh"].iter().any(|known| segment.eq_ignore_ascii_case(known));
        path.push('/');
        path.push_str(&if is_known { segment.to_ascii_lowercase() } else { segment.to_owned() });
    }
    if let Some(query) = request.uri().query() {
        path = format!("{path}?{query}");
    }
    if let Ok(uri) = path.parse::<Uri>() {
        *request.uri_mut() = uri;
    }
    request
}

/// Answers the paths that only begin with a known name, and sets the cookies of negotiations.
pub(crate) async fn special_paths(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    if path.starts_with("/bad-negotiate") {
        return (StatusCode::BAD_REQUEST, "Some response from server").into_response();
    }
    if let Some(rest) = path.strip_prefix("/echoredirect") {
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        let location = format!("/echo{rest}{query}");
        return (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, location)]).into_response();
    }
    let mut response = next.run(request).await;
    if path.contains("/negotiate") {
        for cookie in [
            "testCookie=testValue",
            "testCookie2=testValue2",
            "expiredCookie=doesntmatter; expires=Thu, 01 Jan 1970 00:00:00 GMT",
        ] {
            response.headers_mut().append(header::SET_COOKIE, HeaderValue::from_static(cookie));
        }
    }
    response
}

// ---- tokens ----

/// What tokens are signed with, made at the start of the program.
struct Key {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    #[serde(rename = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier")]
    name_identifier: String,
    exp: u64,
}

impl Key {
    fn new() -> Self {
        // Two ids are 256 random bits.
        let secret = [(); 2].map(|()| signalr::protocol::negotiate::new_connection_id().unwrap_or_default()).concat();
        Key {
            encoding: EncodingKey::from_secret(secret.as_bytes()),
            decoding: DecodingKey::from_secret(secret.as_bytes()),
        }
    }

    fn token(&self) -> Result<String, StatusCode> {
        let end = SystemTime::now() + Duration::from_secs(3600);
        let exp = end.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let claims = Claims { name_identifier: "testuser".to_owned(), exp };
        jsonwebtoken::encode(&Header::default(), &claims, &self.encoding).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn user(&self, token: &str) -> Option<User> {
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &Validation::default()).ok()?.claims;
        Some(User::new(claims.name_identifier).with_unix_expiry(claims.exp))
    }
}

/// Lets in who has a token in the header or, as browsers do for two of the transports, in the query.
async fn authorize(key: Arc<Key>, mut request: Request<Body>, next: Next) -> Response {
    if request.uri().path().starts_with("/authorizedhub") {
        let Some(user) = signalr::access_token(&request).and_then(|token| key.user(&token)) else {
            return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")]).into_response();
        };
        request.extensions_mut().insert(user);
    }
    next.run(request).await
}
