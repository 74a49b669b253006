//! The opening handshake.

use proptest::prelude::*;
use signalr::protocol::websocket::handshake::{UpgradeError, accept_key, check_upgrade};
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

fn check(headers: &[(&str, &str)]) -> Result<String, UpgradeError> {
    check_upgrade(headers.iter().map(|(name, value)| (*name, value.as_bytes())))
}

/// The request of the RFC with this header in place of its own of that name, or without if the value is empty.
fn check_with(name: &str, value: &str) -> Result<String, UpgradeError> {
    let mut headers = vec![
        ("Host", "server.example.com"),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", KEY),
        ("Sec-WebSocket-Version", "13"),
    ];
    headers.retain(|header| header.0 != name);
    if !value.is_empty() {
        headers.push((name, value));
    }
    check(&headers)
}

#[test]
fn example_of_the_rfc() {
    assert_eq!(accept_key(KEY.as_bytes()), ACCEPT);
    assert_eq!(check_with("Origin", "http://example.com"), Ok(ACCEPT.into()));
}

#[test]
fn accepted_spellings() {
    for (name, value) in [
        ("Connection", "keep-alive, Upgrade"),
        ("Connection", "UPGRADE"),
        ("Connection", " upgrade ,close"),
        ("Upgrade", "WebSocket"),
        ("Upgrade", "h2c, websocket"),
        ("Sec-WebSocket-Version", " 13 "),
    ] {
        assert_eq!(check_with(name, value), Ok(ACCEPT.into()), "{name}: {value}");
    }
    let lower = [
        ("connection", "keep-alive"),
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-key", KEY),
        ("sec-websocket-version", "13"),
    ];
    assert_eq!(check(&lower), Ok(ACCEPT.into()));
}

#[test]
fn refused_requests() {
    use UpgradeError::{InvalidKey, NotRequested, UnsupportedVersion};
    for (name, value, error, status) in [
        ("Connection", "", NotRequested, 400),
        ("Connection", "keep-alive", NotRequested, 400),
        ("Connection", "upgraded", NotRequested, 400),
        ("Upgrade", "", NotRequested, 400),
        ("Upgrade", "h2c", NotRequested, 400),
        ("Sec-WebSocket-Version", "", UnsupportedVersion, 426),
        ("Sec-WebSocket-Version", "8", UnsupportedVersion, 426),
        ("Sec-WebSocket-Version", "130", UnsupportedVersion, 426),
        ("Sec-WebSocket-Key", "", InvalidKey, 400),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ", InvalidKey, 400),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=", InvalidKey, 400),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQAA", InvalidKey, 400),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQA=", InvalidKey, 400),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ===", InvalidKey, 400),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZS-ub25jZQ==", InvalidKey, 400),
    ] {
        assert_eq!(check_with(name, value), Err(error), "{name}: {value}");
        assert_eq!(error.status(), status);
    }
    let twice = |name, value| {
        let valid = [("Connection", "upgrade"), ("Upgrade", "websocket")];
        let numbered = [("Sec-WebSocket-Key", KEY), ("Sec-WebSocket-Version", "13"), (name, value)];
        check(&[valid.as_slice(), &numbered].concat())
    };
    assert_eq!(twice("sec-websocket-key", KEY), Err(InvalidKey));
    assert_eq!(twice("sec-websocket-version", "13"), Err(UnsupportedVersion));
}

proptest! {
    #[test]
    fn accepts_as_tungstenite_does(key in proptest::collection::vec(any::<u8>(), 0..100)) {
        prop_assert_eq!(accept_key(&key), derive_accept_key(&key));
    }
}

#[test]
fn keys_of_tungstenite_are_valid() {
    for _ in 0..100 {
        let key = generate_key();
        assert_eq!(check_with("Sec-WebSocket-Key", &key), Ok(derive_accept_key(key.as_bytes())));
    }
}
