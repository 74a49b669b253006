//! The MessagePack hub protocol.

use super::{Message, Request, Value, number, senseless};
use crate::Error;
use rmpv::decode::read_value;

pub(super) fn encode(request: Request<'_>) -> Vec<u8> {
    let text = |text: &str| rmpv::Value::from(text);
    let list = |values: &[Value<'_>]| rmpv::Value::Array(values.iter().copied().map(value).collect());
    let headers = || rmpv::Value::Map(Vec::new());
    let parts = match request {
        Request::Call { id, target, arguments, stream } => {
            let streams = rmpv::Value::Array(stream.map(text).into_iter().collect());
            vec![1.into(), headers(), text(&id.to_string()), text(target), list(arguments), streams]
        }
        Request::CallOfStream { id, target, arguments } => {
            let streams = rmpv::Value::Array(Vec::new());
            vec![4.into(), headers(), text(&id.to_string()), text(target), list(arguments), streams]
        }
        Request::Item { stream, item } => vec![2.into(), headers(), text(stream), item.into()],
        // 2 says that there is no result.
        Request::EndOfStream { stream } => vec![3.into(), headers(), text(stream), 2.into()],
    };
    prefixed(&bytes(&rmpv::Value::Array(parts)))
}

/// The length goes before each message, seven bits in each byte.
fn prefixed(message: &[u8]) -> Vec<u8> {
    let mut prefixed = Vec::new();
    let mut length = message.len();
    while length >= 0x80 {
        prefixed.push(length as u8 | 0x80);
        length >>= 7;
    }
    prefixed.push(length as u8);
    prefixed.extend(message);
    prefixed
}

pub(super) fn value(value: Value<'_>) -> rmpv::Value {
    match value {
        Value::Text(text) => text.into(),
        Value::Number(number) => number.into(),
    }
}

pub(super) fn bytes(value: &rmpv::Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    let written = rmpv::encode::write_value(&mut bytes, value);
    debug_assert!(written.is_ok(), "writing to memory does not fail");
    bytes
}

#[inline]
pub(super) fn split<'a>(payload: &mut &'a [u8]) -> Result<&'a [u8], Error> {
    let all = *payload;
    let mut length = 0;
    for (nth, byte) in all.iter().take(5).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * nth);
        if *byte < 0x80 {
            if let Some((message, rest)) = all.get(nth + 1..).and_then(|rest| rest.split_at_checked(length)) {
                *payload = rest;
                return Ok(message);
            }
            break;
        }
    }
    Err(senseless("a message without an end", all))
}

#[inline]
pub(super) fn decode(message: &[u8]) -> Result<Message<'_>, Error> {
    as_usual(message).map_or_else(|| in_any_form(message), Ok)
}

/// Without headers, the target and the id short.
#[inline]
fn as_usual(message: &[u8]) -> Option<Message<'_>> {
    match message {
        [0x95, 1, 0x80, 0xc0, rest @ ..] => Some(Message::Invocation(short_text(rest)?.1)),
        // The ids of its streams, of which there are none.
        [0x96, 1, 0x80, 0xc0, rest @ .., 0x90] => Some(Message::Invocation(short_text(rest)?.1)),
        [0x94, 2, 0x80, ..] => Some(Message::Item),
        [0x94 | 0x95, 3, 0x80, rest @ ..] => {
            let (id, rest) = short_text(rest)?;
            let (id, []) = number(id)? else { return None };
            match rest {
                [2] => Some(Message::Completion { id, result: None }),
                [3, result @ ..] => Some(Message::Completion { id, result: Some(result) }),
                _ => None,
            }
        }
        [0x91, 6] => Some(Message::Ping),
        _ => None,
    }
}

#[inline]
fn short_text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length @ 0xa0..0xc0, rest) = bytes.split_first()? else { return None };
    rest.split_at_checked((length - 0xa0).into())
}

