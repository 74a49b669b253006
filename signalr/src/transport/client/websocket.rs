//! The request that becomes a WebSocket.

use super::requests::{Outgoing, Requests, Time, Token, transport};
use crate::client::connect::ConnectError;
use crate::protocol::websocket::handshake::{VERSION, check_accept, request_key};
use crate::transport::Duplex;
use crate::transport::websocket::WebSocket;
use http::{HeaderValue, Method, StatusCode, header};
use reqwest::Url;

/// Opens a WebSocket.
pub(super) async fn dial(requests: &Requests, url: Url, token: Token) -> Result<Box<dyn Duplex>, ConnectError> {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(|error| ConnectError::Transport(error.to_string()))?;
    let key = request_key(nonce);
    let what = "the request for a WebSocket";
    let mut request = Outgoing::new(what, Method::GET, url)
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_VERSION, VERSION);
    let value = HeaderValue::from_str(&key).map_err(|error| ConnectError::Transport(error.to_string()))?;
    request.headers.insert(header::SEC_WEBSOCKET_KEY, value);
    let response = requests.send(&request, token, Time::Limited).await?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(ConnectError::Refused { request: what, status: response.status() });
    }
    let headers = response.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    check_accept(headers, key.as_bytes()).map_err(|error| ConnectError::Transport(error.to_string()))?;
    let upgraded = response.upgrade().await.map_err(transport)?;
    Ok(Box::new(WebSocket::client(upgraded)))
}
