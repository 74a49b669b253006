//! Hubs for authenticated callers only: each connection is its user's, over every transport.

use serde_json::{Value, json};
use wire_tests::http::{self, Response, request};
use wire_tests::{BOTH, HubSocket, Protocol, Requests, TIMEOUT, ours_differs, unique};

const HUB: &str = "/conformance-auth";

fn bearer(user: &str) -> String {
    format!("Bearer user:{user}")
}

/// Sends a request as this user; nobody if it is empty.
fn as_user(user: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
    let token = bearer(user);
    let mut headers = headers.to_vec();
    if !user.is_empty() {
        headers.push(("Authorization", &token));
    }
    request(method, path, &headers, body)
}

/// The path of a connection that the user has negotiated.
fn negotiate(user: &str) -> String {
    let answer = as_user(user, "POST", &format!("{HUB}/negotiate?negotiateVersion=1"), &[], b"");
    assert_eq!(answer.status, 200, "{answer:?}");
    format!("{HUB}?id={}", answer.json()["connectionToken"].as_str().expect("a token"))
}

/// The path of a long-polling connection of the user, after its handshake.
fn polling(user: &str) -> String {
    let path = negotiate(user);
    assert_eq!(as_user(user, "GET", &path, &[], b"").status, 200);
    assert_eq!(as_user(user, "POST", &path, &[], Protocol::Json.handshake().as_bytes()).status, 200);
    assert_eq!(as_user(user, "GET", &path, &[], b"").text(), "{}\u{1e}");
    path
}

fn call(user: &str, path: &str, target: &str, arguments: Value) -> Value {
    let invocation = Protocol::Json.encode(&wire_tests::invocation("1", target, arguments));
    assert_eq!(as_user(user, "POST", path, &[], &invocation).status, 200);
    let answer = as_user(user, "GET", path, &[], b"");
    let (message, _) = Protocol::Json.split(&answer.body).expect("a message");
    Protocol::Json.decode(message)["result"].clone()
}

#[test]
fn without_a_good_token_every_request_gets_401() {
    let upgrade = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let events = [("Accept", "text/event-stream")];
    let live = polling("ann");
    for token in ["", "ann", "user:", "User:ann"] {
        for (method, path, with) in [
            ("POST", format!("{HUB}/negotiate?negotiateVersion=1"), &[][..]),
            ("GET", HUB.to_owned(), &upgrade),
            ("GET", format!("{HUB}?id=unknown"), &events),
            ("GET", live.clone(), &[]),
            ("POST", live.clone(), &[]),
            ("DELETE", live.clone(), &[]),
        ] {
            let value = format!("Bearer {token}");
            let headers: Vec<_> = with.iter().copied().chain([("Authorization", value.as_str())]).collect();
            let answer = request(method, &path, &headers, b"");
            assert_eq!((answer.status, answer.text()), (401, ""), "{method} {path} {token}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            let separator = if path.contains('?') { '&' } else { '?' };
            let answer = request(method, &format!("{path}{separator}access_token={token}"), with, b"");
            assert_eq!(answer.status, 401, "{method} {path} {token}");
        }
    }
    assert_eq!(call("ann", &live, "GetUserIdentifier", json!([])), "ann");
}

#[test]
fn the_hub_knows_the_user_over_every_transport() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect(&format!("{HUB}?access_token=user:ann"), protocol);
        assert_eq!(socket.call("GetUserIdentifier", json!([])), "ann");
    }
    assert_eq!(call("bob", &polling("bob"), "GetUserIdentifier", json!([])), "bob");

    let path = negotiate("cid");
    // As browsers do it: the token in the query for events, in a header for POSTs.
    let requests =
        Requests { path: format!("{path}&access_token=user:cid"), id: String::new(), protocol: Protocol::Json };
    let mut events = requests.open_events();
    assert_eq!(as_user("cid", "POST", &path, &[], Protocol::Json.handshake().as_bytes()).status, 200);
    assert_eq!(events.next().as_deref(), Some("{}\u{1e}"));
    let call = Protocol::Json.encode(&wire_tests::invocation("1", "GetUserIdentifier", json!([])));
    assert_eq!(as_user("cid", "POST", &path, &[], &call).status, 200);
    assert_eq!(events.next_message().expect("an answer")["result"], "cid");
}

#[test]
fn another_user_is_refused_and_the_connection_goes_on() {
    if ours_differs("another user's requests to a connection are refused") {
        return;
    }
    let path = polling("ann");
    for method in ["GET", "POST", "DELETE"] {
        let answer = as_user("bob", method, &path, &[], b"{\"type\":7}\x1e");
        assert_eq!((answer.status, answer.text()), (403, ""), "{method}");
        assert_eq!(answer.header("content-type"), Some("text/plain"));
    }
    let answer = as_user("bob", "GET", &path, &[], b"");
    assert_eq!(answer.header("cache-control"), Some("no-cache, no-store"), "as every poll");
    assert_eq!(call("ann", &path, "GetUserIdentifier", json!([])), "ann");
    assert_eq!(as_user("ann", "DELETE", &path, &[], b"").status, 202);

    let path = negotiate("ann");
    let requests =
        Requests { path: format!("{path}&access_token=user:ann"), id: String::new(), protocol: Protocol::Json };
    let mut events = requests.open_events();
    let shake = Protocol::Json.handshake();
    assert_eq!(as_user("bob", "POST", &path, &[], shake.as_bytes()).status, 403);
    assert_eq!(as_user("ann", "POST", &path, &[], shake.as_bytes()).status, 200);
    assert_eq!(events.next().as_deref(), Some("{}\u{1e}"));
}

#[test]
fn another_user_does_not_take_the_place_of_a_poll_that_waits() {
    if ours_differs("another user's requests to a connection are refused") {
        return;
    }
    let path = polling("ann");
    let (sender, answers) = std::sync::mpsc::channel();
    // The newer of the two certainly waits once the older was answered.
    for _ in 0..2 {
        let (path, sender) = (path.clone(), sender.clone());
        std::thread::spawn(move || sender.send(as_user("ann", "GET", &path, &[], b"")));
    }
    assert_eq!(answers.recv_timeout(TIMEOUT).expect("an answer").status, 204);
    assert_eq!(as_user("bob", "GET", &path, &[], b"").status, 403);
    let text = unique("to ann");
    let message = Protocol::Json.encode(&json!({"type": 1, "target": "SendToCaller", "arguments": [text]}));
    assert_eq!(as_user("ann", "POST", &path, &[], &message).status, 200);
    let waited = answers.recv_timeout(TIMEOUT).expect("an answer");
    assert!(waited.status == 200 && waited.text().contains(&text), "{waited:?}");
}

#[test]
fn there_is_no_refresh_where_it_is_not_enabled() {
    let path = format!("{HUB}/refresh?id=x");
    assert_eq!(as_user("ann", "POST", &path, &[], b"").status, 404);
    assert_eq!(http::post("/conformance/refresh?id=x", b"").status, 404);
}
