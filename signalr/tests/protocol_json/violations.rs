//! Messages that end the connection, and what is said then.

use signalr::protocol::Protocol;

#[track_caller]
fn violation(message: impl AsRef<[u8]>) -> String {
    let message = message.as_ref();
    match Protocol::Json.decode(message) {
        Err(error) => format!("{}: {error}", error.exception()),
        Ok(accepted) => panic!("{}: {accepted:?}", message.escape_ascii()),
    }
}

#[track_caller]
fn assert_invalid_data(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(violation(text), format!("InvalidDataException: {expected}"), "{text}");
    }
}

#[test]
fn messages_that_are_no_object() {
    assert_invalid_data(&[
        ("[]", "Unexpected JSON Token Type 'Array'. Expected a JSON Object."),
        ("[", "Unexpected JSON Token Type 'Array'. Expected a JSON Object."),
        ("1", "Unexpected JSON Token Type 'Number'. Expected a JSON Object."),
        (r#""x""#, "Unexpected JSON Token Type 'String'. Expected a JSON Object."),
        ("null", "Unexpected JSON Token Type 'Null'. Expected a JSON Object."),
        ("true", "Unexpected JSON Token Type 'True'. Expected a JSON Object."),
        ("false", "Unexpected JSON Token Type 'False'. Expected a JSON Object."),
    ]);
}

#[test]
fn properties_of_the_wrong_type() {
    assert_invalid_data(&[
        (r#"{"type":null}"#, "Expected 'type' to be of type Number."),
        (r#"{"type":"1"}"#, "Expected 'type' to be of type Number."),
        (r#"{"type":true}"#, "Expected 'type' to be of type Number."),
        (r#"{"type":[1]}"#, "Expected 'type' to be of type Number."),
        (r#"{"target":1,"type":"x"}"#, "Expected 'target' to be of type String."),
        (r#"{"type":1,"target":null,"arguments":[]}"#, "Expected 'target' to be of type String."),
        (r#"{"type":1,"target":"Echo","arguments":null}"#, "Expected 'arguments' to be of type Array."),
        (r#"{"type":1,"target":"Echo","arguments":{}}"#, "Expected 'arguments' to be of type Array."),
        (r#"{"type":3,"invocationId":"1","error":null}"#, "Expected 'error' to be of type String."),
        (r#"{"type":5,"invocationId":1}"#, "Expected 'invocationId' to be of type String."),
        (r#"{"type":6,"invocationId":null}"#, "Expected 'invocationId' to be of type String."),
        (r#"{"type":6,"streamIds":null}"#, "Expected 'streamIds' to be of type Array."),
        (r#"{"type":6,"streamIds":["a",null]}"#, "Null value for 'streamIds' is not valid."),
        (r#"{"type":6,"headers":null}"#, "Expected 'headers' to be of type StartObject."),
        (r#"{"type":6,"headers":[]}"#, "Expected 'headers' to be of type StartObject."),
        (r#"{"type":6,"headers":{"X":null}}"#, "Expected header 'X' to be of type String."),
        (r#"{"type":7,"error":1}"#, "Expected 'error' to be of type String."),
        (r#"{"type":7,"allowReconnect":null}"#, "Expected 'allowReconnect' to be true or false."),
        (r#"{"type":6,"allowReconnect":0}"#, "Expected 'allowReconnect' to be true or false."),
        (r#"{"type":6,"sequenceId":"1"}"#, "Expected 'sequenceId' to be of type Number."),
    ]);
}

#[test]
fn properties_that_are_missing() {
    assert_invalid_data(&[
        ("{}", "Missing required property 'type'."),
        (r#"{"Type":6}"#, "Missing required property 'type'."),
        (r#"{"type":1}"#, "Missing required property 'target'."),
        (r#"{"type":1,"arguments":[]}"#, "Missing required property 'target'."),
        (r#"{"type":1,"target":"Echo"}"#, "Missing required property 'arguments'."),
        (r#"{"type":4}"#, "Missing required property 'target'."),
        (r#"{"type":4,"arguments":[1]}"#, "Missing required property 'target'."),
        (r#"{"type":4,"target":"T"}"#, "Missing required property 'invocationId'."),
        (r#"{"type":4,"target":"T","arguments":[],"invocationId":""}"#, "Missing required property 'invocationId'."),
        (r#"{"type":4,"target":"T","invocationId":"1"}"#, "Missing required property 'arguments'."),
        (r#"{"type":2}"#, "Missing required property 'invocationId'."),
        (r#"{"type":2,"item":1}"#, "Missing required property 'invocationId'."),
        (r#"{"type":2,"invocationId":"","item":1}"#, "Missing required property 'invocationId'."),
        (r#"{"type":2,"invocationId":"1"}"#, "Missing required property 'item'."),
        (r#"{"type":3}"#, "Missing required property 'invocationId'."),
        (r#"{"type":3,"error":"x","result":null}"#, "Missing required property 'invocationId'."),
        (r#"{"type":5}"#, "Missing required property 'invocationId'."),
        (r#"{"type":8}"#, "Missing required property 'sequenceId'."),
        (r#"{"type":8,"sequenceId":null}"#, "Missing required property 'sequenceId'."),
        (r#"{"type":9}"#, "Missing required property 'sequenceId'."),
    ]);
}

#[test]
fn an_error_beside_a_result() {
    let expected = "The 'error' and 'result' properties are mutually exclusive.";
    assert_invalid_data(&[
        (r#"{"type":3,"invocationId":"1","error":"x","result":1}"#, expected),
        (r#"{"type":3,"invocationId":"1","error":"x","result":null}"#, expected),
    ]);
}

#[test]
fn numbers_that_do_not_fit() {
    let expected = "FormatException: Either the JSON value is not in a supported format, or is out of bounds for an";
    for number in ["1.5", "1.0", "1e0", "-0.0", "99999999999", "2147483648", "99999999999999999999999"] {
        assert_eq!(violation(format!("{{\"type\":{number}}}")), format!("{expected} Int32."));
    }
    for number in ["1.5", "9223372036854775808", "-9223372036854775809", "99999999999999999999999"] {
        assert_eq!(violation(format!("{{\"type\":8,\"sequenceId\":{number}}}")), format!("{expected} Int64."));
    }
}

#[test]
fn texts_that_are_no_texts() {
    let not_utf8 = "InvalidOperationException: Cannot transcode invalid UTF-8 JSON text to UTF-16 string.";
    assert_eq!(violation(b"{\"type\":7,\"error\":\"\xff\"}"), not_utf8);
    let half_pair =
        "InvalidOperationException: Cannot read incomplete UTF-16 JSON text as string with missing low surrogate.";
    for text in
        [r#"{"error":"\ud800"}"#, r#"{"\ud800":1}"#, r#"{"headers":{"X":"\ud800"}}"#, r#"{"headers":{"\ud800":""}}"#]
    {
        assert_eq!(violation(text), half_pair);
    }
    let token = |name| format!("InvalidOperationException: Cannot get the value of a token type '{name}' as a string.");
    assert_eq!(violation(r#"{"streamIds":[1]}"#), token("Number"));
    assert_eq!(violation(r#"{"streamIds":["a",[]]}"#), token("StartArray"));
}

#[test]
fn texts_that_are_not_json() {
    for text in [
        "",
        "  ",
        "x",
        "nul",
        "tru",
        "\"abc",
        "12x",
        "-",
        "{",
        "{]",
        "{,}",
        "{\"type\":6",
        "{\"type\":6,",
        "{\"type\":6,}",
        "{\"type\":6/*x*/}",
        "{\"type\":07}",
        "{\"type\":-}",
        "{\"type\":1.}",
        "{\"type\":tru}",
        "{\"type\":\"x}",
        "{\"ty\\qpe\":6}",
        "{\"type\":6,\"x\":\"\u{1}\"}",
        "{\"type\":6,\"x\":NaN}",
        "{\"type\":6,\"x\":[1",
        "{\"type\":6,\"x\"",
        "{\"type\":6,\"error\":",
        "{\"type\":6,\"arguments\":",
        "{\"type\":6,\"arguments\":[1,]}",
        "{\"type\":6,\"streamIds\":[nul]}",
        "{\"type\":6,\"item\":}",
        "{\"type\":6,\"x\":01}",
        "{\"type\":6 \"x\":1}",
        "{\"type\" 6}",
        "{type:6}",
        "{'type':6}",
        "{\"type\":6,,\"x\":1}",
        "{\"type\":6,\"headers\":{\"a\":\"b\",}}",
        "{\"type\":6,\u{c}\"x\":1}",
        "\u{feff}{\"type\":6}",
    ] {
        assert_eq!(violation(text), "InvalidDataException: Error reading JSON.", "{text}");
    }
}

#[test]
fn nesting_beyond_sixty_four_levels() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for text in [
        format!("{{\"type\":6,\"x\":{}}}", nested(64)),
        format!("{{\"type\":6,\"arguments\":[{}]}}", nested(63)),
        format!("{{\"type\":6,\"x\":{}", "[".repeat(1_000_000)),
        "{\"a\":".repeat(1_000_000),
    ] {
        assert_eq!(violation(text), "InvalidDataException: Error reading JSON.");
    }
}
