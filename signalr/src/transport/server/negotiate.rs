//! `POST …/negotiate`.

use super::pending::Pending;
use crate::hub::request::query_values;
use crate::protocol::negotiate::{NegotiateResponse, NegotiatedConnection, TransportType, parse_version};
use axum::response::Response;
use http::{HeaderValue, Method, StatusCode, header};
use std::borrow::Cow;

/// Answers a negotiation: always with status 200 and JSON, also where it is refused.
pub(crate) fn answer(method: &Method, query: &str, pending: &Pending) -> Response {
    if method != Method::POST {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "");
    }
    let versions: Vec<Cow<'_, str>> = query_values(query, "negotiateVersion").collect();
    let response = match parse_version(versions.iter().map(|version| &**version), 0) {
        Ok(version) => promise(version, pending),
        Err(error) => Some(NegotiateResponse::Error(error.to_string())),
    };
    let Some(response) = response else { return plain(StatusCode::SERVICE_UNAVAILABLE, "") };
    let mut response = Response::new(response.to_json().into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// `None` where no connection can be promised: too many wait already, or the system gives no random bytes.
fn promise(version: i32, pending: &Pending) -> Option<NegotiateResponse> {
    let promise = match pending.promise(version > 0) {
        Ok(promise) => promise,
        Err(error) => {
            tracing::error!(%error, "no random bytes for a connection id");
            None
        }
    }?;
    Some(NegotiateResponse::Connect(NegotiatedConnection {
        version,
        connection_id: promise.id,
        connection_token: promise.token,
        stateful_reconnect: false,
        transports: vec![TransportType::WebSockets.into()],
    }))
}

/// A response in plain text, as ASP.NET Core gives for everything that is not a connection.
pub(crate) fn plain(status: StatusCode, body: &'static str) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}
