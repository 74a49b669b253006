//! POST: how clients of Server-Sent Events and long polling send.

use serde_json::{Value, json};
use wire_tests::{
    BOTH, HubSocket, Protocol, Requests, close, completion, http::Response, http::request, invocation, ours_differs,
    unique,
};

const GENERIC: &str = "Connection closed with an error.";

fn assert_plain(response: &Response, status: u16, body: &str) {
    assert_eq!((response.status, response.text()), (status, body));
    assert_eq!(response.header("content-type"), Some("text/plain"));
}

fn echo(id: &str) -> Vec<u8> {
    Protocol::Json.encode(&invocation(id, "Echo", json!([id])))
}

#[test]
fn the_content_type_of_a_request_does_not_matter() {
    let (requests, mut events) = Requests::events("/conformance");
    for content_type in ["application/octet-stream", "text/plain;charset=UTF-8", "application/json", "nonsense"] {
        let response = request("POST", &requests.path, &[("Content-Type", content_type)], &echo("1"));
        assert_plain(&response, 200, "");
        assert_eq!(events.next_message(), Some(completion("1", json!("1"))));
    }
}

#[test]
fn an_empty_body_is_fine() {
    let (requests, mut events) = Requests::events("/conformance");
    requests.send_bytes(b"");
    requests.send_bytes(&echo("1"));
    assert_eq!(events.next_message(), Some(completion("1", json!("1"))));
}

