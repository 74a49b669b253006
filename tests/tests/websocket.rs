//! How hub messages travel in WebSocket messages and frames.

use std::io::Write;

use serde_json::json;
use wire_tests::{
    BOTH, Frame, HubSocket, Protocol, RawSocket, completion, invocation, unique,
    websocket::{BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT},
};

#[test]
fn the_upgrade_answers_the_key_and_agrees_on_nothing_else() {
    let headers = [
        ("Sec-WebSocket-Protocol", "json, chat"),
        ("Sec-WebSocket-Extensions", "permessage-deflate"),
        ("Origin", "http://other"),
    ];
    let (_, response) = RawSocket::upgrade("/conformance", &headers).expect("the upgrade is accepted");
    assert_eq!(response.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert!(response.header("upgrade").is_some_and(|value| value.eq_ignore_ascii_case("websocket")));
    assert!(response.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("upgrade")));
    assert_eq!(response.header("sec-websocket-protocol"), None);
    assert_eq!(response.header("sec-websocket-extensions"), None);
}

#[test]
fn a_websocket_may_ask_for_event_streams_only_to_get_one() {
    // The check of the Accept header comes first.
    let response = RawSocket::upgrade("/conformance", &[("Accept", "text/event-stream")]).expect_err("not a WebSocket");
    assert_eq!((response.status, response.text()), (400, "Connection ID required"));
    assert!(RawSocket::upgrade("/conformance", &[("Accept", "text/event-stream;q=0.9")]).is_ok());
}

#[test]
fn json_may_come_in_binary_frames() {
    let mut socket = HubSocket::json("/conformance");
    socket.raw.send(&Frame::binary(Protocol::Json.encode(&invocation("1", "Echo", json!(["binary"])))));
    assert_eq!(socket.next_message(), completion("1", json!("binary")));
}

#[test]
fn messagepack_in_a_text_frame_is_not_utf_8() {
    let mut socket = HubSocket::connect("/conformance", Protocol::MessagePack);
    socket.raw.send(&Frame::text(Protocol::MessagePack.encode(&json!({"type": 6}))));
    assert_eq!(socket.raw.read_close().map(|(code, _)| code), Some(1007));
}

#[test]
fn the_handshake_may_come_in_a_binary_frame() {
    for protocol in BOTH {
        let mut raw = RawSocket::open("/conformance");
        raw.send(&Frame::binary(protocol.handshake()));
        HubSocket::after_handshake(raw, protocol).expect_alive();
    }
}

#[test]
fn answers_come_in_text_frames_for_json_and_in_binary_frames_for_messagepack() {
    for (protocol, opcode) in [(Protocol::Json, TEXT), (Protocol::MessagePack, BINARY)] {
        let mut raw = RawSocket::open("/conformance");
        raw.send(&Frame::text(protocol.handshake()));
        let response = raw.read_message().expect("a response");
        assert_eq!((response.opcode, response.payload.as_slice()), (opcode, b"{}\x1e".as_slice()));
        raw.send(&protocol.frame(protocol.encode(&invocation("1", "Echo", json!(["x"])))));
        assert_eq!(raw.read_message().expect("an answer").opcode, opcode);
    }
}

#[test]
fn a_handshake_error_comes_in_a_text_frame() {
    let mut raw = RawSocket::open("/conformance");
    raw.send(&Frame::binary("{\"protocol\":\"other\",\"version\":1}\u{1e}"));
    assert_eq!(raw.read_message().expect("a response").opcode, TEXT);
}

#[test]
fn many_messages_may_come_in_one_frame() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        let messages: Vec<_> = (0..50).map(|n| invocation(&n.to_string(), "Echo", json!([n.to_string()]))).collect();
        socket.send_all(&messages);
        for n in 0..50 {
            assert_eq!(socket.next_message(), completion(&n.to_string(), json!(n.to_string())));
        }
    }
}

#[test]
fn the_handshake_and_the_first_messages_may_come_in_one_frame() {
    for protocol in BOTH {
        let mut raw = RawSocket::open("/conformance");
        let mut bytes = protocol.handshake().into_bytes();
        bytes.extend(protocol.encode(&invocation("1", "Echo", json!(["behind"]))));
        bytes.extend(protocol.encode(&invocation("2", "Add", json!([1, 2]))));
        raw.send(&Frame::binary(bytes));
        let mut socket = HubSocket::after_handshake(raw, protocol);
        assert_eq!(socket.next_message(), completion("1", json!("behind")));
        assert_eq!(socket.next_message(), completion("2", json!(3)));
    }
}

#[test]
fn a_message_may_be_cut_at_any_byte_into_two_websocket_messages() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        let bytes = protocol.encode(&invocation("1", "Echo", json!(["cut"])));
        for cut in 0..=bytes.len() {
            socket.raw.send(&protocol.frame(&bytes[..cut]));
            socket.raw.send(&protocol.frame(&bytes[cut..]));
            assert_eq!(socket.next_message(), completion("1", json!("cut")), "cut at {cut}");
        }
    }
}

#[test]
fn a_message_may_be_cut_at_any_byte_into_fragments_with_pings_between() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        let bytes = protocol.encode(&invocation("1", "Echo", json!(["cut"])));
        for cut in 0..=bytes.len() {
            socket.raw.send(&protocol.frame(&bytes[..cut]).unfinished());
            socket.raw.send(&Frame::new(PING, "between"));
            socket.raw.send(&Frame::new(CONTINUATION, b"").unfinished());
            socket.raw.send(&Frame::new(CONTINUATION, &bytes[cut..]));
            assert_eq!(socket.next_message(), completion("1", json!("cut")), "cut at {cut}");
        }
    }
}

