//! `POST …/negotiate`.

use super::authentication::lifetime;
use super::dispatch::HttpRules;
use super::pending::Pending;
use crate::protocol::Transport;
use crate::protocol::negotiate::{NegotiateResponse, NegotiatedConnection, parse_version};
use crate::session::stateful::ResumeRules;
use crate::transport::query::query_values;
use crate::user::User;
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderValue, Method, StatusCode, header};
use std::borrow::Cow;
use std::sync::Arc;

/// Answers a negotiation: always with status 200 and JSON, also where it is refused.
pub(crate) fn answer(request: &Request, rules: &HttpRules, pending: &Arc<Pending>) -> Response {
    if request.method() != Method::POST {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "");
    }
    let query = request.uri().query().unwrap_or_default();
    let user = request.extensions().get::<User>();
    let token_lifetime = user.filter(|user| rules.users.refresh && !user.is_expired()).and_then(lifetime);
    let versions: Vec<Cow<'_, str>> = query_values(query, "negotiateVersion").collect();
    let response = match parse_version(versions.iter().map(|version| &**version), rules.minimum_version) {
        Ok(version) => promise(version, wants_stateful_reconnect(query), rules, pending)
            .map(|connection| NegotiateResponse::Connect(NegotiatedConnection { token_lifetime, ..connection })),
        Err(error) => {
            // The error repeats the version, which is out of the query.
            tracing::debug!(reason = "the version of the negotiation", "request refused");
            Some(NegotiateResponse::Error(error.to_string()))
        }
    };
    let Some(response) = response else { return plain(StatusCode::SERVICE_UNAVAILABLE, "") };
    let mut response = Response::new(response.to_json().into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// `None` where no connection can be promised: too many wait already, or the system gives no random bytes.
fn promise(version: i32, stateful: bool, rules: &HttpRules, pending: &Arc<Pending>) -> Option<NegotiatedConnection> {
    let may_resume = |resume: &ResumeRules| !resume.budget.is_exhausted();
    let stateful_reconnect =
        stateful && rules.resume.as_ref().is_some_and(may_resume) && rules.transports.contains(&Transport::WebSockets);
    let promise = match pending.promise(version > 0, stateful_reconnect) {
        Ok(promise) => promise,
        Err(error) => {
            tracing::error!(%error, "no random bytes for a connection id");
            None
        }
    }?;
    let offered = Transport::ALL.iter().filter(|transport| rules.transports.contains(transport));
    Some(NegotiatedConnection {
        version,
        connection_id: promise.id,
        connection_token: promise.token,
        stateful_reconnect,
        transports: offered.map(|transport| (*transport).into()).collect(),
        token_lifetime: None,
    })
}

/// Whether the client can go on over another socket.
fn wants_stateful_reconnect(query: &str) -> bool {
    query_values(query, "useStatefulReconnect").next().is_some_and(|wanted| wanted.trim().eq_ignore_ascii_case("true"))
}

/// A response in plain text, as ASP.NET Core gives for everything that is not a connection.
pub(crate) fn plain(status: StatusCode, body: &'static str) -> Response {
    if status == StatusCode::SERVICE_UNAVAILABLE {
        tracing::warn!(status = status.as_u16(), reason = body, "request refused");
    } else if status.is_client_error() {
        tracing::debug!(status = status.as_u16(), reason = body, "request refused");
    }
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}
