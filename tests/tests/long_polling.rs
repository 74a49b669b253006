//! Long polling: what each poll answers, in both protocols.

use serde_json::{Value, json};
use wire_tests::{
    BOTH, HubSocket, Protocol, RawSocket, Requests, cancel, close, completion,
    http::{Response, request},
    invocation, ours_differs, stream_invocation, unique,
};

const GENERIC: &str = "Connection closed with an error.";

/// Asserts what every answer to a poll has.
fn assert_poll(response: &Response, status: u16, content_type: &str) {
    assert_eq!(response.status, status, "{response:?}");
    for (name, value) in [
        ("content-type", content_type),
        ("cache-control", "no-cache, no-store"),
        ("pragma", "no-cache"),
        ("expires", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ] {
        assert_eq!(response.header(name), Some(value), "{response:?}");
    }
    if status == 200 {
        assert_eq!(response.header("content-length"), Some(response.body.len().to_string().as_str()));
    }
}

fn assert_data(response: &Response, body: &[u8]) {
    assert_poll(response, 200, "application/octet-stream");
    assert_eq!(response.body, body);
}

/// The poll that tells of the end, and that the connection is gone with it.
fn assert_ended(requests: &Requests) {
    assert_poll(&requests.poll(), 204, "text/plain");
    let response = requests.poll();
    assert_poll_error(&response, 404, "No Connection with that ID");
}

fn assert_poll_error(response: &Response, status: u16, text: &str) {
    assert_eq!((response.status, response.text()), (status, text));
    assert_poll(response, status, "text/plain");
}

#[test]
fn the_first_poll_opens_the_connection_at_once() {
    for protocol in BOTH {
        let requests = Requests::negotiate("/conformance", protocol);
        assert_data(&requests.poll(), b"");
        requests.shake_hands();
        // Also with MessagePack the handshake is answered in JSON.
        assert_data(&requests.poll(), b"{}\x1e");
        requests.invoke("1", "GetTransport", json!([]));
        let answer = requests.poll();
        assert_eq!(requests.messages_of(&answer), [completion("1", json!("LongPolling"))]);
        assert_data(&answer, &answer.body);
        assert_eq!(requests.delete().status, 202);
    }
}

#[test]
fn errors_are_not_to_be_cached() {
    let get = |path: &str| request("GET", path, &[], b"");
    assert_poll_error(&get("/conformance"), 400, "Connection ID required");
    assert_poll_error(&get("/conformance?id=unknown"), 404, "No Connection with that ID");
    let requests = Requests::negotiate("/conformance-sse", Protocol::Json);
    assert_poll_error(&requests.poll(), 404, "LongPolling transport not supported by this end point type");
}

#[test]
fn a_poll_waits_for_data() {
    for protocol in BOTH {
        let requests = Requests::polling("/conformance", protocol);
        for number in 0..3 {
            let poll = requests.waiting_poll();
            requests.invoke("1", "Echo", json!([number.to_string()]));
            let answer = poll.answer();
            assert_poll(&answer, 200, "application/octet-stream");
            assert_eq!(requests.messages_of(&answer), [completion("1", json!(number.to_string()))]);
        }
    }
}

#[test]
fn what_waits_comes_in_one_poll() {
    for protocol in BOTH {
        let requests = Requests::polling("/conformance", protocol);
        let group = unique("group");
        requests.invoke("1", "JoinGroup", json!([group]));
        assert_eq!(requests.poll_messages(1), [completion("1", Value::Null)]);
        let mut sender = HubSocket::json("/conformance");
        for number in 0..50 {
            sender.call("SendToGroup", json!([group, number.to_string()]));
        }
        // It is queued for the connection by now; its answer comes behind all of it.
        requests.invoke("2", "Echo", json!(["last"]));
        let messages = requests.poll_messages(51);
        assert_eq!(messages.len(), 51);
        for (number, message) in messages[..50].iter().enumerate() {
            assert_eq!(message["arguments"], json!([number.to_string()]));
        }
        assert_eq!(messages[50], completion("2", json!("last")));
    }
}

#[test]
fn a_large_answer_comes_whole() {
    for protocol in BOTH {
        let requests = Requests::polling("/conformance", protocol);
        requests.invoke("1", "LargeResult", json!([300_000]));
        let messages = requests.poll_messages(1);
        assert_eq!(messages[0]["result"].as_str().map(str::len), Some(300_000));
    }
}

#[test]
fn a_stream_and_its_cancellation_work() {
    for protocol in BOTH {
        let requests = Requests::polling("/conformance", protocol);
        requests.send(&[stream_invocation("s", "Infinite", json!([]))]);
        assert_eq!(requests.poll_messages(1)[0]["item"], "tick");
        requests.send(&[cancel("s")]);
        while !requests.poll_messages(1).iter().any(|message| message["target"] == "StreamCanceled") {}
    }
}

#[test]
fn a_poll_without_data_ends_after_the_poll_timeout() {
    for protocol in BOTH {
        let requests = Requests::polling("/conformance-limits", protocol);
        // Pings would come more often than polls end.
        for _ in 0..2 {
            let answer = requests.poll();
            assert_poll(&answer, 200, "text/plain");
            assert_eq!(answer.body, b"", "there are no pings");
        }
        requests.invoke("1", "Echo", json!(["still here"]));
        assert_eq!(requests.poll_messages(1), [completion("1", json!("still here"))]);
    }
}

#[test]
fn a_client_that_has_pinged_and_falls_silent_is_closed_in_spite_of_its_polls() {
    for protocol in BOTH {
        let requests = Requests::polling("/conformance-limits", protocol);
        requests.send(&[json!({"type": 6})]);
        assert_eq!(requests.poll_messages(1), [close(Some(GENERIC), true)]);
        assert_ended(&requests);
    }
}

#[test]
fn a_newer_poll_takes_the_place_of_an_older_one() {
    for protocol in BOTH {
        let requests = Requests::polling("/conformance", protocol);
        // It asserts the 204 of the older one.
        let poll = requests.waiting_poll();
        let newer = requests.clone();
        let newer = std::thread::spawn(move || newer.poll());
        assert_poll(&poll.answer(), 204, "text/plain");
        requests.invoke("1", "Echo", json!(["to the newest"]));
        let newer = newer.join().expect("an answer");
        assert_eq!(requests.messages_of(&newer), [completion("1", json!("to the newest"))]);
    }
}

#[test]
fn a_poll_whose_connection_was_cut_can_be_repeated() {
    for protocol in BOTH {
        let requests = Requests::polling("/conformance", protocol);
        for number in 0..5 {
            use std::io::Write;
            let mut poll = wire_tests::server().tcp();
            let head = format!("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", requests.path, wire_tests::server().authority());
            poll.write_all(head.as_bytes()).expect("the request can be written");
            drop(poll);
            let repeated = requests.waiting_poll();
            requests.invoke("1", "Echo", json!([number.to_string()]));
            assert_eq!(requests.messages_of(&repeated.answer()), [completion("1", json!(number.to_string()))]);
        }
    }
}

#[test]
fn an_answer_that_breaks_off_is_given_whole_to_the_next_poll() {
    use std::io::{Read, Write};
    // More than lies between the two ends.
    const LENGTH: usize = 20_000_000;
    if ours_differs("an answer to a poll that breaks off is given to the next poll") {
        return;
    }
    let requests = Requests::polling("/conformance", Protocol::Json);
    requests.invoke("1", "LargeResult", json!([LENGTH]));
    for _ in 0..3 {
        let mut poll = wire_tests::server().tcp();
        let head = format!("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", requests.path, wire_tests::server().authority());
        poll.write_all(head.as_bytes()).expect("the request can be written");
        poll.read_exact(&mut [0; 1000]).expect("the beginning of an answer");
    }
    let messages = requests.poll_messages(1);
    assert_eq!(messages[0]["result"].as_str().map(str::len), Some(LENGTH));
    requests.invoke("2", "Echo", json!(["behind it"]));
    assert_eq!(requests.poll_messages(1), [completion("2", json!("behind it"))]);
}

#[test]
fn delete_ends_the_connection_and_its_poll() {
    for protocol in BOTH {
        let mut watcher = HubSocket::json("/conformance?watch");
        let requests = Requests::polling("/conformance", protocol);
        let poll = requests.waiting_poll();
        let response = requests.delete();
        assert_eq!((response.status, response.text()), (202, ""));
        assert_eq!(response.header("content-type"), Some("text/plain"));
        if !ours_differs("a poll that waits during DELETE gets 204") {
            assert_poll(&poll.answer(), 204, "text/plain");
        }
        assert_poll_error(&requests.poll(), 404, "No Connection with that ID");
        for response in [requests.delete(), requests.post(b"x")] {
            assert_eq!((response.status, response.text()), (404, "No Connection with that ID"));
        }
        loop {
            let message = watcher.next_message();
            if message["arguments"][0] == requests.id.as_str() {
                assert_eq!(message["arguments"][1], Value::Null, "it ended well");
                break;
            }
        }
    }
}

#[test]
fn only_a_live_long_polling_connection_can_be_deleted() {
    let refused = |response: Response| {
        let text = "Cannot terminate this connection using the DELETE endpoint.";
        assert_eq!((response.status, response.text()), (400, text));
        assert_eq!(response.header("content-type"), Some("text/plain"));
    };
    refused(Requests::negotiate("/conformance", Protocol::Json).delete());
    let (requests, mut events) = Requests::events("/conformance");
    refused(requests.delete());
    requests.invoke("1", "Echo", json!(["alive"]));
    assert_eq!(events.next_message(), Some(completion("1", json!("alive"))));
}

#[test]
fn a_close_message_is_answered_and_then_the_polls_end() {
    for protocol in BOTH {
        let requests = Requests::polling("/conformance", protocol);
        requests.send(&[json!({"type": 7})]);
        assert_eq!(requests.messages_of(&requests.poll()), [close(None, false)]);
        assert_ended(&requests);
    }
}

#[test]
fn data_that_is_left_comes_before_the_end() {
    for protocol in BOTH {
        let requests = Requests::polling("/conformance", protocol);
        let calls = ["one", "two"].map(|text| invocation(text, "Echo", json!([text])));
        requests.send(&[calls[0].clone(), calls[1].clone(), invocation("3", "Abort", json!([]))]);
        let mut messages = Vec::new();
        let end = loop {
            let answer = requests.poll();
            if answer.status != 200 {
                break answer;
            }
            messages.extend(requests.messages_of(&answer));
        };
        assert_poll(&end, 204, "text/plain");
        assert_eq!(messages[..2], [completion("one", json!("one")), completion("two", json!("two"))]);
        assert_eq!(messages.last(), Some(&close(None, false)));
    }
}

#[test]
fn a_waiting_poll_hears_of_the_end() {
    for protocol in BOTH {
        let requests = Requests::polling("/conformance", protocol);
        let poll = requests.waiting_poll();
        requests.send(&[json!({"type": 7})]);
        assert_eq!(requests.messages_of(&poll.answer()), [close(None, false)]);
        assert_ended(&requests);
    }
}

#[test]
fn a_failed_handshake_is_explained_and_ends_the_polls() {
    for (handshake, error) in [
        (r#"{"protocol":"other","version":1}"#, "The protocol 'other' is not supported."),
        (r#"{"protocol":"json","version":9}"#, "The server does not support version 9 of the 'json' protocol."),
    ] {
        let requests = Requests::negotiate("/conformance", Protocol::Json);
        assert_data(&requests.poll(), b"");
        requests.send_bytes(format!("{handshake}\u{1e}").as_bytes());
        assert_data(&requests.poll(), format!("{}\u{1e}", json!({"error": error})).as_bytes());
        assert_ended(&requests);
    }
}

#[test]
fn a_handshake_that_does_not_come_in_time_is_canceled() {
    let requests = Requests::negotiate("/conformance-limits", Protocol::Json);
    assert_data(&requests.poll(), b"");
    let mut poll = requests.poll();
    while poll.status == 200 && poll.body.is_empty() {
        poll = requests.poll();
    }
    assert_data(&poll, b"{\"error\":\"Handshake was canceled.\"}\x1e");
    assert_ended(&requests);
}

#[test]
fn the_hub_sees_the_request_of_the_first_poll() {
    let requests = Requests::negotiate("/conformance?colour=blue&greet=Ann", Protocol::Json);
    let first = request("GET", &requests.path, &[("X-Poll", "first")], b"");
    assert_data(&first, b"");
    requests.shake_hands();
    requests.invoke("1", "GetQuery", json!(["colour"]));
    requests.invoke("2", "GetHeader", json!(["X-Poll"]));
    assert_eq!(requests.poll().body[..3], *b"{}\x1e");
}

#[test]
fn no_other_transport_can_take_over() {
    let requests = Requests::polling("/conformance", Protocol::Json);
    let changed = |response: Response| {
        assert_eq!((response.status, response.text()), (400, "Cannot change transports mid-connection"));
        assert_eq!(response.header("content-type"), Some("text/plain"));
    };
    changed(requests.get_events());
    changed(RawSocket::upgrade(&requests.path, &[]).expect_err("another transport"));
    requests.invoke("1", "Echo", json!(["alive"]));
    assert_eq!(requests.poll_messages(1), [completion("1", json!("alive"))]);
}

#[test]
fn two_connections_are_apart() {
    let [one, two] = BOTH.map(|protocol| Requests::polling("/conformance", protocol));
    let poll = one.waiting_poll();
    two.invoke("1", "SendToClient", json!([one.id, "hello"]));
    assert_eq!(one.messages_of(&poll.answer())[0]["arguments"], json!(["hello"]));
    assert_eq!(two.poll_messages(1), [completion("1", Value::Null)]);
}
