//! Streams from the client.

use serde_json::{Value, json};
use wire_tests::{
    BOTH, HubSocket, completion, ended, failed, invocation, invocation_with_streams, item, ours_differs, unique,
};

/// A StreamInvocation of `Upper` with this upload stream.
fn upper(id: &str, stream: &str) -> Value {
    json!({"type": 4, "invocationId": id, "target": "Upper", "arguments": [], "streamIds": [stream]})
}

#[test]
fn items_reach_the_method_in_order_up_to_the_completion() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        socket.send(&invocation_with_streams("1", "Concat", json!([]), &["s"]));
        let mut expected = String::new();
        for n in 0..100 {
            socket.send(&item("s", json!(format!("{n},"))));
            expected += &format!("{n},");
        }
        socket.send(&ended("s"));
        assert_eq!(socket.next_message(), completion("1", json!(expected)));
    }
}

#[test]
fn everything_may_come_in_one_frame() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        let mut messages = vec![invocation_with_streams("1", "Sum", json!([]), &["s"])];
        messages.extend((1..=100).map(|n| item("s", json!(n))));
        messages.extend([ended("s"), invocation("2", "Echo", json!(["behind"]))]);
        socket.send_all(&messages);
        let mut answers = socket.next_messages(2);
        answers.sort_by_key(|answer| answer["invocationId"].to_string());
        assert_eq!(answers, [completion("1", json!(5050)), completion("2", json!("behind"))]);
    }
}

#[test]
fn an_empty_stream_is_a_stream() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        for (method, result) in [("Sum", json!(0)), ("Concat", json!(""))] {
            socket.send_all(&[invocation_with_streams("1", method, json!([]), &["s"]), ended("s")]);
            assert_eq!(socket.next_message(), completion("1", result));
        }
    }
}

#[test]
fn two_streams_are_told_apart_and_arguments_come_between() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        socket.send_all(&[
            invocation_with_streams("1", "TwoStreams", json!(["sum"]), &["a", "b"]),
            item("b", json!(10)),
            item("a", json!(1)),
            item("b", json!(20)),
            item("a", json!(2)),
            ended("b"),
            item("a", json!(3)),
            ended("a"),
        ]);
        assert_eq!(socket.next_message(), completion("1", json!("sum:6:30")));
    }
}

#[test]
fn a_stream_may_run_both_ways() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        socket.send(&upper("1", "s"));
        for text in ["one", "two", "é"] {
            socket.send(&item("s", json!(text)));
            assert_eq!(socket.next_message(), item("1", json!(text.to_uppercase())));
        }
        socket.send(&ended("s"));
        assert_eq!(socket.next_message(), ended("1"));
    }
}

#[test]
fn calls_are_answered_while_a_stream_is_open() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        socket.send(&invocation_with_streams("1", "Sum", json!([]), &["s"]));
        socket.send(&item("s", json!(1)));
        socket.expect_alive();
        socket.send(&invocation_with_streams("2", "Sum", json!([]), &["t"]));
        socket.send_all(&[item("t", json!(5)), ended("t")]);
        assert_eq!(socket.next_message(), completion("2", json!(5)));
        socket.send_all(&[item("s", json!(2)), ended("s")]);
        assert_eq!(socket.next_message(), completion("1", json!(3)));
    }
}

#[test]
fn a_completion_with_an_error_fails_the_stream() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        for method in ["Sum", "Concat"] {
            socket.send_all(&[invocation_with_streams("1", method, json!([]), &["s"]), failed("s", "lost my data")]);
            let text =
                format!("An unexpected error occurred invoking '{method}' on the server. HubException: lost my data");
            assert_eq!(socket.next_message(), failed("1", &text));
        }
        socket.expect_alive();
    }
}

#[test]
fn a_completion_with_a_result_ends_the_stream_and_the_result_is_dropped() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        for result in [json!(5), json!(null), json!({"a": ["x"]})] {
            socket.send_all(&[
                invocation_with_streams("1", "Sum", json!([]), &["s"]),
                item("s", json!(4)),
                completion("s", result),
            ]);
            assert_eq!(socket.next_message(), completion("1", json!(4)));
        }
    }
}

