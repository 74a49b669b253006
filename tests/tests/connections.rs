//! What a hub knows of its connections: queries, items, groups, their end.

use serde_json::{Value, json};
use wire_tests::{BOTH, HubSocket, unique};

#[test]
fn a_greeting_is_sent_on_connect() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance?greet=Ann%20%26%20Bob", protocol);
        assert_eq!(socket.next_message(), json!({"type": 1, "target": "Receive", "arguments": ["hello Ann & Bob"]}));
        socket.expect_alive();
    }
}

#[test]
fn a_group_joined_on_connect_is_joined_before_the_first_call() {
    for protocol in BOTH {
        let group = unique("group");
        let mut socket = HubSocket::connect(&format!("/conformance?group={group}"), protocol);
        socket.send(&json!({"type": 1, "target": "SendToGroup", "arguments": [group, "me too"]}));
        assert_eq!(socket.next_message(), json!({"type": 1, "target": "Receive", "arguments": ["me too"]}));
    }
}

#[test]
fn calls_sent_with_the_handshake_wait_for_on_connected() {
    for protocol in BOTH {
        let mut raw = wire_tests::RawSocket::open("/conformance?greet=first");
        let mut bytes = protocol.handshake().into_bytes();
        bytes.extend(protocol.encode(&wire_tests::invocation("1", "Echo", json!(["second"]))));
        raw.send(&wire_tests::Frame::binary(bytes));
        let mut socket = HubSocket::after_handshake(raw, protocol);
        assert_eq!(socket.next_message()["arguments"], json!(["hello first"]));
        assert_eq!(socket.next_message()["result"], "second");
    }
}

#[test]
fn several_queries_work_together() {
    let group = unique("group");
    let mut socket = HubSocket::json(&format!("/conformance?watch&greet=x&group={group}"));
    // As a watcher it may hear of others that leave.
    while socket.next_message()["target"] != "Receive" {}
    let mut other = HubSocket::json("/conformance");
    let other_id = other.connection_id();
    other.call("SendToGroup", json!([group, "hi"]));
    while socket.next_message()["arguments"] != json!(["hi"]) {}
    other.send(&json!({"type": 7}));
    while socket.next_message()["arguments"][0] != other_id.as_str() {}
}

#[test]
fn items_live_with_the_connection_and_belong_to_it_alone() {
    for protocol in BOTH {
        let (mut one, mut two) =
            (HubSocket::connect("/conformance", protocol), HubSocket::connect("/conformance", protocol));
        assert_eq!(one.call("GetItem", json!(["k"])), Value::Null);
        one.call("SetItem", json!(["k", "v"]));
        one.call("SetItem", json!(["other", "w"]));
        two.call("SetItem", json!(["k", "mine"]));
        assert_eq!(one.call("GetItem", json!(["k"])), "v");
        assert_eq!(two.call("GetItem", json!(["k"])), "mine");
        assert_eq!(two.call("GetItem", json!(["other"])), Value::Null);
        one.call("SetItem", json!(["k", "new"]));
        assert_eq!(one.call("GetItem", json!(["k"])), "new");
    }
    assert_eq!(HubSocket::json("/conformance").call("GetItem", json!(["k"])), Value::Null);
}

#[test]
fn calls_at_once_know_their_own_connection() {
    // Four at a time may run on each of these connections.
    let mut sockets: Vec<(HubSocket, String)> = (0..4)
        .map(|n| {
            let mut socket = HubSocket::connect("/conformance-detailed", BOTH[n % 2]);
            let id = socket.connection_id();
            (socket, id)
        })
        .collect();
    let calls: Vec<Value> =
        (0..50).map(|n| wire_tests::invocation(&n.to_string(), "GetConnectionId", json!([]))).collect();
    for (socket, _) in &mut sockets {
        socket.send_all(&calls);
    }
    for (socket, id) in &mut sockets {
        for answer in socket.next_messages(50) {
            assert_eq!(answer["result"], id.as_str());
        }
    }
}

#[test]
fn messages_to_the_caller_go_to_the_caller_under_load() {
    let mut sockets: Vec<HubSocket> =
        (0..8).map(|n| HubSocket::connect("/conformance-detailed", BOTH[n % 2])).collect();
    for (n, socket) in sockets.iter_mut().enumerate() {
        let calls: Vec<Value> =
            (0..50).map(|_| json!({"type": 1, "target": "SendToCaller", "arguments": [n.to_string()]})).collect();
        socket.send_all(&calls);
    }
    for (n, socket) in sockets.iter_mut().enumerate() {
        for message in socket.next_messages(50) {
            assert_eq!(message["arguments"], json!([n.to_string()]));
        }
    }
}

#[test]
fn a_connection_that_left_is_in_no_group_any_more() {
    let group = unique("group");
    let mut watcher = HubSocket::json("/conformance?watch");
    for protocol in BOTH {
        let mut socket = HubSocket::connect(&format!("/conformance?group={group}"), protocol);
        let id = socket.connection_id();
        drop(socket);
        while watcher.next_message()["arguments"][0] != id.as_str() {}
    }
    let mut sender = HubSocket::json("/conformance");
    sender.call("SendToGroup", json!([group, "anybody?"]));
    sender.expect_alive();
}

#[test]
fn many_connections_come_and_go() {
    for round in 0..3 {
        let mut sockets: Vec<HubSocket> =
            (0..100).map(|n| HubSocket::connect("/conformance", BOTH[(n + round) % 2])).collect();
        for socket in &mut sockets {
            socket.expect_alive();
        }
        for (n, mut socket) in sockets.into_iter().enumerate() {
            if n % 2 == 0 {
                socket.send(&json!({"type": 7}));
                socket.expect_close(&json!({"type": 7}));
            }
        }
    }
    HubSocket::json("/conformance").expect_alive();
}
