//! Calls of hub methods and their answers.

use serde_json::{Value, json};
use wire_tests::{
    BOTH, HubSocket, completion, ended, failed, invocation, invocation_with_streams, item, ours_differs,
    stream_invocation,
};

/// Calls that cannot be made: the method, the arguments, the error, and what detailed errors add.
#[rustfmt::skip]
fn refused() -> Vec<(&'static str, Value, String, &'static str)> {
    const COUNT: &str = "InvalidDataException: Invocation provides";
    const BINDING: &str = "InvalidDataException: Error binding arguments. Make sure that the types of the provided values match the types of the hub method being invoked.";
    let failed = |method: &str| format!("Failed to invoke '{method}' due to an error on the server.");
    vec![
        ("Unknown", json!([]), failed("Unknown") + " HubException: Method does not exist.", ""),
        ("unKNOWN", json!(["x", 1]), failed("unKNOWN") + " HubException: Method does not exist.", ""),
        ("", json!([]), failed("") + " HubException: Method does not exist.", ""),
        ("Add", json!([1]), failed("Add"), " 1 argument(s) but target expects 2."),
        ("Add", json!([]), failed("Add"), " 0 argument(s) but target expects 2."),
        ("Add", json!([1, 2, 3]), failed("Add"), " 3 argument(s) but target expects 2."),
        ("DoNothing", json!([null]), failed("DoNothing"), " 1 argument(s) but target expects 0."),
        ("Add", json!(["1", "2"]), failed("Add"), BINDING),
        ("add", json!([1, "2"]), failed("Add"), BINDING),
        ("Add", json!([1, 2_147_483_648_i64]), failed("Add"), BINDING),
        ("Add", json!([-2_147_483_649_i64, 1]), failed("Add"), BINDING),
        ("Add", json!([1.5, 1]), failed("Add"), BINDING),
        ("Add", json!([null, 1]), failed("Add"), BINDING),
        ("Add", json!([[1], 1]), failed("Add"), BINDING),
        ("Add", json!([{"a": 1}, true]), failed("Add"), BINDING),
        ("Echo", json!([5]), failed("Echo"), BINDING),
        ("Echo", json!([["x"]]), failed("Echo"), BINDING),
        ("SendToClients", json!(["x", "y"]), failed("SendToClients"), BINDING),
    ].into_iter().map(|(method, arguments, text, details)| {
        let details = if details.starts_with(' ') { format!("{COUNT}{details}") } else { details.to_owned() };
        (method, arguments, text, &*details.leak())
    }).collect()
}

#[test]
fn calls_that_cannot_be_made() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        let mut detailed = HubSocket::connect("/conformance-detailed", protocol);
        for (method, arguments, text, details) in refused() {
            if method.is_empty() && protocol != BOTH[0] {
                continue; // MessagePack refuses an empty target.
            }
            socket.invoke("1", method, arguments.clone());
            assert_eq!(socket.next_message(), failed("1", &text), "{protocol:?} {method} {arguments}");
            let full = if details.is_empty() { text } else { format!("{text} {details}") };
            detailed.invoke("1", method, arguments.clone());
            assert_eq!(detailed.next_message(), failed("1", &full), "{protocol:?} {method} {arguments}");
        }
        socket.expect_alive();
    }
}

#[test]
fn a_call_without_id_is_never_answered_however_it_ends() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        for (method, arguments) in [
            ("Echo", json!(["x"])),
            ("Unknown", json!([])),
            ("Add", json!([1])),
            ("Add", json!(["x", "y"])),
            ("Throw", json!(["x"])),
            ("ThrowHubException", json!(["x"])),
            ("Counter", json!([1, 0])),
            ("Sum", json!([])),
        ] {
            socket.send(&json!({"type": 1, "target": method, "arguments": arguments}));
        }
        socket.expect_alive();
    }
}

#[test]
fn the_lookup_ignores_case() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        for method in ["Echo", "echo", "ECHO", "eChO"] {
            assert_eq!(socket.call(method, json!(["x"])), "x");
        }
        for method in ["renamed-method", "Renamed-Method"] {
            assert_eq!(socket.call(method, json!([])), "renamed");
        }
    }
}

#[test]
fn errors_name_a_known_method_as_the_hub_does_and_an_unknown_one_as_the_client_did() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        for (sent, text) in [
            ("tHROW", "An unexpected error occurred invoking 'Throw' on the server."),
            ("tHROWs", "Failed to invoke 'tHROWs' due to an error on the server. HubException: Method does not exist."),
            (
                "quote'\"🦀",
                "Failed to invoke 'quote'\"🦀' due to an error on the server. HubException: Method does not exist.",
            ),
        ] {
            socket.invoke("1", sent, json!(["x"]));
            assert_eq!(socket.next_message(), failed("1", text));
        }
    }
}

