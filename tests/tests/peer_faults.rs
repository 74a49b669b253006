//! Faults that were seen in another implementation of the protocol; ours must not have them.

use std::collections::HashSet;

use serde_json::{Value, json};
use wire_tests::{
    BOTH, Event, Frame, HubSocket, Protocol, RawSocket, Requests, cancel, close, completion, ended, failed,
    http::{negotiate, request},
    invocation, invocation_with_streams, item,
    message::frame_bytes,
    ours_differs, stream_invocation, unique,
};

fn token(answer: &Value) -> &str {
    answer["connectionToken"].as_str().expect("the token is text")
}

#[test]
fn negotiations_that_nobody_picks_up_expire() {
    let answer = negotiate("/conformance?negotiateVersion=1");
    let path = format!("/conformance?id={}", token(&answer));
    // The Pings of this connection are the clock: one or two each second.
    let mut clock = HubSocket::json("/conformance-limits");
    for _ in 0..60 {
        if request("DELETE", &path, &[], b"").status == 404 {
            return;
        }
        assert_eq!(clock.any_event(), Event::Message(json!({"type": 6})));
    }
    panic!("still known after half a minute");
}

#[test]
fn many_negotiations_lock_nobody_out() {
    for _ in 0..1100 {
        assert!(negotiate("/conformance?negotiateVersion=1")["error"].is_null());
    }
    let answer = negotiate("/conformance?negotiateVersion=1");
    HubSocket::json(&format!("/conformance?id={}", token(&answer))).expect_alive();
}

#[test]
fn a_token_is_used_up_by_the_first_socket() {
    let answer = negotiate("/conformance?negotiateVersion=1");
    let path = format!("/conformance?id={}", token(&answer));
    let first = RawSocket::open(&path);
    // Even before the handshake.
    assert_eq!(RawSocket::upgrade(&path, &[]).expect_err("the token is in use").status, 409);
    HubSocket::handshake(first, Protocol::Json).expect_alive();
}

#[test]
fn without_a_socket_too_the_hub_knows_a_connection_by_its_id_and_not_by_its_token() {
    let polling = Requests::polling("/conformance", Protocol::Json);
    polling.invoke("1", "GetConnectionId", json!([]));
    assert_eq!(polling.poll_messages(1), [completion("1", json!(polling.id))]);
    let (posting, mut events) = Requests::events("/conformance");
    posting.invoke("1", "GetConnectionId", json!([]));
    assert_eq!(events.next_message(), Some(completion("1", json!(posting.id))));
    assert!([polling, posting].iter().all(|requests| !requests.path.contains(&requests.id)));
}

#[test]
fn a_version_of_2_is_answered_with_a_token() {
    let answer = negotiate("/conformance?negotiateVersion=2");
    assert_eq!(answer["negotiateVersion"], 1);
    assert!(answer["connectionToken"].is_string());
}

#[test]
fn a_messagepack_length_prefix_is_not_believed() {
    for prefix in [b"\xff\xff\xff\xff\x07".as_slice(), b"\x80\x80\x80\x80\x04"] {
        let mut sockets: Vec<HubSocket> =
            (0..20).map(|_| HubSocket::connect("/conformance", Protocol::MessagePack)).collect();
        for socket in &mut sockets {
            socket.send_bytes(prefix);
        }
        HubSocket::connect("/conformance", Protocol::MessagePack).expect_alive();
        if !ours_differs("a MessagePack message above the limit is refused when its length is known") {
            for socket in &mut sockets {
                socket.expect_close(&close(Some("Connection closed with an error."), true));
            }
        }
    }
}

#[test]
fn json_without_a_separator_does_not_grow_without_bound() {
    let mut socket = HubSocket::json("/conformance");
    for _ in 0..33 {
        socket.send_bytes(&[b' '; 1000]);
    }
    socket.expect_close(&close(Some("Connection closed with an error."), true));
}

#[test]
fn a_handshake_without_a_separator_does_not_grow_without_bound() {
    let mut raw = RawSocket::open("/conformance");
    for _ in 0..33 {
        raw.send(&Frame::text([b' '; 1000]));
    }
    assert_eq!(raw.read_message().expect("a response").payload, b"{\"error\":\"Handshake was canceled.\"}\x1e");
    assert_eq!(raw.read_close(), Some((1000, String::new())));
}

