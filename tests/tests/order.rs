//! In which order things happen on one connection.

use serde_json::{Value, json};
use wire_tests::{
    BOTH, HubSocket, cancel, completion, ended, invocation, invocation_with_streams, item, ours_differs,
    stream_invocation, unique,
};

#[test]
fn calls_are_answered_in_the_order_sent() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        let calls: Vec<Value> = (0..100)
            .map(|n| {
                let id = n.to_string();
                match n % 4 {
                    0 => invocation(&id, "Slow", json!([n % 3])),
                    1 => invocation(&id, "ThrowHubException", json!(["x"])),
                    2 => invocation(&id, "Throw", json!(["x"])),
                    _ => invocation(&id, "Echo", json!(["x"])),
                }
            })
            .collect();
        for calls in calls.chunks(7) {
            socket.send_all(calls);
        }
        for n in 0..100 {
            assert_eq!(socket.next_message()["invocationId"], n.to_string());
        }
    }
}

#[test]
fn a_call_waits_for_the_one_before_it() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        socket.send_all(&[invocation("1", "Slow", json!([100])), invocation("2", "Echo", json!(["x"]))]);
        assert_eq!(socket.next_messages(2), [completion("1", json!("slept 100")), completion("2", json!("x"))]);
    }
}

#[test]
fn with_four_calls_at_once_a_quick_one_overtakes() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance-detailed", protocol);
        let id = socket.connection_id();
        // The first one cannot end before its question is answered, which is done only after the others.
        socket.send_all(&[
            invocation("1", "AskClient", json!([id, "why"])),
            invocation("2", "Echo", json!(["x"])),
            invocation("3", "Echo", json!(["y"])),
        ]);
        let mut question = Value::Null;
        let mut answers = Vec::new();
        for message in socket.next_messages(3) {
            if message["type"] == 1 {
                question = message;
            } else {
                answers.push(message);
            }
        }
        assert_eq!(answers, [completion("2", json!("x")), completion("3", json!("y"))]);
        socket.send(&completion(question["invocationId"].as_str().expect("a question"), json!("so")));
        assert_eq!(socket.next_message(), completion("1", json!("so")));
    }
}

#[test]
fn what_a_method_sends_to_its_caller_comes_before_its_answer() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        socket.invoke("1", "SendMany", json!([300]));
        for n in 0..300 {
            assert_eq!(socket.next_message(), json!({"type": 1, "target": "Numbered", "arguments": [n]}));
        }
        assert_eq!(socket.next_message(), completion("1", Value::Null));
        socket
            .send_all(&[invocation("2", "SendToCaller", json!(["a"])), invocation("3", "SendToCaller", json!(["b"]))]);
        let receive = |text: &str| json!({"type": 1, "target": "Receive", "arguments": [text]});
        let expected = [receive("a"), completion("2", Value::Null), receive("b"), completion("3", Value::Null)];
        assert_eq!(socket.next_messages(4), expected);
    }
}

#[test]
fn messages_of_one_sender_arrive_in_the_order_sent() {
    let group = unique("group");
    let mut members: Vec<HubSocket> =
        (0..4).map(|n| HubSocket::connect(&format!("/conformance?group={group}"), BOTH[n % 2])).collect();
    let mut sender = HubSocket::json("/conformance");
    let calls: Vec<Value> =
        (0..200).map(|n| json!({"type": 1, "target": "SendToGroup", "arguments": [group, n.to_string()]})).collect();
    sender.send_all(&calls);
    for member in &mut members {
        for n in 0..200 {
            assert_eq!(member.next_message()["arguments"], json!([n.to_string()]));
        }
    }
}

#[test]
fn streams_are_cancelled_while_a_call_runs() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        let mut other = HubSocket::connect("/conformance", protocol);
        let other_id = other.connection_id();
        socket.send(&stream_invocation("s", "Counter", json!([1_000_000, 1])));
        assert_eq!(socket.next_message(), item("s", json!(0)));
        socket.invoke("1", "AskClient", json!([other_id, "why"]));
        let question = other.next_message()["invocationId"].as_str().expect("a question").to_owned();
        socket.send_all(&[json!({"type": 6}), cancel("s")]);
        while socket.next_message() != ended("s") {}
        other.send(&completion(&question, json!("so")));
        assert_eq!(socket.next_message(), completion("1", json!("so")));
    }
}

