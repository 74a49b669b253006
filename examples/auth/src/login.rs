//! Who a request is from: a token in a header, in the query or in a cookie. And how one comes by it.

use crate::tokens::{LIFETIME, Tokens};
use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{COOKIE, SET_COOKIE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

/// Name, password and roles. A real application has a database, with hashes of passwords.
const ACCOUNTS: [(&str, &str, &[&str]); 2] = [("ann", "lovelace", &["editor", "admin"]), ("bob", "babbage", &[])];

const COOKIE_NAME: &str = "session";

/// Lets requests pass that carry a good token, and tells the hub whose it is.
pub(crate) async fn authenticate(State(tokens): State<Tokens>, mut request: Request, next: Next) -> Response {
    let token = signalr::access_token(&request);
    let user = token.as_deref().or_else(|| cookie(request.headers())).and_then(|token| tokens.user(token));
    let Some(user) = user else {
        return (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")]).into_response();
    };
    request.extensions_mut().insert(user);
    next.run(request).await
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let lists = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lists.flat_map(|list| list.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE_NAME).map(|(_, value)| value)
}

#[derive(Deserialize)]
pub(crate) struct Credentials {
    name: String,
    password: String,
}

#[derive(Serialize)]
pub(crate) struct LoggedIn {
    /// For clients that send it themselves; pages of this origin need only the cookie.
    token: String,
}

/// Gives a token to who knows the password, in the body and as a cookie.
pub(crate) async fn login(
    State(tokens): State<Tokens>,
    Json(credentials): Json<Credentials>,
) -> Result<impl IntoResponse, StatusCode> {
    let Credentials { name, password } = &credentials;
    let account = ACCOUNTS.iter().find(|(known, secret, _)| known == name && secret == password);
    let (name, _, roles) = account.ok_or(StatusCode::UNAUTHORIZED)?;
    let token = tokens.issue(name, roles).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    // No script can read it, and no page of another site sends it. Over HTTPS it is `Secure` too.
    let cookie = format!("{COOKIE_NAME}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}", LIFETIME.as_secs());
    Ok(([(SET_COOKIE, cookie)], Json(LoggedIn { token })))
}

/// Takes the cookie back.
pub(crate) async fn logout() -> impl IntoResponse {
    [(SET_COOKIE, format!("{COOKIE_NAME}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"))]
}
