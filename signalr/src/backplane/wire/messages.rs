//! Whether the messages in payloads are what they should be: clients are given them as they are.

use super::WireError;
use crate::protocol::framing::Framing;
use crate::protocol::{Codec, Completion, Message, Protocol};

/// Checks that these bytes are exactly one Invocation for a client in this protocol: with this id, if the client is to answer,
/// and otherwise without any.
pub(crate) fn check_invocation(protocol: Protocol, framed: &[u8], id: Option<&str>) -> Result<(), WireError> {
    let unexpected = |what| Err(WireError::Unexpected { protocol: protocol.name(), what });
    match message(protocol.into(), framed)? {
        Message::Invocation(call) if call.streaming => unexpected("asks for a stream"),
        Message::Invocation(call) if call.id.as_deref() != id => unexpected("has another id than the question"),
        Message::Invocation(call) if !call.stream_ids.is_empty() => unexpected("announces streams"),
        Message::Invocation(_) => Ok(()),
        _ => unexpected("is no invocation"),
    }
}

/// Reads exactly one Completion.
pub(crate) fn completed(codec: Codec, framed: &[u8]) -> Result<Completion<'_>, WireError> {
    match message(codec, framed)? {
        Message::Completion(completion) => Ok(completion),
        _ => Err(WireError::Unexpected { protocol: codec.protocol.name(), what: "is no completion" }),
    }
}

/// Reads exactly one message.
fn message(codec: Codec, framed: &[u8]) -> Result<Message<'_>, WireError> {
    let protocol = codec.protocol.name();
    let body = match Framing::new(codec.protocol, None).next(framed) {
        Ok(Some(frame)) if frame.consumed == framed.len() => frame.body,
        _ => return Err(WireError::Framing(protocol)),
    };
    codec.decode_whole(body).map_err(|error| WireError::Message { protocol, error })
}
