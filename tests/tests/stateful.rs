//! Connections that outlive their WebSockets.

use serde_json::{Value, json};
use wire_tests::{
    BOTH, Event, Frame, HubSocket, Protocol, RawSocket, cancel, close, completion, ended, failed,
    http::{self, negotiate},
    invocation, item, ours_differs, stream_invocation, unique,
};

const PATH: &str = "/conformance-stateful";

/// A connection with stateful reconnect, and the token that brings it back.
struct Stateful {
    socket: HubSocket,
    token: String,
    protocol: Protocol,
    /// The last number that the server has acknowledged; it does so while other messages come.
    acknowledged: i64,
    calls: u32,
}

impl Stateful {
    fn connect(protocol: Protocol) -> Self {
        Self::connect_with(protocol, "", 2)
    }

    fn connect_with(protocol: Protocol, query: &str, version: u32) -> Self {
        let token = token();
        let mut raw = RawSocket::open(&format!("{PATH}?id={token}{query}"));
        raw.send(&Frame::text(protocol.handshake().replace("\"version\":1", &format!("\"version\":{version}"))));
        Self { socket: HubSocket::after_handshake(raw, protocol), token, protocol, acknowledged: 0, calls: 0 }
    }

    fn open(&self) -> HubSocket {
        HubSocket::resumed(RawSocket::open(&format!("{PATH}?id={}", self.token)), self.protocol)
    }

    /// Loses the socket without a close frame and comes back; the server must begin with this number.
    fn resume(&mut self, sequence: i64) {
        self.socket = self.open();
        assert_eq!(self.socket.next_message(), json!({"type": 9, "sequenceId": sequence}));
    }

    /// What a request for another socket is answered.
    fn refusal(&self) -> http::Response {
        RawSocket::upgrade(&format!("{PATH}?id={}", self.token), &[]).expect_err("no socket")
    }

    /// The next message that is neither a ping nor an acknowledgement.
    fn next(&mut self) -> Value {
        loop {
            let message = self.socket.next_message();
            if message["type"] != 8 {
                return message;
            }
            self.note(&message);
        }
    }

    fn take(&mut self, count: usize) -> Vec<Value> {
        (0..count).map(|_| self.next()).collect()
    }

    fn note(&mut self, message: &Value) {
        let number = message["sequenceId"].as_i64().expect("an acknowledgement");
        assert!(number >= self.acknowledged, "{number} comes after {}", self.acknowledged);
        self.acknowledged = number;
    }

    /// Waits until the server has acknowledged exactly so many messages; nothing else may come before.
    fn expect_ack(&mut self, number: i64) {
        while self.acknowledged < number {
            let message = self.socket.next_message();
            assert_eq!(message["type"], 8, "{message}");
            self.note(&message);
        }
        assert_eq!(self.acknowledged, number);
    }

    /// Invokes a method and returns its result, which must come next.
    fn call(&mut self, target: &str, arguments: Value) -> Value {
        self.calls += 1;
        let id = format!("own-{}", self.calls);
        self.socket.invoke(&id, target, arguments);
        let answer = self.next();
        assert_eq!(answer["invocationId"], id.as_str(), "not the answer of {target}: {answer}");
        answer["result"].clone()
    }

    fn id(&mut self) -> String {
        self.call("GetConnectionId", json!([])).as_str().expect("the id is text").to_owned()
    }
}

fn token() -> String {
    let answer = negotiate(&format!("{PATH}?negotiateVersion=1&useStatefulReconnect=true"));
    assert_eq!(answer["useStatefulReconnect"], true);
    answer["connectionToken"].as_str().expect("a token").to_owned()
}

fn ack(number: i64) -> Value {
    json!({"type": 8, "sequenceId": number})
}

fn sequence(number: i64) -> Value {
    json!({"type": 9, "sequenceId": number})
}

fn echo(id: &str) -> Value {
    invocation(id, "Echo", json!([id]))
}

fn echoed(id: &str) -> Value {
    completion(id, json!(id))
}

/// A connection that is told of the end of others.
struct Watcher(HubSocket);

impl Watcher {
    fn new() -> Self {
        let mut socket = HubSocket::json(&format!("{PATH}?watch"));
        // Others may go meanwhile.
        let _ = socket.barrier();
        Self(socket)
    }