#[test]
fn uploads_go_on_while_a_call_runs() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        let mut other = HubSocket::connect("/conformance", protocol);
        let other_id = other.connection_id();
        socket.send(&invocation_with_streams("u", "Sum", json!([]), &["n"]));
        socket.invoke("1", "AskClient", json!([other_id, "why"]));
        let question = other.next_message()["invocationId"].as_str().expect("a question").to_owned();
        socket.send_all(&[item("n", json!(1)), item("n", json!(2)), ended("n")]);
        assert_eq!(socket.next_message(), completion("u", json!(3)));
        other.send(&completion(&question, json!("so")));
        assert_eq!(socket.next_message(), completion("1", json!("so")));
    }
}

#[test]
fn a_running_call_can_be_cancelled() {
    if ours_differs("CancelInvocation fires the token of a plain call too") {
        return;
    }
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        // The method sleeps for far longer than any test waits.
        socket.invoke("1", "SlowCancellable", json!([3_600_000]));
        socket.send(&cancel("1"));
        let receive = json!({"type": 1, "target": "Receive", "arguments": ["cancelled"]});
        assert_eq!(socket.next_messages(2), [receive, completion("1", json!("cancelled"))]);
    }
}

#[test]
fn reading_goes_on_while_a_call_waits_behind_a_running_one() {
    if ours_differs("reading goes on while calls wait for the running one") {
        return;
    }
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        socket.send_all(&[
            stream_invocation("s", "Counter", json!([1_000_000, 1])),
            invocation_with_streams("u", "Sum", json!([]), &["n"]),
            invocation("1", "SlowCancellable", json!([3_600_000])),
            invocation("2", "Echo", json!(["waits"])),
            cancel("s"),
            item("n", json!(5)),
            ended("n"),
        ]);
        let (mut stream_ended, mut upload_ended) = (false, false);
        while !(stream_ended && upload_ended) {
            let message = socket.next_message();
            stream_ended |= message == ended("s");
            upload_ended |= message == completion("u", json!(5));
            assert_ne!(message["invocationId"], "2", "the second call is not to run yet");
        }
        socket.send(&cancel("1"));
        let receive = json!({"type": 1, "target": "Receive", "arguments": ["cancelled"]});
        let expected = [receive, completion("1", json!("cancelled")), completion("2", json!("waits"))];
        assert_eq!(socket.next_messages(3), expected);
    }
}

#[test]
fn a_close_is_seen_while_calls_wait_behind_a_running_one() {
    if ours_differs("reading goes on while calls wait for the running one") {
        return;
    }
    let mut watcher = HubSocket::json("/conformance?watch");
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        let id = socket.connection_id();
        socket.send_all(&[
            invocation("1", "SlowCancellable", json!([3_600_000])),
            invocation("2", "Echo", json!(["waits"])),
            json!({"type": 7}),
        ]);
        while watcher.next_message()["arguments"][0] != id.as_str() {}
    }
}

#[test]
fn a_slow_call_holds_up_nobody_else() {
    let mut other = HubSocket::json("/conformance");
    let other_id = other.connection_id();
    let mut socket = HubSocket::json("/conformance");
    socket.invoke("1", "AskClient", json!([other_id, "why"]));
    let question = other.next_message()["invocationId"].as_str().expect("a question").to_owned();
    for protocol in BOTH {
        HubSocket::connect("/conformance", protocol).expect_alive();
    }
    other.send(&completion(&question, json!("so")));
    assert_eq!(socket.next_message(), completion("1", json!("so")));
}

#[test]
fn a_large_answer_and_small_ones_behind_it_keep_their_order() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        socket.send_all(&[
            invocation("1", "LargeResult", json!([3_000_000])),
            invocation("2", "Echo", json!(["x"])),
            invocation("3", "LargeResult", json!([70_000])),
            invocation("4", "Echo", json!(["y"])),
        ]);
        let lengths: Vec<usize> =
            socket.next_messages(4).iter().map(|answer| answer["result"].as_str().expect("text").len()).collect();
        assert_eq!(lengths, [3_000_000, 1, 70_000, 1]);
    }
}

#[test]
fn a_client_that_sends_much_and_reads_late_gets_every_answer() {
    let mut socket = HubSocket::json("/conformance");
    let text = "x".repeat(1000);
    // Far more than sockets and buffers hold, on both ways.
    let calls: Vec<u8> =
        (0..4000).flat_map(|n| socket.protocol.encode(&invocation(&n.to_string(), "Echo", json!([text])))).collect();
    let mut writer = socket.raw.writer();
    let writing = std::thread::spawn(move || {
        for chunk in calls.chunks(50_000) {
            writer.send(&wire_tests::Frame::text(chunk));
        }
    });
    for n in 0..4000 {
        assert_eq!(socket.next_message()["invocationId"], n.to_string());
    }
    writing.join().expect("everything is written");
}