#[test]
fn methods_that_are_no_hub_methods_do_not_exist() {
    let mut socket = HubSocket::json("/conformance");
    for method in [
        "OnConnected",
        "OnConnectedAsync",
        "on_connected",
        "OnDisconnected",
        "OnDisconnectedAsync",
        "Dispose",
        "ToString",
        "GetHashCode",
        "Equals",
        "GetType",
        "Clone",
        "Default",
        "New",
        "Context",
        "Clients",
        "Groups",
        "get_Context",
        "Close",
        "Receive",
        "Answer",
        "",
    ] {
        socket.invoke("1", method, json!([]));
        let text =
            format!("Failed to invoke '{method}' due to an error on the server. HubException: Method does not exist.");
        assert_eq!(socket.next_message(), failed("1", &text));
    }
}

/// Arguments of which a trailing nullable one is missing, where that is allowed.
fn optional(short: Value, full: Value) -> Value {
    if ours_differs("a trailing argument that may be null may be missing") { full } else { short }
}

#[test]
fn results() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        #[rustfmt::skip]
        let rows = [
            ("Echo", json!(["text"]), json!("text")),
            ("EchoNull", json!([null]), Value::Null),
            ("EchoNull", json!(["x"]), json!("x")),
            ("EchoNull", optional(json!([]), json!([null])), Value::Null),
            ("Add", json!([2, -3]), json!(-1)),
            ("Add", json!([i32::MAX, 1]), json!(i32::MIN)),
            ("Divide", json!([1, 4]), json!(0.25)),
            ("DoNothing", json!([]), Value::Null),
            ("Slow", json!([1]), json!("slept 1")),
            ("LargeResult", json!([40_000]), json!("x".repeat(40_000))),
            ("LargeResult", json!([0]), json!("")),
        ];
        for (method, arguments, result) in rows {
            socket.invoke("1", method, arguments);
            assert_eq!(socket.next_message(), completion("1", result), "{method}");
        }
    }
}

#[test]
fn a_failure_of_the_method_hides_its_text_unless_it_is_public() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        let mut detailed = HubSocket::connect("/conformance-detailed", protocol);
        let text = |method: &str| format!("An unexpected error occurred invoking '{method}' on the server.");

        socket.invoke("1", "Throw", json!(["secret"]));
        assert_eq!(socket.next_message(), failed("1", &text("Throw")));
        detailed.invoke("1", "Throw", json!(["told"]));
        let full = text("Throw") + " InvalidOperationException: told";
        assert_eq!(detailed.next_message(), failed("1", &full));

        for socket in [&mut socket, &mut detailed] {
            socket.invoke("1", "ThrowHubException", json!(["public"]));
            let full = text("ThrowHubException") + " HubException: public";
            assert_eq!(socket.next_message(), failed("1", &full));
            socket.expect_alive();
        }
    }
}

#[test]
fn the_kind_of_invocation_must_fit_the_method() {
    for protocol in BOTH {
        for path in ["/conformance", "/conformance-detailed"] {
            let mut socket = HubSocket::connect(path, protocol);
            socket.invoke("1", "counter", json!([1, 0]));
            let text = "The client attempted to invoke the streaming 'Counter' method with a non-streaming invocation.";
            assert_eq!(socket.next_message(), failed("1", text));
            socket.send(&stream_invocation("2", "Echo", json!(["x"])));
            let text = "The client attempted to invoke the non-streaming 'Echo' method with a streaming invocation.";
            assert_eq!(socket.next_message(), failed("2", text));
            socket.expect_alive();
        }
    }
}

#[test]
fn the_number_of_streams_must_fit_the_method() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        #[rustfmt::skip]
        let rows: [(&str, Value, &[&str], usize); 6] = [
            ("Sum", json!([]), &[], 1),
            ("Sum", json!([]), &["a", "b"], 1),
            ("TwoStreams", json!(["x"]), &["a"], 2),
            ("TwoStreams", json!(["x"]), &["a", "b", "c"], 2),
            ("Echo", json!(["x"]), &["a"], 0),
            ("DoNothing", json!([]), &["a", "b"], 0),
        ];
        for (method, arguments, streams, expected) in rows {
            socket.send(&invocation_with_streams("1", method, arguments, streams));
            let text = format!(
                "An unexpected error occurred invoking '{method}' on the server. HubException: \
                 Client sent {} stream(s), Hub method expects {expected}.",
                streams.len()
            );
            assert_eq!(socket.next_message(), failed("1", &text));
        }
        let mut call = stream_invocation("2", "Upper", json!([]));
        socket.send(&call);
        let text = "An unexpected error occurred invoking 'Upper' on the server. HubException: \
                    Client sent 0 stream(s), Hub method expects 1.";
        assert_eq!(socket.next_message(), failed("2", text));
        call = stream_invocation("3", "Counter", json!([1, 0]));
        call["streamIds"] = json!(["a"]);
        socket.send(&call);
        let text = "An unexpected error occurred invoking 'Counter' on the server. HubException: \
                    Client sent 1 stream(s), Hub method expects 0.";
        assert_eq!(socket.next_message(), failed("3", text));
        socket.expect_alive();
    }
}

