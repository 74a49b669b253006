//! Reading one message.

use super::property::{
    ReadError, boolean, int32, int64, misplaced, name_bytes, open_object, string, violation, wrong_type,
};
use super::scan::{Kind, Raw, Scanner};
use super::text::{Text, text};
use super::usual;
use crate::protocol::error::ProtocolError;
use crate::protocol::message::{Completion, CompletionError, Invocation, Message, Outcome, StreamItem};
use crate::protocol::payload::{Arguments, Payload};
use std::borrow::Cow;

/// Reads the object that `message` begins with; what follows it is ignored, as ASP.NET Core does.
///
/// Properties may come in any order; of a property that comes twice the last one counts.
pub(in crate::protocol) fn decode(message: Raw<'_>) -> Result<Message<'_>, ProtocolError> {
    if let Raw::Text(text) = message
        && let Some(invocation) = usual::invocation(text)
    {
        return Ok(Message::Invocation(invocation));
    }
    decode_any(message)
}

/// As [`decode`], whatever the message looks like.
#[inline(never)]
pub(super) fn decode_any(message: Raw<'_>) -> Result<Message<'_>, ProtocolError> {
    let mut fields = Fields::default();
    fields.read(message).map_err(ReadError::into_protocol_error)?;
    fields.into_message()
}

/// As [`decode`], of bytes that must be the text of one object and nothing else.
pub(in crate::protocol) fn decode_whole(message: &[u8]) -> Result<Message<'_>, ProtocolError> {
    let text = std::str::from_utf8(message).map_err(|_| ProtocolError::invalid_data("The message is not UTF-8."))?;
    let mut fields = Fields::default();
    if !fields.read(Raw::Text(text)).map_err(ReadError::into_protocol_error)?.is_empty() {
        return Err(ProtocolError::invalid_data("The message goes on behind its object."));
    }
    fields.into_message()
}

/// The properties of any message.
#[derive(Default)]
struct Fields<'a> {
    kind: Option<i32>,
    id: Option<Text<'a>>,
    target: Option<Text<'a>>,
    arguments: Option<Arguments<'a>>,
    item: Option<Raw<'a>>,
    result: Option<Raw<'a>>,
    error: Option<Text<'a>>,
    allow_reconnect: bool,
    sequence_id: Option<i64>,
    /// Boxed because it is rare, and most messages are read in less time than it takes to fill and to move large structs.
    rare: Option<Box<Rare<'a>>>,
}

#[derive(Default)]
struct Rare<'a> {
    stream_ids: Vec<Cow<'a, str>>,
    headers: Headers<'a>,
    error_info: Option<Raw<'a>>,
}

