//! The handshake, which is JSON in both protocols.

use serde_json::{Value, json};
use wire_tests::{BOTH, Frame, HubSocket, Protocol, RawSocket, http::negotiate, websocket::CLOSE};

/// Sends these bytes as the handshake; the response, and that the connection ends in order if it is an error.
fn respond(path: &str, request: &[u8]) -> Value {
    let mut raw = RawSocket::open(path);
    raw.send(&Frame::binary(request));
    let response = raw.read_message().expect("a response");
    let (last, text) = response.payload.split_last().expect("the response is not empty");
    assert_eq!(*last, 0x1e);
    let response: Value = serde_json::from_slice(text).expect("the response is JSON");
    if response.get("error").is_some() {
        let end = raw.read_message().expect("a close frame");
        assert_eq!(end.opcode, CLOSE, "no Close message follows a failed handshake: {end:?}");
        assert_eq!(raw.finish(&end), (1000, String::new()));
    }
    response
}

fn error(path: &str, request: &str) -> String {
    let response = respond(path, format!("{request}\u{1e}").as_bytes());
    assert_eq!(response.as_object().map(serde_json::Map::len), Some(1), "{response}");
    response["error"].as_str().unwrap_or_else(|| panic!("accepted: {request}")).to_owned()
}

#[test]
fn accepted_requests() {
    for request in [
        r#"{"protocol":"json","version":1}"#,
        r#"{"version":1,"protocol":"json"}"#,
        r#"{"protocol":"JSON","version":1}"#,
        r#"{"protocol":"MessagePack","version":1}"#,
        r#"{"protocol":"messagepack","version":2}"#,
        r#"{"protocol":"json","version":2}"#,
        r#"{"protocol":"json","version":0}"#,
        r#"{"protocol":"json","version":-7}"#,
        r#" { "protocol" : "json" , "version" : 1 } "#,
        "\r\n\t{\"protocol\":\"json\",\n\"version\":1}",
        r#"{"other":{"protocol":["x"],"version":"y"},"protocol":"json","more":[1,null,"}"],"version":1}"#,
        r#"{"\u0070rotocol":"js\u006fn","version":1}"#,
    ] {
        assert_eq!(respond("/conformance", format!("{request}\u{1e}").as_bytes()), json!({}), "{request}");
    }
}

