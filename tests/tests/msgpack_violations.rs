//! MessagePack messages that close the connection.

use rmpv::Value;
use serde_json::json;
use wire_tests::{
    HubSocket, Protocol, close,
    message::{frame_bytes, frame_pack},
    ours_differs,
};

const GENERIC: &str = "Connection closed with an error.";

fn array(items: impl IntoIterator<Item = Value>) -> Value {
    items.into_iter().collect()
}

fn map() -> Value {
    Value::Map(Vec::new())
}

/// What the server reads, and the text of the `InvalidDataException`.
#[rustfmt::skip]
fn violations() -> Vec<(Value, &'static str)> {
    let n = |number: i64| Value::from(number);
    let s = |text: &str| Value::from(text);
    let none = || array([]);
    vec![
        // The type.
        (array([Value::Nil]), "Reading 'messageType' as Int32 failed."),
        (array([s("1")]), "Reading 'messageType' as Int32 failed."),
        (array([Value::from(true)]), "Reading 'messageType' as Int32 failed."),
        (array([]), "Reading 'messageType' as Int32 failed."),
        // Headers.
        (array([n(1), none(), s("1"), s("Echo"), none(), none()]), "Reading map length for 'headers' failed."),
        (array([n(3), s("x"), s("1"), n(2)]), "Reading map length for 'headers' failed."),
        (array([n(1), Value::Map(vec![(n(1), s("x"))]), s("1"), s("Echo"), none(), none()]), "Reading 'headers[0].Key' as String failed."),
        (array([n(1), Value::Map(vec![(s("a"), n(1))]), s("1"), s("Echo"), none(), none()]), "Reading 'headers[0].Value' as String failed."),
        // Ids.
        (array([n(1), map(), n(1), s("Echo"), none(), none()]), "Reading 'invocationId' as String failed."),
        (array([n(4), map(), Value::Nil, s("Counter"), none(), none()]), "Null or empty invocation ID for StreamInvocation message."),
        (array([n(4), map(), s(""), s("Counter"), none(), none()]), "Null or empty invocation ID for StreamInvocation message."),
        (array([n(2), map(), Value::Nil, n(1)]), "Null or empty invocation ID for StreamItem message."),
        (array([n(2), map(), s(""), n(1)]), "Null or empty invocation ID for StreamItem message."),
        (array([n(3), map(), Value::Nil, n(2)]), "Null or empty invocation ID for Completion message."),
        (array([n(3), map(), s(""), n(2)]), "Null or empty invocation ID for Completion message."),
        (array([n(5), map(), Value::Nil]), "Null or empty invocation ID for CancelInvocation message."),
        (array([n(5), map(), s("")]), "Null or empty invocation ID for CancelInvocation message."),
        // Targets.
        (array([n(1), map(), s("1"), n(5), none(), none()]), "Reading 'target' as String failed."),
        (array([n(1), map(), s("1"), Value::Nil, none(), none()]), "Null or empty target for Invocation message."),
        (array([n(1), map(), s("1"), s(""), none(), none()]), "Null or empty target for Invocation message."),
        (array([n(4), map(), s("1"), s(""), none(), none()]), "Null or empty target for StreamInvocation message."),
        // Arguments and streams.
        (array([n(1), map(), s("1"), s("Sum"), none(), s("x")]), "Reading array length for 'streamIds' failed."),
        // Results and the rest.
        (array([n(3), map(), s("1"), n(0)]), "Invalid invocation result kind."),
        (array([n(3), map(), s("1"), n(4)]), "Invalid invocation result kind."),
        (array([n(3), map(), s("1"), s("x")]), "Reading 'resultKind' as Int32 failed."),
        (array([n(3), map(), s("1"), n(1), n(5)]), "Reading 'error' as String failed."),
        (array([n(7), n(5), Value::from(true)]), "Reading 'error' as String failed."),
        (array([n(7), Value::Nil, n(1)]), "Reading 'allowReconnect' as Boolean failed."),
        (array([n(8), s("x")]), "Reading 'sequenceId' as Int64 failed."),
        (array([n(9), Value::Nil]), "Reading 'sequenceId' as Int64 failed."),
    ]
}

