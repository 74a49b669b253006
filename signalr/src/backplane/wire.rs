//! What is on the [channels](super::channels), byte for byte as ASP.NET Core's Redis backplane writes and reads it.
//!
//! | module | holds |
//! | --- | --- |
//! | `invocation` | a call of a client method, in all protocols |
//! | `command` | adding to groups and removing, its acknowledgement, and what a client has answered |
//! | `question` | what servers of this crate ask each other; no part of ASP.NET Core's |
//! | `messages` | whether the messages inside are what they should be |
//! | `fields` | the items of a payload, read one by one |
//!
//! Payloads are MessagePack arrays, whichever protocols the clients speak. Surplus items at the end of an array are ignored, so
//! that later versions can add some. Everything else that is not as it should be is a [`WireError`].

mod command;
mod fields;
#[cfg(any(test, fuzzing))]
pub(crate) mod invariants;
mod invocation;
mod messages;
mod question;
#[cfg(test)]
mod tests;

pub(crate) use command::{Action, GroupCommand, ack, completion, read_ack, read_completion};
pub(crate) use invocation::{Invocation, Question, invocation, read_invocation};
pub(crate) use messages::{check_invocation, completed};
pub(crate) use question::{Answer, AnswerKind, Ask, AskKind};

use crate::protocol::ProtocolError;
use crate::protocol::packed::read::Kind;
use thiserror::Error;

/// What is wrong with a payload.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum WireError {
    /// The payload ends before this part.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// The payload ends within this part, or would have to: its length is a lie.
    #[error("{0} is cut short or malformed")]
    Malformed(&'static str),
    /// A part is something else than it should be.
    #[error("{part} should be {expected:?}, but is {found:?}")]
    WrongKind { part: &'static str, expected: Kind, found: Kind },
    /// A number that a part cannot have.
    #[error("{part} cannot be {value}")]
    UnknownValue { part: &'static str, value: i64 },
    /// The array that a payload is has too few items.
    #[error("{part} has {found} items instead of {expected}")]
    TooFewItems { part: &'static str, found: usize, expected: usize },
    /// Something follows the payload.
    #[error("{0} bytes follow the payload")]
    TooLong(usize),
    /// A protocol that this server does not have.
    #[error("the protocol of the message is not known here")]
    UnknownProtocol,
    /// A message that is not framed as one message of its protocol.
    #[error("the {0} message is not framed as one message")]
    Framing(&'static str),
    /// A message that breaks its protocol.
    #[error("the {protocol} message breaks its protocol: {error}")]
    Message { protocol: &'static str, error: ProtocolError },
    /// A message that is right, but should not be there.
    #[error("the {protocol} message {what}")]
    Unexpected { protocol: &'static str, what: &'static str },
}
