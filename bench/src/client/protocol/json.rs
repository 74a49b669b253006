//! The JSON hub protocol.

use super::{Message, Request, Value, number, senseless};
use crate::Error;
use crate::client::SEPARATOR;
use memchr::memchr;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

pub(super) fn encode(request: Request<'_>) -> Vec<u8> {
    let list = |values: &[Value<'_>]| values.iter().copied().map(value).collect::<Vec<_>>().join(",");
    let message = match request {
        Request::Call { id, target, arguments, stream } => {
            let arguments = list(arguments);
            let streams = stream.map(|stream| format!(",\"streamIds\":[\"{stream}\"]")).unwrap_or_default();
            format!("\"type\":1,\"invocationId\":\"{id}\",\"target\":\"{target}\",\"arguments\":[{arguments}]{streams}")
        }
        Request::CallOfStream { id, target, arguments } => {
            let arguments = list(arguments);
            format!("\"type\":4,\"invocationId\":\"{id}\",\"target\":\"{target}\",\"arguments\":[{arguments}]")
        }
        Request::Item { stream, item } => format!("\"type\":2,\"invocationId\":\"{stream}\",\"item\":{item}"),
        Request::EndOfStream { stream } => format!("\"type\":3,\"invocationId\":\"{stream}\""),
    };
    format!("{{{message}}}\x1e").into_bytes()
}

pub(super) fn value(value: Value<'_>) -> String {
    match value {
        Value::Text(text) => format!("\"{text}\""),
        Value::Number(number) => number.to_string(),
    }
}

#[inline]
pub(super) fn split<'a>(payload: &mut &'a [u8]) -> Result<&'a [u8], Error> {
    let all = *payload;
    let end = memchr(SEPARATOR, all).ok_or_else(|| senseless("a message without an end", all))?;
    *payload = all.get(end + 1..).unwrap_or_default();
    Ok(all.get(..end).unwrap_or_default())
}

#[inline]
pub(super) fn decode(message: &[u8]) -> Result<Message<'_>, Error> {
    as_usual(message).map_or_else(|| in_any_form(message), Ok)
}

#[inline]
fn as_usual(message: &[u8]) -> Option<Message<'_>> {
    let (kind, rest) = message.strip_prefix(b"{\"type\":")?.strip_suffix(b"}")?.split_first()?;
    match kind {
        b'1' => {
            let rest = rest.strip_prefix(b",\"target\":\"")?;
            let rest = rest.get(memchr(b'"', rest)?..)?;
            Some(Message::Invocation(rest.strip_prefix(b"\",\"arguments\":")?))
        }
        b'2' => rest.starts_with(b",\"invocationId\":\"").then_some(Message::Item),
        b'3' => {
            let (id, rest) = number(rest.strip_prefix(b",\"invocationId\":\"")?)?;
            let rest = rest.strip_prefix(b"\"")?;
            let result = if rest.is_empty() { None } else { Some(rest.strip_prefix(b",\"result\":")?) };
            Some(Message::Completion { id, result })
        }
        b'6' if rest.is_empty() => Some(Message::Ping),
        _ => None,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnyMessage<'a> {
    r#type: u8,
    #[serde(borrow)]
    invocation_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<Cow<'a, str>>,
}

#[cold]
fn in_any_form(message: &[u8]) -> Result<Message<'_>, Error> {
    let any: AnyMessage<'_> = serde_json::from_slice(message).map_err(|_| senseless("not a message", message))?;
    if let Some(error) = any.error {
        return Err(format!("the server tells an error: {error}").into());
    }
    match (any.r#type, any.arguments, any.invocation_id) {
        (1, Some(arguments), None) => Ok(Message::Invocation(arguments.get().as_bytes())),
        (2, _, Some(_)) => Ok(Message::Item),
        (3, _, Some(id)) => {
            Ok(Message::Completion { id: id.parse()?, result: any.result.map(|raw| raw.get().as_bytes()) })
        }
        (6, _, _) => Ok(Message::Ping),
        (7, _, _) => Ok(Message::Close),
        _ => Err(senseless("not a message for this client", message)),
    }
}

pub(super) fn are_equal(one: &[u8], other: &[u8]) -> bool {
    let decode = |encoded| serde_json::from_slice::<serde_json::Value>(encoded).ok();
    decode(one).is_some_and(|value| Some(value) == decode(other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::protocol::Protocol;

    fn decoded(message: &str) -> Message<'_> {
        decode(message.as_bytes()).unwrap()
    }

    #[test]
    fn completions_are_read_in_every_order_and_spacing() {
        let expected = Protocol::Json.expected(Value::Text("abc"));
        for message in [
            r#"{"type":3,"invocationId":"42","result":"abc"}"#,
            r#"{"result":"abc","invocationId":"42","type":3}"#,
            r#"{ "type": 3, "invocationId": "42", "result": "\u0061bc", "error": null }"#,
        ] {
            let Message::Completion { id: 42, result: Some(result) } = decoded(message) else { panic!("{message}") };
            assert!(expected.is(result), "{message}");
            assert!(!Protocol::Json.expected(Value::Text("abd")).is(result));
        }
        assert_eq!(decoded(r#"{"type":3,"invocationId":"1"}"#), Message::Completion { id: 1, result: None });
        assert!(decode(br#"{"type":3,"invocationId":"1","error":"no"}"#).is_err());
        // What follows a number is not part of it.
        let result = br#"5,"error":"no""#;
        assert!(!Protocol::Json.expected(Value::Number(5)).is(result));
    }

    #[test]
    fn all_messages_of_one_frame_are_found() {
        let payload = b"{\"type\":1,\"target\":\"receive\",\"arguments\":[\"x\"]}\x1e{\"type\":6}\x1e\
            {\"type\":2,\"invocationId\":\"0\",\"item\":7}\x1e{\"type\":7,\"allowReconnect\":true}\x1e";
        let mut rest = &payload[..];
        let mut messages = Vec::new();
        while let Some(message) = Protocol::Json.next(&mut rest).unwrap() {
            messages.push(message);
        }
        assert_eq!(messages, [Message::Invocation(b"[\"x\"]"), Message::Ping, Message::Item, Message::Close]);
        assert!(Protocol::Json.next(&mut &b"{\"type\":6}"[..]).is_err());
    }
}
