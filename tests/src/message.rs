//! Hub messages in one notation for both protocols: as the JSON protocol writes them.

use rmpv::Value as Pack;
use serde_json::{Map, Value, json};

/// An Invocation with an id.
#[must_use]
pub fn invocation(id: &str, target: &str, arguments: Value) -> Value {
    json!({"type": 1, "invocationId": id, "target": target, "arguments": arguments})
}

/// An Invocation with upload streams.
#[must_use]
pub fn invocation_with_streams(id: &str, target: &str, arguments: Value, streams: &[&str]) -> Value {
    json!({"type": 1, "invocationId": id, "target": target, "arguments": arguments, "streamIds": streams})
}

/// A StreamInvocation.
#[must_use]
pub fn stream_invocation(id: &str, target: &str, arguments: Value) -> Value {
    json!({"type": 4, "invocationId": id, "target": target, "arguments": arguments})
}

/// A StreamItem.
#[must_use]
pub fn item(id: &str, item: Value) -> Value {
    json!({"type": 2, "invocationId": id, "item": item})
}

/// A Completion with a result (null for a method without one).
#[must_use]
pub fn completion(id: &str, result: Value) -> Value {
    json!({"type": 3, "invocationId": id, "result": result})
}

/// A Completion with an error.
#[must_use]
pub fn failed(id: &str, error: &str) -> Value {
    json!({"type": 3, "invocationId": id, "error": error})
}

/// A Completion with neither: the end of a stream.
#[must_use]
pub fn ended(id: &str) -> Value {
    json!({"type": 3, "invocationId": id})
}

/// A CancelInvocation.
#[must_use]
pub fn cancel(id: &str) -> Value {
    json!({"type": 5, "invocationId": id})
}

/// A Close message.
#[must_use]
pub fn close(error: Option<&str>, allow_reconnect: bool) -> Value {
    let mut message = Map::new();
    message.insert("type".into(), json!(7));
    if let Some(error) = error {
        message.insert("error".into(), json!(error));
    }
    if allow_reconnect {
        message.insert("allowReconnect".into(), json!(true));
    }
    Value::Object(message)
}

/// The MessagePack array of a message in JSON notation.
///
/// # Panics
///
/// When the message has no type.
#[must_use]
pub fn to_pack(message: &Value) -> Pack {
    let kind = message["type"].as_i64().expect("a message has a type");
    let headers = message.get("headers").map_or_else(|| Pack::Map(Vec::new()), to_pack_value);
    let id = to_pack_value(&message["invocationId"]);
    let mut items = vec![Pack::from(kind)];
    match kind {
        1 | 4 => {
            let streams = message.get("streamIds").map_or_else(|| Pack::Array(Vec::new()), to_pack_value);
            items.extend([
                headers,
                id,
                to_pack_value(&message["target"]),
                to_pack_value(&message["arguments"]),
                streams,
            ]);
        }
        2 => items.extend([headers, id, to_pack_value(&message["item"])]),
        3 => {
            items.extend([headers, id]);
            match (message.get("error"), message.get("result")) {
                (Some(error), _) => items.extend([Pack::from(1), to_pack_value(error)]),
                (None, Some(result)) => items.extend([Pack::from(3), to_pack_value(result)]),
                (None, None) => items.push(Pack::from(2)),
            }
        }
        5 => items.extend([headers, id]),
        7 => items.extend([to_pack_value(&message["error"]), Pack::from(message["allowReconnect"] == true)]),
        8 | 9 => items.push(to_pack_value(&message["sequenceId"])),
        _ => {}
    }
    Pack::Array(items)
}

