//! The array around each kind of message, read.
//!
//! As in ASP.NET Core, the number of items that the array declares only decides whether an optional item is there;
//! what follows the items that a message has is ignored, so that later versions can add some.

use super::{MAX_DEPTH, kind, result_kind};
use crate::protocol::codec::Protocol;
use crate::protocol::error::ProtocolError;
use crate::protocol::message::{Completion, CompletionError, Invocation, Message, Outcome, StreamItem};
use crate::protocol::packed::read::Reader;
use crate::protocol::payload::{Arguments, Payload};
use std::borrow::Cow;

/// The stream ids of an invocation without streams, if nothing follows them.
const NO_STREAMS: [u8; 1] = [0x90];

/// Reads one message without its length prefix.
///
/// Arguments and items that are not well-formed are no error here, as with ASP.NET Core: they fail when they are read
/// as their types, which the caller of the method is told.
pub(crate) fn decode(message: &[u8]) -> Result<Message<'_>, ProtocolError> {
    // Most of what a server reads begins so: an Invocation of five or six items without headers.
    if let [head @ (0x95 | 0x96), kind::INVOCATION, 0x80, rest @ ..] = message
        && let items = usize::from(head & 0x0f)
        && items < message.len()
    {
        return invocation_behind_headers(Reader::new(rest), items, false, Vec::new());
    }
    decode_any(message)
}

/// As [`decode`], however the message begins.
#[inline(never)]
fn decode_any(message: &[u8]) -> Result<Message<'_>, ProtocolError> {
    let mut reader = Reader::new(message);
    let items = reader.array_len().ok_or_else(|| not_a(Expected::Array, "message"))?;
    let kind = int32(&mut reader, "messageType")?;
    match u8::try_from(kind) {
        Ok(kind::INVOCATION) => invocation(reader, items, false),
        Ok(kind::STREAM_ITEM) => {
            let id = id_after_headers(&mut reader, "StreamItem")?;
            Ok(Message::StreamItem(StreamItem { id: Cow::Borrowed(id), item: item(&mut reader) }))
        }
        Ok(kind::COMPLETION) => completion(&mut reader, items),
        Ok(kind::STREAM_INVOCATION) => invocation(reader, items, true),
        Ok(kind::CANCEL_INVOCATION) => {
            let id = id_after_headers(&mut reader, "CancelInvocation")?;
            Ok(Message::CancelInvocation { id: Cow::Borrowed(id) })
        }
        Ok(kind::PING) => Ok(Message::Ping),
        Ok(kind::CLOSE) => close(&mut reader, items),
        Ok(kind::ACK) => Ok(Message::Ack { sequence_id: int64(&mut reader, "sequenceId")? }),
        Ok(kind::SEQUENCE) => Ok(Message::Sequence { sequence_id: int64(&mut reader, "sequenceId")? }),
        _ => Ok(Message::Unknown { kind: i64::from(kind) }),
    }
}

/// As [`decode`], of bytes that must be one well-formed message and nothing else.
pub(crate) fn decode_whole(message: &[u8]) -> Result<Message<'_>, ProtocolError> {
    let mut reader = Reader::new(message);
    // Values have their depth within the message and its arguments.
    if reader.value(MAX_DEPTH + 2).is_none() || !reader.rest().is_empty() {
        return Err(ProtocolError::invalid_data("The message is not one whole MessagePack value."));
    }
    decode(message)
}