#[test]
fn unbounded_uploads_and_cancellations_are_survived() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        for n in 0..2000 {
            socket.send_all(&[cancel(&format!("c{n}")), ended(&format!("e{n}")), item(&format!("i{n}"), json!(n))]);
        }
        // A server may allow no more than a hundred at once.
        let uploads: Vec<Value> =
            (0..90).map(|n| invocation_with_streams(&n.to_string(), "Sum", json!([]), &[&format!("s{n}")])).collect();
        for upload in uploads {
            socket.send(&upload);
        }
        socket.expect_alive();
        for n in 0..90 {
            socket.send_all(&[item(&format!("s{n}"), json!(n)), ended(&format!("s{n}"))]);
        }
        let mut answers: HashSet<String> = (0..90).map(|n| completion(&n.to_string(), json!(n)).to_string()).collect();
        for answer in socket.next_messages(90) {
            assert!(answers.remove(&answer.to_string()), "{answer}");
        }
    }
}

#[test]
fn cancelling_still_works_after_a_hundred_cancellations() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        for n in 0..150 {
            let id = n.to_string();
            socket.send(&stream_invocation(&id, "Infinite", json!([])));
            assert_eq!(socket.next_message(), item(&id, json!("tick")));
            socket.send(&cancel(&id));
            let (mut completed, mut told) = (false, false);
            while !(completed && told) {
                let message = socket.next_message();
                completed |= message == ended(&id);
                told |= message["target"] == "StreamCanceled";
            }
        }
    }
}

#[test]
fn a_stream_id_that_is_used_by_two_calls_leaves_none_hanging() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        socket.send(&invocation_with_streams("1", "Sum", json!([]), &["s"]));
        socket.send(&item("s", json!(1)));
        socket.send(&invocation_with_streams("2", "Sum", json!([]), &["s"]));
        socket.send_all(&[item("s", json!(2)), ended("s"), ended("s")]);
        if ours_differs("no call hangs because another one took over the name of its stream") {
            continue;
        }
        let mut answered: Vec<Value> =
            socket.next_messages(2).iter().map(|answer| answer["invocationId"].clone()).collect();
        answered.sort_by_key(Value::to_string);
        assert_eq!(answered, [json!("1"), json!("2")]);
        socket.expect_alive();
    }
}

#[test]
fn clients_cannot_call_what_is_not_theirs() {
    let mut socket = HubSocket::json("/conformance");
    for method in [
        "ConnectionID",
        "ConnectionId",
        "OnConnected",
        "OnDisconnected",
        "Items",
        "Context",
        "Logger",
        "Clients",
        "Groups",
        "Close",
        "Initialize",
        "Dispatch",
        "Invoke",
        "Handle",
        "Clone",
        "Drop",
        "Fmt",
        "on_connected",
        "on_disconnected",
    ] {
        for arguments in [json!([]), json!(["fake"])] {
            socket.invoke("1", method, arguments);
            let text = format!(
                "Failed to invoke '{method}' due to an error on the server. HubException: Method does not exist."
            );
            assert_eq!(socket.next_message(), failed("1", &text));
        }
    }
}

#[test]
fn a_failing_on_connected_closes_that_connection_only() {
    let mut before = HubSocket::json("/conformance");
    for _ in 0..5 {
        let mut refused = HubSocket::json("/conformance?refuse");
        assert_eq!(refused.next_message()["type"], 7);
        refused.expect_end();
        HubSocket::json("/conformance").expect_alive();
    }
    before.expect_alive();
}

#[test]
fn two_hundred_sequenced_messages_arrive_in_sequence() {
    let group = unique("group");
    let mut members: Vec<HubSocket> =
        (0..3).map(|n| HubSocket::connect(&format!("/bench?n={n}"), BOTH[n % 2])).collect();
    for member in &mut members {
        member.call("JoinGroup", json!([group]));
    }
    let mut sender = HubSocket::json("/bench");
    for n in 0..200 {
        sender.invoke(&n.to_string(), "SendToGroup", json!([group, n.to_string()]));
    }
    for member in &mut members {
        for n in 0..200 {
            assert_eq!(member.next_message()["arguments"], json!([n.to_string()]));
        }
    }
}

#[test]
fn five_hundred_messages_of_one_method_arrive_in_order() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance-detailed", protocol);
        socket.invoke("1", "SendMany", json!([500]));
        for n in 0..500 {
            assert_eq!(socket.next_message()["arguments"], json!([n]));
        }
    }
}

#[test]
fn a_client_that_does_not_read_harms_only_itself() {
    let group = unique("group");
    let mut watcher = HubSocket::json("/conformance?watch");
    let mut deaf = HubSocket::json(&format!("/conformance?group={group}"));
    let id = deaf.connection_id();
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
    loop {
        let message = watcher.next_message();
        if message["arguments"][0] == id.as_str() {
            assert!(message["arguments"][1].is_string(), "the client's slowness is the reason: {message}");
            break;
        }
    }
}