#[test]
fn a_chunked_body_is_fine() {
    let (requests, mut events) = Requests::events("/conformance");
    let mut stream = wire_tests::server().tcp();
    let mut bytes =
        format!("POST {} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", requests.path).into_bytes();
    for piece in echo("1").chunks(7) {
        bytes.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        bytes.extend_from_slice(piece);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    std::io::Write::write_all(&mut stream, &bytes).expect("the request can be written");
    assert_eq!(wire_tests::http::read_head(&mut stream).0.status, 200);
    assert_eq!(events.next_message(), Some(completion("1", json!("1"))));
}

#[test]
fn messages_may_be_spread_over_requests() {
    for protocol in BOTH {
        let requests = Requests::polling("/conformance", protocol);
        let bytes: Vec<u8> =
            ["1", "2"].iter().flat_map(|id| protocol.encode(&invocation(id, "Echo", json!([id])))).collect();
        for piece in bytes.chunks(11) {
            requests.send_bytes(piece);
        }
        let expected = ["1", "2"].map(|id| completion(id, json!(id)));
        assert_eq!(requests.poll_messages(2), expected);
    }
}

#[test]
fn what_is_posted_before_the_transport_is_opened_is_kept() {
    for protocol in BOTH {
        let requests = Requests::negotiate("/conformance", protocol);
        requests.shake_hands();
        requests.send(&[invocation("1", "Echo", json!(["early"]))]);
        assert_eq!(requests.poll().body, b"");
        let mut received = requests.poll().body;
        assert_eq!(received[..3], *b"{}\x1e");
        received.drain(..3);
        while received.is_empty() {
            received = requests.poll().body;
        }
        let (message, _) = protocol.split(&received).expect("a message");
        assert_eq!(protocol.decode(message), completion("1", json!("early")));
    }
    let requests = Requests::negotiate("/conformance-sse", Protocol::Json);
    requests.send_bytes(&[Protocol::Json.handshake().into_bytes(), echo("1")].concat());
    let mut events = requests.open_events();
    let all: String = events.by_ref().take_while(|event| !event.contains("result")).collect();
    assert!(all.is_empty() || all == "{}\u{1e}", "{all}");
}

#[test]
fn more_than_is_kept_waits_until_somebody_reads() {
    let requests = Requests::negotiate("/conformance", Protocol::Json);
    let mut body = Protocol::Json.handshake().into_bytes();
    body.extend(b"{\"type\":6}\x1e".repeat(20_000));
    body.extend(echo("last"));
    let post = requests.begin_post(body.len(), &body);
    let mut events = requests.open_events();
    assert_eq!(post.answer().status, 200);
    assert!(events.any(|event| event.contains("\"result\":\"last\"")));
}

#[test]
fn posts_at_once_are_taken_one_after_the_other() {
    let (requests, mut events) = Requests::events("/conformance");
    let (first, second) = (echo("first"), echo("second"));
    let body = [echo("begun"), first.clone()].concat();
    let (begun, rest) = body.split_at(body.len() - 10);
    let mut post = requests.begin_post(body.len(), begun);
    // From here on it is certain that the first one has its turn.
    assert_eq!(events.next_message(), Some(completion("begun", json!("begun"))));
    let other = requests.begin_post(second.len(), &second);
    assert!(post.write(rest));
    assert_plain(&post.answer(), 200, "");
    assert_plain(&other.answer(), 200, "");
    let mut answers: Vec<Value> = Vec::new();
    while answers.len() < 2 {
        let event = events.next().expect("an event");
        answers.extend(event.split_terminator('\u{1e}').map(|text| Protocol::Json.decode(text.as_bytes())));
    }
    assert_eq!(answers, ["first", "second"].map(|id| completion(id, json!(id))));
}

#[test]
fn a_post_that_breaks_off_leaves_the_connection_alone() {
    let (requests, mut events) = Requests::events("/conformance");
    let message = echo("2");
    let (half, rest) = message.split_at(20);
    let post = requests.begin_post(1000, &[echo("1"), half.to_vec()].concat());
    assert_eq!(events.next_message(), Some(completion("1", json!("1"))));
    drop(post);
    requests.send_bytes(rest);
    assert_eq!(events.next_message(), Some(completion("2", json!("2"))));
}

#[test]
fn a_post_that_waits_is_refused_when_the_connection_ends() {
    let requests = Requests::polling("/conformance", Protocol::Json);
    let post = requests.begin_post(1000, &echo("1"));
    assert_eq!(requests.poll_messages(1), [completion("1", json!("1"))]);
    // It queues behind the first one.
    let queued = requests.begin_post(7, b"{\"type\"");
    assert_eq!(requests.delete().status, 202);
    if ours_differs("a POST whose connection ends is answered at once") {
        return;
    }
    assert_plain(&post.answer(), 404, "");
    let queued = queued.answer();
    assert_eq!(queued.status, 404);
    assert!(["", "No Connection with that ID"].contains(&queued.text()), "it may have come too late: {queued:?}");
}

#[test]
fn a_handshake_that_trickles_in_is_given_up() {
    for protocol in BOTH {
        let requests = Requests::negotiate("/conformance-limits", protocol);
        assert_eq!(requests.poll().body, b"");
        let post = requests.begin_post(100, b"{\"protocol\":");
        let mut poll = requests.poll();
        while poll.body.is_empty() {
            poll = requests.poll();
        }
        assert_eq!(poll.text(), "{\"error\":\"Handshake was canceled.\"}\u{1e}");
        assert_eq!(requests.poll().status, 204);
        if !ours_differs("a POST whose connection ends is answered at once") {
            assert_plain(&post.answer(), 404, "");
        }
    }
}

#[test]
fn a_message_above_the_limit_ends_the_connection_and_an_endless_post() {
    for protocol in BOTH {
        let requests = Requests::polling("/conformance-limits", protocol);
        requests.send(&[invocation("1", "Echo", json!(["x".repeat(2000)]))]);
        assert_eq!(requests.poll_messages(1), [close(Some(GENERIC), true)]);
        assert_eq!(requests.poll().status, 204);
    }
    if ours_differs("a POST whose connection ends is answered at once") {
        return;
    }
    let (requests, mut events) = Requests::events("/conformance-limits");
    let mut post = requests.begin_post(1_000_000_000, b"{\"type\":1,\"target\":\"");
    // The server stops taking it long before its end.
    while post.write(&[b'x'; 4096]) {}
    assert_eq!(events.next_message(), Some(close(Some(GENERIC), true)));
    assert_eq!(events.next_message(), None);
}

#[test]
fn a_slow_post_concerns_no_other_connection() {
    let (slow, mut slow_events) = Requests::events("/conformance");
    let post = slow.begin_post(1000, &echo("1"));
    assert_eq!(slow_events.next_message(), Some(completion("1", json!("1"))));
    let (requests, mut events) = Requests::events("/conformance");
    requests.send_bytes(&echo("2"));
    assert_eq!(events.next_message(), Some(completion("2", json!("2"))));
    // Nor what the server sends to it.
    let text = unique("text");
    HubSocket::json("/conformance").call("SendToClient", json!([slow.id, text]));
    assert_eq!(slow_events.next_message().expect("a message")["arguments"], json!([text]));
    drop(post);
}
