//! | module | tests |
//! | --- | --- |
//! | `reference` | the bytes in the specification and those an ASP.NET Core server sent, read and written |
//! | `violations` | what breaks the protocol, and what is tolerated, as an ASP.NET Core server has it |
//! | `values` | arguments, items and results of many types |
//! | `properties` | whatever is written is read again; whatever is received does no harm |

mod properties;
mod reference;
mod values;
mod violations;

use crate::protocol::codec::Protocol;
use crate::protocol::error::ProtocolError;
use crate::protocol::message::{Completion, Invocation, Message, Outcome, StreamItem};

fn decode(message: &[u8]) -> Result<Message<'_>, ProtocolError> {
    Protocol::MessagePack.decode(message)
}

/// What `write` appends to a buffer that already holds something.
fn written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = b"before".to_vec();
    write(&mut out);
    assert!(out.starts_with(b"before"));
    out.split_off(6)
}

/// The body of the only message in `framed`, after a check of its prefix.
fn unframed(framed: &[u8]) -> &[u8] {
    let (mut length, mut at) = (0, 0);
    loop {
        let byte = framed[at];
        length |= usize::from(byte & 0x7f) << (7 * at);
        at += 1;
        if byte & 0x80 == 0 {
            break;
        }
    }
    assert!(at == 1 || framed[at - 1] != 0, "the prefix has its shortest form");
    assert_eq!(length, framed.len() - at);
    &framed[at..]
}

fn invocation(message: &[u8]) -> Invocation<'_> {
    match decode(message) {
        Ok(Message::Invocation(invocation)) => invocation,
        other => panic!("no invocation: {other:?}"),
    }
}

fn stream_item(message: &[u8]) -> StreamItem<'_> {
    match decode(message) {
        Ok(Message::StreamItem(item)) => item,
        other => panic!("no stream item: {other:?}"),
    }
}

fn completion(message: &[u8]) -> Completion<'_> {
    match decode(message) {
        Ok(Message::Completion(completion)) => completion,
        other => panic!("no completion: {other:?}"),
    }
}

/// `[3, {}, "1", 3, value]` read up to its value.
fn result_of(message: &[u8]) -> crate::protocol::payload::Payload<'_> {
    match completion(message).outcome {
        Outcome::Result(payload) => payload,
        other => panic!("no result: {other:?}"),
    }
}
