//! Whole messages, read and written.

use crate::Any;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use signalr::Value;
use signalr::dotnet::{DateTime, DateTimeOffset, Decimal, Enum, Guid, TimeSpan};
use signalr::protocol::codec::InvocationHead;
use signalr::protocol::framing::Framing;
use signalr::protocol::{Binary, Codec, CompletionError, Message, Naming, Outcome, Payload, Protocol};
use std::collections::BTreeMap;
use std::fmt::Debug;

/// A message with its values decoded.
#[derive(Debug, PartialEq)]
enum Decoded {
    Invocation {
        streaming: bool,
        id: Option<String>,
        target: String,
        arguments: Vec<Any>,
        stream_ids: Vec<String>,
        headers: Vec<(String, String)>,
    },
    StreamItem(String, Any),
    Result(String, Any),
    Error(String, String, Option<String>, Option<Any>),
    End(String),
    Cancel(String),
    Ping,
    Close(Option<String>, bool),
    Ack(i64),
    Sequence(i64),
}

/// Reads `bytes` as a message, writes it, and reads that again: it must be the same.
pub fn check_message(protocol: Protocol, bytes: &[u8]) {
    let Ok(message) = protocol.decode(bytes) else {
        return;
    };
    let Some(read) = Decoded::new(message, bytes.len()) else {
        return;
    };
    let mut framed = Vec::new();
    read.write(protocol, &mut framed);
    let frame = Framing::new(protocol, None).next(&framed).expect("our own framing").expect("a whole message");
    assert_eq!(frame.consumed, framed.len());
    let message = protocol.decode(frame.body).expect("our own message");
    let again = Decoded::new(message, frame.body.len()).expect("our own values");
    assert_eq!(again, read);
    let mut rewritten = Vec::new();
    again.write(protocol, &mut rewritten);
    if protocol == Protocol::MessagePack {
        assert_eq!(rewritten, framed);
    }
}

impl Decoded {
    /// `None` for a message of unknown type or with a value that is not well-formed.
    fn new(message: Message<'_>, size: usize) -> Option<Self> {
        Some(match message {
            Message::Invocation(invocation) => {
                let mut rest = invocation.arguments;
                assert!(rest.len() <= size, "each argument takes a byte");
                assert!(invocation.stream_ids.len() <= size);
                assert!(invocation.headers.len() <= size);
                let mut arguments = Vec::new();
                while !rest.is_empty() {
                    // What is left is one value or several; either may be read as any type.
                    try_types(Payload::new(rest.protocol(), rest.as_bytes()));
                    arguments.push(rest.next().ok()?);
                }
                assert!(rest.as_bytes().trim_ascii().is_empty(), "all is read");
                Decoded::Invocation {
                    streaming: invocation.streaming,
                    id: invocation.id.map(Into::into),
                    target: invocation.target.into(),
                    arguments,
                    stream_ids: invocation.stream_ids.into_iter().map(Into::into).collect(),
                    headers: invocation.headers.into_iter().map(|(key, value)| (key.into(), value.into())).collect(),
                }
            }
            Message::StreamItem(item) => Decoded::StreamItem(item.id.into(), value(item.item)?),
            Message::Completion(completion) => {
                let id = completion.id.into();
                match completion.outcome {
                    Outcome::Void => Decoded::End(id),
                    Outcome::Result(result) => Decoded::Result(id, value(result)?),
                    Outcome::Error(error) => {
                        let data = match error.data {
                            Some(data) => Some(value(data)?),
                            None => None,
                        };
                        Decoded::Error(id, error.message.into(), error.code.map(Into::into), data)
                    }
                }
            }
            Message::CancelInvocation { id } => Decoded::Cancel(id.into()),
            Message::Ping => Decoded::Ping,
            Message::Close { error, allow_reconnect } => Decoded::Close(error.map(Into::into), allow_reconnect),
            Message::Ack { sequence_id } => Decoded::Ack(sequence_id),
            Message::Sequence { sequence_id } => Decoded::Sequence(sequence_id),
            _ => return None,
        })
    }