    /// The reason why the connection ended.
    fn gone(&mut self, id: &str) -> Value {
        loop {
            let message = self.0.next_message();
            if message["target"] == "Gone" && message["arguments"][0] == id {
                return message["arguments"][1].clone();
            }
        }
    }

    /// Asserts that nobody of that id has gone.
    fn expect_present(&mut self, id: &str) {
        let gone = self.0.barrier();
        assert!(gone.iter().all(|message| message["arguments"][0] != id), "{gone:?}");
    }
}

#[test]
fn what_is_sent_between_two_sockets_arrives_and_the_hub_is_told_nothing() {
    for protocol in BOTH {
        let (mut watcher, mut other) = (Watcher::new(), HubSocket::connect(PATH, protocol));
        let greeting = unique("name");
        let mut stateful = Stateful::connect_with(protocol, &format!("&greet={greeting}"), 2);
        let greeted = json!({"type": 1, "target": "Receive", "arguments": [format!("hello {greeting}")]});
        assert_eq!(stateful.next(), greeted);
        let id = stateful.id();
        let group = unique("group");
        stateful.call("JoinGroup", json!([group]));
        stateful.call("SetItem", json!(["key", "value"]));
        // All is acknowledged: the greeting and three answers.
        stateful.socket.send(&ack(4));
        stateful.call("Echo", json!(["x"]));
        stateful.socket.send(&ack(5));
        stateful.socket.send(&stream_invocation("s", "Counter", json!([3, 0])));
        assert_eq!(stateful.next(), item("s", json!(0)));

        stateful.socket = HubSocket::json(PATH);
        other.call("SendToGroup", json!([group, "while away"]));
        other.call("SendToClient", json!([id, "to you"]));
        stateful.resume(6);
        let receive = |text: &str| json!({"type": 1, "target": "Receive", "arguments": [text]});
        let mut rest = vec![item("s", json!(0)), item("s", json!(1)), item("s", json!(2)), ended("s")];
        rest.extend([receive("while away"), receive("to you")]);
        for _ in 0..rest.len() {
            let message = stateful.next();
            let place = rest.iter().position(|known| *known == message);
            rest.remove(place.unwrap_or_else(|| panic!("not expected, or once more: {message}")));
        }
        assert_eq!(stateful.id(), id);
        assert_eq!(stateful.call("GetItem", json!(["key"])), "value");
        watcher.expect_present(&id);
    }
}

#[test]
fn the_server_begins_with_the_first_message_that_it_repeats_or_with_the_next() {
    for protocol in BOTH {
        let mut stateful = Stateful::connect(protocol);
        stateful.resume(1);
        stateful.socket.send(&sequence(1));
        for id in ["1", "2", "3"] {
            stateful.socket.send(&echo(id));
            assert_eq!(stateful.next(), echoed(id));
        }
        stateful.socket.send_all(&[ack(2), echo("4")]);
        assert_eq!(stateful.next(), echoed("4"));
        stateful.resume(3);
        assert_eq!(stateful.take(2), [echoed("3"), echoed("4")]);
        stateful.socket.send_all(&[sequence(5), echo("5")]);
        assert_eq!(stateful.next(), echoed("5"));
        stateful.socket.send_all(&[ack(5), echo("6"), ack(6)]);
        assert_eq!(stateful.next(), echoed("6"));
    }
}

#[test]
fn acknowledgements_count_calls_items_completions_and_cancellations_only() {
    for protocol in BOTH {
        let mut stateful = Stateful::connect(protocol);
        stateful.socket.send_all(&[
            json!({"type": 6}),
            invocation("1", "DoNothing", json!([])),
            stream_invocation("2", "EmptyStream", json!([])),
            item("unknown", json!(1)),
            ended("unknown"),
            cancel("unknown"),
            json!({"type": 6}),
            ack(0),
        ]);
        assert_eq!(stateful.take(2), [completion("1", Value::Null), ended("2")]);
        stateful.expect_ack(5);
        // An item that cannot be bound, of a call that is over, counts too.
        stateful.socket.send(&item("unknown", json!({"not": "a number"})));
        stateful.expect_ack(6);
    }
}

