//! MessagePack messages as the server reads and writes them.

use rmpv::Value;
use serde_json::json;
use wire_tests::{
    Frame, HubSocket, Protocol, completion, invocation,
    message::{frame_bytes, frame_pack},
    ours_differs,
};

fn connect(path: &str) -> HubSocket {
    HubSocket::connect(path, Protocol::MessagePack)
}

/// The next message, byte by byte.
fn expect_bytes(socket: &mut HubSocket, expected: &[u8]) {
    let received = socket.next_bytes();
    assert_eq!(received, expected, "{}", String::from_utf8_lossy(&received));
}

fn array(items: impl IntoIterator<Item = Value>) -> Value {
    items.into_iter().collect()
}

#[test]
fn messages_are_written_in_exactly_one_form() {
    let mut socket = connect("/conformance");

    socket.invoke("1", "Add", json!([1, 2]));
    expect_bytes(&mut socket, b"\x95\x03\x80\xa11\x03\x03");
    // A method without a result answers kind 3 with nil.
    socket.invoke("1", "DoNothing", json!([]));
    expect_bytes(&mut socket, b"\x95\x03\x80\xa11\x03\xc0");

    socket.invoke("2", "ThrowHubException", json!(["x"]));
    let text = b"An unexpected error occurred invoking 'ThrowHubException' on the server. HubException: x";
    expect_bytes(&mut socket, &[b"\x95\x03\x80\xa12\x01\xd9", [text.len() as u8].as_slice(), text].concat());

    // The server's invocations have six items.
    socket.send(&json!({"type": 1, "target": "SendToCaller", "arguments": ["x"]}));
    expect_bytes(&mut socket, b"\x96\x01\x80\xc0\xa7Receive\x91\xa1x\x90");

    socket.send(&json!({"type": 4, "invocationId": "3", "target": "Counter", "arguments": [1, 0]}));
    expect_bytes(&mut socket, b"\x94\x02\x80\xa13\x00");
    expect_bytes(&mut socket, b"\x94\x03\x80\xa13\x02");

    socket.send(&json!({"type": 7}));
    expect_bytes(&mut socket, b"\x93\x07\xc0\xc2");
    socket.expect_end();
}

#[test]
fn a_close_with_an_error_has_three_items() {
    let mut socket = connect("/conformance");
    socket.send_bytes(&frame_bytes(&[0xc0]));
    expect_bytes(&mut socket, b"\x93\x07\xd9\x20Connection closed with an error.\xc3");
}

#[test]
fn a_ping_is_three_bytes_with_its_prefix() {
    let mut socket = connect("/conformance-limits");
    expect_bytes(&mut socket, b"\x91\x06");
}

#[test]
fn an_invocation_may_have_five_six_or_more_items() {
    let mut socket = connect("/conformance");
    let items = [
        Value::from(1),
        Value::Map(Vec::new()),
        Value::from("1"),
        Value::from("Echo"),
        array([Value::from("x")]),
        array([]),
        Value::from("later versions may add something"),
        array([Value::Nil]),
    ];
    for count in 5..=8 {
        socket.send_bytes(&frame_pack(&array(items[..count].iter().cloned())));
        assert_eq!(socket.next_message(), completion("1", json!("x")), "{count} items");
    }
}

#[test]
fn headers_are_accepted() {
    let mut socket = connect("/conformance");
    let mut call = invocation("1", "Echo", json!(["x"]));
    call["headers"] = json!({"traceparent": "00-x", "a": "b"});
    socket.send(&call);
    assert_eq!(socket.next_message(), completion("1", json!("x")));
}

#[test]
fn longer_forms_of_every_length_and_number_are_read() {
    let mut socket = connect("/conformance");
    #[rustfmt::skip]
    let heads: &[&[u8]] = &[
        b"\xdc\x00\x06\x01\x80\xa11\xa4Echo",
        b"\xdd\x00\x00\x00\x06\x01\x80\xa11\xa4Echo",
        b"\x96\xcc\x01\x80\xa11\xa4Echo",
        b"\x96\xcd\x00\x01\x80\xa11\xa4Echo",
        b"\x96\xce\x00\x00\x00\x01\x80\xa11\xa4Echo",
        b"\x96\xcf\x00\x00\x00\x00\x00\x00\x00\x01\x80\xa11\xa4Echo",
        b"\x96\xd0\x01\x80\xa11\xa4Echo",
        b"\x96\xd3\x00\x00\x00\x00\x00\x00\x00\x01\x80\xa11\xa4Echo",
        b"\x96\x01\xde\x00\x00\xa11\xa4Echo",
        b"\x96\x01\xdf\x00\x00\x00\x00\xa11\xa4Echo",
        b"\x96\x01\x80\xd9\x011\xda\x00\x04Echo",
        b"\x96\x01\x80\xdb\x00\x00\x00\x011\xdb\x00\x00\x00\x04Echo",
    ];
    for head in heads {
        for tail in [
            b"\x91\xa1x\x90".as_slice(),
            b"\xdc\x00\x01\xd9\x01x\xdc\x00\x00",
            b"\xdd\x00\x00\x00\x01\xda\x00\x01x\xdd\x00\x00\x00\x00",
        ] {
            socket.send_bytes(&frame_bytes(&[head, tail].concat()));
            assert_eq!(socket.next_message(), completion("1", json!("x")), "{head:?}");
        }
    }
}

