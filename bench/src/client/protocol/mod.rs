//! Both hub protocols: what load clients send is encoded once, ahead of time; what they receive is looked at in the form
//! in which servers write it, and only if it has another form by a real decoder.

mod json;
mod msgpack;

use super::web_socket::{BINARY, TEXT, frame};
use crate::Error;
use bytes::Bytes;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Json,
    MessagePack,
}

/// A value of an argument, an item or a result.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    /// Of letters and digits.
    Text(&'a str),
    Number(u64),
}

/// A message of a client.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Request<'a> {
    Call { id: usize, target: &'a str, arguments: &'a [Value<'a>], stream: Option<&'a str> },
    CallOfStream { id: usize, target: &'a str, arguments: &'a [Value<'a>] },
    Item { stream: &'a str, item: u64 },
    EndOfStream { stream: &'a str },
}

/// A message of a server. Values are still encoded.
#[derive(Debug, PartialEq)]
pub(crate) enum Message<'a> {
    /// With the list of its arguments.
    Invocation(&'a [u8]),
    Item,
    Completion {
        id: usize,
        result: Option<&'a [u8]>,
    },
    Ping,
    Close,
}

impl Protocol {
    pub(crate) const ALL: [Protocol; 2] = [Protocol::Json, Protocol::MessagePack];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Protocol::Json => "json",
            Protocol::MessagePack => "messagepack",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.name() == name)
    }

    /// The handshake, which is a text whatever the protocol is.
    pub(crate) fn handshake(self) -> Vec<u8> {
        frame(TEXT, format!("{{\"protocol\":\"{}\",\"version\":1}}\x1e", self.name()).as_bytes())
    }

    /// The frame of one message.
    pub(crate) fn frame(self, request: Request<'_>) -> Bytes {
        let frame = match self {
            Protocol::Json => frame(TEXT, &json::encode(request)),
            Protocol::MessagePack => frame(BINARY, &msgpack::encode(request)),
        };
        frame.into()
    }

    /// Takes the first of the messages in what one WebSocket message held.
    #[inline]
    pub(crate) fn next<'a>(self, payload: &mut &'a [u8]) -> Result<Option<Message<'a>>, Error> {
        if payload.is_empty() {
            return Ok(None);
        }
        match self {
            Protocol::Json => json::decode(json::split(payload)?),
            Protocol::MessagePack => msgpack::decode(msgpack::split(payload)?),
        }
        .map(Some)
    }

    /// What has to arrive for a value.
    pub(crate) fn expected(self, value: Value<'_>) -> Expected {
        let encoded = match self {
            Protocol::Json => json::value(value).into_bytes(),
            Protocol::MessagePack => msgpack::bytes(&msgpack::value(value)),
        };
        Expected { protocol: self, encoded }
    }

    /// What has to arrive as the arguments of an invocation with that value.
    pub(crate) fn expected_arguments(self, argument: Value<'_>) -> Expected {
        let encoded = match self {
            Protocol::Json => format!("[{}]", json::value(argument)).into_bytes(),
            Protocol::MessagePack => msgpack::bytes(&rmpv::Value::Array(vec![msgpack::value(argument)])),
        };
        Expected { protocol: self, encoded }
    }
}

/// A value that has to arrive, in the shortest encoding.
#[derive(Debug)]
pub(crate) struct Expected {
    protocol: Protocol,
    encoded: Vec<u8>,
}

impl Expected {
    #[inline]
    pub(crate) fn is(&self, received: &[u8]) -> bool {
        received == self.encoded || self.is_equal(received)
    }

    /// Servers may encode the same value in another way.
    #[cold]
    fn is_equal(&self, received: &[u8]) -> bool {
        match self.protocol {
            Protocol::Json => json::are_equal(received, &self.encoded),
            Protocol::MessagePack => msgpack::are_equal(received, &self.encoded),
        }
    }
}

/// An error with what was received instead of something sensible.
#[cold]
fn senseless(what: &str, received: &[u8]) -> Error {
    let begin = received.get(..200).unwrap_or(received);
    format!("{what}: {}", String::from_utf8_lossy(begin).escape_debug()).into()
}

/// The number that an id is, as all ids of load clients are, and what follows it.
#[inline]
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let end = bytes.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(bytes.len());
    let (digits, rest) = bytes.split_at_checked(end).filter(|_| (1..10).contains(&end))?;
    Some((digits.iter().fold(0, |number, digit| number * 10 + usize::from(digit - b'0')), rest))
}
