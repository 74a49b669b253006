//! Message sizes, keep-alive and the client timeout. The server's own Pings are the clock of these tests.

use serde_json::{Value, json};
use wire_tests::{BOTH, Event, Frame, HubSocket, Protocol, close, completion, invocation};

const GENERIC: &str = "Connection closed with an error.";

/// An `Echo` whose bytes, framing included, are exactly this many; and its text.
fn echo_of(protocol: Protocol, size: usize) -> (Vec<u8>, String) {
    let mut length = size - 80;
    loop {
        let text = "x".repeat(length);
        let bytes = protocol.encode(&invocation("1", "Echo", json!([text])));
        if bytes.len() == size {
            return (bytes, text);
        }
        assert!(bytes.len() < size, "no message has {size} bytes");
        length += 1;
    }
}

#[test]
fn a_message_may_be_as_long_as_the_limit_with_its_framing() {
    for protocol in BOTH {
        for (path, limit) in [("/conformance-limits", 1024), ("/conformance", 32 * 1024), ("/bench", 1024 * 1024)] {
            let mut socket = HubSocket::connect(path, protocol);
            let (bytes, text) = echo_of(protocol, limit);
            socket.send_bytes(&bytes);
            assert_eq!(socket.next_message(), completion("1", json!(text)), "{path}");
            // In pieces it is no longer.
            for piece in bytes.chunks(limit / 3) {
                socket.send_bytes(piece);
            }
            assert_eq!(socket.next_message(), completion("1", json!(text)), "{path}");
        }
    }
}

#[test]
fn a_message_one_byte_above_the_limit_closes() {
    for protocol in BOTH {
        for (path, limit) in [("/conformance-limits", 1024), ("/conformance", 32 * 1024), ("/bench", 1024 * 1024)] {
            let mut socket = HubSocket::connect(path, protocol);
            let (bytes, _) = echo_of(protocol, limit + 1);
            socket.send_bytes(&bytes);
            socket.expect_close(&close(Some(GENERIC), true));
        }
    }
}

#[test]
fn the_limit_is_named_where_errors_are_detailed() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance-detailed", protocol);
        socket.send_bytes(&echo_of(protocol, 32 * 1024 + 1).0);
        let text = format!(
            "{GENERIC} InvalidDataException: The maximum message size of 32768B was exceeded. \
             The message size can be configured in AddHubOptions."
        );
        socket.expect_close(&close(Some(&text), true));
    }
}

#[test]
fn a_message_that_never_ends_closes_at_the_limit() {
    let mut socket = HubSocket::json("/conformance-limits");
    for _ in 0..1024 {
        socket.send_bytes(b" ");
    }
    // Up to here it may still be a message.
    socket.send_bytes(b" ");
    socket.expect_close(&close(Some(GENERIC), true));
}

#[test]
fn a_message_that_never_ends_closes_at_the_limit_within_one_websocket_message() {
    let mut socket = HubSocket::json("/conformance-limits");
    socket.raw.send(&Frame::text([b' '; 600]).unfinished());
    socket.raw.send(&Frame::new(wire_tests::websocket::CONTINUATION, [b' '; 600]).unfinished());
    socket.expect_close(&close(Some(GENERIC), true));
}

#[test]
fn the_limit_counts_each_message_of_a_frame_for_itself() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance-limits", protocol);
        let text = "x".repeat(200);
        let calls: Vec<Value> = (0..30).map(|n| invocation(&n.to_string(), "Echo", json!([text]))).collect();
        socket.send_all(&calls);
        for n in 0..30 {
            assert_eq!(socket.next_message(), completion(&n.to_string(), json!(text)));
        }
    }
}

#[test]
fn messages_of_the_server_have_no_limit() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance-limits", protocol);
        assert_eq!(socket.call("LargeResult", json!([500_000])), "x".repeat(500_000));
    }
}

/// Reads until this many Pings have come; anything else fails.
fn expect_pings(socket: &mut HubSocket, count: usize) {
    for _ in 0..count {
        assert_eq!(socket.any_event(), Event::Message(json!({"type": 6})));
    }
}

#[test]
fn the_server_pings_an_idle_client() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance-limits", protocol);
        expect_pings(&mut socket, 3);
    }
}

#[test]
fn the_server_pings_a_busy_client_too() {
    let mut socket = HubSocket::json("/conformance-limits");
    let mut pings = 0;
    while pings < 3 {
        socket.invoke("1", "Slow", json!([20]));
        loop {
            let Event::Message(message) = socket.any_event() else { panic!("the connection ended") };
            if message["type"] == 6 {
                pings += 1;
            } else {
                break;
            }
        }
    }
}

#[test]
fn the_server_pings_while_a_call_runs() {
    let mut socket = HubSocket::json("/conformance-limits");
    let mut other = HubSocket::json("/conformance-limits");
    let other_id = other.connection_id();
    socket.invoke("1", "AskClient", json!([other_id, "why"]));
    let question = other.next_message()["invocationId"].as_str().expect("a question").to_owned();
    expect_pings(&mut socket, 2);
    other.send(&completion(&question, json!("so")));
    assert_eq!(socket.next_message(), completion("1", json!("so")));
}

#[test]
fn a_client_that_pinged_once_and_then_falls_silent_is_timed_out() {
    for protocol in BOTH {
        let mut watcher = HubSocket::json("/conformance-limits?watch");
        let mut socket = HubSocket::connect("/conformance-limits", protocol);
        let id = socket.connection_id();
        socket.send(&json!({"type": 6}));
        socket.expect_close(&close(Some(GENERIC), true));
        loop {
            let message = watcher.next_message();
            if message["arguments"][0] == id.as_str() {
                assert!(message["arguments"][1].is_string(), "the timeout is the reason: {message}");
                break;
            }
        }
    }
}

#[test]
fn a_client_that_never_pings_is_never_timed_out() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance-limits", protocol);
        // At least twice the client timeout.
        expect_pings(&mut socket, 9);
        socket.expect_alive();
    }
}

#[test]
fn a_client_that_goes_on_pinging_is_not_timed_out() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance-limits", protocol);
        for _ in 0..9 {
            socket.send(&json!({"type": 6}));
            expect_pings(&mut socket, 1);
        }
        socket.expect_alive();
    }
}

#[test]
fn any_message_counts_against_the_timeout() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance-limits", protocol);
        socket.send(&json!({"type": 6}));
        for _ in 0..9 {
            expect_pings(&mut socket, 1);
            socket.send(&json!({"type": 1, "target": "Echo", "arguments": ["x"]}));
        }
        socket.expect_alive();
    }
}
