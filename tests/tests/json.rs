//! JSON messages as the server reads and writes them.

use serde_json::{Value, json};
use wire_tests::{HubSocket, Protocol, completion, invocation, ours_differs};

/// Texts that call `Echo("x")` with the id 1.
#[rustfmt::skip]
const CALLS: &[&str] = &[
    r#"{"type":1,"invocationId":"1","target":"Echo","arguments":["x"]}"#,
    // Any order.
    r#"{"arguments":["x"],"target":"Echo","invocationId":"1","type":1}"#,
    r#"{"target":"Echo","arguments":["x"],"type":1,"invocationId":"1"}"#,
    r#"{"invocationId":"1","arguments":["x"],"type":1,"target":"Echo"}"#,
    // Blanks.
    " \r\n\t{ \"type\" : 1 , \"invocationId\" : \"1\" , \"target\" : \"Echo\" , \"arguments\" : [ \"x\" ] } \r\n",
    // Properties that nobody knows, whatever they hold.
    r#"{"type":1,"more":{"type":6,"a":[[],{},"}",null,-1.5e-7,true]},"invocationId":"1","target":"Echo","arguments":["x"]}"#,
    r#"{"type":1,"Type":2,"TARGET":5,"Arguments":null,"invocationId":"1","target":"Echo","arguments":["x"]}"#,
    r#"{"":0,"type":1,"invocationId":"1","target":"Echo","arguments":["x"],"result":5,"sequenceId":null}"#,
    // Escapes in names and values.
    r#"{"\u0074ype":1,"invocation\u0049d":"\u0031","t\u0061rget":"E\u0063ho","arguments":["\u0078"]}"#,
    // Headers are accepted; no streams are none.
    r#"{"type":1,"headers":{},"invocationId":"1","target":"Echo","arguments":["x"]}"#,
    r#"{"type":1,"headers":{"traceparent":"00-x","a":""},"invocationId":"1","target":"Echo","arguments":["x"]}"#,
    r#"{"type":1,"invocationId":"1","target":"Echo","arguments":["x"],"streamIds":[]}"#,
    // Reading stops at the end of the object.
    r#"{"type":1,"invocationId":"1","target":"Echo","arguments":["x"]}{"type":1}"#,
    r#"{"type":1,"invocationId":"1","target":"Echo","arguments":["x"]}}}]]"#,
    r#"{"type":1,"invocationId":"1","target":"Echo","arguments":["x"]} anything"#,
];

