//! A call of a client method, for whomever the channel reaches.
//!
//! `[[excluded connection, …], {protocol: message, …}]`, and for a client result also `id, channel of the answer`.

use super::WireError;
use super::fields::Fields;
use crate::protocol::Protocol;
use crate::protocol::packed::write::{write_array_len, write_bytes, write_map_len, write_str};
use bytes::Bytes;

/// The entry beside the protocols which names a method of which only the newest message matters. .NET looks up the protocols of
/// its connections and ignores others.
const LATEST: &str = "signalr-rs:latest";

/// A call of a client method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invocation<'a> {
    /// The connections that do not get it.
    pub(crate) excluded: Vec<&'a str>,
    pub(crate) messages: Messages<'a>,
    /// The name of the method, if only the newest of its messages matters.
    pub(crate) latest: Option<&'a str>,
    /// Set if the client is to answer.
    pub(crate) question: Option<Question<'a>>,
}

/// What the client's answer refers to and where it belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Question<'a> {
    /// The id that the messages have, too.
    pub(crate) id: &'a str,
    /// The channel on which the asking server waits, without any prefix that an engine adds.
    pub(crate) return_channel: &'a str,
}

/// A message in all protocols that its sender and this server know, framed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Messages<'a>(Vec<(Protocol, &'a [u8])>);

impl<'a> Messages<'a> {
    /// The message for connections of this protocol.
    pub(crate) fn get(&self, protocol: Protocol) -> Option<&'a [u8]> {
        self.iter().find(|(known, _)| *known == protocol).map(|(_, message)| message)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Protocol, &'a [u8])> {
        self.0.iter().copied()
    }
}

/// Writes a call of a client method.
pub(crate) fn invocation(
    excluded: &[impl AsRef<str>],
    messages: &[(Protocol, Bytes)],
    latest: Option<&str>,
    question: Option<Question<'_>>,
) -> Bytes {
    // Heads take five bytes at most.
    let length = excluded.iter().map(|id| 5 + id.as_ref().len()).sum::<usize>()
        + messages.iter().map(|(protocol, message)| 10 + protocol.name().len() + message.len()).sum::<usize>()
        + latest.map_or(0, |name| 10 + LATEST.len() + name.len())
        + question.map_or(0, |question| 10 + question.id.len() + question.return_channel.len());
    let mut out = Vec::with_capacity(11 + length);
    write_array_len(&mut out, if question.is_some() { 4 } else { 2 });
    write_array_len(&mut out, excluded.len());
    for id in excluded {
        write_str(&mut out, id.as_ref());
    }
    write_map_len(&mut out, messages.len() + usize::from(latest.is_some()));
    for (protocol, message) in messages {
        write_str(&mut out, protocol.name());
        write_bytes(&mut out, message);
    }
    if let Some(name) = latest {
        write_str(&mut out, LATEST);
        write_bytes(&mut out, name.as_bytes());
    }
    if let Some(question) = question {
        write_str(&mut out, question.id);
        write_str(&mut out, question.return_channel);
    }
    out.into()
}

/// Reads a call of a client method. The messages in it are not [checked](super::check_invocation).
pub(crate) fn read_invocation(payload: &[u8]) -> Result<Invocation<'_>, WireError> {
    let mut fields = Fields::new(payload, "the invocation", 2)?;
    let excluded = fields.texts("the list of excluded connections", "an excluded connection")?;
    let (mut messages, mut latest) = (Messages::default(), None);
    fields.entries("the map of messages", |name, message| {
        // As in .NET, case matters here, and the first of several counts.
        if let Some(protocol) = Protocol::ALL.iter().copied().find(|protocol| protocol.name() == name) {
            if messages.get(protocol).is_none() {
                messages.0.push((protocol, message));
            }
        } else if name == LATEST && latest.is_none() {
            let name = std::str::from_utf8(message).map_err(|_| WireError::Malformed("the name of the method"))?;
            latest = Some(name);
        }
        Ok(())
    })?;
    let question = if fields.left() >= 2 { question(&mut fields)? } else { None };
    fields.finish()?;
    Ok(Invocation { excluded, messages, latest, question })
}

fn question<'a>(fields: &mut Fields<'a>) -> Result<Option<Question<'a>>, WireError> {
    let id = fields.text_or_nil("the id of the question")?;
    let return_channel = fields.text_or_nil("the return channel")?;
    match (id, return_channel) {
        (Some(id), Some(return_channel)) => Ok(Some(Question { id, return_channel })),
        (None, None) => Ok(None),
        (None, Some(_)) => Err(WireError::Missing("the id of the question")),
        (Some(_), None) => Err(WireError::Missing("the return channel")),
    }
}
