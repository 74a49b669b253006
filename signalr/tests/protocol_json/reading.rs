//! Messages that are accepted.

use signalr::protocol::{Invocation, Message, Outcome, Protocol};
use std::borrow::Cow;

#[track_caller]
fn decode(text: &str) -> Message<'_> {
    Protocol::Json.decode(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[track_caller]
fn invocation(text: &str) -> Invocation<'_> {
    match decode(text) {
        Message::Invocation(invocation) => invocation,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn outcome(text: &str) -> Outcome<'_> {
    match decode(text) {
        Message::Completion(completion) => completion.outcome,
        other => panic!("{other:?}"),
    }
}

#[test]
fn invocations_keep_their_arguments_as_they_are() {
    let mut call = invocation(r#"{"type":1,"invocationId":"7","target":"Send","arguments":[ 1 , "a,]" , [2,[3]] ]}"#);
    assert!(!call.streaming);
    assert_eq!(call.id.as_deref(), Some("7"));
    assert!(matches!(call.target, Cow::Borrowed("Send")));
    assert_eq!(call.arguments.as_bytes(), br#" 1 , "a,]" , [2,[3]]"#);
    assert_eq!(call.arguments.len(), 3);
    assert_eq!(call.arguments.next(), Ok(1));
    assert_eq!(call.arguments.next(), Ok("a,]".to_owned()));
    assert_eq!(call.arguments.next(), Ok((2, vec![3])));
    assert!(call.arguments.is_empty());
    assert_eq!(call.arguments.next::<Option<u8>>(), Ok(None));
    assert!(call.arguments.next::<u8>().is_err());
}

#[test]
fn properties_come_in_any_order_and_the_last_of_two_counts() {
    let call = invocation(
        r#" { "streamIds" : ["a","\u0062"], "x" : {"type":[9,null]}, "arguments":[1,2], "headers":{"k":"v","k":"w"},
           "arguments":[], "type":3, "t\u0079pe":4, "error":"e", "target":"\u00e9\n", "typ":1, "types":1, "":1,
           "\u0022target":1, "invocationId":"0", "invocationId":"1" } {"#,
    );
    assert!(call.streaming);
    assert_eq!((call.id.as_deref(), &*call.target), (Some("1"), "é\n"));
    assert!(call.arguments.is_empty());
    assert_eq!(call.stream_ids, ["a", "b"]);
    assert_eq!(call.headers, [("k".into(), "v".into()), ("k".into(), "w".into())]);
}

#[test]
fn the_last_of_two_empty_lists_counts() {
    let call = invocation(
        r#"{"streamIds":["a"],"streamIds":[],"headers":{"a":""},"headers":{},"type":1,"target":"","arguments":[]}"#,
    );
    assert!(call.stream_ids.is_empty());
    assert!(call.headers.is_empty());
    assert_eq!(call.target, "");
}

#[test]
fn an_empty_invocation_id_is_none() {
    assert_eq!(invocation(r#"{"type":1,"target":"T","arguments":[],"invocationId":""}"#).id, None);
    assert_eq!(invocation(r#"{"type":1,"target":"T","arguments":[]}"#).id, None);
}

#[test]
fn every_property_may_be_escaped() {
    let escaped = |name: &str| name.bytes().map(|byte| format!("\\u{byte:04x}")).collect::<String>();
    let text = format!(
        r#"{{"{}":1,"{}":"1","{}":"T","{}":[1],"{}":["s"],"{}":{{"k":"v"}}}}"#,
        escaped("type"),
        escaped("invocationId"),
        escaped("target"),
        escaped("arguments"),
        escaped("streamIds"),
        escaped("headers")
    );
    let call = invocation(&text);
    assert_eq!((call.id.as_deref(), &*call.target, call.arguments.len()), (Some("1"), "T", 1));
    assert_eq!((call.stream_ids.len(), call.headers.len()), (1, 1));
    let text = format!(r#"{{"type":7,"{}":"e","{}":true}}"#, escaped("error"), escaped("allowReconnect"));
    assert!(matches!(decode(&text), Message::Close { error: Some(_), allow_reconnect: true }));
    let text = format!(r#"{{"type":8,"{}":5}}"#, escaped("sequenceId"));
    assert!(matches!(decode(&text), Message::Ack { sequence_id: 5 }));
    let text = format!(r#"{{"type":2,"invocationId":"1","{}":5}}"#, escaped("item"));
    assert!(matches!(decode(&text), Message::StreamItem(_)));
    let text = format!(r#"{{"type":3,"invocationId":"1","{}":5}}"#, escaped("result"));
    assert!(matches!(outcome(&text), Outcome::Result(_)));
}

#[test]
fn items_keep_their_bytes() {
    let item = |text| match decode(text) {
        Message::StreamItem(item) => (item.id.into_owned(), item.item),
        other => panic!("{other:?}"),
    };
    let (id, value) = item(r#"{"type":2,"item": {"a": 1} ,"invocationId":"s"}"#);
    assert_eq!((id.as_str(), value.as_bytes()), ("s", br#"{"a": 1}"#.as_slice()));
    let (_, value) = item(r#"{"type":2,"invocationId":"s","item":null}"#);
    assert_eq!(value.decode(), Ok(None::<u8>));
}

#[test]
fn completions_tell_no_result_from_a_null() {
    assert!(matches!(outcome(r#"{"type":3,"invocationId":"1"}"#), Outcome::Void));
    assert!(
        matches!(outcome(r#"{"type":3,"invocationId":"1","error":"x"}"#), Outcome::Error(error) if error.message == "x")
    );
    let empty = outcome(r#"{"type":3,"invocationId":"1","error":""}"#);
    assert!(matches!(empty, Outcome::Error(error) if error.message.is_empty()));
    let result = r#"{"type":3,"result":null,"invocationId":"1"}"#;
    assert!(matches!(outcome(result), Outcome::Result(raw) if raw.as_bytes() == b"null"));
}

#[test]
fn what_stands_beside_the_text_of_an_error() {
    let info = |text: &str| {
        // Before and behind the error, and with an escape in the name.
        let mut read = None;
        for message in [
            format!(r#"{{"type":3,"invocationId":"1","error":"x","errorInfo":{text}}}"#),
            format!(r#"{{"errorInfo":{text},"type":3,"error":"x","invocationId":"1"}}"#),
            format!(r#"{{"type":3,"invocationId":"1","error":"x","\u0065rrorInfo" : {text} }}"#),
        ] {
            let Outcome::Error(error) = outcome(&message) else { panic!("no error") };
            assert_eq!(error.message, "x");
            let this = (error.code.map(String::from), error.data.map(|data| data.as_bytes().to_vec()));
            assert_eq!(read.get_or_insert_with(|| this.clone()), &this);
        }
        let (code, data) = read.unwrap_or_default();
        (code, data.map(|data| String::from_utf8(data).unwrap()))
    };
    let both = (Some("a\"b".to_owned()), Some(r#"{"code": [1]}"#.to_owned()));
    assert_eq!(info(r#"{"code":"a\"b","data": {"code": [1]} }"#), both);
    assert_eq!(info(r#"{ "data" : {"code": [1]}, "more":{"code":"c"}, "c\u006fde" : "a\u0022b" }"#), both);
    assert_eq!(info(r#"{"code":"a"}"#), (Some("a".to_owned()), None));
    assert_eq!(info(r#"{"data":null}"#), (None, Some("null".to_owned())));
    // Others may mean something else by it.
    for other in
        ["{}", "null", "true", "7", r#""text""#, "[1]", r#"{"code":7}"#, r#"{"code":null}"#, r#"{"code":"\ud800"}"#]
    {
        assert_eq!(info(other), (None, None), "{other}");
    }
}

#[test]
fn what_stands_beside_no_error_is_skipped() {
    let info = r#""errorInfo":{"code":"x"}"#;
    assert!(matches!(outcome(&format!(r#"{{"type":3,"invocationId":"1",{info}}}"#)), Outcome::Void));
    let result = format!(r#"{{"type":3,{info},"invocationId":"1","result":7}}"#);
    assert!(matches!(outcome(&result), Outcome::Result(raw) if raw.as_bytes() == b"7"));
    assert!(matches!(decode(r#"{"type":6,"errorInfo":{}}"#), Message::Ping));
}

#[test]
fn the_other_messages() {
    assert!(matches!(decode(r#"{"type":5,"invocationId":"1"}"#), Message::CancelInvocation { id } if id == "1"));
    assert!(matches!(decode(r#"{"type":7}"#), Message::Close { error: None, allow_reconnect: false }));
    assert!(matches!(
        decode(r#"{"type":7,"error":"e","allowReconnect":true,"result":1}"#),
        Message::Close { error: Some(error), allow_reconnect: true } if error == "e"
    ));
    let ack = r#"{"type":8,"sequenceId":9223372036854775807}"#;
    assert!(matches!(decode(ack), Message::Ack { sequence_id: i64::MAX }));
    let ack = r#"{"type":8,"sequenceId":-9223372036854775808}"#;
    assert!(matches!(decode(ack), Message::Ack { sequence_id: i64::MIN }));
    assert!(matches!(decode(r#"{"type":9,"sequenceId":-1}"#), Message::Sequence { sequence_id: -1 }));
}

#[test]
fn unknown_types_are_for_the_receiver_to_skip() {
    for (text, number) in [("0", 0), ("-0", 0), ("10", 10), ("-1", -1), ("2147483647", 2_147_483_647)] {
        let text = format!("{{\"type\":{text}}}");
        assert!(matches!(decode(&text), Message::Unknown { kind } if kind == number), "{text}");
    }
}

#[test]
fn anything_well_formed_may_stand_beside_what_counts() {
    for text in [
        r#"{"type":6}"#,
        r#"{"type":6}xyz"#,
        r#"{"type":6}{"type":6}"#,
        r#"  {"type":6}  "#,
        r#"{"type":8,"type":6}"#,
        r#"{"type":6,"x":"\ud800"}"#,
        r#"{"type":6,"x":1e999}"#,
        r#"{"type":6,"x":-0.5E-7}"#,
        "{\"type\":6,\"x\":\"\u{7f}\"}",
        "{\"type\":6,\t\r\n\"x\":1}",
        r#"{"type":6,"error":"x","result":1}"#,
        r#"{"type":6,"streamIds":[""]}"#,
        r#"{"type":6,"headers":{"X":"a","X":"b"}}"#,
        r#"{"type":6,"sequenceId":null}"#,
        r#"{"type":6,"item":null,"result":null}"#,
        r#"{"type":6,"arguments":[[],{}]}"#,
    ] {
        assert!(matches!(decode(text), Message::Ping), "{text}");
    }
}

/// As in ASP.NET Core, only what somebody reads must be UTF-8.
#[test]
fn skipped_strings_may_be_of_any_bytes() {
    for bytes in [b"{\"type\":6,\"x\":\"\xff\"}".as_slice(), b"{\"type\":6,\"\xff\":1}"] {
        assert!(matches!(Protocol::Json.decode(bytes), Ok(Message::Ping)));
    }
    let Ok(Message::Invocation(mut call)) =
        Protocol::Json.decode(b"{\"type\":1,\"target\":\"T\",\"arguments\":[\"\xff\",1]}")
    else {
        panic!("no invocation");
    };
    assert!(call.arguments.next::<String>().is_err());

    // What follows such a string is read all the same.
    let behind =
        [b"{\"x\":\"\xff\",".as_slice(), "\"type\":1,\"target\":\"é\",\"arguments\":[\"ü\"]}".as_bytes()].concat();
    let Ok(Message::Invocation(mut call)) = Protocol::Json.decode(&behind) else { panic!("an invocation") };
    assert_eq!((&*call.target, call.arguments.next()), ("é", Ok("ü".to_owned())));
}

#[test]
fn sixty_four_levels_are_deep_enough() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(matches!(decode(&format!("{{\"type\":6,\"x\":{}}}", nested(63))), Message::Ping));
    assert!(matches!(decode(&format!("{{\"type\":6,\"arguments\":[{}]}}", nested(62))), Message::Ping));
}