#[test]
fn what_the_client_repeats_is_done_once() {
    for protocol in BOTH {
        let mut stateful = Stateful::connect(protocol);
        let own = unique("own");
        let join = invocation("1", "JoinGroup", json!([own]));
        let send = invocation("2", "SendToGroup", json!([own, "once"]));
        let once = json!({"type": 1, "target": "Receive", "arguments": ["once"]});
        stateful.socket.send_all(&[join.clone(), send.clone()]);
        let first = [completion("1", Value::Null), once, completion("2", Value::Null)];
        assert_eq!(stateful.take(3), first);
        stateful.resume(1);
        stateful.socket.send_all(&[sequence(1), join, send.clone(), echo("3")]);
        assert_eq!(stateful.take(3), first);
        assert_eq!(stateful.next(), echoed("3"));
        // What it repeats is acknowledged again, as it knows of no acknowledgement.
        stateful.resume(1);
        stateful.acknowledged = 0;
        stateful.socket.send_all(&[sequence(2), send, echo("3")]);
        assert_eq!(stateful.take(3), first);
        assert_eq!(stateful.next(), echoed("3"));
        stateful.expect_ack(3);
    }
}

#[test]
fn a_client_need_not_begin_with_a_sequence() {
    for protocol in BOTH {
        let mut stateful = Stateful::connect(protocol);
        stateful.resume(1);
        stateful.socket.send(&echo("1"));
        assert_eq!(stateful.next(), echoed("1"));
        stateful.resume(1);
        assert_eq!(stateful.next(), echoed("1"));
        stateful.socket.send(&echo("2"));
        assert_eq!(stateful.next(), echoed("2"));
    }
}

#[test]
fn a_sequence_beyond_what_was_received_closes() {
    for protocol in BOTH {
        let mut stateful = Stateful::connect(protocol);
        stateful.socket.send(&echo("1"));
        assert_eq!(stateful.next(), echoed("1"));
        stateful.resume(1);
        assert_eq!(stateful.next(), echoed("1"));
        stateful.socket.send(&sequence(3));
        assert_eq!(stateful.next(), close(Some("Connection closed with an error."), true));
        stateful.socket.expect_end();
    }
}

#[test]
fn an_acknowledgement_beyond_what_was_sent_is_no_error() {
    for protocol in BOTH {
        let mut stateful = Stateful::connect(protocol);
        for number in [1, 1_000, i64::from(i32::MAX), 0, -1] {
            stateful.socket.send(&ack(number));
        }
        stateful.socket.send(&echo("1"));
        assert_eq!(stateful.next(), echoed("1"));
        stateful.resume(1);
        assert_eq!(stateful.next(), echoed("1"));
    }
}

#[test]
fn half_a_message_counts_for_nothing() {
    for protocol in BOTH {
        let mut stateful = Stateful::connect(protocol);
        let whole = protocol.encode(&echo("1"));
        for length in 1..whole.len() {
            stateful.socket.send_bytes(&whole[..length]);
            stateful.resume(1);
        }
        stateful.socket.send_all(&[sequence(1), echo("1")]);
        assert_eq!(stateful.next(), echoed("1"));
    }
}

#[test]
fn a_socket_may_be_lost_within_a_frame() {
    for protocol in BOTH {
        let mut stateful = Stateful::connect(protocol);
        let frame = protocol.frame(protocol.encode(&echo("1"))).to_bytes();
        for length in 1..frame.len() {
            stateful.socket.raw.write(&frame[..length]);
            stateful.resume(1);
        }
        stateful.socket.raw.write(&frame);
        assert_eq!(stateful.next(), echoed("1"));
    }
}

#[test]
fn above_the_buffer_writes_wait_for_an_acknowledgement_and_others_do_not() {
    for protocol in BOTH {
        let mut stateful = Stateful::connect(protocol);
        let large = |id: &str| invocation(id, "LargeResult", json!([60_000]));
        stateful.socket.send_all(&[large("1"), large("2"), large("3"), echo("4")]);
        for id in ["1", "2"] {
            assert_eq!(stateful.next()["invocationId"], id);
        }
        // Read, and not answered.
        stateful.expect_ack(4);
        HubSocket::connect(PATH, protocol).expect_alive();
        stateful.socket.send(&ack(1));
        assert_eq!(stateful.next()["invocationId"], "3");
        stateful.socket.send(&ack(2));
        assert_eq!(stateful.next(), echoed("4"));
    }
}