impl<'a> Fields<'a> {
    /// Every property is checked where it stands, whether or not the type of the message has a use for it. Gives what follows
    /// the object.
    #[inline(always)]
    fn read(&mut self, message: Raw<'a>) -> Result<&'a [u8], ReadError> {
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
                Property::InvocationId => self.id = Some(string(&mut scanner, "invocationId")?),
                Property::Target => self.target = Some(string(&mut scanner, "target")?),
                Property::Arguments => self.arguments = Some(arguments(&mut scanner)?),
                Property::StreamIds => {
                    let rare = self.rare.get_or_insert_default();
                    (rare.stream_ids, scanner) = stream_ids(scanner)?;
                }
                Property::Headers => {
                    let rare = self.rare.get_or_insert_default();
                    (rare.headers, scanner) = headers(scanner)?;
                }
                Property::Item => self.item = Some(raw_value(&mut scanner)?),
                Property::Result => self.result = Some(raw_value(&mut scanner)?),
                Property::Error => self.error = Some(string(&mut scanner, "error")?),
                Property::ErrorInfo => {
                    let rare = self.rare.get_or_insert_default();
                    (rare.error_info, scanner) = error_info(scanner)?;
                }
                Property::AllowReconnect => self.allow_reconnect = boolean(&mut scanner, "allowReconnect")?,
                Property::SequenceId => self.sequence_id = int64(&mut scanner, "sequenceId")?,
                Property::Unknown => scanner.skip_value(1)?,
            }
        }
        Ok(scanner.rest())
    }

    #[inline(always)]
    fn into_message(self) -> Result<Message<'a>, ProtocolError> {
        Ok(match self.kind.ok_or_else(|| missing("type"))? {
            kind @ (1 | 4) => {
                let streaming = kind == 4;
                let target = self.target.ok_or_else(|| missing("target"))?.into_cow();
                let id = self.id.map(Text::into_cow).filter(|id| !id.is_empty());
                if streaming && id.is_none() {
                    return Err(missing("invocationId"));
                }
                let arguments = self.arguments.ok_or_else(|| missing("arguments"))?;
                let Rare { stream_ids, headers, .. } = self.rare.map(|rare| *rare).unwrap_or_default();
                Message::Invocation(Invocation { streaming, id, target, arguments, stream_ids, headers })
            }
            2 => Message::StreamItem(StreamItem {
                id: required_id(self.id)?,
                item: Payload::json(self.item.ok_or_else(|| missing("item"))?),
            }),
            3 => Message::Completion(Completion {
                id: required_id(self.id)?,
                outcome: match (self.error, self.result) {
                    (None, None) => Outcome::Void,
                    (None, Some(result)) => Outcome::Result(Payload::json(result)),
                    (Some(error), None) => {
                        let info = self.rare.and_then(|rare| rare.error_info);
                        Outcome::Error(completion_error(error.into_cow(), info))
                    }
                    (Some(_), Some(_)) => {
                        let message = "The 'error' and 'result' properties are mutually exclusive.";
                        return Err(ProtocolError::invalid_data(message));
                    }
                },
            }),
            5 => Message::CancelInvocation { id: required_id(self.id)? },
            6 => Message::Ping,
            7 => Message::Close { error: self.error.map(Text::into_cow), allow_reconnect: self.allow_reconnect },
            8 => Message::Ack { sequence_id: self.sequence_id.ok_or_else(|| missing("sequenceId"))? },
            9 => Message::Sequence { sequence_id: self.sequence_id.ok_or_else(|| missing("sequenceId"))? },
            kind => Message::Unknown { kind: kind.into() },
        })
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
    ErrorInfo,
    AllowReconnect,
    SequenceId,
    Unknown,
}

impl Property {
    /// Reads a name and moves behind its colon.
    #[inline(always)]
    fn next(scanner: &mut Scanner<'_>) -> Result<Self, ReadError> {
        let property;
        if let Some((known, rest)) = Self::known(scanner.rest()) {
            property = known;
            scanner.move_to(rest);
        } else {
            (property, *scanner) = Self::written_otherwise(*scanner)?;
        }
        Ok(property)
    }

    /// The property whose name and colon `text` begins with, if nothing is escaped and no blank lies between them; and
    /// what follows.
    ///
    /// Comparing with the few names in question is a lot faster than looking for the end of the name first.
    #[inline(always)]
    fn known(text: &[u8]) -> Option<(Self, &[u8])> {
        match text {
            [b't', b'y', ..] => Self::if_named(text, b"type\":", Property::Type),
            [b't', b'a', ..] => Self::if_named(text, b"target\":", Property::Target),
            [b'i', b'n', ..] => Self::if_named(text, b"invocationId\":", Property::InvocationId),
            [b'i', b't', ..] => Self::if_named(text, b"item\":", Property::Item),
            [b'a', b'r', ..] => Self::if_named(text, b"arguments\":", Property::Arguments),
            [b'a', b'l', ..] => Self::if_named(text, b"allowReconnect\":", Property::AllowReconnect),
            [b's', b't', ..] => Self::if_named(text, b"streamIds\":", Property::StreamIds),
            [b's', b'e', ..] => Self::if_named(text, b"sequenceId\":", Property::SequenceId),
            [b'h', ..] => Self::if_named(text, b"headers\":", Property::Headers),
            [b'r', ..] => Self::if_named(text, b"result\":", Property::Result),
            [b'e', ..] => Self::if_named(text, b"error\":", Property::Error),
            _ => None,
        }
    }

    #[inline(always)]
    fn if_named<'a, const N: usize>(text: &'a [u8], name: &[u8; N], property: Self) -> Option<(Self, &'a [u8])> {
        text.strip_prefix(name).map(|rest| (property, rest))
    }

    #[inline(never)]
    fn written_otherwise<'a>(mut scanner: Scanner<'a>) -> Result<(Self, Scanner<'a>), ReadError> {
        let name = scanner.inside_string()?;
        let mut unescaped = Cow::Borrowed("");
        let plain = [name_bytes(name, &mut unescaped)?, b"\":"].concat();
        scanner.colon()?;
        let property = match Self::known(&plain) {
            Some((property, [])) => property,
            // Too rare to be compared with every name.
            _ if plain == b"errorInfo\":" => Property::ErrorInfo,
            _ => Property::Unknown,
        };
        Ok((property, scanner))
    }
}