#[test]
fn an_item_that_cannot_be_read_fails_the_stream() {
    for protocol in BOTH {
        for path in ["/conformance", "/conformance-detailed"] {
            let mut socket = HubSocket::connect(path, protocol);
            for bad in [json!("x"), json!(null), json!(1.5), json!([1]), json!({"a": 1}), json!(2_147_483_648_i64)] {
                socket.send_all(&[
                    invocation_with_streams("1", "Sum", json!([]), &["s"]),
                    item("s", json!(1)),
                    item("s", bad.clone()),
                ]);
                let answer = socket.next_message();
                let error = answer["error"].as_str().unwrap_or_else(|| panic!("{bad}: {answer}"));
                let text = "An unexpected error occurred invoking 'Sum' on the server. HubException: Failed to bind Stream message.";
                // The reader's own words may follow where errors are detailed.
                assert!(error.starts_with(text), "{bad}: {error}");
                assert!(error == text || path == "/conformance-detailed", "{bad}: {error}");
            }
            socket.expect_alive();
        }
    }
}

#[test]
fn items_and_completions_of_unknown_streams_are_ignored() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        for value in [json!(1), json!("x"), json!(null), json!({"deep": [[[{"a": 1}]]]})] {
            socket.send(&item("unknown", value));
        }
        socket.send_all(&[ended("unknown"), failed("unknown", "x"), completion("unknown", json!({"a": 1}))]);
        socket.expect_alive();
    }
}

#[test]
fn items_behind_the_end_are_ignored() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        socket.send_all(&[invocation_with_streams("1", "Sum", json!([]), &["s"]), item("s", json!(1)), ended("s")]);
        assert_eq!(socket.next_message(), completion("1", json!(1)));
        socket.send(&item("s", json!(5)));
        socket.send(&ended("s"));
        socket.expect_alive();
    }
}

#[test]
fn a_name_may_be_used_again() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        for n in 0..5 {
            socket.send_all(&[invocation_with_streams("1", "Sum", json!([]), &["s"]), item("s", json!(n)), ended("s")]);
            assert_eq!(socket.next_message(), completion("1", json!(n)));
        }
    }
}

#[test]
fn a_stream_may_have_the_name_of_an_invocation() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        socket.send_all(&[upper("1", "1"), item("1", json!("a"))]);
        assert_eq!(socket.next_message(), item("1", json!("A")));
        socket.send(&ended("1"));
        assert_eq!(socket.next_message(), ended("1"));
    }
}

#[test]
fn a_call_without_id_takes_streams_too() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        socket.send(&json!({"type": 1, "target": "Sum", "arguments": [], "streamIds": ["s"]}));
        socket.send_all(&[item("s", json!(1)), ended("s")]);
        socket.expect_alive();
    }
}

#[test]
fn a_refused_call_leaves_no_stream_behind() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        socket.send(&invocation_with_streams("1", "Echo", json!(["x"]), &["s"]));
        assert!(socket.next_message()["error"].is_string());
        socket.send_all(&[ended("s"), invocation_with_streams("2", "Sum", json!([]), &["s"])]);
        socket.send_all(&[item("s", json!(7)), ended("s")]);
        assert_eq!(socket.next_message(), completion("2", json!(7)));
    }
}

#[test]
fn an_upload_that_is_cut_off_is_no_finished_upload() {
    let mut watcher = HubSocket::json("/conformance?watch");
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        let id = socket.connection_id();
        socket.send_all(&[invocation_with_streams("1", "Sum", json!([]), &["s"]), item("s", json!(1))]);
        socket.raw.end_of_input();
        while watcher.next_message()["arguments"][0] != id.as_str() {}
        // Nothing was answered as if the upload were complete.
        while let Some(frame) = socket.raw.read_message() {
            assert!(!String::from_utf8_lossy(&frame.payload).contains("result"), "{frame:?}");
        }
    }
}

#[test]
fn a_stream_that_nobody_reads_holds_up_neither_calls_nor_cancellations() {
    if ours_differs("an upload that nobody reads does not stop the connection") {
        return;
    }
    for protocol in BOTH {
        // The first stream is read to its end before the second one: its items wait.
        let mut socket = HubSocket::connect("/conformance", protocol);
        socket.send(&invocation_with_streams("1", "TwoStreams", json!(["sum"]), &["a", "b"]));
        let items: Vec<Value> = (0..200).map(|_| item("b", json!(1))).collect();
        socket.send_all(&items);
        socket.expect_alive();
        socket.send_all(&[item("a", json!(1)), ended("a"), ended("b")]);
        assert_eq!(socket.next_message(), completion("1", json!("sum:1:200")));
    }
}

#[test]
fn others_go_on_while_a_connection_uploads() {
    let group = unique("group");
    let mut member = HubSocket::json(&format!("/conformance?group={group}"));
    let mut socket = HubSocket::json("/conformance");
    socket.send_all(&[invocation_with_streams("1", "Sum", json!([]), &["s"]), item("s", json!(1))]);
    socket.call("SendToGroup", json!([group, "hi"]));
    assert_eq!(member.next_message()["arguments"], json!(["hi"]));
}