#[test]
fn an_unknown_protocol_is_named_as_sent() {
    for (name, shown) in
        [("other", "other"), ("OTHER", "OTHER"), ("", ""), ("json ", "json "), (r#"a\"b\\\n"#, "a\"b\\\n")]
    {
        for path in ["/conformance", "/conformance-detailed"] {
            assert_eq!(
                error(path, &format!(r#"{{"protocol":"{name}","version":1}}"#)),
                format!("The protocol '{shown}' is not supported.")
            );
        }
    }
}

#[test]
fn a_version_above_2_is_refused() {
    for protocol in ["json", "messagepack"] {
        for version in [3, 99, 9001, i32::MAX] {
            assert_eq!(
                error("/conformance", &format!(r#"{{"protocol":"{protocol}","version":{version}}}"#)),
                format!("The server does not support version {version} of the '{protocol}' protocol.")
            );
        }
    }
}

#[rustfmt::skip]
const BROKEN: &[(&str, &str)] = &[
    (r#"{"version":1}"#, "InvalidDataException: Missing required property 'protocol'. Message content: {\"version\":1}"),
    (r#"{"protocol":"json"}"#, "InvalidDataException: Missing required property 'version'. Message content: {\"protocol\":\"json\"}"),
    ("{}", "InvalidDataException: Missing required property 'protocol'. Message content: {}"),
    (r#"{"Protocol":"json","version":1}"#, "InvalidDataException: Missing required property 'protocol'. Message content: {\"Protocol\":\"json\",\"version\":1}"),
    (r#"{"protocol":1,"version":1}"#, "InvalidDataException: Expected 'protocol' to be of type String."),
    (r#"{"protocol":null,"version":1}"#, "InvalidDataException: Expected 'protocol' to be of type String."),
    (r#"{"protocol":"json","version":"1"}"#, "InvalidDataException: Expected 'version' to be of type Number."),
    (r#"{"protocol":"json","version":null}"#, "InvalidDataException: Missing required property 'version'. Message content: {\"protocol\":\"json\",\"version\":null}"),
    ("[]", "InvalidDataException: Unexpected JSON Token Type 'Array'. Expected a JSON Object."),
    ("1", "InvalidDataException: Unexpected JSON Token Type 'Number'. Expected a JSON Object."),
    (r#""json""#, "InvalidDataException: Unexpected JSON Token Type 'String'. Expected a JSON Object."),
    ("null", "InvalidDataException: Unexpected JSON Token Type 'Null'. Expected a JSON Object."),
    ("true", "InvalidDataException: Unexpected JSON Token Type 'True'. Expected a JSON Object."),
];

const GENERIC: &str = "An unexpected error occurred during connection handshake.";

#[test]
fn a_broken_request_gets_the_generic_text() {
    for (request, _) in BROKEN {
        assert_eq!(error("/conformance", request), GENERIC, "{request}");
    }
    for request in [
        "",
        "x",
        "{",
        "{\"protocol\":\"json\",\"version\":1",
        "{\"protocol\":\"json\",\"version\":1,}",
        "{'protocol':'json'}",
    ] {
        assert_eq!(error("/conformance", request), GENERIC, "{request}");
    }
    for version in ["1.5", "2147483648", "1e99"] {
        assert_eq!(
            error("/conformance", &format!(r#"{{"protocol":"json","version":{version}}}"#)),
            GENERIC,
            "{version}"
        );
    }
}

#[test]
fn a_broken_request_is_explained_where_errors_are_detailed() {
    for (request, details) in BROKEN {
        assert_eq!(error("/conformance-detailed", request), format!("{GENERIC} {details}"), "{request}");
    }
}

#[test]
fn broken_json_is_explained_where_errors_are_detailed() {
    for request in ["", "x", "{", "{\"protocol\":\"json\",\"version\":1,}"] {
        let text = error("/conformance-detailed", request);
        assert!(text.starts_with(&format!("{GENERIC} ")), "{request}: {text}");
    }
}

#[test]
fn bytes_that_are_not_utf_8_are_a_broken_request() {
    for request in [b"\xff\xff\x1e".as_slice(), b"{\"protocol\":\"\xff\xfe\",\"version\":1}\x1e"] {
        assert_eq!(respond("/conformance", request), json!({"error": GENERIC}), "{request:?}");
    }
}

#[test]
fn more_than_the_message_limit_without_a_separator_is_cancelled() {
    for (path, limit) in [("/conformance", 32 * 1024), ("/conformance-limits", 1024)] {
        let response = respond(path, &vec![b' '; limit + 1]);
        assert_eq!(response, json!({"error": "Handshake was canceled."}), "{path}");
    }
}

#[test]
fn a_request_may_be_as_long_as_the_message_limit() {
    for (path, limit) in [("/conformance", 32 * 1024), ("/conformance-limits", 1024)] {
        let request = r#"{"protocol":"json","version":1}"#;
        let padded = format!("{request}{}\u{1e}", " ".repeat(limit - request.len() - 1));
        assert_eq!(padded.len(), limit);
        assert_eq!(respond(path, padded.as_bytes()), json!({}), "{path}");
    }
}

#[test]
fn nothing_in_time_is_cancelled() {
    let mut raw = RawSocket::open("/conformance-limits");
    assert_eq!(raw.read_message().expect("a response").payload, b"{\"error\":\"Handshake was canceled.\"}\x1e");
    assert_eq!(raw.read_close(), Some((1000, String::new())));
}

#[test]
fn an_unfinished_request_is_cancelled_after_the_same_time_however_it_trickles() {
    let mut raw = RawSocket::open("/conformance-limits");
    for byte in br#"{"protocol":"json","#.chunks(1) {
        raw.send(&Frame::text(byte));
    }
    assert_eq!(raw.read_message().expect("a response").payload, b"{\"error\":\"Handshake was canceled.\"}\x1e");
    assert_eq!(raw.read_close(), Some((1000, String::new())));
}

#[test]
fn a_slow_handshake_holds_up_nobody_else() {
    let slow: Vec<RawSocket> = (0..50)
        .map(|_| {
            let mut raw = RawSocket::open("/conformance");
            raw.send(&Frame::text("{"));
            raw
        })
        .collect();
    for protocol in BOTH {
        HubSocket::connect("/conformance", protocol).expect_alive();
    }
    drop(slow);
}

#[test]
fn a_failed_handshake_never_reaches_the_hub() {
    let mut watcher = HubSocket::json("/conformance?watch");
    let mut last = HubSocket::json("/conformance");
    let last_id = last.connection_id();

    let negotiated = negotiate("/conformance?negotiateVersion=1");
    let token = negotiated["connectionToken"].as_str().expect("the token is text");
    let path = format!("/conformance?id={token}&greet=x");
    assert_eq!(error(&path, r#"{"protocol":"other","version":1}"#), "The protocol 'other' is not supported.");

    last.send(&json!({"type": 7}));
    loop {
        // Others of this program come and go as well.
        let gone = watcher.next_message()["arguments"][0].clone();
        assert_ne!(gone, negotiated["connectionId"]);
        if gone == last_id.as_str() {
            break;
        }
    }
}

#[test]
fn a_peer_that_leaves_first_gets_nothing() {
    let mut raw = RawSocket::open("/conformance");
    raw.send(&Frame::text(&Protocol::Json.handshake()[..10]));
    raw.send(&Frame::close(1000));
    let end = raw.read_message().expect("a close frame");
    assert_eq!((end.opcode, raw.finish(&end).0), (CLOSE, 1000));
}

#[test]
fn messages_to_a_new_connection_come_behind_the_response() {
    for protocol in BOTH {
        let mut raw = RawSocket::open("/conformance?greet=you");
        raw.send(&Frame::text(protocol.handshake()));
        let mut socket = HubSocket::after_handshake(raw, protocol);
        assert_eq!(socket.next_message(), json!({"type": 1, "target": "Receive", "arguments": ["hello you"]}));
    }
}