fn connect(path: &str) -> HubSocket {
    HubSocket::connect(path, Protocol::MessagePack)
}

#[test]
fn a_violation_closes_with_the_generic_text() {
    for (message, _) in violations() {
        let mut socket = connect("/conformance");
        socket.send_bytes(&frame_pack(&message));
        assert_eq!(socket.next_message(), close(Some(GENERIC), true), "{message}");
        socket.expect_end();
    }
}

#[test]
fn a_violation_is_explained_where_errors_are_detailed() {
    let mut wrong = Vec::new();
    for (message, text) in violations() {
        let mut socket = connect("/conformance-detailed");
        socket.send_bytes(&frame_pack(&message));
        let answer = socket.next_message();
        socket.expect_end();
        if answer != close(Some(&format!("{GENERIC} InvalidDataException: {text}")), true) {
            wrong.push(format!("{message}\n    expected {text}\n    got {}", answer["error"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn bytes_that_are_no_message_close() {
    #[rustfmt::skip]
    let rows: Vec<(&str, Vec<u8>)> = vec![
        ("an empty body", frame_bytes(&[])),
        ("not an array", frame_bytes(&[0x80])),
        ("a number", frame_bytes(&[0x06])),
        ("nil", frame_bytes(&[0xc0])),
        ("the byte that MessagePack never uses", frame_bytes(&[0xc1])),
        ("an array header cut short", frame_bytes(&[0xdc, 0x00])),
        ("an array of one without its item", frame_bytes(&[0x91])),
        ("an invocation that ends after its type", frame_bytes(&[0x96, 0x01])),
        ("a string longer than the message", frame_bytes(&[0x96, 0x01, 0x80, 0xd9, 0xff, b'x'])),
        ("a target that is not UTF-8 cut short", frame_bytes(&[0x96, 0x01, 0x80, 0xa1, b'1', 0xa4, 0xff])),
        ("a stream id that is a number", frame_bytes(b"\x96\x01\x80\xa11\xa3Sum\x90\x91\x01")),
        ("a stream id that is nil", frame_bytes(b"\x96\x01\x80\xa11\xa3Sum\x90\x91\xc0")),
        ("a result that does not come", frame_bytes(b"\x95\x03\x80\xa11\x03")),
        ("an extension as a type", frame_bytes(&[0x91, 0xd4, 0x00, 0x00])),
    ];
    for (what, bytes) in rows {
        let mut socket = connect("/conformance");
        socket.send_bytes(&bytes);
        assert_eq!(socket.next_message(), close(Some(GENERIC), true), "{what}");
        socket.expect_end();
    }
}

#[test]
fn lengths_that_lie_within_a_message_close() {
    #[rustfmt::skip]
    let rows: &[(&str, &[u8])] = &[
        ("4 billion items in the message", &[0xdd, 0xff, 0xff, 0xff, 0xff, 0x01]),
        ("4 billion headers", &[0x96, 0x01, 0xdf, 0xff, 0xff, 0xff, 0xff]),
        ("2 billion headers", &[0x96, 0x01, 0xdf, 0x7f, 0xff, 0xff, 0xff]),
        ("an id of 4 GB", &[0x96, 0x01, 0x80, 0xdb, 0xff, 0xff, 0xff, 0xff]),
        ("an id of 2 GB", &[0x96, 0x01, 0x80, 0xdb, 0x7f, 0xff, 0xff, 0xff, b'x']),
        ("a target of 4 GB", &[0x96, 0x01, 0x80, 0xa1, b'1', 0xdb, 0xff, 0xff, 0xff, 0xff]),
        ("4 billion stream ids", &[0x96, 0x01, 0x80, 0xa1, b'1', 0xa3, b'S', b'u', b'm', 0x90, 0xdd, 0xff, 0xff, 0xff, 0xff]),
    ];
    for (what, body) in rows {
        let mut socket = connect("/conformance");
        socket.send_bytes(&frame_bytes(body));
        assert_eq!(socket.next_message(), close(Some(GENERIC), true), "{what}");
        socket.expect_end();
        connect("/conformance").expect_alive();
    }
}

#[test]
fn arguments_that_lie_fail_the_call_or_the_connection_and_nothing_else() {
    let head = [0x96, 0x01, 0x80, 0xa1, b'1', 0xa4, b'E', b'c', b'h', b'o'];
    #[rustfmt::skip]
    let rows: &[(&str, &[u8])] = &[
        ("arguments that are a map", &[0x80, 0x90]),
        ("arguments that are text", &[0xa1, b'x', 0x90]),
        ("arguments that end after their length", &[0x91]),
        ("no arguments", &[]),
        ("4 billion arguments", &[0xdd, 0xff, 0xff, 0xff, 0xff]),
        ("a string of 4 GB", &[0x91, 0xdb, 0xff, 0xff, 0xff, 0xff, 0x90]),
        ("bytes of 4 GB", &[0x91, 0xc6, 0xff, 0xff, 0xff, 0xff, 0x90]),
        ("an array of 4 billion", &[0x91, 0xdd, 0xff, 0xff, 0xff, 0xff, 0x90]),
        ("a map of 4 billion", &[0x91, 0xdf, 0xff, 0xff, 0xff, 0xff, 0x90]),
        ("an extension of 4 GB", &[0x91, 0xc9, 0xff, 0xff, 0xff, 0xff, 0x01, 0x90]),
    ];
    for (what, tail) in rows {
        let mut socket = connect("/conformance");
        socket.send_bytes(&frame_bytes(&[&head[..], tail].concat()));
        let answer = socket.next_message();
        assert!(answer["error"].is_string(), "{what}: {answer}");
        if answer["type"] == 7 {
            assert_eq!(answer, close(Some(GENERIC), true), "{what}");
            socket.expect_end();
        } else {
            socket.expect_alive();
        }
        connect("/conformance").expect_alive();
    }
}

#[test]
fn a_prefix_of_more_than_five_bytes_or_two_gigabytes_closes() {
    for prefix in [
        [0xff, 0xff, 0xff, 0xff, 0x0f].as_slice(),
        &[0xff, 0xff, 0xff, 0xff, 0x08],
        &[0x80, 0x80, 0x80, 0x80, 0x08],
        &[0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
        &[0xff; 10],
    ] {
        let mut socket = connect("/conformance-detailed");
        socket.send_bytes(prefix);
        let text = format!("{GENERIC} FormatException: Messages over 2GB in size are not supported.");
        assert_eq!(socket.next_message(), close(Some(&text), true), "{prefix:?}");
        socket.expect_end();
    }
}

#[test]
fn a_prefix_above_the_limit_closes_before_the_message_has_come() {
    let mut socket = connect("/conformance-detailed");
    // One byte more than 32 KiB, of which nothing is sent but the prefix and a little.
    socket.send_bytes(&frame_bytes(&vec![0; 32 * 1024])[..10]);
    if !ours_differs("a MessagePack message above the limit is refused when its length is known") {
        let text = format!(
            "{GENERIC} InvalidDataException: The maximum message size of 32768B was exceeded. The message size can be configured in AddHubOptions."
        );
        assert_eq!(socket.next_message(), close(Some(&text), true));
        socket.expect_end();
    }
}

#[test]
fn a_message_cut_by_the_end_of_the_connection_runs_nothing() {
    let mut member = HubSocket::json("/conformance?group=cut-packs");
    let mut watcher = HubSocket::json("/conformance?watch");
    let mut socket = connect("/conformance");
    let id = socket.connection_id();
    let bytes =
        Protocol::MessagePack.encode(&json!({"type": 1, "target": "SendToGroup", "arguments": ["cut-packs", "x"]}));
    socket.send_bytes(&bytes[..bytes.len() - 1]);
    socket.raw.end_of_input();
    while watcher.next_message()["arguments"][0] != id.as_str() {}
    assert_eq!(member.barrier(), Vec::<serde_json::Value>::new());
}
