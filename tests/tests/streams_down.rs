//! Streams from the server.

use serde_json::{Value, json};
use wire_tests::{BOTH, HubSocket, cancel, ended, failed, item, ours_differs, stream_invocation, unique};

/// Reads up to the Completion of this stream; the number of items of it in between, which must count up from 0.
fn drain(socket: &mut HubSocket, id: &str, mut next: u64) -> u64 {
    loop {
        let message = socket.next_message();
        assert_eq!(message["invocationId"], id, "{message}");
        if message["type"] == 3 {
            assert_eq!(message, ended(id));
            return next;
        }
        assert_eq!(message, item(id, json!(next)));
        next += 1;
    }
}

#[test]
fn every_item_comes_in_order_and_then_a_completion_without_result() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        for (count, delay) in [(0, 0), (1, 0), (3, 1), (500, 0)] {
            socket.send(&stream_invocation("1", "Counter", json!([count, delay])));
            assert_eq!(drain(&mut socket, "1", 0), count);
        }
        socket.send(&stream_invocation("1", "EmptyStream", json!([])));
        assert_eq!(socket.next_message(), ended("1"));
    }
}

#[test]
fn a_stream_that_fails_later_ends_with_the_error_behind_its_items() {
    for protocol in BOTH {
        for path in ["/conformance", "/conformance-detailed"] {
            let mut socket = HubSocket::connect(path, protocol);
            socket.send(&stream_invocation("1", "CounterThrows", json!([2])));
            let text = "An error occurred on the server while streaming results. HubException: stream failed";
            assert_eq!(socket.next_messages(3), [item("1", json!(0)), item("1", json!(1)), failed("1", text)]);
            socket.expect_alive();
        }
    }
}

#[test]
fn a_stream_that_fails_before_it_begins_fails_as_a_call_does() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        socket.send(&stream_invocation("1", "StreamThrowsAtOnce", json!([])));
        let text = "An unexpected error occurred invoking 'StreamThrowsAtOnce' on the server. HubException: no stream";
        assert_eq!(socket.next_message(), failed("1", text));
        // The id is free again.
        socket.send(&stream_invocation("1", "Counter", json!([1, 0])));
        assert_eq!(drain(&mut socket, "1", 0), 1);
    }
}

#[test]
fn errors_before_the_stream_are_those_of_calls() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        for (method, arguments, text) in [
            (
                "Unknown",
                json!([]),
                "Failed to invoke 'Unknown' due to an error on the server. HubException: Method does not exist.",
            ),
            ("Counter", json!([1]), "Failed to invoke 'Counter' due to an error on the server."),
            ("Counter", json!(["x", 0]), "Failed to invoke 'Counter' due to an error on the server."),
        ] {
            socket.send(&stream_invocation("1", method, arguments));
            assert_eq!(socket.next_message(), failed("1", text));
        }
    }
}

#[test]
fn a_cancelled_stream_ends_with_a_completion_without_error() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        socket.send(&stream_invocation("1", "Counter", json!([1_000_000, 1])));
        assert_eq!(socket.next_message(), item("1", json!(0)));
        socket.send(&cancel("1"));
        assert!(drain(&mut socket, "1", 1) < 1_000_000);
        socket.expect_alive();
    }
}

#[test]
fn the_method_is_told_that_its_stream_was_cancelled() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        socket.send(&stream_invocation("1", "Infinite", json!([])));
        assert_eq!(socket.next_message(), item("1", json!("tick")));
        socket.send(&cancel("1"));
        // Its last words and the Completion may come in any order.
        let (mut told, mut completed) = (false, false);
        while !(told && completed) {
            let message = socket.next_message();
            if message == ended("1") {
                completed = true;
            } else if message["type"] == 1 {
                assert_eq!(message, json!({"type": 1, "target": "StreamCanceled", "arguments": []}));
                told = true;
            } else {
                assert_eq!(message, item("1", json!("tick")));
                assert!(!completed, "no item follows the Completion");
            }
        }
        socket.expect_alive();
    }
}

