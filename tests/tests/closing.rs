//! How connections end.

use serde_json::{Value, json};
use wire_tests::{BOTH, Event, HubSocket, Protocol, close, failed, http::negotiate, invocation};

const GENERIC: &str = "Connection closed with an error.";

/// Waits until the watcher hears that this connection has gone, and returns the reason.
fn reason(watcher: &mut HubSocket, id: &str) -> Value {
    loop {
        let message = watcher.next_message();
        assert_eq!(message["target"], "Gone", "{message}");
        if message["arguments"][0] == id {
            return message["arguments"][1].clone();
        }
    }
}

#[test]
fn a_close_of_the_client_is_answered_with_a_plain_close() {
    for protocol in BOTH {
        for message in [
            json!({"type": 7}),
            json!({"type": 7, "allowReconnect": true}),
            json!({"type": 7, "allowReconnect": false}),
            json!({"type": 7, "error": "my own fault"}),
        ] {
            let mut socket = HubSocket::connect("/conformance", protocol);
            socket.send(&message);
            socket.expect_close(&close(None, false));
        }
    }
}

#[test]
fn what_comes_behind_a_close_is_not_handled() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        socket.send_all(&[
            invocation("1", "Echo", json!(["x"])),
            json!({"type": 7}),
            invocation("2", "Echo", json!(["y"])),
        ]);
        assert_eq!(socket.next_message()["result"], "x");
        socket.expect_close(&close(None, false));
    }
}

#[test]
fn a_method_may_abort_its_connection() {
    for protocol in BOTH {
        let mut watcher = HubSocket::json("/conformance?watch");
        let mut socket = HubSocket::connect("/conformance", protocol);
        let id = socket.connection_id();
        socket.send(&json!({"type": 1, "target": "Abort", "arguments": []}));
        socket.expect_close(&close(None, false));
        assert_eq!(reason(&mut watcher, &id), Value::Null);
    }
}

#[test]
fn a_refused_connect_closes_without_reconnect() {
    for protocol in BOTH {
        for path in ["/conformance?refuse", "/conformance-detailed?refuse"] {
            let mut socket = HubSocket::connect(path, protocol);
            socket.expect_close(&close(Some(&format!("{GENERIC} HubException: refused")), false));
        }
    }
}

#[test]
fn a_refused_connection_is_never_reported_as_gone() {
    let mut watcher = HubSocket::json("/conformance?watch");
    let negotiated = negotiate("/conformance?negotiateVersion=1");
    let token = negotiated["connectionToken"].as_str().expect("the token is text");
    let mut refused = HubSocket::json(&format!("/conformance?refuse&watch&id={token}"));
    assert_eq!(refused.next_message()["type"], 7);
    refused.expect_end();

    let mut last = HubSocket::json("/conformance");
    let last_id = last.connection_id();
    last.send(&json!({"type": 7}));
    loop {
        let gone = watcher.next_message()["arguments"][0].clone();
        assert_ne!(gone, negotiated["connectionId"]);
        if gone == last_id.as_str() {
            break;
        }
    }
}

#[test]
fn the_hub_is_told_why_a_connection_ended() {
    let mut watcher = HubSocket::json("/conformance?watch");
    let mut end = |act: &dyn Fn(&mut HubSocket)| {
        let mut socket = HubSocket::json("/conformance");
        let id = socket.connection_id();
        act(&mut socket);
        let reason = reason(&mut watcher, &id);
        assert!(reason.is_null() || reason.as_str().is_some_and(|name| !name.is_empty()), "{reason}");
        reason
    };
    assert_eq!(end(&|socket| socket.send(&json!({"type": 7}))), Value::Null, "the client said so");
    assert_eq!(end(&|socket| socket.raw.send(&wire_tests::Frame::close(1000))), Value::Null, "a close frame");
    assert_eq!(end(&|socket| socket.invoke("1", "Abort", json!([]))), Value::Null, "the hub said so");
    assert_ne!(end(&|socket| socket.send_text("x")), Value::Null, "a violation");
    assert_ne!(end(&|socket| socket.send_text(&" ".repeat(33 * 1024))), Value::Null, "too large");
    assert_ne!(end(&|socket| socket.send(&json!({"type": 7, "error": "crashed"}))), Value::Null, "the client failed");
}

#[test]
fn the_end_of_a_connection_is_reported_once() {
    let mut watcher = HubSocket::json("/conformance?watch");
    let (mut one, mut two) = (HubSocket::json("/conformance"), HubSocket::json("/conformance"));
    let (one_id, two_id) = (one.connection_id(), two.connection_id());
    one.send_text("x");
    one.raw.read_close();
    drop(one);
    reason(&mut watcher, &one_id);
    two.send(&json!({"type": 7}));
    loop {
        let message = watcher.next_message();
        assert_ne!(message["arguments"][0], one_id.as_str());
        if message["arguments"][0] == two_id.as_str() {
            break;
        }
    }
}

#[test]
fn a_watcher_hears_nothing_of_its_own_end() {
    let mut socket = HubSocket::json("/conformance-detailed?watch");
    let id = socket.connection_id();
    socket.send(&json!({"type": 7}));
    loop {
        match socket.event() {
            Event::Message(message) if message["type"] == 7 => break,
            Event::Message(message) => assert_ne!(message["arguments"][0], id.as_str()),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn input_that_ends_within_a_message_is_an_error_where_anybody_can_read_it() {
    // A Close frame behind half a message: the server may still say why before it answers.
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance-detailed", protocol);
        let bytes = protocol.encode(&json!({"type": 6}));
        socket.send_bytes(&bytes[..bytes.len() - 1]);
        socket.raw.send(&wire_tests::Frame::close(1000));
        assert_eq!(socket.raw.read_close(), Some((1000, String::new())));
    }
}

#[test]
fn calls_under_way_are_answered_before_a_violation_or_not_at_all() {
    let mut socket = HubSocket::connect("/conformance", Protocol::Json);
    socket.send_bytes(b"{\"type\":1,\"invocationId\":\"1\",\"target\":\"Throw\",\"arguments\":[\"x\"]}\x1e{}\x1e");
    assert_eq!(socket.next_message(), failed("1", "An unexpected error occurred invoking 'Throw' on the server."));
    socket.expect_close(&close(Some(GENERIC), true));
}