    fn write(&self, protocol: Protocol, out: &mut Vec<u8>) {
        match self {
            Decoded::Invocation { streaming, id, target, arguments, stream_ids, headers } => {
                let stream_ids: Vec<_> = stream_ids.iter().map(String::as_str).collect();
                let headers: Vec<_> = headers.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
                let head = InvocationHead {
                    streaming: *streaming,
                    id: id.as_deref(),
                    target,
                    stream_ids: &stream_ids,
                    headers: &headers,
                };
                protocol.encode_invocation(out, head, arguments).expect("what was read can be written");
            }
            Decoded::StreamItem(id, item) => {
                protocol.encode_stream_item(out, id, item).expect("what was read can be written");
            }
            Decoded::Result(id, value) => {
                protocol.encode_result(out, id, value).expect("what was read can be written");
            }
            Decoded::Error(id, message, code, data) => {
                let data =
                    data.as_ref().map(|data| written(protocol.into(), data).expect("what was read can be written"));
                let error = CompletionError {
                    message: message.into(),
                    code: code.as_deref().map(Into::into),
                    data: data.as_deref().map(|data| Payload::new(protocol, data)),
                };
                protocol.encode_error_with_info(out, id, &error).expect("the data is in this protocol");
            }
            Decoded::End(id) => protocol.encode_end(out, id),
            Decoded::Cancel(id) => protocol.encode_cancel(out, id),
            Decoded::Ping => protocol.encode_ping(out),
            Decoded::Close(error, allow_reconnect) => protocol.encode_close(out, error.as_deref(), *allow_reconnect),
            Decoded::Ack(number) => protocol.encode_ack(out, *number),
            Decoded::Sequence(number) => protocol.encode_sequence(out, *number),
        }
    }
}

fn value(payload: Payload<'_>) -> Option<Any> {
    try_types(payload);
    payload.decode().ok()
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Line {
    name: String,
    colour: Option<Colour>,
    next: Option<Box<Line>>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
enum Colour {
    Red,
    Custom(u8, u8, u8),
    Named { name: String },
    Same(Box<Colour>),
}

/// Whether a value fits or not, reading it as a type does no harm.
fn try_types(payload: Payload<'_>) {
    try_types_in(payload);
    try_types_in(Payload::new(Codec::new(payload.protocol(), Naming::DotNet), payload.as_bytes()));
}

fn try_types_in(payload: Payload<'_>) {
    let _ = payload.decode::<IgnoredAny>();
    let _ = payload.decode::<Option<i32>>();
    let _ = payload.decode::<String>();
    let _ = payload.decode::<Binary>();
    let _ = payload.decode::<Vec<u8>>();
    let _ = payload.decode::<(f64, Option<bool>)>();
    let _ = payload.decode::<BTreeMap<String, Vec<Any>>>();
    let _ = payload.decode::<Vec<Line>>();
    let _ = payload.decode::<Colour>();
    let _ = payload.decode::<Enum<Colour>>();
    let _ = payload.decode::<BTreeMap<i64, Line>>();
    let _ = payload.decode::<TimeSpan>();
    let _ = payload.decode::<Guid>();
    let _ = payload.decode::<Decimal>();
    come_back::<DateTime>(payload);
    come_back::<DateTimeOffset>(payload);
    if let Ok(value) = payload.decode::<Value>() {
        let written = written(payload.codec(), &value).expect("what was read can be written");
        // JSON has no numbers beyond those of a double, and writes 1.0 as 1.
        if payload.protocol() == Protocol::MessagePack {
            let again = Payload::new(payload.codec(), &written).decode::<Value>().expect("our own value");
            assert_eq!(format!("{again:?}"), format!("{value:?}"));
        }
    }
}

/// What was read as a type can be written, and read again as the same.
fn come_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(payload: Payload<'_>) {
    if let Ok(value) = payload.decode::<T>() {
        let written = written(payload.codec(), &value).expect("what was read can be written");
        assert_eq!(Payload::new(payload.codec(), &written).decode::<T>().expect("our own value"), value);
    }
}

/// The encoded value alone.
fn written<T: Serialize>(codec: Codec, value: &T) -> Option<Vec<u8>> {
    let mut framed = Vec::new();
    codec.encode_result(&mut framed, "1", value).ok()?;
    let frame = Framing::new(codec.protocol, None).next(&framed).expect("our own framing").expect("a whole message");
    match codec.decode(frame.body).expect("our own message") {
        Message::Completion(completion) => match completion.outcome {
            Outcome::Result(result) => Some(result.as_bytes().to_vec()),
            _ => None,
        },
        _ => None,
    }
}