fn invocation(mut reader: Reader<'_>, items: usize, streaming: bool) -> Result<Message<'_>, ProtocolError> {
    let mut headers = Vec::new();
    each_header(&mut reader, |key, value| {
        headers.push((Cow::Borrowed(key), Cow::Borrowed(value)));
    })?;
    invocation_behind_headers(reader, items, streaming, headers)
}

#[inline(always)]
fn invocation_behind_headers<'a>(
    mut reader: Reader<'a>,
    items: usize,
    streaming: bool,
    headers: Vec<(Cow<'a, str>, Cow<'a, str>)>,
) -> Result<Message<'a>, ProtocolError> {
    let name = if streaming { "StreamInvocation" } else { "Invocation" };
    let reader = &mut reader;
    let id = string_or_nil(reader, "invocationId")?.filter(|id| !id.is_empty());
    if streaming && id.is_none() {
        return Err(empty("invocation ID", name));
    }
    let target = string_or_nil(reader, "target")?.filter(|target| !target.is_empty());
    let target = target.ok_or_else(|| empty("target", name))?;
    let (arguments, well_formed) = arguments(reader);
    // Peers of before ASP.NET Core 3.0 send five items. Where malformed arguments end is not known, so neither are the
    // stream ids; such an invocation cannot succeed anyway.
    let may_have_streams = items > 5 && well_formed && reader.rest() != NO_STREAMS;
    let stream_ids = if may_have_streams { stream_ids(reader)? } else { Vec::new() };
    Ok(Message::Invocation(Invocation {
        streaming,
        id: id.map(Cow::Borrowed),
        target: Cow::Borrowed(target),
        arguments,
        stream_ids,
        headers,
    }))
}

/// The arguments, and whether they are well-formed; if not, reading them fails.
fn arguments<'a>(reader: &mut Reader<'a>) -> (Arguments<'a>, bool) {
    let Some(count) = reader.array_len() else {
        // One argument that is not there fits no method.
        return (Arguments::new(Protocol::MessagePack, &[], 1), false);
    };
    let rest = reader.rest();
    let well_formed = (0..count).all(|_| reader.value(MAX_DEPTH).is_some());
    let read = rest.len() - reader.rest().len();
    let values = if well_formed { rest.get(..read).unwrap_or(rest) } else { rest };
    (Arguments::new(Protocol::MessagePack, values, count), well_formed)
}

fn stream_ids<'a>(reader: &mut Reader<'a>) -> Result<Vec<Cow<'a, str>>, ProtocolError> {
    let count = reader.array_len().ok_or_else(|| not_a(Expected::Array, "streamIds"))?;
    let mut ids = Vec::new();
    for _ in 0..count {
        match string_or_nil(reader, "streamIds")? {
            Some(id) if !id.is_empty() => ids.push(Cow::Borrowed(id)),
            _ => {
                return Err(ProtocolError::invalid_data("Null or empty value in streamIds received."));
            }
        }
    }
    Ok(ids)
}

fn completion<'a>(reader: &mut Reader<'a>, items: usize) -> Result<Message<'a>, ProtocolError> {
    let id = id_after_headers(reader, "Completion")?;
    let result = int32(reader, "resultKind")?;
    let outcome = match u8::try_from(result) {
        Ok(result_kind::ERROR) => match string_or_nil(reader, "error")? {
            Some(message) => Outcome::Error(completion_error(message, reader, items)),
            None => Outcome::Void,
        },
        Ok(result_kind::VOID) => Outcome::Void,
        Ok(result_kind::VALUE) => {
            let value =
                reader.value(MAX_DEPTH).ok_or_else(|| ProtocolError::invalid_data("Reading 'result' failed."))?;
            Outcome::Result(Payload::new(Protocol::MessagePack, value))
        }
        _ => return Err(ProtocolError::invalid_data("Invalid invocation result kind.")),
    };
    Ok(Message::Completion(Completion { id: Cow::Borrowed(id), outcome }))
}

/// An error with what stands beside its text. That is not a part of the protocol that all peers speak, so whatever is not of
/// its form is ignored.
fn completion_error<'a>(message: &'a str, reader: &mut Reader<'a>, items: usize) -> CompletionError<'a> {
    let mut error = CompletionError::new(message);
    if items > 5
        && let Some((code, data)) = error_info(reader)
    {
        error.code = code.map(Cow::Borrowed);
        error.data = data.map(|data| Payload::new(Protocol::MessagePack, data));
    }
    error
}

