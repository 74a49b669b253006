//! Frames that RFC 6455 forbids end the connection with the code that says why; the server and others go on.

use serde_json::json;
use wire_tests::{
    Frame, HubSocket, Protocol, RawSocket, ours_differs,
    websocket::{BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT},
};

/// Sends these bytes on a connection with a handshake, and returns the code that closes it.
fn code_after(bytes: &[u8]) -> Option<u16> {
    let mut socket = HubSocket::json("/conformance");
    socket.raw.try_write(bytes);
    let code = socket.raw.read_close().map(|(code, _)| code);
    HubSocket::json("/conformance").expect_alive();
    code
}

#[test]
fn breaches_of_the_framing_close_with_1002() {
    let ping = Frame::text(Protocol::Json.encode(&json!({"type": 6})));
    let opcode = |opcode| Frame::new(opcode, ping.payload.clone());
    let rows = [
        ("a frame without a mask", ping.clone().unmasked()),
        ("compression that was not agreed on", ping.clone().with_rsv(4)),
        ("the second reserved bit", ping.clone().with_rsv(2)),
        ("the third reserved bit", ping.clone().with_rsv(1)),
        ("opcode 3", opcode(3)),
        ("opcode 7", opcode(7)),
        ("opcode 11", opcode(11)),
        ("opcode 15", opcode(15)),
        ("a continuation of nothing", opcode(CONTINUATION)),
        ("a fragmented ping", opcode(PING).unfinished()),
        ("a fragmented close frame", Frame::close(1000).unfinished()),
        ("a ping of 126 bytes", Frame::new(PING, [b'x'; 126])),
        ("a pong of 126 bytes", Frame::new(PONG, [b'x'; 126])),
        ("a close frame of 126 bytes", Frame::new(CLOSE, [&[3, 0xe8], [b'x'; 124].as_slice()].concat())),
        ("a close frame of one byte", Frame::new(CLOSE, [3])),
    ];
    for (what, frame) in rows {
        assert_eq!(code_after(&frame.to_bytes()), Some(1002), "{what}");
    }
}

#[test]
fn a_new_message_within_a_fragmented_one_closes_with_1002() {
    for opcode in [TEXT, BINARY] {
        let bytes = [Frame::text("{").unfinished().to_bytes(), Frame::new(opcode, "}\u{1e}").to_bytes()].concat();
        assert_eq!(code_after(&bytes), Some(1002), "{opcode}");
    }
}

#[test]
fn a_frame_without_mask_and_payload_closes_with_1002() {
    if ours_differs("a frame without mask and payload is refused at once") {
        return;
    }
    for frame in [Frame::text("").unmasked(), Frame::new(CLOSE, "").unmasked()] {
        assert_eq!(code_after(&frame.to_bytes()), Some(1002));
    }
}

#[test]
fn close_codes_that_may_not_be_sent_close_with_1002() {
    for code in [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
        assert_eq!(code_after(&Frame::close(code).to_bytes()), Some(1002), "{code}");
    }
}

#[test]
fn text_that_is_not_utf_8_closes_with_1007() {
    let rows: [(&str, &[u8]); 8] = [
        ("a stray continuation byte", b"\x80"),
        ("a byte that never occurs", b"{\"a\":\"\xff\"}\x1e"),
        ("an overlong slash", b"\xc0\xaf"),
        ("an overlong three-byte form", b"\xe0\x80\xaf"),
        ("a surrogate", b"\xed\xa0\x80"),
        ("above the last code point", b"\xf4\x90\x80\x80"),
        ("cut at the end of the message", b"abc\xf0\x9f\xa6"),
        ("two bytes of three, then a letter", b"\xe2\x82a"),
    ];
    for (what, bytes) in rows {
        assert_eq!(code_after(&Frame::text(bytes).to_bytes()), Some(1007), "{what}");
    }
}

#[test]
fn text_that_is_not_utf_8_is_noticed_across_fragments() {
    let bytes =
        [Frame::new(TEXT, b"\xf0\x9f").unfinished().to_bytes(), Frame::new(CONTINUATION, b"a").to_bytes()].concat();
    assert_eq!(code_after(&bytes), Some(1007));
}

#[test]
fn a_close_reason_that_is_not_utf_8_closes_with_1002_or_1007() {
    let code = code_after(&Frame::new(CLOSE, b"\x03\xe8\xff\xfe").to_bytes());
    assert!(matches!(code, Some(1002 | 1007)), "{code:?}");
}

#[test]
fn the_hub_is_told_that_the_connection_ended_with_a_breach() {
    let mut watcher = HubSocket::json("/conformance?watch");
    let mut socket = HubSocket::json("/conformance");
    let id = socket.connection_id();
    socket.raw.send(&Frame::text("{}").with_rsv(1));
    while watcher.next_message()["arguments"][0] != id.as_str() {}
}

#[test]
fn a_breach_before_the_handshake_ends_the_connection_too() {
    for frame in [Frame::text("unmasked").unmasked(), Frame::new(3, "")] {
        let mut raw = RawSocket::open("/conformance");
        raw.send(&frame);
        assert_eq!(raw.read_close().map(|(code, _)| code), Some(1002));
    }
}

#[test]
fn an_upgrade_of_another_version_is_refused() {
    use wire_tests::http::request;
    let upgrade =
        [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")];
    for version in ["8", "12", "14", "x"] {
        let headers = [&upgrade[..], &[("Sec-WebSocket-Version", version)]].concat();
        let response = request("GET", "/conformance", &headers, b"");
        assert_ne!(response.status, 101, "{version}");
        assert!((400..500).contains(&response.status), "{version}: {response:?}");
    }
}