#[test]
fn a_prefix_may_have_needless_zeros() {
    let mut socket = connect("/conformance");
    let body = &Protocol::MessagePack.encode(&invocation("1", "Echo", json!(["x"])))[1..];
    let length = body.len() as u8;
    for prefix in
        [vec![length], vec![length | 0x80, 0], vec![length | 0x80, 0x80, 0], vec![length | 0x80, 0x80, 0x80, 0x80, 0]]
    {
        socket.send_bytes(&[prefix.as_slice(), body].concat());
        assert_eq!(socket.next_message(), completion("1", json!("x")), "{prefix:?}");
    }
}

#[test]
fn a_missing_or_empty_id_means_that_no_answer_is_wanted() {
    let mut socket = connect("/conformance");
    for id in [Value::Nil, Value::from("")] {
        for target in ["Echo", "Unknown"] {
            let items = [Value::from(1), Value::Map(Vec::new()), id.clone(), Value::from(target), array([]), array([])];
            socket.send_bytes(&frame_pack(&array(items)));
        }
    }
    socket.expect_alive();
}

#[test]
fn a_ping_behind_an_invocation_does_not_hold_it_back() {
    let mut socket = connect("/conformance");
    socket.send_all(&[invocation("1", "Echo", json!(["x"])), json!({"type": 6})]);
    assert_eq!(socket.next_message(), completion("1", json!("x")));
}

#[test]
fn a_ping_may_have_more_items_and_is_not_answered() {
    let mut socket = connect("/conformance");
    for body in [b"\x91\x06".as_slice(), b"\x93\x06\x80\xc0", b"\x91\xcc\x06"] {
        socket.send_bytes(&frame_bytes(body));
    }
    socket.expect_alive();
}

#[test]
fn a_close_may_have_two_items() {
    for body in [b"\x92\x07\xc0".as_slice(), b"\x93\x07\xc0\xc3", b"\x94\x07\xc0\xc2\x80"] {
        let mut socket = connect("/conformance");
        socket.send_bytes(&frame_bytes(body));
        socket.expect_close(&json!({"type": 7}));
    }
}

#[test]
fn unknown_message_types_are_skipped() {
    if ours_differs("unknown message types are skipped") {
        return;
    }
    let mut socket = connect("/conformance");
    for number in [0, 10, 99, -1, i32::MAX] {
        for items in [vec![Value::from(number)], vec![Value::from(number), Value::Map(Vec::new()), Value::from("1")]] {
            let mut frame = frame_pack(&array(items));
            frame.extend(Protocol::MessagePack.encode(&invocation("1", "Echo", json!(["behind"]))));
            socket.send_bytes(&frame);
            assert_eq!(socket.next_message(), completion("1", json!("behind")), "{number}");
        }
    }
}

#[test]
fn acks_and_sequences_are_ignored_without_stateful_reconnect() {
    let mut socket = connect("/conformance");
    socket.send_all(&[json!({"type": 8, "sequenceId": i64::MAX}), json!({"type": 9, "sequenceId": 77})]);
    socket.expect_alive();
}

#[test]
fn messages_are_framed_within_and_across_websocket_messages() {
    let mut socket = connect("/conformance");
    let bytes: Vec<u8> = (0..20)
        .flat_map(|n| Protocol::MessagePack.encode(&invocation(&n.to_string(), "Echo", json!([n.to_string()]))))
        .collect();
    for chunk in bytes.chunks(7) {
        socket.raw.send(&Frame::binary(chunk));
    }
    for n in 0..20 {
        assert_eq!(socket.next_message(), completion(&n.to_string(), json!(n.to_string())));
    }
}
