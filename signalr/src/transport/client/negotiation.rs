//! The request before a connection: which transports there are, and under which token the server knows it.

use super::address::{below, redirected, with_id, with_parameter};
use super::requests::{Outgoing, Requests, Token};
use super::token::Tokens;
use crate::client::connect::ConnectError;
use crate::protocol::negotiate::{NegotiateResponse, NegotiatedConnection};
use http::{HeaderMap, Method, StatusCode, header};
use reqwest::Url;

/// How often the client lets itself be sent to another server.
const MAX_REDIRECTS: usize = 100;
/// How long an answer may be: there is room for a large access token.
const MAX_ANSWER: usize = 64 * 1024;

/// What was agreed, and with whom: after a redirect it is another server than the one that was asked.
pub(super) struct Agreement {
    pub(super) url: Url,
    pub(super) requests: Requests,
    pub(super) answer: NegotiatedConnection,
}

impl Agreement {
    /// The URL of the connection's requests.
    pub(super) fn connection_url(&self) -> Url {
        with_id(self.url.clone(), self.answer.request_id())
    }
}

/// Negotiates with the server at that URL, or the one that it names.
pub(super) async fn negotiate(mut requests: Requests, mut url: Url, stateful: bool) -> Result<Agreement, ConnectError> {
    for _ in 0..=MAX_REDIRECTS {
        match ask(&requests, &url, stateful).await? {
            NegotiateResponse::Connect(answer) => return Ok(Agreement { url, requests, answer }),
            NegotiateResponse::Error(error) => return Err(ConnectError::NegotiationRefused(error)),
            NegotiateResponse::Redirect { url: to, access_token } => {
                url = redirected(&url, &to)?;
                tracing::debug!(host = url.host_str(), "the negotiation is redirected");
                if let Some(token) = access_token {
                    requests = requests.with_tokens(Tokens::fixed(&token)?);
                }
            }
        }
    }
    Err(ConnectError::TooManyRedirects(MAX_REDIRECTS))
}

async fn ask(requests: &Requests, url: &Url, stateful: bool) -> Result<NegotiateResponse, ConnectError> {
    let what = "the negotiation";
    let mut url = with_parameter(below(url, "negotiate"), "negotiateVersion", "1");
    if stateful {
        url = with_parameter(url, "useStatefulReconnect", "true");
    }
    let request = Outgoing::new(what, Method::POST, url);
    let (status, headers, body) = requests.fetch(&request, Token::New, MAX_ANSWER).await?;
    if status != StatusCode::OK {
        return Err(ConnectError::Refused { request: what, status });
    }
    let body = body.ok_or_else(|| ConnectError::Negotiation(format!("it is longer than {MAX_ANSWER} bytes")))?;
    NegotiateResponse::parse(&body).map_err(|error| match foreign_type(&headers) {
        // A login page or that of a proxy: its text says nothing.
        Some(kind) => ConnectError::Negotiation(format!("it is '{kind}', not JSON; is there a hub at that URL?")),
        None => ConnectError::Negotiation(error.to_string()),
    })
}

/// What the answer says that it is, if that is not JSON.
fn foreign_type(headers: &HeaderMap) -> Option<&str> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    (!kind.to_ascii_lowercase().contains("json")).then_some(kind)
}
