//! Server-Sent Events: the response, its events, and its end.

use serde_json::{Value, json};
use wire_tests::{
    BOTH, HubSocket, Protocol, RawSocket, Requests, close, completion, http::Response, ours_differs, stream_invocation,
    unique,
};

fn assert_plain(response: &Response, status: u16, body: &str) {
    assert_eq!((response.status, response.text()), (status, body));
    assert_eq!(response.header("content-type"), Some("text/plain"));
}

/// Waits until the watcher hears that this connection has gone, and returns the reason.
fn reason(watcher: &mut HubSocket, id: &str) -> Value {
    loop {
        let message = watcher.next_message();
        if message["arguments"][0] == id {
            return message["arguments"][1].clone();
        }
    }
}

#[test]
fn the_response_has_the_headers_of_an_event_stream() {
    let (_, events) = Requests::events("/conformance");
    for (name, value) in [
        ("content-type", Some("text/event-stream")),
        ("cache-control", Some("no-cache,no-store")),
        ("pragma", Some("no-cache")),
        ("content-encoding", Some("identity")),
        ("transfer-encoding", Some("chunked")),
        ("connection", Some("close")),
        ("x-accel-buffering", None),
        ("expires", None),
    ] {
        assert_eq!(events.head.header(name), value, "{name}");
    }
}

#[test]
fn events_are_one_line_of_data_each() {
    let requests = Requests::negotiate("/conformance", Protocol::Json);
    // It asserts the comment at the beginning, which comes at once.
    let mut events = requests.open_events();
    requests.shake_hands();
    assert_eq!(events.next_raw().as_deref(), Some(b"data: {}\x1e".as_slice()));
    requests.invoke("1", "Echo", json!(["line\nline\r\nline"]));
    let expected = b"data: {\"type\":3,\"invocationId\":\"1\",\"result\":\"line\\nline\\r\\nline\"}\x1e";
    assert_eq!(events.next_raw().as_deref(), Some(expected.as_slice()));
}

#[test]
fn messages_of_one_moment_may_share_an_event() {
    let (requests, mut events) = Requests::events("/conformance");
    let echo = |id: usize| wire_tests::invocation(&id.to_string(), "Echo", json!([id.to_string()]));
    requests.send(&(0..20).map(echo).collect::<Vec<_>>());
    let mut messages = Vec::new();
    while messages.len() < 20 {
        let event = events.next().expect("an event");
        messages.extend(event.split_terminator('\u{1e}').map(|text| Protocol::Json.decode(text.as_bytes())));
    }
    let expected: Vec<_> = (0..20).map(|id: usize| completion(&id.to_string(), json!(id.to_string()))).collect();
    assert_eq!(messages, expected);
}

#[test]
fn a_large_message_comes_whole() {
    let (requests, mut events) = Requests::events("/conformance");
    requests.invoke("1", "LargeResult", json!([500_000]));
    let message = events.next_message().expect("the answer");
    assert_eq!(message["result"].as_str().map(str::len), Some(500_000));
}

#[test]
fn the_hub_sees_the_request_for_the_events() {
    let (requests, mut events) = Requests::events("/conformance-sse?colour=blue");
    for (target, argument, result) in [
        ("GetTransport", json!([]), "ServerSentEvents"),
        ("GetQuery", json!(["colour"]), "blue"),
        ("GetHeader", json!(["Accept"]), "text/event-stream"),
    ] {
        requests.invoke("1", target, argument);
        assert_eq!(events.next_message(), Some(completion("1", json!(result))));
    }
}

#[test]
fn the_accept_header_is_a_list_whose_elements_are_compared_whole() {
    for accept in ["text/event-stream", "text/html, text/event-stream", "TEXT/EVENT-STREAM"] {
        let requests = Requests::negotiate("/conformance-sse", Protocol::Json);
        let mut stream = wire_tests::server().tcp();
        let head = format!("GET {} HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\n\r\n", requests.path);
        std::io::Write::write_all(&mut stream, head.as_bytes()).expect("the request can be written");
        let (response, _) = wire_tests::http::read_head(&mut stream);
        assert_eq!((response.status, response.header("content-type")), (200, Some("text/event-stream")), "{accept}");
    }
    for accept in ["text/event-stream;q=0.9", "text/*", "*/*"] {
        let requests = Requests::negotiate("/conformance-sse", Protocol::Json);
        let response = wire_tests::http::request("GET", &requests.path, &[("Accept", accept)], b"");
        assert_plain(&response, 404, "LongPolling transport not supported by this end point type");
    }
}

#[test]
fn messagepack_is_refused_in_the_handshake() {
    let requests = Requests::negotiate("/conformance", Protocol::MessagePack);
    let mut events = requests.open_events();
    requests.shake_hands();
    let error = "Cannot use the 'messagepack' protocol on the current transport. \
                 The transport does not support 'Binary' transfer format.";
    assert_eq!(events.next(), Some(format!("{}\u{1e}", json!({"error": error}))));
    assert_eq!(events.next(), None, "the response ends in order");
}

