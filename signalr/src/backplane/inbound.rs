//! What arrives from the backplane: for this server's connections, for its questions, and questions to it.
//!
//! Nothing that arrives is trusted: other programs may publish too. What cannot be read is logged, counted and dropped as a
//! whole, before anybody has got a part of it.

use super::channels::Kind;
use super::envelope::Envelope;
use super::node::Node;
use super::registry::HubCore;
use super::wire::{self, Action, Answer, AnswerKind, Ask, AskKind, GroupCommand, WireError};
use crate::clients::target::Audience;
use crate::protocol::{Codec, Protocol};
use crate::session::close::CloseReason;
use crate::session::inbox::Origin;
use crate::session::invocations;
use bytes::Bytes;
use smol_str::SmolStr;
use std::sync::Arc;

/// What ASP.NET Core answers for a client that has gone.
pub(crate) const DISCONNECTED: &str = "Connection disconnected.";

/// Takes a payload from a channel.
pub(super) fn receive(core: &Arc<HubCore>, channel: &str, payload: &Bytes) {
    let Some(node) = core.node() else { return };
    let Some(kind) = node.channels.kind(channel) else { return };
    let taken = match kind {
        Kind::All => {
            deliver(
                core,
                payload,
                |excluded| {
                    if excluded.is_empty() { Audience::All } else { Audience::AllExcept(excluded) }
                },
            )
        }
        Kind::Group(name) => deliver(core, payload, |excluded| {
            if excluded.is_empty() {
                Audience::Groups(vec![name.to_owned()])
            } else {
                Audience::GroupExcept(name.to_owned(), excluded)
            }
        }),
        Kind::User(name) => deliver(core, payload, |_| Audience::Users(vec![name.to_owned()])),
        Kind::Connection(id) => to_connection(core, node, id, payload),
        Kind::Groups => change_group(core, node, payload),
        Kind::Ack => confirm(node, payload),
        Kind::Return => returned(core, node, payload),
        Kind::Ask => answer(core, node, payload),
        Kind::Answer => answered(node, payload),
    };
    if let Err(error) = taken {
        core.meters.discarded();
        tracing::warn!(hub = core.name, channel, %error, "a payload of the backplane cannot be read; it is dropped");
    }
}

/// The part of the payload that these bytes are.
fn part(payload: &Bytes, bytes: &[u8]) -> Bytes {
    payload.slice_ref(bytes)
}

/// The messages of an invocation in all protocols that this server may need, each known to be one whole message.
fn envelope(core: &HubCore, payload: &Bytes, invocation: &wire::Invocation<'_>) -> Result<Envelope, WireError> {
    let id = invocation.question.as_ref().map(|question| question.id);
    let mut encoded = Vec::with_capacity(2);
    for protocol in core.registry.protocols() {
        if let Some(message) = invocation.messages.get(protocol) {
            wire::check_invocation(protocol, message, id)?;
            encoded.push((protocol, part(payload, message)));
        }
    }
    let lacking = Protocol::ALL.iter().copied().filter(|protocol| invocation.messages.get(*protocol).is_none());
    Ok(Envelope { encoded, latest: invocation.latest.map(SmolStr::new), lacking: lacking.collect() })
}

/// Hands a message to the connections of this server that it is for.
fn deliver(core: &HubCore, payload: &Bytes, audience: impl FnOnce(Vec<SmolStr>) -> Audience) -> Result<(), WireError> {
    let invocation = wire::read_invocation(payload)?;
    let envelope = envelope(core, payload, &invocation)?;
    let audience = audience(invocation.excluded.iter().map(SmolStr::new).collect());
    // Senders of other servers cannot wait for room, and neither does this one.
    let _ = core.registry.deliver(&audience, None, &envelope);
    Ok(())
}

/// A message or a question for one connection.
fn to_connection(core: &Arc<HubCore>, node: &Arc<Node>, id: &str, payload: &Bytes) -> Result<(), WireError> {
    let invocation = wire::read_invocation(payload)?;
    let Some(connection) = core.registry.get(id) else {
        // It has gone a moment ago.
        if let Some(question) = &invocation.question {
            answer_question(
                node,
                Codec::new(Protocol::Json, core.naming()),
                question.id,
                question.return_channel,
                None,
            );
        }
        return Ok(());
    };
    let peer = &connection.peer;
    let envelope = envelope(core, payload, &invocation)?;
    let Some(question) = &invocation.question else {
        let _ = core.registry.deliver(&Audience::Peer(peer.clone()), None, &envelope);
        return Ok(());
    };
    let (weak, codec) = (Arc::downgrade(node), peer.codec());
    let (id, channel) = (SmolStr::new(question.id), question.return_channel.to_owned());
    let relay = Box::new(move |answer| {
        if let Some(node) = weak.upgrade() {
            answer_question(&node, codec, &id, &channel, answer);
        }
    });
    if peer.invocations.relay(question.id, relay) {
        match envelope.message(peer.protocol) {
            // What cannot be written to the client ends the connection, and so the question.
            None => drop(core.registry.deliver(&Audience::Peer(peer.clone()), None, &envelope)),
            Some(message) => {
                peer.inbox.push(message, Origin::OwnCall, None);
            }
        }
    }
    Ok(())
}

