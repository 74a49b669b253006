//! Reading one message.

use super::property::{ReadError, boolean, int32, int64, misplaced, open_object, string, violation, wrong_type};
use super::scan::{Kind, Scanner};
use super::text::text;
use crate::protocol::codec::Protocol;
use crate::protocol::error::ProtocolError;
use crate::protocol::message::{Completion, Invocation, Message, Outcome, StreamItem};
use crate::protocol::payload::{Arguments, Payload};
use std::borrow::Cow;

/// Reads the object that `message` begins with; what follows it is ignored, as ASP.NET Core does.
///
/// Properties may come in any order; of a property that comes twice the last one counts.
pub(in crate::protocol) fn decode(message: &[u8]) -> Result<Message<'_>, ProtocolError> {
    // Filled where it lies: moving it would cost as much as reading a short message.
    let mut fields = Fields::default();
    match fields.read(message) {
        Ok(()) => fields.into_message().map_err(ReadError::into_protocol_error),
        Err(error) => Err(error.into_protocol_error()),
    }
}

/// The properties of any message.
#[derive(Default)]
struct Fields<'a> {
    kind: Option<i32>,
    id: Option<Cow<'a, str>>,
    target: Option<Cow<'a, str>>,
    arguments: Option<Arguments<'a>>,
    stream_ids: Vec<Cow<'a, str>>,
    headers: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    item: Option<&'a [u8]>,
    result: Option<&'a [u8]>,
    error: Option<Cow<'a, str>>,
    allow_reconnect: bool,
    sequence_id: Option<i64>,
}

impl<'a> Fields<'a> {
    /// Every property is checked where it stands, whether or not the type of the message has a use for it.
    #[inline]
    fn read(&mut self, message: &'a [u8]) -> Result<(), ReadError> {
        let mut scanner = Scanner::new(message);
        open_object(&mut scanner)?;
        let mut first = true;
        while scanner.next_name(first)? {
            first = false;
            match Property::next(&mut scanner)? {
                Property::Type => {
                    self.kind = int32(&mut scanner, "type")?;
                    if self.kind.is_none() {
                        return Err(violation("Expected 'type' to be of type Number."));
                    }
                }
                Property::InvocationId => string(&mut scanner, "invocationId", &mut self.id)?,
                Property::Target => string(&mut scanner, "target", &mut self.target)?,
                Property::Arguments => self.arguments = Some(arguments(&mut scanner)?),
                Property::StreamIds => stream_ids(&mut scanner, &mut self.stream_ids)?,
                Property::Headers => headers(&mut scanner, &mut self.headers)?,
                Property::Item => self.item = Some(raw_value(&mut scanner)?),
                Property::Result => self.result = Some(raw_value(&mut scanner)?),
                Property::Error => string(&mut scanner, "error", &mut self.error)?,
                Property::AllowReconnect => self.allow_reconnect = boolean(&mut scanner, "allowReconnect")?,
                Property::SequenceId => self.sequence_id = int64(&mut scanner, "sequenceId")?,
                Property::Unknown => scanner.skip_value(1)?,
            }
        }
        Ok(())
    }

    #[inline]
    fn into_message(self) -> Result<Message<'a>, ReadError> {
        Ok(match self.kind.ok_or_else(|| missing("type"))? {
            1 => Message::Invocation(self.into_invocation(false)?),
            2 => Message::StreamItem(StreamItem {
                id: required_id(self.id)?,
                item: payload(self.item.ok_or_else(|| missing("item"))?),
            }),
            3 => Message::Completion(Completion {
                id: required_id(self.id)?,
                outcome: match (self.error, self.result) {
                    (None, None) => Outcome::Void,
                    (None, Some(result)) => Outcome::Result(payload(result)),
                    (Some(error), None) => Outcome::Error(error),
                    (Some(_), Some(_)) => {
                        return Err(violation("The 'error' and 'result' properties are mutually exclusive."));
                    }
                },
            }),
            4 => Message::Invocation(self.into_invocation(true)?),
            5 => Message::CancelInvocation { id: required_id(self.id)? },
            6 => Message::Ping,
            7 => Message::Close { error: self.error, allow_reconnect: self.allow_reconnect },
            8 => Message::Ack { sequence_id: self.sequence_id.ok_or_else(|| missing("sequenceId"))? },
            9 => Message::Sequence { sequence_id: self.sequence_id.ok_or_else(|| missing("sequenceId"))? },
            kind => Message::Unknown { kind: kind.into() },
        })
    }

    #[inline]
    fn into_invocation(self, streaming: bool) -> Result<Invocation<'a>, ReadError> {
        let target = self.target.ok_or_else(|| missing("target"))?;
        let id = if streaming { Some(required_id(self.id)?) } else { self.id.filter(|id| !id.is_empty()) };
        let arguments = self.arguments.ok_or_else(|| missing("arguments"))?;
        Ok(Invocation { streaming, id, target, arguments, stream_ids: self.stream_ids, headers: self.headers })
    }
}

/// The name of a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Property {
    Type,
    InvocationId,
    Target,
    Arguments,
    StreamIds,
    Headers,
    Item,
    Result,
    Error,
    AllowReconnect,
    SequenceId,
    Unknown,
}

impl Property {
    /// Reads a name and moves to its value.
    #[inline]
    fn next(scanner: &mut Scanner<'_>) -> Result<Self, ReadError> {
        let property = match Self::known(scanner.rest()) {
            Some((property, length)) => {
                scanner.advance(length);
                property
            }
            None => Self::escaped_or_unknown(scanner)?,
        };
        scanner.colon()?;
        Ok(property)
    }

