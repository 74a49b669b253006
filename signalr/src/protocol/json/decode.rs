//! Reading one message.

use super::property::{
    ReadError, boolean, int32, int64, misplaced, name_bytes, open_object, string, violation, wrong_type,
};
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
    Fields::read(message)
        .and_then(Fields::into_message)
        .map_err(|error| match error {
            ReadError::Syntax(_) => ProtocolError::invalid_data("Error reading JSON."),
            ReadError::Violation(violation) => violation,
        })
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
    fn read(message: &'a [u8]) -> Result<Self, ReadError> {
        let mut fields = Fields::default();
        let mut scanner = Scanner::new(message);
        open_object(&mut scanner)?;
        let mut first = true;
        while let Some(name) = scanner.next_property(first)? {
            first = false;
            match name_bytes(name, &mut Cow::Borrowed(""))? {
                b"type" => {
                    fields.kind = int32(&mut scanner, "type")?;
                    if fields.kind.is_none() {
                        return Err(violation("Expected 'type' to be of type Number."));
                    }
                }
                b"invocationId" => fields.id = Some(string(&mut scanner, "invocationId")?),
                b"target" => fields.target = Some(string(&mut scanner, "target")?),
                b"arguments" => fields.arguments = Some(arguments(&mut scanner)?),
                b"streamIds" => stream_ids(&mut scanner, &mut fields.stream_ids)?,
                b"headers" => headers(&mut scanner, &mut fields.headers)?,
                b"item" => fields.item = Some(raw_value(&mut scanner)?),
                b"result" => fields.result = Some(raw_value(&mut scanner)?),
                b"error" => fields.error = Some(string(&mut scanner, "error")?),
                b"allowReconnect" => fields.allow_reconnect = boolean(&mut scanner, "allowReconnect")?,
                b"sequenceId" => fields.sequence_id = int64(&mut scanner, "sequenceId")?,
                _ => scanner.skip_value(1)?,
            }
        }
        Ok(fields)
    }

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
            5 => Message::CancelInvocation {
                id: required_id(self.id)?,
            },
            6 => Message::Ping,
            7 => Message::Close {
                error: self.error,
                allow_reconnect: self.allow_reconnect,
            },
            8 => Message::Ack {
                sequence_id: self.sequence_id.ok_or_else(|| missing("sequenceId"))?,
            },
            9 => Message::Sequence {
                sequence_id: self.sequence_id.ok_or_else(|| missing("sequenceId"))?,
            },
            kind => Message::Unknown { kind: kind.into() },
        })
    }

    fn into_invocation(self, streaming: bool) -> Result<Invocation<'a>, ReadError> {
        let target = self.target.ok_or_else(|| missing("target"))?;
        let id = if streaming {
            Some(required_id(self.id)?)
        } else {
            self.id.filter(|id| !id.is_empty())
        };
        let arguments = self.arguments.ok_or_else(|| missing("arguments"))?;
        Ok(Invocation {
            streaming,
            id,
            target,
            arguments,
            stream_ids: self.stream_ids,
            headers: self.headers,
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
                return Err(misplaced(
                    scanner,
                    "Null value for 'streamIds' is not valid.".to_owned(),
                ));
            }
            kind => {
                scanner.token()?;
                let start = if matches!(kind, Kind::Array | Kind::Object) {
                    "Start"
                } else {
                    ""
                };
                return Err(ReadError::Violation(ProtocolError::invalid_operation(format!(
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
            return Err(misplaced(
                scanner,
                format!("Expected header '{name}' to be of type String."),
            ));
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