/// Tells whoever has asked what the client has answered, or that it has gone.
fn answer_question(node: &Node, codec: Codec, id: &str, channel: &str, answer: Option<invocations::Answer>) {
    if let Some(payload) = completion(codec, id, answer) {
        // Whoever asked waits no longer than it wants, whatever becomes of this.
        drop(node.publish_payload(channel, payload));
    }
}

/// What a client has answered, or has not, as it goes back to whoever asked.
fn completion(codec: Codec, id: &str, answer: Option<invocations::Answer>) -> Option<Bytes> {
    use invocations::Answer;
    let protocol = codec.protocol;
    let mut message = Vec::new();
    match answer {
        Some(Answer::Void) => protocol.encode_end(&mut message, id),
        Some(Answer::Result(_, value)) => codec.encode_encoded_result(&mut message, id, &value).ok()?,
        Some(Answer::Error(error)) => protocol.encode_error(&mut message, id, &error),
        None => protocol.encode_error(&mut message, id, DISCONNECTED),
    }
    Some(wire::completion(protocol, &message))
}

/// Another server wants a connection to be in a group, or no longer.
fn change_group(core: &HubCore, node: &Arc<Node>, payload: &[u8]) -> Result<(), WireError> {
    let command = GroupCommand::read(payload)?;
    let Some(connection) = core.registry.get(command.connection) else { return Ok(()) };
    match command.action {
        Action::Add => match core.registry.join(&connection, command.group) {
            // Joining was begun before, so that it is in force when this arrives.
            Ok(_reached) => {}
            Err(error) => {
                // Whoever asked is told by not being told.
                let connection = command.connection;
                tracing::warn!(hub = core.name, connection, %error, "another server cannot add the connection to a group");
                return Ok(());
            }
        },
        Action::Remove => core.registry.leave(&connection, command.group),
    }
    drop(node.publish_payload(&node.channels.ack(command.server), wire::ack(command.id)));
    Ok(())
}

/// Another server has done what this one wanted.
fn confirm(node: &Node, payload: &[u8]) -> Result<(), WireError> {
    if let Some(waiting) = node.acks.take(&wire::read_ack(payload)?) {
        let _ = waiting.send(());
    }
    Ok(())
}

/// The result of a client of another server.
fn returned(core: &HubCore, node: &Node, payload: &[u8]) -> Result<(), WireError> {
    let (protocol, message) = wire::read_completion(payload)?;
    let codec = Codec::new(protocol, core.naming());
    let completion = wire::completed(codec, message)?;
    if let Some(waiting) = node.results.take(&*completion.id) {
        let _ = waiting.send(invocations::Answer::from_outcome(completion.outcome));
    }
    Ok(())
}

/// Another server wants to know something.
fn answer(core: &HubCore, node: &Arc<Node>, payload: &[u8]) -> Result<(), WireError> {
    let ask = Ask::read(payload)?;
    if ask.server == node.channels.server() {
        return Ok(());
    }
    let registry = &core.registry;
    let members;
    let kind = match ask.kind {
        AskKind::Close { connection, reason } => {
            let reason = reason.map_or(CloseReason::Aborted, |reason| CloseReason::Kicked(reason.to_owned()));
            let connection = registry.get(connection);
            if let Some(connection) = &connection {
                connection.peer.close(reason);
            }
            AnswerKind::Done(connection.is_some())
        }
        AskKind::Members { group } => {
            members = registry.members(group);
            AnswerKind::Members(members.iter().map(SmolStr::as_str).collect())
        }
        AskKind::Count { group } => AnswerKind::Count(registry.member_count(group) as u64),
        AskKind::User { user } => AnswerKind::Count(registry.user_connections(user) as u64),
    };
    drop(node.publish_payload(&node.channels.answer(ask.server), Answer { id: ask.id, kind }.write()));
    Ok(())
}

/// Another server has answered.
fn answered(node: &Node, payload: &Bytes) -> Result<(), WireError> {
    let Answer { id, .. } = Answer::read(payload)?;
    if let Some(waiting) = node.answers.get(&id) {
        // Nobody looks any more, or at no more than so many.
        let _ = waiting.try_send(payload.clone());
    }
    Ok(())
}

#[cfg(all(test, feature = "testing", feature = "msgpack"))]
mod tests;