#[cold]
fn in_any_form(message: &[u8]) -> Result<Message<'_>, Error> {
    let wrong = || senseless("not a message for this client", message);
    let [0x90..0xa0, rest @ ..] = message else { return Err(wrong()) };
    let (mut rest, mut parts, mut encoded) = (rest, Vec::new(), Vec::new());
    while !rest.is_empty() {
        let begin = rest;
        parts.push(read_value(&mut rest).map_err(|_| wrong())?);
        encoded.push(begin.get(..begin.len() - rest.len()).unwrap_or_default());
    }
    let part = |nth: usize| parts.get(nth).and_then(rmpv::Value::as_u64);
    match part(0) {
        Some(1) if parts.get(2).is_some_and(rmpv::Value::is_nil) => {
            encoded.get(4).map(|arguments| Message::Invocation(arguments)).ok_or_else(wrong)
        }
        Some(2) => Ok(Message::Item),
        Some(3) => {
            let id = parts.get(2).and_then(rmpv::Value::as_str).ok_or_else(wrong)?.parse()?;
            match part(3) {
                Some(1) => Err(format!("the server tells an error: {:?}", parts.get(4)).into()),
                Some(2) => Ok(Message::Completion { id, result: None }),
                Some(3) => Ok(Message::Completion { id, result: encoded.get(4).copied() }),
                _ => Err(wrong()),
            }
        }
        Some(6) => Ok(Message::Ping),
        Some(7) => match parts.get(1) {
            Some(rmpv::Value::Nil) | None => Ok(Message::Close),
            Some(error) => Err(format!("the server tells an error: {error}").into()),
        },
        _ => Err(wrong()),
    }
}

pub(super) fn are_equal(one: &[u8], other: &[u8]) -> bool {
    let decode = |mut encoded: &[u8]| read_value(&mut encoded).ok().filter(|_| encoded.is_empty());
    decode(one).is_some_and(|value| Some(value) == decode(other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::protocol::Protocol;

    fn all(mut payload: &[u8]) -> Vec<Message<'_>> {
        let mut messages = Vec::new();
        while let Some(message) = Protocol::MessagePack.next(&mut payload).unwrap() {
            messages.push(message);
        }
        messages
    }

    #[test]
    fn messages_are_read_in_the_usual_and_in_other_forms() {
        let messages = [
            &b"\x95\x03\x80\xa217\x03\xa3abc"[..],
            b"\x95\x03\x81\xa1k\xa1v\xd9\x0217\x03\xa3abc",
            b"\x94\x03\x80\xa217\x02",
            b"\x96\x01\x80\xc0\xa7receive\x91\xa1x\x90",
            b"\x95\x01\x80\xc0\xa7receive\x91\xa1x",
            b"\x96\x01\x80\xc0\xd9\x07receive\x91\xa1x\x90",
            b"\x94\x02\x80\xa10\x07",
            b"\x91\x06",
            b"\x93\x07\xc0\xc3",
        ];
        let payload: Vec<u8> = messages.iter().flat_map(|message| prefixed(message)).collect();
        let answered = || Message::Completion { id: 17, result: Some(b"\xa3abc") };
        let sent = || Message::Invocation(b"\x91\xa1x");
        let expected = [answered(), answered(), Message::Completion { id: 17, result: None }, sent(), sent(), sent()];
        assert_eq!(
            all(&payload),
            expected.into_iter().chain([Message::Item, Message::Ping, Message::Close]).collect::<Vec<_>>()
        );
        assert!(decode(b"\x95\x03\x80\xa13\x01\xa2no").is_err());
        assert!(Protocol::MessagePack.next(&mut &b"\x05\x91"[..]).is_err());
    }

    #[test]
    fn values_are_equal_whatever_their_encoding() {
        let five = Protocol::MessagePack.expected(Value::Number(5));
        assert!(five.is(b"\x05") && five.is(b"\xcc\x05") && five.is(b"\xcf\0\0\0\0\0\0\0\x05"));
        assert!(!five.is(b"\x06") && !five.is(b"\x05\x05"));
        let text = "x".repeat(300);
        assert!(
            Protocol::MessagePack.expected(Value::Text(&text)).is(&[b"\xdb\0\0\x01\x2c", text.as_bytes()].concat())
        );
    }

    #[test]
    fn long_messages_have_long_prefixes() {
        let text = "x".repeat(300);
        let arguments = [Value::Text(&text)];
        let encoded = encode(Request::Call { id: 3, target: "Echo", arguments: &arguments, stream: None });
        let mut rest = &encoded[..];
        assert_eq!(split(&mut rest).unwrap().len() + 2, encoded.len());
        assert!(rest.is_empty());
    }
}