#[test]
fn a_failed_call_has_one_completion_and_no_inner_text() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        socket.invoke("1", "Throw", json!(["inner"]));
        assert_eq!(socket.barrier(), [failed("1", "An unexpected error occurred invoking 'Throw' on the server.")]);
        socket.invoke("1", "Add", json!(["inner", 1]));
        assert_eq!(socket.barrier(), [failed("1", "Failed to invoke 'Add' due to an error on the server.")]);
    }
}

#[test]
fn a_call_without_id_is_not_answered_with_an_empty_one() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        socket.send(&json!({"type": 1, "target": "Unknown", "arguments": []}));
        assert_eq!(socket.barrier(), Vec::<Value>::new());
    }
}

#[test]
fn messages_behind_the_handshake_are_not_lost() {
    for protocol in BOTH {
        let mut raw = RawSocket::open("/conformance");
        let call = protocol.encode(&invocation("1", "Echo", json!(["x"])));
        raw.send(&Frame::binary([protocol.handshake().as_bytes(), &call].concat()));
        assert_eq!(HubSocket::after_handshake(raw, protocol).next_message(), completion("1", json!("x")));
    }
}

#[test]
fn a_handshake_of_version_99_is_refused() {
    let mut raw = RawSocket::open("/conformance");
    raw.send(&Frame::text("{\"protocol\":\"json\",\"version\":99}\u{1e}"));
    let expected = "{\"error\":\"The server does not support version 99 of the 'json' protocol.\"}\u{1e}";
    assert_eq!(raw.read_message().expect("a response").payload, expected.as_bytes());
}

#[test]
fn a_handshake_error_is_json_whatever_the_client_sent() {
    let mut raw = RawSocket::open("/conformance");
    raw.send(&Frame::text("{\"protocol\":\"a\\\"b\\u001ec\\n\",\"version\":1}\u{1e}"));
    let response = raw.read_message().expect("a response").payload;
    let (last, text) = response.split_last().expect("not empty");
    assert_eq!(*last, 0x1e);
    assert!(!text.contains(&0x1e), "one message only");
    let response: Value = serde_json::from_slice(text).expect("JSON");
    assert_eq!(response["error"], "The protocol 'a\"b\u{1e}c\n' is not supported.");
}

#[test]
fn a_message_without_type_does_not_take_that_of_the_one_before() {
    let mut socket = HubSocket::json("/conformance");
    socket.send_text(r#"{"type":1,"invocationId":"1","target":"Echo","arguments":["x"]}"#);
    assert_eq!(socket.next_message(), completion("1", json!("x")));
    socket.send_text(r#"{"invocationId":"2","target":"Echo","arguments":["y"]}"#);
    socket.expect_close(&close(Some("Connection closed with an error."), true));
}

#[test]
fn acks_and_answers_to_nothing_do_not_close() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        socket.send_all(&[
            json!({"type": 8, "sequenceId": 1}),
            ended("x"),
            completion("y", json!(1)),
            item("z", json!(1)),
        ]);
        socket.raw.send(&Frame::text(""));
        socket.expect_alive();
    }
}

#[test]
fn a_close_message_in_messagepack_has_as_many_items_as_it_says() {
    let mut socket = HubSocket::connect("/conformance?refuse", Protocol::MessagePack);
    let bytes = socket.next_bytes();
    let mut rest = bytes.as_slice();
    let message = rmpv::decode::read_value(&mut rest).expect("MessagePack");
    assert_eq!((message.as_array().map(Vec::len), rest.len()), (Some(3), 0));
    socket.expect_end();
}

#[test]
fn a_messagepack_ping_is_seen_at_once_though_it_is_short() {
    let mut socket = HubSocket::connect("/conformance-limits", Protocol::MessagePack);
    // Each ping is all that the client sends until the next one is due.
    for _ in 0..6 {
        socket.send_bytes(&frame_bytes(&[0x91, 0x06]));
        assert_eq!(socket.any_event(), Event::Message(json!({"type": 6})));
    }
    socket.expect_alive();
}

#[test]
fn a_messagepack_call_with_a_ping_behind_it_is_answered_at_once() {
    let mut socket = HubSocket::connect("/conformance", Protocol::MessagePack);
    let call = Protocol::MessagePack.encode(&invocation("1", "Echo", json!(["x"])));
    socket.send_bytes(&[call.as_slice(), b"\x02\x91\x06"].concat());
    assert_eq!(socket.next_message(), completion("1", json!("x")));
}
