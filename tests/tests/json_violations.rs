//! JSON messages that close the connection.

use serde_json::json;
use wire_tests::{HubSocket, close, ours_differs};

const GENERIC: &str = "Connection closed with an error.";

/// What the server reads, and the text of the `InvalidDataException`.
#[rustfmt::skip]
const VIOLATIONS: &[(&str, &str)] = &[
    // Not an object.
    ("", "Error reading JSON."),
    ("x", "Error reading JSON."),
    ("{x}", "Error reading JSON."),
    ("{'type':6}", "Error reading JSON."),
    (r#"{"type":6,}"#, "Error reading JSON."),
    (r#"/* comment */{"type":6}"#, "Error reading JSON."),
    (r#"{"type":6//comment
    }"#, "Error reading JSON."),
    (r#"{"type":01}"#, "Error reading JSON."),
    (r#"{"type":+1}"#, "Error reading JSON."),
    (r#"{"type":6 "x":1}"#, "Error reading JSON."),
    (r#"{"type":1,"target":"Ec	ho","arguments":[]}"#, "Error reading JSON."),
    (r#"{"type":1,"target":"\x","arguments":[]}"#, "Error reading JSON."),
    ("{", "Error reading JSON."),
    (r#"{"type":6"#, "Error reading JSON."),
    ("[]", "Unexpected JSON Token Type 'Array'. Expected a JSON Object."),
    ("1", "Unexpected JSON Token Type 'Number'. Expected a JSON Object."),
    (r#""x""#, "Unexpected JSON Token Type 'String'. Expected a JSON Object."),
    ("null", "Unexpected JSON Token Type 'Null'. Expected a JSON Object."),
    ("true", "Unexpected JSON Token Type 'True'. Expected a JSON Object."),
    ("false", "Unexpected JSON Token Type 'False'. Expected a JSON Object."),
    // The type.
    ("{}", "Missing required property 'type'."),
    (r#"{"Type":6}"#, "Missing required property 'type'."),
    (r#"{"target":"Echo","arguments":["x"],"invocationId":"1"}"#, "Missing required property 'type'."),
    (r#"{"type":null}"#, "Expected 'type' to be of type Number."),
    (r#"{"type":"1"}"#, "Expected 'type' to be of type Number."),
    (r#"{"type":true}"#, "Expected 'type' to be of type Number."),
    (r#"{"type":[1]}"#, "Expected 'type' to be of type Number."),
    // Strings.
    (r#"{"type":1,"target":null,"arguments":[]}"#, "Expected 'target' to be of type String."),
    (r#"{"type":1,"target":5,"arguments":[]}"#, "Expected 'target' to be of type String."),
    (r#"{"type":1,"invocationId":null,"target":"Echo","arguments":[]}"#, "Expected 'invocationId' to be of type String."),
    (r#"{"type":1,"invocationId":5,"target":"Echo","arguments":[]}"#, "Expected 'invocationId' to be of type String."),
    (r#"{"type":3,"invocationId":"1","error":null}"#, "Expected 'error' to be of type String."),
    (r#"{"type":7,"error":5}"#, "Expected 'error' to be of type String."),
    // Arrays.
    (r#"{"type":1,"target":"Echo","arguments":null}"#, "Expected 'arguments' to be of type Array."),
    (r#"{"type":1,"target":"Echo","arguments":{}}"#, "Expected 'arguments' to be of type Array."),
    (r#"{"type":1,"target":"Echo","arguments":"x"}"#, "Expected 'arguments' to be of type Array."),
    (r#"{"type":1,"target":"Sum","arguments":[],"streamIds":null}"#, "Expected 'streamIds' to be of type Array."),
    (r#"{"type":1,"target":"Sum","arguments":[],"streamIds":"1"}"#, "Expected 'streamIds' to be of type Array."),
    (r#"{"type":1,"target":"Sum","arguments":[],"streamIds":[null]}"#, "Null value for 'streamIds' is not valid."),
    // Headers and flags.
    (r#"{"type":1,"headers":null,"target":"Echo","arguments":["x"]}"#, "Expected 'headers' to be of type StartObject."),
    (r#"{"type":1,"headers":[],"target":"Echo","arguments":["x"]}"#, "Expected 'headers' to be of type StartObject."),
    (r#"{"type":1,"headers":{"a":1},"target":"Echo","arguments":["x"]}"#, "Expected header 'a' to be of type String."),
    (r#"{"type":1,"headers":{"a":null},"target":"Echo","arguments":["x"]}"#, "Expected header 'a' to be of type String."),
    (r#"{"type":7,"allowReconnect":null}"#, "Expected 'allowReconnect' to be true or false."),
    (r#"{"type":7,"allowReconnect":1}"#, "Expected 'allowReconnect' to be true or false."),
    // What is missing.
    (r#"{"type":1,"arguments":[]}"#, "Missing required property 'target'."),
    (r#"{"type":1,"target":"Echo"}"#, "Missing required property 'arguments'."),
    (r#"{"type":1,"Target":"Echo","arguments":[]}"#, "Missing required property 'target'."),
    (r#"{"type":4,"invocationId":"1","arguments":[]}"#, "Missing required property 'target'."),
    (r#"{"type":4,"invocationId":"1","target":"Counter"}"#, "Missing required property 'arguments'."),
    (r#"{"type":4,"target":"Counter","arguments":[1,0]}"#, "Missing required property 'invocationId'."),
    (r#"{"type":4,"invocationId":"","target":"Counter","arguments":[1,0]}"#, "Missing required property 'invocationId'."),
    (r#"{"type":2,"item":1}"#, "Missing required property 'invocationId'."),
    (r#"{"type":2,"invocationId":""}"#, "Missing required property 'invocationId'."),
    (r#"{"type":2,"invocationId":"1"}"#, "Missing required property 'item'."),
    (r#"{"type":3}"#, "Missing required property 'invocationId'."),
    (r#"{"type":3,"invocationId":"","result":1}"#, "Missing required property 'invocationId'."),
    (r#"{"type":3,"invocationId":"1","error":"x","result":1}"#, "The 'error' and 'result' properties are mutually exclusive."),
    (r#"{"type":5}"#, "Missing required property 'invocationId'."),
    (r#"{"type":5,"invocationId":""}"#, "Missing required property 'invocationId'."),
    (r#"{"type":8}"#, "Missing required property 'sequenceId'."),
    (r#"{"type":9}"#, "Missing required property 'sequenceId'."),
];

#[test]
fn a_violation_closes_with_the_generic_text() {
    for (message, _) in VIOLATIONS {
        let mut socket = HubSocket::json("/conformance");
        socket.send_text(message);
        assert_eq!(
            socket.next_text(),
            format!(r#"{{"type":7,"error":"{GENERIC}","allowReconnect":true}}"#),
            "{message}"
        );
        socket.expect_end();
    }
}

#[test]
fn a_violation_is_explained_where_errors_are_detailed() {
    let mut wrong = Vec::new();
    for (message, text) in VIOLATIONS {
        let mut socket = HubSocket::json("/conformance-detailed");
        socket.send_text(message);
        let answer = socket.next_message();
        socket.expect_end();
        let expected = close(Some(&format!("{GENERIC} InvalidDataException: {text}")), true);
        if answer != expected {
            wrong.push(format!("{message}\n    expected {text}\n    got {}", answer["error"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_came_before_a_violation_is_answered_first_and_what_comes_behind_is_not_read() {
    let mut socket = HubSocket::json("/conformance");
    socket.send_text(
        "{\"type\":1,\"invocationId\":\"1\",\"target\":\"Echo\",\"arguments\":[\"a\"]}\u{1e}x\u{1e}\
         {\"type\":1,\"invocationId\":\"2\",\"target\":\"Echo\",\"arguments\":[\"b\"]}",
    );
    assert_eq!(socket.next_message(), json!({"type": 3, "invocationId": "1", "result": "a"}));
    socket.expect_close(&close(Some(GENERIC), true));
}

#[test]
fn a_message_cut_by_the_end_of_the_connection_runs_nothing() {
    let mut member = HubSocket::json("/conformance?group=cut-messages");
    let mut watcher = HubSocket::json("/conformance?watch");
    let mut socket = HubSocket::json("/conformance");
    let id = socket.connection_id();
    // Complete but for the separator.
    socket.send_bytes(br#"{"type":1,"target":"SendToGroup","arguments":["cut-messages","x"]}"#);
    socket.raw.end_of_input();
    while watcher.next_message()["arguments"][0] != id.as_str() {}
    assert_eq!(member.barrier(), Vec::<serde_json::Value>::new());
}

#[test]
fn an_empty_message_between_separators_closes() {
    let mut socket = HubSocket::json("/conformance-detailed");
    socket.send_bytes(b"{\"type\":6}\x1e\x1e{\"type\":6}\x1e");
    let closed = socket.next_message();
    assert_eq!((&closed["type"], &closed["allowReconnect"]), (&json!(7), &json!(true)));
    socket.expect_end();
}

#[test]
fn an_upload_item_with_an_empty_id_closes() {
    let mut socket = HubSocket::json("/conformance");
    socket.send_text(r#"{"type":2,"invocationId":"","item":1}"#);
    socket.expect_close(&close(Some(GENERIC), true));
}

#[test]
fn nothing_of_the_text_is_shown_where_errors_are_not_detailed() {
    for message in [r#"{"type":"secret"}"#, "secret", r#"{"type":1,"target":"Echo","arguments":"secret"}"#] {
        let mut socket = HubSocket::json("/conformance");
        socket.send_text(message);
        assert!(!socket.next_text().contains("secret"));
    }
}

#[test]
fn a_type_that_is_no_integer_closes() {
    for number in ["1.5", "1e2147483648", "99999999999999999999"] {
        let mut socket = HubSocket::json("/conformance");
        socket.send_text(&format!(r#"{{"type":{number}}}"#));
        socket.expect_close(&close(Some(GENERIC), true));
    }
}

#[test]
fn an_upload_item_before_its_id_is_ignored_if_the_stream_is_unknown() {
    if ours_differs("a stream item whose item comes before its unknown id is ignored") {
        return;
    }
    let mut socket = HubSocket::json("/conformance");
    socket.send_text(r#"{"type":2,"item":{"a":[1,2,{"b":3}]},"invocationId":"unknown"}"#);
    socket.expect_alive();
}

#[test]
fn a_result_before_its_unknown_id_is_ignored() {
    let mut socket = HubSocket::json("/conformance");
    socket.send_text(r#"{"type":3,"result":{"a":[1,2,{"b":3}]},"invocationId":"unknown"}"#);
    socket.expect_alive();
}
