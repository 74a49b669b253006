//! Who may use `/conformance-auth`: holders of a token `user:NAME`.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::WWW_AUTHENTICATE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use signalr::User;

/// Where the authenticated hub is.
pub(crate) const PATH: &str = "/conformance-auth";

/// Lets requests to that hub pass with a good token only. The others are anonymous.
pub(crate) async fn authenticate(mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if path == PATH || path.strip_prefix(PATH).is_some_and(|rest| rest.starts_with('/')) {
        let token = signalr::access_token(&request);
        let name = token.as_deref().and_then(|token| token.strip_prefix("user:")).filter(|name| !name.is_empty());
        let Some(user) = name.map(User::new) else {
            return (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")]).into_response();
        };
        request.extensions_mut().insert(user);
    }
    next.run(request).await
}
