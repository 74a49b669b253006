//! What servers of this crate ask each other, on channels that .NET servers do not listen to.
//!
//! A question is `[id, server, kind, …]`, an answer `[id, kind, …]`.

use super::WireError;
use super::fields::Fields;
use crate::protocol::packed::write::{FALSE, NIL, TRUE, write_array_len, write_str, write_unsigned};
use bytes::Bytes;

/// A question to all servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ask<'a> {
    /// What the answers refer to.
    pub(crate) id: u64,
    /// The server that waits for the answers.
    pub(crate) server: &'a str,
    pub(crate) kind: AskKind<'a>,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AskKind<'a> {
    /// Close a connection; without a reason, abort it. Answered by whether there was one.
    Close { connection: &'a str, reason: Option<&'a str> },
    /// Who is in a group?
    Members { group: &'a str },
    /// How many are in a group?
    Count { group: &'a str },
    /// Is a user online?
    User { user: &'a str },
}

impl<'a> Ask<'a> {
    pub(crate) fn write(&self) -> Bytes {
        let mut out = Vec::new();
        let (items, kind, of) = match self.kind {
            AskKind::Close { connection, .. } => (5, 1, connection),
            AskKind::Members { group } => (4, 2, group),
            AskKind::Count { group } => (4, 3, group),
            AskKind::User { user } => (4, 4, user),
        };
        write_array_len(&mut out, items);
        write_unsigned(&mut out, self.id);
        write_str(&mut out, self.server);
        write_unsigned(&mut out, kind);
        write_str(&mut out, of);
        match self.kind {
            AskKind::Close { reason: Some(reason), .. } => write_str(&mut out, reason),
            AskKind::Close { reason: None, .. } => out.push(NIL),
            _ => {}
        }
        out.into()
    }

    pub(crate) fn read(payload: &'a [u8]) -> Result<Self, WireError> {
        let mut fields = Fields::new(payload, "the question", 4)?;
        let id = fields.unsigned("the id of the question")?;
        let server = fields.text("the name of the server")?;
        let kind = match fields.int("the kind of the question")? {
            1 => AskKind::Close {
                connection: fields.text("the id of the connection")?,
                reason: fields.text_or_nil("the reason")?,
            },
            2 => AskKind::Members { group: fields.text("the name of the group")? },
            3 => AskKind::Count { group: fields.text("the name of the group")? },
            4 => AskKind::User { user: fields.text("the user")? },
            value => return Err(WireError::UnknownValue { part: "the kind of the question", value }),
        };
        fields.finish()?;
        Ok(Ask { id, server, kind })
    }
}

/// What one server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer<'a> {
    /// The id of the question.
    pub(crate) id: u64,
    pub(crate) kind: AnswerKind<'a>,
}

/// The answer itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AnswerKind<'a> {
    /// Yes or no.
    Done(bool),
    /// The connections of this server.
    Members(Vec<&'a str>),
    /// How many there are on this server.
    Count(u64),
}

impl<'a> Answer<'a> {
    pub(crate) fn write(&self) -> Bytes {
        let mut out = Vec::new();
        write_array_len(&mut out, 3);
        write_unsigned(&mut out, self.id);
        match &self.kind {
            AnswerKind::Done(done) => out.extend_from_slice(&[1, if *done { TRUE } else { FALSE }]),
            AnswerKind::Members(members) => {
                write_unsigned(&mut out, 2);
                write_array_len(&mut out, members.len());
                for member in members {
                    write_str(&mut out, member);
                }
            }
            AnswerKind::Count(count) => {
                write_unsigned(&mut out, 3);
                write_unsigned(&mut out, *count);
            }
        }
        out.into()
    }

    pub(crate) fn read(payload: &'a [u8]) -> Result<Self, WireError> {
        let mut fields = Fields::new(payload, "the answer", 3)?;
        let id = fields.unsigned("the id of the answer")?;
        let kind = match fields.int("the kind of the answer")? {
            1 => AnswerKind::Done(fields.bool("whether it was done")?),
            2 => AnswerKind::Members(fields.texts("the list of members", "a member")?),
            3 => AnswerKind::Count(fields.unsigned("the count")?),
            value => return Err(WireError::UnknownValue { part: "the kind of the answer", value }),
        };
        fields.finish()?;
        Ok(Answer { id, kind })
    }
}