    /// The property whose name stands at the start of `text`, in quotes and without escapes, and how long it is there.
    ///
    /// Comparing with the few names in question is a lot faster than looking for the end of the name first.
    #[inline]
    fn known(text: &[u8]) -> Option<(Self, usize)> {
        match text {
            [_, b't', b'y', ..] => Self::if_named(text, b"\"type\"", Property::Type),
            [_, b't', b'a', ..] => Self::if_named(text, b"\"target\"", Property::Target),
            [_, b'i', b'n', ..] => Self::if_named(text, b"\"invocationId\"", Property::InvocationId),
            [_, b'i', b't', ..] => Self::if_named(text, b"\"item\"", Property::Item),
            [_, b'a', b'r', ..] => Self::if_named(text, b"\"arguments\"", Property::Arguments),
            [_, b'a', b'l', ..] => Self::if_named(text, b"\"allowReconnect\"", Property::AllowReconnect),
            [_, b's', b't', ..] => Self::if_named(text, b"\"streamIds\"", Property::StreamIds),
            [_, b's', b'e', ..] => Self::if_named(text, b"\"sequenceId\"", Property::SequenceId),
            [_, b'h', ..] => Self::if_named(text, b"\"headers\"", Property::Headers),
            [_, b'r', ..] => Self::if_named(text, b"\"result\"", Property::Result),
            [_, b'e', ..] => Self::if_named(text, b"\"error\"", Property::Error),
            _ => None,
        }
    }

    #[inline]
    fn if_named<const N: usize>(text: &[u8], name: &[u8; N], property: Self) -> Option<(Self, usize)> {
        (text.first_chunk::<N>() == Some(name)).then_some((property, N))
    }

    fn escaped_or_unknown(scanner: &mut Scanner<'_>) -> Result<Self, ReadError> {
        let name = scanner.string()?;
        if !name.escaped {
            return Ok(Property::Unknown);
        }
        let quoted = format!("\"{}\"", text(name)?);
        Ok(match Self::known(quoted.as_bytes()) {
            Some((property, length)) if length == quoted.len() => property,
            _ => Property::Unknown,
        })
    }
}

fn payload(bytes: &[u8]) -> Payload<'_> {
    Payload::new(Protocol::Json, bytes)
}

#[cold]
fn missing(name: &str) -> ReadError {
    violation(format!("Missing required property '{name}'."))
}

fn required_id(id: Option<Cow<'_, str>>) -> Result<Cow<'_, str>, ReadError> {
    id.filter(|id| !id.is_empty()).ok_or_else(|| missing("invocationId"))
}

/// The bytes of a value, without the blanks around it.
fn raw_value<'a>(scanner: &mut Scanner<'a>) -> Result<&'a [u8], ReadError> {
    scanner.peek_kind()?;
    let start = scanner.position();
    scanner.skip_value(1)?;
    Ok(scanner.since(start))
}

/// The inside of the array, whose elements are counted on the way.
fn arguments<'a>(scanner: &mut Scanner<'a>) -> Result<Arguments<'a>, ReadError> {
    open_array(scanner, "arguments")?;
    let start = scanner.position();
    let mut count = 0;
    let mut end = start;
    while scanner.next_element(count == 0)? {
        scanner.skip_value(2)?;
        count += 1;
        end = scanner.position();
    }
    Ok(Arguments::new(Protocol::Json, scanner.between(start, end), count))
}

fn stream_ids<'a>(scanner: &mut Scanner<'a>, ids: &mut Vec<Cow<'a, str>>) -> Result<(), ReadError> {
    open_array(scanner, "streamIds")?;
    ids.clear();
    while scanner.next_element(ids.is_empty())? {
        match scanner.peek_kind()? {
            Kind::String => ids.push(text(scanner.string()?)?),
            Kind::Null => {
                return Err(misplaced(scanner, "Null value for 'streamIds' is not valid.".to_owned()));
            }
            kind => {
                scanner.token()?;
                let start = if matches!(kind, Kind::Array | Kind::Object) { "Start" } else { "" };
                return Err(ReadError::from(ProtocolError::invalid_operation(format!(
                    "Cannot get the value of a token type '{start}{kind:?}' as a string."
                ))));
            }
        }
    }
    Ok(())
}

/// Headers are kept as they come, names that come twice included.
fn headers<'a>(scanner: &mut Scanner<'a>, headers: &mut Vec<(Cow<'a, str>, Cow<'a, str>)>) -> Result<(), ReadError> {
    if scanner.peek_kind()? != Kind::Object {
        return Err(wrong_type(scanner, "headers", "StartObject"));
    }
    scanner.open();
    headers.clear();
    while let Some(name) = scanner.next_property(headers.is_empty())? {
        let name = text(name)?;
        if scanner.peek_kind()? != Kind::String {
            return Err(misplaced(scanner, format!("Expected header '{name}' to be of type String.")));
        }
        headers.push((name, text(scanner.string()?)?));
    }
    Ok(())
}

fn open_array(scanner: &mut Scanner<'_>, name: &str) -> Result<(), ReadError> {
    if scanner.peek_kind()? != Kind::Array {
        return Err(wrong_type(scanner, name, "Array"));
    }
    scanner.open();
    Ok(())
}
