//! The end of a server that was asked to end: what its clients see, and what it still finishes.

use serde_json::{Value, json};
use std::io::Write;
use wire_tests::http::{read_body, read_head, request_at};
use wire_tests::{
    BOTH, Event, HubSocket, Protocol, RawSocket, Server, close, completion, failed, invocation_with_streams, item,
    ours_differs, stream_invocation,
};

/// A server that may be ended, unless the one under test is another's or ends its sockets without a word.
fn server() -> Option<Server> {
    if ours_differs("a server that ends tells its clients to come back") {
        return None;
    }
    Server::own(0)
}

fn expect_come_again(socket: &mut HubSocket) {
    assert_eq!(socket.event(), Event::Message(close(None, true)));
    assert_eq!(socket.event(), Event::Closed(1001, String::new()));
}

/// Waits until the server no longer takes calls of this connection, on which another one still runs.
fn expect_begun(socket: &mut HubSocket) {
    loop {
        socket.invoke("late", "Echo", json!(["late"]));
        let answer = socket.next_message();
        if answer.get("error").is_some() {
            assert_eq!(answer, shut_down(socket.protocol, "late", "Echo"));
            return;
        }
    }
}

#[test]
fn clients_are_told_to_come_again_and_the_process_ends() {
    let Some(server) = server() else { return };
    let mut sockets: Vec<HubSocket> = ["/conformance", "/conformance-detailed", "/bench"]
        .into_iter()
        .flat_map(|path| BOTH.map(|protocol| HubSocket::connect_at(&server, path, protocol)))
        .collect();
    server.terminate();
    for socket in &mut sockets {
        expect_come_again(socket);
    }
    drop(sockets);
    assert!(server.ended());
}

#[test]
fn a_running_call_is_finished_first() {
    for protocol in BOTH {
        let Some(server) = server() else { return };
        // Several calls of a connection run at once there.
        let mut asked = HubSocket::connect_at(&server, "/conformance-detailed", protocol);
        let mut asking = HubSocket::connect_at(&server, "/conformance-detailed", protocol);
        let id = asked.connection_id();
        // The one who is asked stays as long as its upload.
        asked.send(&invocation_with_streams("2", "Sum", json!([]), &["s"]));
        asking.invoke("1", "AskClient", json!([id, "may I go?"]));
        let question = asked.next_message()["invocationId"].as_str().expect("a question").to_owned();
        server.terminate();
        expect_begun(&mut asking);
        let refused = request_at(&server, "POST", "/conformance/negotiate?negotiateVersion=1", &[], b"");
        assert_eq!(refused.status, 503);
        assert_eq!(RawSocket::upgrade_at(&server, "/conformance", &[]).err().map(|refusal| refusal.status), Some(503));
        asked.send(&completion(&question, json!("yes")));
        assert_eq!(asking.next_message(), completion("1", json!("yes")));
        expect_come_again(&mut asking);
        asked.send(&json!({"type": 3, "invocationId": "s"}));
        assert_eq!(asked.next_message(), completion("2", json!(0)));
        expect_come_again(&mut asked);
        drop((asking, asked));
        assert!(server.ended());
    }
}

#[test]
fn a_stream_ends_with_a_completion() {
    let Some(server) = server() else { return };
    let mut sockets: Vec<HubSocket> =
        BOTH.into_iter().map(|protocol| HubSocket::connect_at(&server, "/conformance", protocol)).collect();
    for socket in &mut sockets {
        socket.send(&stream_invocation("1", "Infinite", json!([])));
        assert_eq!(socket.next_message(), item("1", json!("tick")));
    }
    server.terminate();
    for socket in &mut sockets {
        let end = loop {
            let message = socket.next_message();
            if message["type"] == 3 {
                break message;
            }
        };
        assert_eq!(end, shut_down(socket.protocol, "1", "Infinite"));
        // What the hub sends when its stream ends arrives too.
        let rest: Vec<Value> = std::iter::from_fn(|| match socket.event() {
            Event::Message(message) => Some(message),
            Event::Closed(code, _) => {
                assert_eq!(code, 1001);
                None
            }
            Event::Lost => panic!("no close frame"),
        })
        .collect();
        assert_eq!(rest.last(), Some(&close(None, true)), "{rest:?}");
    }
    drop(sockets);
    assert!(server.ended());
}

#[test]
fn an_upload_is_finished() {
    let Some(server) = server() else { return };
    let mut socket = HubSocket::connect_at(&server, "/conformance", Protocol::Json);
    socket.send(&invocation_with_streams("1", "Sum", json!([]), &["s"]));
    socket.send(&item("s", json!(3)));
    assert_eq!(socket.call("Echo", json!(["it runs"])), "it runs");
    server.terminate();
    expect_begun(&mut socket);
    socket.send(&item("s", json!(4)));
    socket.send(&json!({"type": 3, "invocationId": "s"}));
    assert_eq!(socket.next_message(), completion("1", json!(7)));
    expect_come_again(&mut socket);
    drop(socket);
    assert!(server.ended());
}

#[test]
fn a_socket_without_a_handshake_does_not_hold_it_up() {
    let Some(server) = server() else { return };
    let mut silent = RawSocket::upgrade_at(&server, "/conformance", &[]).expect("a WebSocket").0;
    server.terminate();
    assert_eq!(silent.read_close(), Some((1001, String::new())));
    drop(silent);
    assert!(server.ended());
}

/// Negotiates, and posts the handshake; returns the path and query of the connection's requests.
fn negotiated(server: &Server) -> String {
    let answer = request_at(server, "POST", "/conformance/negotiate?negotiateVersion=1", &[], b"").json();
    let path = format!("/conformance?id={}", answer["connectionToken"].as_str().expect("the token is text"));
    let handshake = Protocol::Json.handshake();
    assert_eq!(request_at(server, "POST", &path, &[], handshake.as_bytes()).status, 200);
    path
}

const COME_AGAIN: &str = "{\"type\":7,\"allowReconnect\":true}\u{1e}";

#[test]
fn polls_get_the_close_message_and_then_204() {
    let Some(server) = server() else { return };
    let path = negotiated(&server);
    let poll = || request_at(&server, "GET", &path, &[], b"");
    let mut received = String::new();
    while received != "{}\u{1e}" {
        received += poll().text();
    }
    server.terminate();
    let close = poll();
    assert_eq!((close.status, close.text()), (200, COME_AGAIN));
    assert_eq!(poll().status, 204);
    assert!(server.ended());
}

#[test]
fn events_end_behind_the_close_message() {
    let Some(server) = server() else { return };
    let path = negotiated(&server);
    let mut stream = server.tcp();
    let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\n\r\n", server.authority());
    stream.write_all(head.as_bytes()).expect("the server reads");
    let (response, rest) = read_head(&mut stream);
    assert_eq!(response.status, 200);
    server.terminate();
    let events = read_body(&mut stream, response, rest);
    assert!(events.text().ends_with(&format!("data: {COME_AGAIN}\r\n\r\n")), "{events:?}");
    drop(stream);
    assert!(server.ended());
}

/// The answer to a call that the server has no time for, with the code by which programs know it; over MessagePack only for
/// those that ask for codes.
fn shut_down(protocol: Protocol, id: &str, method: &str) -> Value {
    let mut answer = failed(id, &format!("Failed to invoke '{method}' because the server is shutting down."));
    if protocol == Protocol::Json {
        answer["errorInfo"] = json!({ "code": "shutting_down" });
    }
    answer
}