#[test]
fn a_socket_that_still_lives_is_replaced() {
    if ours_differs("a second socket of a live connection with stateful reconnect takes the place of the first") {
        return;
    }
    for protocol in BOTH {
        let mut stateful = Stateful::connect(protocol);
        let id = stateful.id();
        let mut old = std::mem::replace(&mut stateful.socket, HubSocket::json(PATH));
        stateful.resume(1);
        assert_eq!(old.event(), Event::Closed(1000, String::new()));
        assert_eq!(stateful.next(), completion("own-1", json!(id)));
        stateful.socket.send_all(&[sequence(2), echo("2")]);
        assert_eq!(stateful.next(), echoed("2"));
    }
}

#[test]
fn with_a_goodbye_the_connection_ends_at_once() {
    let mut watcher = Watcher::new();
    for protocol in BOTH {
        for code in [1000, 1001, 1011, 3000] {
            let mut stateful = Stateful::connect(protocol);
            let id = stateful.id();
            stateful.socket.raw.send(&Frame::close(code));
            watcher.gone(&id);
            // The server's own goodbye ends with the TCP connection.
            stateful.socket = HubSocket::json(PATH);
            expect_unknown(&stateful);
        }
        let mut stateful = Stateful::connect(protocol);
        let id = stateful.id();
        stateful.socket.send(&close(None, false));
        assert_eq!(watcher.gone(&id), Value::Null);
    }
}

/// The hub is told of the end a moment before the token is forgotten.
fn expect_unknown(stateful: &Stateful) {
    loop {
        let response = stateful.refusal();
        if response.status == 404 {
            assert_eq!(response.text(), "No Connection with that ID");
            return;
        }
        assert_eq!(response.status, 204, "{response:?}");
    }
}

#[test]
fn version_1_and_connections_that_did_not_ask_end_with_their_socket() {
    let mut watcher = Watcher::new();
    for protocol in BOTH {
        let mut first_version = Stateful::connect_with(protocol, "", 1);
        // Numbers mean nothing then.
        first_version.socket.send_all(&[ack(7), sequence(7)]);
        let id = first_version.id();
        first_version.socket = HubSocket::json(PATH);
        assert_eq!(watcher.gone(&id), "TransportLost");

        let mut raw = RawSocket::open(&format!("{PATH}?useStatefulReconnect=true"));
        raw.send(&Frame::text(protocol.handshake().replace("\"version\":1", "\"version\":2")));
        let mut not_negotiated = HubSocket::after_handshake(raw, protocol);
        let id = not_negotiated.connection_id();
        drop(not_negotiated);
        assert_eq!(watcher.gone(&id), "TransportLost");
    }
}

#[test]
fn without_the_feature_a_live_connection_is_not_taken_over() {
    let stateful = Stateful::connect_with(Protocol::Json, "", 1);
    assert_eq!(stateful.refusal().status, 409);
}

#[test]
fn an_aborted_connection_does_not_come_back() {
    let mut stateful = Stateful::connect(Protocol::Json);
    stateful.socket.send(&invocation("1", "Abort", json!([])));
    while stateful.socket.next_message()["type"] != 7 {}
    // It lives as long as its goodbye is not answered.
    let refusal = stateful.refusal();
    assert_eq!((refusal.status, refusal.text()), (204, ""));
    assert_eq!(refusal.header("content-type"), Some("text/plain"));
    stateful.socket.expect_end();
    stateful.socket = HubSocket::json(PATH);
    expect_unknown(&stateful);
}

#[test]
fn an_unknown_token_and_other_transports_are_refused() {
    let response = RawSocket::upgrade(&format!("{PATH}?id=unknown"), &[]).expect_err("nobody has that token");
    assert_eq!((response.status, response.text()), (404, "No Connection with that ID"));

    let mut stateful = Stateful::connect(Protocol::Json);
    let path = format!("{PATH}?id={}", stateful.token);
    for accept in ["text/event-stream", "*/*"] {
        let response = http::request("GET", &path, &[("Accept", accept)], b"");
        assert_eq!((response.status, response.text()), (400, "Cannot change transports mid-connection"), "{accept}");
    }
    assert_eq!(http::post(&path, b"x").status, 405);
    stateful.call("Echo", json!(["x"]));
}

#[test]
fn a_refused_call_is_counted_too() {
    for protocol in BOTH {
        let mut stateful = Stateful::connect(protocol);
        stateful.socket.send(&invocation("1", "ThrowHubException", json!(["text"])));
        let error = "An unexpected error occurred invoking 'ThrowHubException' on the server. HubException: text";
        assert_eq!(stateful.next(), failed("1", error));
        stateful.resume(1);
        assert_eq!(stateful.next(), failed("1", error));
    }
}
