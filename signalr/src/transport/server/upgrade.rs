//! From an HTTP request to a WebSocket.

use super::handover::HttpSocket;
use super::negotiate::plain;
use crate::protocol::websocket::handshake::{UpgradeError, VERSION, check_upgrade};
use crate::transport::Duplex;
use crate::transport::websocket::WebSocket;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade;
use tokio::net::TcpStream;

/// Whether the request wants to become a WebSocket.
pub(crate) fn is_requested(parts: &Parts) -> bool {
    let header = |name| parts.headers.get(name).map(HeaderValue::as_bytes).unwrap_or_default();
    header(header::UPGRADE).eq_ignore_ascii_case(b"websocket")
}

/// Checks the request and gives the answer to it; the socket comes with the upgrade, once the answer was sent.
pub(crate) fn accept(parts: &mut Parts) -> Result<(Response, OnUpgrade), Response> {
    let headers = parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let key = check_upgrade(headers).map_err(|error| refusal(&error))?;
    // Only an HTTP/1.1 connection of a server that allows upgrades can become a socket.
    let upgrade = parts.extensions.remove::<OnUpgrade>();
    let (Ok(key), Some(upgrade)) = (HeaderValue::from_str(&key), upgrade) else {
        return Err(plain(StatusCode::BAD_REQUEST, "this connection cannot be upgraded"));
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, key);
    Ok((response, upgrade))
}

fn refusal(error: &UpgradeError) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    tracing::debug!(status = status.as_u16(), %error, "upgrade refused");
    let mut response = Response::new(error.to_string().into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    if status == StatusCode::UPGRADE_REQUIRED {
        headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSION));
    }
    response
}

/// The duplex of an upgraded connection. A plain TCP connection is unwrapped, which saves the indirection, and sends small
/// messages at once.
pub(crate) fn duplex(upgraded: Upgraded, max_frame_size: usize) -> Box<dyn Duplex> {
    let tcp = |tcp: TcpStream, read_before: &[u8]| -> Box<dyn Duplex> {
        // A copy, as even an empty slice would keep the HTTP server's read buffer.
        Box::new(WebSocket::server(tcp, Bytes::copy_from_slice(read_before), max_frame_size))
    };
    let upgraded = match upgrade::downcast::<TokioIo<TcpStream>>(upgraded) {
        Ok(parts) => {
            let socket = parts.io.into_inner();
            // Without it messages may be late, but they do arrive. `HttpListener` has done it before.
            let _ = socket.set_nodelay(true);
            return tcp(socket, &parts.read_buf);
        }
        Err(upgraded) => upgraded,
    };
    match upgrade::downcast::<TokioIo<HttpSocket>>(upgraded) {
        Ok(parts) => match parts.io.into_inner().into_tcp() {
            Some(socket) => tcp(socket, &parts.read_buf),
            None => Box::new(WebSocket::server(tokio::io::empty(), Bytes::new(), max_frame_size)),
        },
        Err(upgraded) => Box::new(WebSocket::server(TokioIo::new(upgraded), Bytes::new(), max_frame_size)),
    }
}
