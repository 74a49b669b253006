//! What is true of all bytes that may arrive, for tests and for fuzzing.

use super::{
    Answer, Ask, GroupCommand, Invocation, ack, check_invocation, completed, completion, invocation, read_ack,
    read_completion, read_invocation,
};
use crate::protocol::framing::Framing;
use crate::protocol::{Message, Protocol};
use bytes::Bytes;

/// Reads `payload` as everything that it could be. What can be read is written again, and what was written is read as the same.
///
/// # Panics
/// Where that is not so.
#[cfg_attr(not(fuzzing), allow(unreachable_pub))]
pub fn check_payload(payload: &[u8]) {
    if let Ok(read) = read_invocation(payload) {
        check_messages(&read);
        let messages: Vec<_> =
            read.messages.iter().map(|(known, bytes)| (known, Bytes::copy_from_slice(bytes))).collect();
        let written = invocation(&read.excluded, &messages, read.latest, read.question);
        assert_eq!(read_invocation(&written).as_ref(), Ok(&read));
    }
    if let Ok((protocol, message)) = read_completion(payload) {
        assert_eq!(read_completion(&completion(protocol, message)), Ok((protocol, message)));
        let _ = completed(protocol.into(), message);
    }
    if let Ok(id) = read_ack(payload) {
        assert_eq!(read_ack(&ack(id)), Ok(id));
    }
    if let Ok(command) = GroupCommand::read(payload) {
        assert_eq!(GroupCommand::read(&command.write()), Ok(command));
    }
    if let Ok(ask) = Ask::read(payload) {
        assert_eq!(Ask::read(&ask.write()), Ok(ask));
    }
    if let Ok(answer) = Answer::read(payload) {
        assert_eq!(Answer::read(&answer.write()).as_ref(), Ok(&answer));
    }
    for &protocol in Protocol::ALL {
        check_message(protocol, payload);
    }
}

fn check_messages(read: &Invocation<'_>) {
    for (protocol, message) in read.messages.iter() {
        check_message(protocol, message);
    }
}

/// A message that passes is one message for everybody who reads it.
fn check_message(protocol: Protocol, framed: &[u8]) {
    let is_call = check_invocation(protocol, framed, None).is_ok();
    let is_completion = completed(protocol.into(), framed).is_ok();
    assert!(!(is_call && is_completion));
    if is_call {
        let frame = Framing::new(protocol, None).next(framed).unwrap().unwrap();
        assert_eq!(frame.consumed, framed.len());
        assert!(matches!(protocol.decode(frame.body), Ok(Message::Invocation(call)) if call.id.is_none()));
    }
}
