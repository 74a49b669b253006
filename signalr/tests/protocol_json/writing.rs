//! Messages as they are written, byte for byte.

use serde_json::json;
use signalr::protocol::Protocol::Json;
use signalr::protocol::codec::InvocationHead;
use signalr::protocol::{CompletionError, Payload};

fn written(encode: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    encode(&mut out);
    let mut text = String::from_utf8(out).expect("UTF-8");
    assert_eq!(text.pop(), Some('\u{1e}'));
    text
}

#[test]
fn invocations() {
    let head = InvocationHead { target: "T", ..InvocationHead::default() };
    let text = written(|out| Json.encode_invocation(out, head, &()).unwrap());
    assert_eq!(text, r#"{"type":1,"target":"T","arguments":[]}"#);
    let full = InvocationHead {
        streaming: true,
        id: Some("\"1"),
        target: "é\u{1}🦀",
        stream_ids: &["a", "b\n"],
        headers: &[("k", "v"), ("l", "\\")],
    };
    let arguments = ("x", 1.0, None::<u8>, json!({"b": [true]}));
    let text = written(|out| Json.encode_invocation(out, full, &arguments).unwrap());
    assert_eq!(
        text,
        "{\"type\":4,\"headers\":{\"k\":\"v\",\"l\":\"\\\\\"},\"invocationId\":\"\\\"1\",\"target\":\"é\\u0001🦀\",\
         \"arguments\":[\"x\",1,null,{\"b\":[true]}],\"streamIds\":[\"a\",\"b\\n\"]}"
    );
}

#[test]
fn items_and_completions() {
    let item = written(|out| Json.encode_stream_item(out, "1", &-7).unwrap());
    assert_eq!(item, r#"{"type":2,"invocationId":"1","item":-7}"#);
    let nothing = written(|out| Json.encode_result(out, "1", &()).unwrap());
    assert_eq!(nothing, r#"{"type":3,"invocationId":"1","result":null}"#);
    let error = written(|out| Json.encode_error(out, "1", "a\"b"));
    assert_eq!(error, r#"{"type":3,"invocationId":"1","error":"a\"b"}"#);
    let info = |code: Option<&'static str>, data: Option<&'static [u8]>| {
        let (code, data) = (code.map(Into::into), data.map(|data| Payload::new(Json, data)));
        let error = CompletionError { message: "x".into(), code, data };
        written(|out| Json.encode_error_with_info(out, "1", &error).unwrap())
    };
    assert_eq!(info(None, None), r#"{"type":3,"invocationId":"1","error":"x"}"#);
    assert_eq!(
        info(Some("a\"b"), Some(b"[1]")),
        r#"{"type":3,"invocationId":"1","error":"x","errorInfo":{"code":"a\"b","data":[1]}}"#
    );
    assert_eq!(info(Some("c"), None), r#"{"type":3,"invocationId":"1","error":"x","errorInfo":{"code":"c"}}"#);
    assert_eq!(info(None, Some(b"null")), r#"{"type":3,"invocationId":"1","error":"x","errorInfo":{"data":null}}"#);
    let end = written(|out| Json.encode_end(out, "1"));
    assert_eq!(end, r#"{"type":3,"invocationId":"1"}"#);
}

#[test]
fn control_messages() {
    assert_eq!(written(|out| Json.encode_cancel(out, "1")), r#"{"type":5,"invocationId":"1"}"#);
    assert_eq!(written(|out| Json.encode_ping(out)), r#"{"type":6}"#);
    assert_eq!(written(|out| Json.encode_close(out, None, false)), r#"{"type":7}"#);
    let close = written(|out| Json.encode_close(out, Some("e"), true));
    assert_eq!(close, r#"{"type":7,"error":"e","allowReconnect":true}"#);
    assert_eq!(written(|out| Json.encode_ack(out, 5)), r#"{"type":8,"sequenceId":5}"#);
    let sequence = written(|out| Json.encode_sequence(out, i64::MAX));
    assert_eq!(sequence, r#"{"type":9,"sequenceId":9223372036854775807}"#);
}

/// Otherwise a failure would reach the caller as a success.
#[test]
fn an_empty_error_is_still_an_error() {
    assert_eq!(written(|out| Json.encode_error(out, "1", "")), r#"{"type":3,"invocationId":"1","error":""}"#);
}

#[test]
fn nothing_stays_of_a_value_that_cannot_be_written() {
    let mut out = b"before".to_vec();
    assert!(Json.encode_stream_item(&mut out, "1", &[1.0, f64::NAN]).is_err());
    assert!(Json.encode_result(&mut out, "1", &f32::INFINITY).is_err());
    assert!(Json.encode_invocation(&mut out, InvocationHead::default(), &(1, f64::NEG_INFINITY)).is_err());
    assert_eq!(out, b"before");
}