/// A message of the server in JSON notation.
///
/// # Panics
///
/// When it has not exactly the form that ASP.NET Core writes.
#[must_use]
pub fn from_pack(message: &Pack) -> Value {
    let bad = || -> ! { panic!("not a message that a server writes: {message}") };
    let items: Vec<Value> = message.as_array().unwrap_or_else(|| bad()).iter().map(from_pack_value).collect();
    if matches!(items.first().and_then(Value::as_i64), Some(1..=5)) && items.get(1) != Some(&json!({})) {
        bad();
    }
    match items.first().and_then(Value::as_i64).unwrap_or_else(|| bad()) {
        kind @ (1 | 4) if items.len() == 6 => {
            let mut object = json!({"type": kind, "target": items[3], "arguments": items[4]});
            if !items[2].is_null() {
                object["invocationId"] = items[2].clone();
            }
            if items[5] != json!([]) {
                object["streamIds"] = items[5].clone();
            }
            object
        }
        2 if items.len() == 4 => json!({"type": 2, "invocationId": items[2], "item": items[3]}),
        3 => match (items.get(3).and_then(Value::as_i64), items.len()) {
            (Some(1), 5) => json!({"type": 3, "invocationId": items[2], "error": items[4]}),
            (Some(2), 4) => json!({"type": 3, "invocationId": items[2]}),
            (Some(3), 5) => json!({"type": 3, "invocationId": items[2], "result": items[4]}),
            _ => bad(),
        },
        5 if items.len() == 3 => json!({"type": 5, "invocationId": items[2]}),
        6 if items.len() == 1 => json!({"type": 6}),
        7 if items.len() == 3 && items[2].is_boolean() => close(items[1].as_str(), items[2] == true),
        kind @ (8 | 9) if items.len() == 2 => json!({"type": kind, "sequenceId": items[1]}),
        _ => bad(),
    }
}

/// A JSON value in MessagePack, integers in their smallest form.
#[must_use]
pub fn to_pack_value(value: &Value) -> Pack {
    match value {
        Value::Null => Pack::Nil,
        Value::Bool(value) => Pack::from(*value),
        Value::Number(value) => match (value.as_u64(), value.as_i64()) {
            (Some(value), _) => Pack::from(value),
            (None, Some(value)) => Pack::from(value),
            (None, None) => Pack::from(value.as_f64().expect("a JSON number is one of three")),
        },
        Value::String(value) => Pack::from(value.as_str()),
        Value::Array(values) => Pack::Array(values.iter().map(to_pack_value).collect()),
        Value::Object(fields) => {
            Pack::Map(fields.iter().map(|(name, value)| (Pack::from(name.as_str()), to_pack_value(value))).collect())
        }
    }
}

/// A MessagePack value in JSON; binary data is an array of numbers, an extension `{"extension":type,"data":[..]}`.
///
/// # Panics
///
/// On what JSON cannot hold.
#[must_use]
pub fn from_pack_value(value: &Pack) -> Value {
    match value {
        Pack::Nil => Value::Null,
        Pack::Boolean(value) => json!(value),
        Pack::Integer(value) => {
            value.as_u64().map_or_else(|| json!(value.as_i64().expect("an integer has 64 bits")), |value| json!(value))
        }
        Pack::F32(value) => json!(value),
        Pack::F64(value) => json!(value),
        Pack::String(text) => json!(text.as_str().expect("a string is UTF-8")),
        Pack::Binary(bytes) => json!(bytes),
        Pack::Array(values) => values.iter().map(from_pack_value).collect(),
        Pack::Map(entries) => entries
            .iter()
            .map(|(key, value)| (key.as_str().expect("a key is text").to_owned(), from_pack_value(value)))
            .collect::<Map<_, _>>()
            .into(),
        Pack::Ext(kind, data) => json!({"extension": kind, "data": data}),
    }
}

/// A MessagePack message with its length prefix.
#[must_use]
pub fn frame_pack(message: &Pack) -> Vec<u8> {
    let mut body = Vec::new();
    rmpv::encode::write_value(&mut body, message).expect("a vector takes everything");
    frame_bytes(&body)
}

/// The length prefix and these bytes.
#[must_use]
pub fn frame_bytes(body: &[u8]) -> Vec<u8> {
    let mut framed = Vec::new();
    let mut length = body.len();
    while length >= 0x80 {
        framed.push(length as u8 | 0x80);
        length >>= 7;
    }
    framed.push(length as u8);
    framed.extend_from_slice(body);
    framed
}