#[test]
fn a_cancellation_that_matches_nothing_is_ignored() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        socket.send(&cancel("never used"));
        socket.send(&stream_invocation("1", "Counter", json!([1, 0])));
        assert_eq!(drain(&mut socket, "1", 0), 1);
        socket.send(&cancel("1"));
        assert_eq!(socket.barrier(), Vec::<Value>::new());
        // What was cancelled before it began runs all the same.
        socket.send(&cancel("2"));
        socket.send(&stream_invocation("2", "Counter", json!([2, 0])));
        assert_eq!(drain(&mut socket, "2", 0), 2);
    }
}

#[test]
fn a_stream_cancelled_in_the_same_frame_still_completes_once() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        socket.send_all(&[stream_invocation("1", "Counter", json!([1_000_000, 1])), cancel("1"), cancel("1")]);
        drain(&mut socket, "1", 0);
        assert_eq!(socket.barrier(), Vec::<Value>::new());
    }
}

#[test]
fn many_streams_run_side_by_side_and_calls_are_answered_meanwhile() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        let streams: Vec<Value> = (0..20).map(|n| stream_invocation(&n.to_string(), "Infinite", json!([]))).collect();
        socket.send_all(&streams);
        socket.invoke("call", "Echo", json!(["x"]));
        let mut waiting: std::collections::HashSet<String> = (0..20).map(|n| n.to_string()).collect();
        waiting.insert("call".to_owned());
        while !waiting.is_empty() {
            waiting.remove(socket.next_message()["invocationId"].as_str().expect("an id"));
        }
        socket.send_all(&(0..20).map(|n| cancel(&n.to_string())).collect::<Vec<_>>());
        let mut running = 20;
        while running > 0 {
            running -= i32::from(socket.next_message()["type"] == 3);
        }
    }
}

#[test]
fn an_id_in_use_is_refused_and_free_again_afterwards() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        socket.send(&stream_invocation("1", "Infinite", json!([])));
        assert_eq!(socket.next_message(), item("1", json!("tick")));
        socket.send(&stream_invocation("1", "Counter", json!([3, 0])));
        let refusal = failed("1", "Invocation ID '1' is already in use.");
        loop {
            let message = socket.next_message();
            if message == refusal {
                break;
            }
            assert_eq!(message, item("1", json!("tick")));
        }
        if ours_differs("a refused reuse of an id leaves the running stream cancellable") {
            continue;
        }
        socket.send(&cancel("1"));
        while socket.next_message() != ended("1") {}
        socket.send(&stream_invocation("1", "EmptyStream", json!([])));
        while socket.next_message() != ended("1") {}
    }
}

#[test]
fn the_same_id_may_be_used_by_two_connections() {
    let (mut one, mut two) = (HubSocket::json("/conformance"), HubSocket::json("/conformance"));
    for socket in [&mut one, &mut two] {
        socket.send(&stream_invocation("1", "Infinite", json!([])));
        assert_eq!(socket.next_message(), item("1", json!("tick")));
    }
    one.send(&cancel("1"));
    while one.next_message() != ended("1") {}
    for _ in 0..3 {
        assert_eq!(two.next_message(), item("1", json!("tick")));
    }
}

#[test]
fn what_a_stream_sends_goes_on_while_others_are_addressed() {
    let group = unique("group");
    let mut member = HubSocket::json(&format!("/conformance?group={group}"));
    member.send(&stream_invocation("1", "Infinite", json!([])));
    assert_eq!(member.next_message(), item("1", json!("tick")));
    let mut sender = HubSocket::json("/conformance");
    sender.call("SendToGroup", json!([group, "hi"]));
    while member.next_message() != json!({"type": 1, "target": "Receive", "arguments": ["hi"]}) {}
    assert_eq!(member.next_message(), item("1", json!("tick")));
}

#[test]
fn a_stream_ends_with_its_connection() {
    let mut watcher = HubSocket::json("/conformance?watch");
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        let id = socket.connection_id();
        socket.send(&stream_invocation("1", "Infinite", json!([])));
        assert_eq!(socket.next_message(), item("1", json!("tick")));
        socket.raw.end_of_input();
        while watcher.next_message()["arguments"][0] != id.as_str() {}
    }
}

#[test]
fn a_client_that_reads_late_loses_nothing() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/bench", protocol);
        // More than any buffer on the way holds; it is read only after the whole stream could have been made.
        socket.send(&stream_invocation("1", "Counter", json!([50_000])));
        HubSocket::json("/bench").expect_alive();
        assert_eq!(drain(&mut socket, "1", 0), 50_000);
    }
}