#[cold]
fn missing(name: &str) -> ProtocolError {
    ProtocolError::invalid_data(format!("Missing required property '{name}'."))
}

#[inline(always)]
fn required_id(id: Option<Text<'_>>) -> Result<Cow<'_, str>, ProtocolError> {
    id.map(Text::into_cow).filter(|id| !id.is_empty()).ok_or_else(|| missing("invocationId"))
}

#[inline(never)]
fn error_info<'a>(mut scanner: Scanner<'a>) -> Result<(Option<Raw<'a>>, Scanner<'a>), ReadError> {
    let info = raw_value(&mut scanner)?;
    Ok((Some(info), scanner))
}

/// An error with what stands beside its text. That is not a part of the protocol that all peers speak, so whatever is not of
/// its form is ignored.
#[inline(never)]
fn completion_error<'a>(message: Cow<'a, str>, info: Option<Raw<'a>>) -> CompletionError<'a> {
    let mut error = CompletionError::new(message);
    if let Some((code, data)) = info.and_then(|info| read_error_info(info).ok()) {
        (error.code, error.data) = (code, data);
    }
    error
}

type ErrorInfo<'a> = (Option<Cow<'a, str>>, Option<Payload<'a>>);

fn read_error_info(info: Raw<'_>) -> Result<ErrorInfo<'_>, ReadError> {
    let mut scanner = Scanner::new(info);
    open_object(&mut scanner)?;
    let (mut code, mut data) = (None, None);
    let mut first = true;
    while let Some(name) = scanner.next_property(first)? {
        first = false;
        let mut unescaped = Cow::Borrowed("");
        match name_bytes(name, &mut unescaped)? {
            b"code" if scanner.peek_kind()? == Kind::String => code = Some(text(scanner.string()?)?),
            b"data" => data = Some(Payload::json(raw_value(&mut scanner)?)),
            _ => scanner.skip_value(1)?,
        }
    }
    Ok((code, data))
}

/// The bytes of a value, without the blanks around it.
#[inline(always)]
fn raw_value<'a>(scanner: &mut Scanner<'a>) -> Result<Raw<'a>, ReadError> {
    scanner.peek_kind()?;
    let start = scanner.position();
    scanner.skip_value(1)?;
    Ok(scanner.since(start))
}

/// The inside of the array, whose elements are counted on the way.
#[inline(always)]
pub(super) fn arguments<'a>(scanner: &mut Scanner<'a>) -> Result<Arguments<'a>, ReadError> {
    open_array(scanner, "arguments")?;
    let start = scanner.position();
    let mut count = 0;
    let mut end = start;
    while scanner.next_element(count == 0)? {
        scanner.skip_value(2)?;
        count += 1;
        end = scanner.position();
    }
    Ok(Arguments::json(scanner.between(start, end), count))
}

#[inline(never)]
fn stream_ids<'a>(mut scanner: Scanner<'a>) -> Result<(Vec<Cow<'a, str>>, Scanner<'a>), ReadError> {
    open_array(&mut scanner, "streamIds")?;
    let mut ids = Vec::new();
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
    Ok((ids, scanner))
}

type Headers<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// Headers are kept as they come, names that come twice included.
#[inline(never)]
fn headers<'a>(mut scanner: Scanner<'a>) -> Result<(Headers<'a>, Scanner<'a>), ReadError> {
    if scanner.peek_kind()? != Kind::Object {
        return Err(wrong_type(scanner, "headers", "StartObject"));
    }
    scanner.open();
    let mut headers = Vec::new();
    while let Some(name) = scanner.next_property(headers.is_empty())? {
        let name = text(name)?;
        if scanner.peek_kind()? != Kind::String {
            return Err(misplaced(scanner, format!("Expected header '{name}' to be of type String.")));
        }
        headers.push((name, text(scanner.string()?)?));
    }
    Ok((headers, scanner))
}

#[inline(always)]
fn open_array(scanner: &mut Scanner<'_>, name: &str) -> Result<(), ReadError> {
    if scanner.peek_kind()? != Kind::Array {
        return Err(wrong_type(*scanner, name, "Array"));
    }
    scanner.open();
    Ok(())
}