#[test]
fn a_session_may_arrive_byte_by_byte() {
    for protocol in BOTH {
        let mut raw = RawSocket::open("/conformance");
        let call = protocol.encode(&invocation("1", "Echo", json!(["slowly"])));
        for frame in [Frame::text(protocol.handshake()), protocol.frame(call)] {
            for byte in frame.to_bytes() {
                raw.write(&[byte]);
            }
        }
        let mut socket = HubSocket::after_handshake(raw, protocol);
        assert_eq!(socket.next_message(), completion("1", json!("slowly")));
    }
}

#[test]
fn a_frame_behind_the_upgrade_request_in_the_same_packet_is_read() {
    let mut stream = wire_tests::server().tcp();
    let mut bytes = format!(
        "GET /conformance HTTP/1.1\r\nHost: {}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        wire_tests::server().authority()
    )
    .into_bytes();
    bytes.extend(Frame::text(Protocol::Json.handshake()).to_bytes());
    stream.write_all(&bytes).expect("the request can be written");
    let mut raw = RawSocket::from_response(stream);
    assert_eq!(raw.read_message().expect("a response").payload, b"{}\x1e");
}

#[test]
fn characters_may_be_cut_between_the_fragments_of_a_text_message() {
    let mut socket = HubSocket::json("/conformance");
    let bytes = Protocol::Json.encode(&invocation("1", "Echo", json!(["é🦀"])));
    let crab = bytes.iter().position(|byte| *byte == 0xf0).expect("there is a crab");
    for cut in crab - 2..crab + 4 {
        socket.raw.send(&Frame::text(&bytes[..cut]).unfinished());
        socket.raw.send(&Frame::new(CONTINUATION, &bytes[cut..]));
        assert_eq!(socket.next_message(), completion("1", json!("é🦀")), "cut at {cut}");
    }
}

#[test]
fn empty_websocket_messages_mean_nothing() {
    for protocol in BOTH {
        let mut raw = RawSocket::open("/conformance");
        raw.send(&Frame::text(""));
        raw.send(&Frame::text(protocol.handshake()));
        let mut socket = HubSocket::after_handshake(raw, protocol);
        for opcode in [TEXT, BINARY] {
            socket.raw.send(&Frame::new(opcode, ""));
        }
        socket.expect_alive();
    }
}

#[test]
fn messages_of_every_length_encoding_pass_in_both_directions() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/bench", protocol);
        for length in [0, 1, 60, 124, 125, 126, 127, 128, 16_383, 16_384, 65_534, 65_535, 65_536, 70_000, 1_000_000] {
            let text = "x".repeat(length);
            assert_eq!(socket.call("Echo", json!([text])), text, "{length}");
        }
    }
}

#[test]
fn a_ping_of_websockets_is_answered_with_its_payload() {
    let mut socket = RawSocket::open("/conformance");
    for payload in ["", "a ping", &"x".repeat(125)] {
        socket.send(&Frame::new(PING, payload));
        let pong = socket.read_frame().expect("a pong");
        assert_eq!((pong.opcode, pong.payload.as_slice()), (PONG, payload.as_bytes()));
    }
}

#[test]
fn a_pong_of_websockets_that_nobody_asked_for_is_ignored() {
    let mut socket = HubSocket::json("/conformance");
    socket.raw.send(&Frame::new(PONG, "why not"));
    socket.expect_alive();
}

#[test]
fn a_close_frame_is_answered_with_1000_and_the_end_is_graceful() {
    let mut codes: Vec<Vec<u8>> = [1000_u16, 1001, 1003, 1007, 1011, 1012, 3000, 4999]
        .iter()
        .map(|code| [&code.to_be_bytes(), "a reason".as_bytes()].concat())
        .collect();
    codes.push(Vec::new());
    for payload in codes {
        let mut watcher = HubSocket::json("/conformance?watch");
        let mut socket = HubSocket::json("/conformance");
        let id = socket.connection_id();
        socket.raw.send(&Frame::new(CLOSE, payload.clone()));
        // A Close message in front of the answer does no harm: nobody is left to read it.
        assert_eq!(socket.raw.read_close(), Some((1000, String::new())), "{payload:?}");
        let gone = json!({"type": 1, "target": "Gone", "arguments": [id, null]});
        while watcher.next_message() != gone {}
    }
}

#[test]
fn what_comes_behind_a_close_frame_is_not_read() {
    let group = unique("group");
    let mut member = HubSocket::json(&format!("/conformance?group={group}"));
    let mut socket = HubSocket::json("/conformance");
    let late = Protocol::Json.encode(&invocation("1", "SendToGroup", json!([group, "late"])));
    socket.raw.write(&[Frame::close(1000).to_bytes(), Frame::text(late).to_bytes()].concat());
    assert_eq!(socket.raw.read_close().map(|(code, _)| code), Some(1000));
    assert_eq!(member.barrier(), Vec::<serde_json::Value>::new());
}

#[test]
fn the_end_of_input_without_a_close_frame_ends_the_connection() {
    let mut watcher = HubSocket::json("/conformance?watch");
    let mut socket = HubSocket::json("/conformance");
    let id = socket.connection_id();
    socket.raw.end_of_input();
    while watcher.next_message()["arguments"][0] != id.as_str() {}
}
