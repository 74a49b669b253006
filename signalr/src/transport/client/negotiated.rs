//! A connection that the server knows by a token: what can be done with it beside using it.

use super::address::{below, with_id};
use super::body::read_all;
use super::negotiation::Agreement;
use super::requests::{Outgoing, Token, transport};
use super::websocket;
use crate::client::connect::{ConnectError, NegotiatedConnection};
use crate::session::BoxFuture;
use crate::transport::Duplex;
use http::{Method, StatusCode};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// How long the answer to a renewal may be.
const MAX_ANSWER: usize = 4 * 1024;

pub(super) struct Connection(pub(super) Arc<Agreement>);

impl NegotiatedConnection for Connection {
    fn resume(&self) -> BoxFuture<Result<Box<dyn Duplex>, ConnectError>> {
        let agreement = self.0.clone();
        Box::pin(async move { websocket::dial(&agreement.requests, agreement.connection_url(), Token::New).await })
    }

    fn refresh(&self) -> BoxFuture<Result<Option<Duration>, ConnectError>> {
        let agreement = self.0.clone();
        Box::pin(async move { agreement.refresh().await })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RefreshAnswer {
    token_lifetime_seconds: Option<u64>,
    error: Option<String>,
}

impl Agreement {
    /// Presents a new token. Later requests go on with the old one unless the server takes it.
    async fn refresh(&self) -> Result<Option<Duration>, ConnectError> {
        let url = with_id(below(&self.url, "refresh"), self.answer.request_id());
        let request = Outgoing::new("the renewal of the authentication", Method::POST, url);
        let tokens = self.requests.tokens();
        let (token, status, body) = self
            .requests
            .in_time(async {
                let token = tokens.ask().await?;
                let response = self.requests.send_once(&request, token.clone()).await?;
                let status = response.status();
                Ok((token, status, read_all(response, MAX_ANSWER).await.map_err(transport)?))
            })
            .await?;
        let answer: Option<RefreshAnswer> = body.and_then(|body| serde_json::from_slice(&body).ok());
        match answer {
            Some(answer) if status == StatusCode::OK => {
                tokens.keep(token);
                Ok(answer.token_lifetime_seconds.map(Duration::from_secs))
            }
            Some(RefreshAnswer { error: Some(error), .. }) => Err(ConnectError::RefreshRefused { status, error }),
            _ => Err(ConnectError::Refused { request: request.what, status }),
        }
    }
}
