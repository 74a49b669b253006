//! The HTTP headers that open a WebSocket ([RFC 6455, section 4](https://www.rfc-editor.org/rfc/rfc6455#section-4)).

use sha1::{Digest, Sha1};
use thiserror::Error;

/// The version of WebSocket that there is, for the header `Sec-WebSocket-Version`.
pub const VERSION: &str = "13";

/// What RFC 6455 appends to the client's key.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// The digits of base64.
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// How many digits 16 bytes make, before two `=`.
const KEY_DIGITS: usize = 22;

/// A request does not open a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UpgradeError {
    /// `Connection` has no token `upgrade`, or `Upgrade` has no token `websocket`: the client wants something else.
    #[error("the request is not a WebSocket upgrade")]
    NotRequested,
    /// `Sec-WebSocket-Version` is not 13.
    #[error("the WebSocket version is not 13")]
    UnsupportedVersion,
    /// `Sec-WebSocket-Key` is not exactly one value of 16 bytes in base64.
    #[error("the WebSocket key is missing or malformed")]
    InvalidKey,
}

impl UpgradeError {
    /// The HTTP status to answer with. 426 goes with the header `Sec-WebSocket-Version:` [`VERSION`].
    pub const fn status(self) -> u16 {
        match self {
            UpgradeError::UnsupportedVersion => 426,
            UpgradeError::NotRequested | UpgradeError::InvalidKey => 400,
        }
    }
}

/// Checks the headers of a GET request over HTTP/1.1, given as names and values, for a WebSocket upgrade.
///
/// Returns the value of `Sec-WebSocket-Accept` in the answer, whose status is 101.
///
/// # Errors
/// Fails when a header is missing or has another value than RFC 6455 demands.
pub fn check_upgrade<'a>(headers: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<String, UpgradeError> {
    let mut connection = false;
    let mut upgrade = false;
    let mut version = Once::Never;
    let mut key = Once::Never;
    for (name, value) in headers {
        if name.eq_ignore_ascii_case("connection") {
            connection |= has_token(value, "upgrade");
        } else if name.eq_ignore_ascii_case("upgrade") {
            upgrade |= has_token(value, "websocket");
        } else if name.eq_ignore_ascii_case("sec-websocket-version") {
            version.set(value.trim_ascii());
        } else if name.eq_ignore_ascii_case("sec-websocket-key") {
            key.set(value.trim_ascii());
        }
    }
    if !(connection && upgrade) {
        return Err(UpgradeError::NotRequested);
    }
    if version != Once::Value(VERSION.as_bytes()) {
        return Err(UpgradeError::UnsupportedVersion);
    }
    match key {
        Once::Value(key) if is_key(key) => Ok(accept_key(key)),
        _ => Err(UpgradeError::InvalidKey),
    }
}

/// The answer to a request for a WebSocket does not open one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AcceptError {
    /// `Connection` has no token `upgrade`, or `Upgrade` is not `websocket`.
    #[error("the answer is not a WebSocket upgrade")]
    NotUpgraded,
    /// `Sec-WebSocket-Accept` is not exactly one value that fits the key of the request: something answers that has not
    /// understood it, such as a cache.
    #[error("the answer's Sec-WebSocket-Accept does not fit the request")]
    WrongKey,
    /// `Sec-WebSocket-Extensions` or `Sec-WebSocket-Protocol` says something that the request has not asked for.
    #[error("the answer chooses an extension or a subprotocol that the request did not offer")]
    NotOffered,
}

/// The value of `Sec-WebSocket-Key` for these bytes, which must be new and random for every request.
pub fn request_key(nonce: [u8; 16]) -> String {
    base64(&nonce)
}

/// Checks the headers of an answer with status 101, given as names and values, to a request with that value of
/// `Sec-WebSocket-Key`, which has offered no extensions and no subprotocols.
///
/// # Errors
/// Fails when a header is missing or has another value than RFC 6455 demands.
pub fn check_accept<'a>(
    headers: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    sec_websocket_key: &[u8],
) -> Result<(), AcceptError> {
    let mut connection = false;
    let mut upgrade = false;
    let mut accept = Once::Never;
    for (name, value) in headers {
        if name.eq_ignore_ascii_case("connection") {
            connection |= has_token(value, "upgrade");
        } else if name.eq_ignore_ascii_case("upgrade") {
            upgrade |= value.trim_ascii().eq_ignore_ascii_case(b"websocket");
        } else if name.eq_ignore_ascii_case("sec-websocket-accept") {
            accept.set(value.trim_ascii());
        } else if name.eq_ignore_ascii_case("sec-websocket-extensions")
            || name.eq_ignore_ascii_case("sec-websocket-protocol")
        {
            return Err(AcceptError::NotOffered);
        }
    }
    if !(connection && upgrade) {
        return Err(AcceptError::NotUpgraded);
    }
    if accept == Once::Value(accept_key(sec_websocket_key).as_bytes()) { Ok(()) } else { Err(AcceptError::WrongKey) }
}

/// The value of `Sec-WebSocket-Accept` that answers this value of `Sec-WebSocket-Key`.
pub fn accept_key(sec_websocket_key: &[u8]) -> String {
    base64(&Sha1::new().chain_update(sec_websocket_key).chain_update(GUID).finalize())
}

/// The value of a header that must not be repeated.
#[derive(Debug, PartialEq)]
enum Once<'a> {
    Never,
    Value(&'a [u8]),
    Repeated,
}

impl<'a> Once<'a> {
    fn set(&mut self, value: &'a [u8]) {
        *self = match self {
            Once::Never => Once::Value(value),
            Once::Value(_) | Once::Repeated => Once::Repeated,
        };
    }
}

/// Whether a list with commas has this token; case does not matter.
fn has_token(list: &[u8], token: &str) -> bool {
    list.split(|byte| *byte == b',').any(|item| item.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
}

/// Whether this is base64 of 16 bytes. The four bits that the last digit has too many may be anything.
fn is_key(key: &[u8]) -> bool {
    key.split_at_checked(KEY_DIGITS)
        .is_some_and(|(digits, padding)| padding == b"==" && digits.iter().all(|digit| BASE64.contains(digit)))
}

fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = BASE64.get(bits >> (18 - 6 * place) & 0x3F).filter(|_| place <= group.len());
            text.push(digit.map_or('=', |digit| char::from(*digit)));
        }
    }
    text
}