#[test]
fn one_call_in_many_spellings() {
    let mut socket = HubSocket::json("/conformance");
    for call in CALLS {
        socket.send_text(call);
        assert_eq!(socket.next_text(), r#"{"type":3,"invocationId":"1","result":"x"}"#, "{call}");
    }
}

#[test]
fn messages_are_written_in_a_fixed_order_without_blanks() {
    let mut socket = HubSocket::json("/conformance");
    let rows = [
        (
            r#"{"type":1,"invocationId":"7","target":"Add","arguments":[1,2]}"#,
            vec![r#"{"type":3,"invocationId":"7","result":3}"#],
        ),
        (
            r#"{"type":1,"invocationId":"8","target":"DoNothing","arguments":[]}"#,
            vec![r#"{"type":3,"invocationId":"8","result":null}"#],
        ),
        (
            r#"{"type":1,"invocationId":"9","target":"ThrowHubException","arguments":["x"]}"#,
            vec![
                r#"{"type":3,"invocationId":"9","error":"An unexpected error occurred invoking 'ThrowHubException' on the server. HubException: x"}"#,
            ],
        ),
        (
            r#"{"type":1,"target":"SendToCaller","arguments":["x"]}"#,
            vec![r#"{"type":1,"target":"Receive","arguments":["x"]}"#],
        ),
        (
            r#"{"type":4,"invocationId":"10","target":"Counter","arguments":[1,0]}"#,
            vec![r#"{"type":2,"invocationId":"10","item":0}"#, r#"{"type":3,"invocationId":"10"}"#],
        ),
    ];
    for (request, answers) in rows {
        socket.send_text(request);
        for answer in answers {
            assert_eq!(socket.next_text(), answer, "{request}");
        }
    }
    let id = socket.connection_id();
    socket.invoke("11", "AskClient", json!([id, "why"]));
    let question = socket.next_text();
    let question_id = serde_json::from_str::<Value>(&question).expect("JSON")["invocationId"].clone();
    assert_eq!(question, format!(r#"{{"type":1,"invocationId":{question_id},"target":"Answer","arguments":["why"]}}"#));
    socket.send_text(&format!(r#"{{"type":3,"invocationId":{question_id},"result":"so"}}"#));
    assert_eq!(socket.next_text(), r#"{"type":3,"invocationId":"11","result":"so"}"#);

    socket.send_text(r#"{"type":7}"#);
    assert_eq!(socket.next_text(), r#"{"type":7}"#);
    socket.expect_end();
}

#[test]
fn the_id_comes_back_as_it_was_sent() {
    let mut socket = HubSocket::json("/conformance");
    for id in ["0", " ", "a b", "\"quoted\"", "back\\slash", "\n\t\u{1}", "é", "🦀", "\u{1f}", &"x".repeat(3000)] {
        socket.invoke(id, "Echo", json!(["x"]));
        assert_eq!(socket.next_message(), completion(id, json!("x")));
    }
}

#[test]
fn text_comes_back_as_it_was_sent() {
    let mut socket = HubSocket::json("/conformance");
    let control: String = (1..0x20_u8).map(char::from).collect();
    for text in ["", "é ü ß", "日本語", "🦀👨‍👩‍👧", "<script>'&+\"\\/", "\u{2028}\u{2029}\u{feff}\u{e000}", "\0", &control]
    {
        assert_eq!(socket.call("Echo", json!([text])), text);
    }
    // A separator within a string can only be an escape, in both directions.
    socket.send_text(r#"{"type":1,"invocationId":"1","target":"Echo","arguments":["a\u001eb"]}"#);
    assert_eq!(socket.next_message(), completion("1", json!("a\u{1e}b")));
    // Escapes of characters beyond 16 bits come in pairs.
    socket.send_text(r#"{"type":1,"invocationId":"1","target":"Echo","arguments":["\ud83e\udd80"]}"#);
    assert_eq!(socket.next_message(), completion("1", json!("🦀")));
}

#[test]
fn letters_of_any_language_and_html_are_not_escaped() {
    let mut socket = HubSocket::json("/conformance");
    socket.invoke("1", "Echo", json!(["é日<>&'+/"]));
    assert_eq!(socket.next_text(), r#"{"type":3,"invocationId":"1","result":"é日<>&'+/"}"#);
}

#[test]
fn an_empty_id_means_that_no_answer_is_wanted() {
    let mut socket = HubSocket::json("/conformance");
    socket.invoke("", "Echo", json!(["x"]));
    socket.invoke("", "Unknown", json!([]));
    socket.expect_alive();
}

#[test]
fn a_ping_is_not_checked_further_and_not_answered() {
    let mut socket = HubSocket::json("/conformance");
    for ping in [r#"{"type":6}"#, r#"{"type":6,"x":[1]}"#, r#"{"type":6}{"type":6}"#] {
        socket.send_text(ping);
    }
    socket.expect_alive();
}

#[test]
fn unknown_message_types_are_skipped() {
    if ours_differs("unknown message types are skipped") {
        return;
    }
    let mut socket = HubSocket::json("/conformance");
    for number in ["0", "10", "99", "-1", "2147483647"] {
        let unknown = format!(r#"{{"type":{number},"target":"Echo","arguments":["x"],"invocationId":"0"}}"#);
        let mut frame = format!("{unknown}\u{1e}").into_bytes();
        frame.extend(Protocol::Json.encode(&invocation("1", "Echo", json!(["behind"]))));
        socket.send_bytes(&frame);
        assert_eq!(socket.next_message(), completion("1", json!("behind")), "in one frame: {number}");
        socket.send_text(&unknown);
        socket.expect_alive();
    }
}

#[test]
fn acks_and_sequences_are_ignored_without_stateful_reconnect() {
    let mut socket = HubSocket::json("/conformance");
    socket.send_all(&[json!({"type": 8, "sequenceId": 5}), json!({"type": 9, "sequenceId": 77})]);
    socket.expect_alive();
}

#[test]
fn deep_values_of_up_to_64_levels_are_read() {
    // An unknown property as deep as JSON may be: the message itself is the first level.
    let mut socket = HubSocket::json("/conformance");
    let deep = format!("{}{}", "[".repeat(63), "]".repeat(63));
    socket.send_text(&format!(r#"{{"type":1,"more":{deep},"invocationId":"1","target":"Echo","arguments":["x"]}}"#));
    assert_eq!(socket.next_message(), completion("1", json!("x")));
}