fn error_info<'a>(reader: &mut Reader<'a>) -> Option<(Option<&'a str>, Option<&'a [u8]>)> {
    let (mut code, mut data) = (None, None);
    for _ in 0..reader.map_len()? {
        let name = reader.value(MAX_DEPTH)?;
        let value = reader.value(MAX_DEPTH)?;
        match Reader::new(name).text_bytes() {
            Some(b"code") => code = Reader::new(value).string_or_nil().flatten(),
            Some(b"data") => data = Some(value),
            _ => {}
        }
    }
    Some((code, data))
}

fn close<'a>(reader: &mut Reader<'a>, items: usize) -> Result<Message<'a>, ProtocolError> {
    let error = string_or_nil(reader, "error")?.map(Cow::Borrowed);
    let allow_reconnect = match items {
        0..=2 => false,
        _ => reader.bool().ok_or_else(|| not_a(Expected::Boolean, "allowReconnect"))?,
    };
    Ok(Message::Close { error, allow_reconnect })
}

/// The item of a stream, or whatever is left if it is not well-formed.
fn item<'a>(reader: &mut Reader<'a>) -> Payload<'a> {
    let rest = reader.rest();
    Payload::new(Protocol::MessagePack, reader.value(MAX_DEPTH).unwrap_or(rest))
}

/// The id that a message must have, and the headers before it, which only invocations keep.
fn id_after_headers<'a>(reader: &mut Reader<'a>, message: &str) -> Result<&'a str, ProtocolError> {
    each_header(reader, |_, _| ())?;
    let id = string_or_nil(reader, "invocationId")?.filter(|id| !id.is_empty());
    id.ok_or_else(|| empty("invocation ID", message))
}

fn each_header<'a>(reader: &mut Reader<'a>, mut each: impl FnMut(&'a str, &'a str)) -> Result<(), ProtocolError> {
    let count = reader.map_len().ok_or_else(|| not_a(Expected::Map, "headers"))?;
    for index in 0..count {
        let key = header_part(reader, index, "key", "Key")?;
        let value = header_part(reader, index, "value", "Value")?;
        each(key, value);
    }
    Ok(())
}

fn header_part<'a>(
    reader: &mut Reader<'a>,
    index: usize,
    part: &str,
    property: &str,
) -> Result<&'a str, ProtocolError> {
    let text =
        reader.string_or_nil().ok_or_else(|| not_a(Expected::String, &format!("headers[{index}].{property}")))?;
    match text {
        Some(text) if !text.is_empty() => Ok(text),
        _ => Err(ProtocolError::invalid_data(format!("Null or empty {part} in header."))),
    }
}

fn string_or_nil<'a>(reader: &mut Reader<'a>, property: &str) -> Result<Option<&'a str>, ProtocolError> {
    reader.string_or_nil().ok_or_else(|| not_a(Expected::String, property))
}

fn int32(reader: &mut Reader<'_>, property: &str) -> Result<i32, ProtocolError> {
    let value = reader.int().and_then(|value| i32::try_from(value).ok());
    value.ok_or_else(|| not_a(Expected::Int32, property))
}

fn int64(reader: &mut Reader<'_>, property: &str) -> Result<i64, ProtocolError> {
    reader.int().ok_or_else(|| not_a(Expected::Int64, property))
}

#[derive(Debug, Clone, Copy)]
enum Expected {
    Int32,
    Int64,
    String,
    Boolean,
    Array,
    Map,
}

/// The item is of another kind, does not fit, or the message ends before the item does.
#[cold]
fn not_a(expected: Expected, property: &str) -> ProtocolError {
    ProtocolError::invalid_data(match expected {
        Expected::Int32 => format!("Reading '{property}' as Int32 failed."),
        Expected::Int64 => format!("Reading '{property}' as Int64 failed."),
        Expected::String => format!("Reading '{property}' as String failed."),
        Expected::Boolean => format!("Reading '{property}' as Boolean failed."),
        Expected::Array => format!("Reading array length for '{property}' failed."),
        Expected::Map => format!("Reading map length for '{property}' failed."),
    })
}

#[cold]
fn empty(property: &str, message: &str) -> ProtocolError {
    ProtocolError::invalid_data(format!("Null or empty {property} for {message} message."))
}