#[test]
fn a_handshake_that_does_not_come_in_time_is_canceled() {
    let mut events = Requests::negotiate("/conformance-limits", Protocol::Json).open_events();
    assert_eq!(events.next().as_deref(), Some("{\"error\":\"Handshake was canceled.\"}\u{1e}"));
    assert_eq!(events.next(), None, "the response ends in order");
}

#[test]
fn the_server_pings() {
    let (_, mut events) = Requests::events("/conformance-limits");
    assert_eq!(events.next().as_deref(), Some("{\"type\":6}\u{1e}"));
    assert_eq!(events.next().as_deref(), Some("{\"type\":6}\u{1e}"));
}

#[test]
fn a_client_that_has_pinged_and_falls_silent_is_closed() {
    let (requests, mut events) = Requests::events("/conformance-limits");
    requests.send(&[json!({"type": 6})]);
    assert_eq!(events.next_message(), Some(close(Some("Connection closed with an error."), true)));
    assert_eq!(events.next_message(), None);
}

#[test]
fn there_is_one_stream_of_events_for_each_connection() {
    let (requests, mut events) = Requests::events("/conformance");
    assert_plain(&requests.get_events(), 409, "");
    let changed = "Cannot change transports mid-connection";
    let poll = requests.poll();
    assert_plain(&poll, 400, changed);
    assert_eq!(poll.header("expires"), Some("Thu, 01 Jan 1970 00:00:00 GMT"));
    assert_plain(&RawSocket::upgrade(&requests.path, &[]).expect_err("another transport"), 400, changed);
    requests.invoke("1", "Echo", json!(["alive"]));
    assert_eq!(events.next_message(), Some(completion("1", json!("alive"))));
}

#[test]
fn a_close_message_of_the_client_is_answered_and_ends_the_response() {
    let mut watcher = HubSocket::json("/conformance?watch");
    let (requests, mut events) = Requests::events("/conformance");
    requests.send(&[json!({"type": 7})]);
    assert_eq!(events.next_message(), Some(close(None, false)));
    assert_eq!(events.next_message(), None);
    assert_eq!(reason(&mut watcher, &requests.id), Value::Null);
    // Its place is given back just behind the last byte of the response.
    while requests.get_events().status == 409 {}
    assert_plain(&requests.get_events(), 404, "No Connection with that ID");
    assert_plain(&requests.post(b""), 404, "No Connection with that ID");
}

#[test]
fn an_abort_of_the_server_ends_the_response() {
    let (requests, mut events) = Requests::events("/conformance");
    requests.invoke("1", "Abort", json!([]));
    let mut last = None;
    for event in events.by_ref() {
        last = Some(event);
    }
    assert!(last.expect("a message").ends_with("{\"type\":7}\u{1e}"));
}

#[test]
fn a_client_that_goes_away_has_left() {
    let mut watcher = HubSocket::json("/conformance?watch");
    let (requests, events) = Requests::events("/conformance");
    drop(events);
    assert_eq!(reason(&mut watcher, &requests.id), Value::Null);
    // With it went its streams.
    let (requests, mut events) = Requests::events("/conformance");
    requests.send(&[stream_invocation("s", "Infinite", json!([]))]);
    assert_eq!(events.next_message().expect("an item")["item"], "tick");
    drop(events);
    assert_eq!(reason(&mut watcher, &requests.id), Value::Null);
}

#[test]
fn a_client_that_goes_away_within_a_message_has_failed() {
    let mut watcher = HubSocket::json("/conformance?watch");
    let (requests, events) = Requests::events("/conformance");
    requests.send_bytes(b"{\"type\":");
    drop(events);
    assert!(reason(&mut watcher, &requests.id).is_string());
}

#[test]
fn a_client_that_does_not_read_harms_only_itself() {
    let group = unique("group");
    let mut watcher = HubSocket::json("/conformance?watch");
    let (deaf, _events) = Requests::events(&format!("/conformance?group={group}"));
    if ours_differs("a client that does not read is disconnected and its senders go on") {
        return;
    }
    let mut sender = HubSocket::json("/conformance");
    let text = "x".repeat(30_000);
    // More than all the buffers on the way can hold.
    for _ in 0..1500 {
        sender.send(&json!({"type": 1, "target": "SendToGroup", "arguments": [group, text]}));
    }
    sender.expect_alive();
    assert!(reason(&mut watcher, &deaf.id).is_string(), "the client's slowness is the reason");
}

#[test]
fn sockets_and_events_reach_each_other() {
    for protocol in BOTH {
        let (requests, mut events) = Requests::events("/conformance");
        let mut socket = HubSocket::connect("/conformance", protocol);
        socket.call("SendToClient", json!([requests.id, "to the events"]));
        assert_eq!(events.next_message().expect("a message")["arguments"], json!(["to the events"]));
        let id = socket.connection_id();
        requests.invoke("1", "SendToClient", json!([id, "to the socket"]));
        assert_eq!(socket.next_message()["arguments"], json!(["to the socket"]));
        assert_eq!(events.next_message(), Some(completion("1", Value::Null)));
    }
}