#[test]
fn the_arguments_are_checked_before_kind_and_streams() {
    let mut socket = HubSocket::json("/conformance");
    for message in
        [stream_invocation("1", "Add", json!(["x", 1])), invocation_with_streams("1", "Add", json!([1]), &["s"])]
    {
        socket.send(&message);
        assert_eq!(socket.next_message(), failed("1", "Failed to invoke 'Add' due to an error on the server."));
    }
    socket.send(&invocation_with_streams("1", "Counter", json!([1, 0]), &["s"]));
    let text = "The client attempted to invoke the streaming 'Counter' method with a non-streaming invocation.";
    assert_eq!(socket.next_message(), failed("1", text));
}

#[test]
fn the_same_id_may_be_used_again_and_by_others() {
    let (mut one, mut two) = (HubSocket::json("/conformance"), HubSocket::json("/conformance"));
    for _ in 0..3 {
        for socket in [&mut one, &mut two] {
            socket.invoke("1", "Echo", json!(["x"]));
        }
        assert_eq!(
            [one.next_message(), two.next_message()],
            [completion("1", json!("x")), completion("1", json!("x"))]
        );
    }
    // Plain calls may even share one id while both run: nothing but the client depends on it.
    one.send_all(&[invocation("2", "Slow", json!([1])), invocation("2", "Echo", json!(["x"]))]);
    assert_eq!(one.next_messages(2), [completion("2", json!("slept 1")), completion("2", json!("x"))]);
}

#[test]
fn a_result_that_cannot_be_written_is_the_error_of_its_call() {
    if ours_differs("a result that cannot be serialised is the error of its call") {
        return;
    }
    for path in ["/conformance", "/conformance-detailed"] {
        let mut socket = HubSocket::json(path);
        for (one, two) in [(0, 0), (1, 0), (-1, 0)] {
            socket.invoke("1", "Divide", json!([one, two]));
            let answer = socket.next_message();
            assert!(answer["error"].is_string(), "{answer}");
            assert_eq!((&answer["type"], &answer["invocationId"]), (&json!(3), &json!("1")));
            assert_eq!(answer.get("result"), None);
            socket.expect_alive();
        }
    }
}

#[test]
fn messagepack_has_every_floating_point_number() {
    let mut socket = HubSocket::connect("/conformance", BOTH[1]);
    for (arguments, expected) in [
        (json!([1.0, 0.0]), b"\x95\x03\x80\xa11\x03\xcb\x7f\xf0\0\0\0\0\0\0"),
        (json!([-1.0, 0.0]), b"\x95\x03\x80\xa11\x03\xcb\xff\xf0\0\0\0\0\0\0"),
    ] {
        socket.invoke("1", "Divide", arguments);
        assert_eq!(socket.next_bytes(), expected);
    }
    socket.invoke("1", "Divide", json!([0.0, 0.0]));
    let bytes = socket.next_bytes();
    let number = f64::from_be_bytes(bytes[7..].try_into().expect("eight bytes"));
    assert!(number.is_nan());
    socket.expect_alive();
}

#[test]
fn the_bench_hub_answers() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/bench", protocol);
        assert_eq!(socket.call("Echo", json!(["x"])), "x");
        assert_eq!(socket.call("Add", json!([1, 2])), 3);
        assert_eq!(socket.call("JoinGroup", json!([format!("bench-{protocol:?}")])), Value::Null);
        socket.send(&json!({"type": 1, "target": "SendToGroup", "arguments": [format!("bench-{protocol:?}"), "hi"]}));
        assert_eq!(socket.next_message(), json!({"type": 1, "target": "receive", "arguments": ["hi"]}));
        socket.send(&stream_invocation("s", "Counter", json!([3])));
        assert_eq!(
            socket.next_messages(4),
            [item("s", json!(0)), item("s", json!(1)), item("s", json!(2)), ended("s")]
        );
        socket.send_all(&[
            invocation_with_streams("u", "Sum", json!([]), &["n"]),
            item("n", json!(40)),
            item("n", json!(2)),
            ended("n"),
        ]);
        assert_eq!(socket.next_message(), completion("u", json!(42)));
    }
}
