//! What servers tell each other besides invocations: changes of groups, that they are done, and what a client has answered.

use super::WireError;
use super::fields::Fields;
use crate::protocol::Protocol;
use crate::protocol::packed::write::{write_array_len, write_bytes, write_signed, write_str};
use bytes::Bytes;

/// Tells the server that holds a connection to add it to a group or to remove it: `[id, server, action, group, connection]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GroupCommand<'a> {
    /// What the acknowledgement refers to.
    pub(crate) id: i32,
    /// The server that waits for the acknowledgement.
    pub(crate) server: &'a str,
    pub(crate) action: Action,
    pub(crate) group: &'a str,
    pub(crate) connection: &'a str,
}

/// What happens to the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Add,
    Remove,
}

impl Action {
    fn number(self) -> i64 {
        match self {
            Action::Add => 1,
            Action::Remove => 2,
        }
    }
}

impl<'a> GroupCommand<'a> {
    pub(crate) fn write(&self) -> Bytes {
        let length = self.server.len() + self.group.len() + self.connection.len();
        let mut out = Vec::with_capacity(22 + length);
        write_array_len(&mut out, 5);
        write_signed(&mut out, self.id.into());
        write_str(&mut out, self.server);
        write_signed(&mut out, self.action.number());
        write_str(&mut out, self.group);
        write_str(&mut out, self.connection);
        out.into()
    }

    pub(crate) fn read(payload: &'a [u8]) -> Result<Self, WireError> {
        let mut fields = Fields::new(payload, "the group command", 5)?;
        let id = fields.int32("the id of the group command")?;
        let server = fields.text("the name of the server")?;
        let action = match fields.int("the action")? {
            1 => Action::Add,
            2 => Action::Remove,
            value => return Err(WireError::UnknownValue { part: "the action", value }),
        };
        let group = fields.text("the name of the group")?;
        let connection = fields.text("the id of the connection")?;
        fields.finish()?;
        Ok(GroupCommand { id, server, action, group, connection })
    }
}

/// Acknowledges a group command: `[id]`.
pub(crate) fn ack(id: i32) -> Bytes {
    let mut out = Vec::with_capacity(6);
    write_array_len(&mut out, 1);
    write_signed(&mut out, id.into());
    out.into()
}

/// Reads which group command is acknowledged.
pub(crate) fn read_ack(payload: &[u8]) -> Result<i32, WireError> {
    let mut fields = Fields::new(payload, "the acknowledgement", 1)?;
    let id = fields.int32("the id of the acknowledgement")?;
    fields.finish()?;
    Ok(id)
}

/// Writes what a client has answered, as a framed Completion: `[protocol, message]`.
pub(crate) fn completion(protocol: Protocol, message: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(11 + protocol.name().len() + message.len());
    write_array_len(&mut out, 2);
    write_str(&mut out, protocol.name());
    write_bytes(&mut out, message);
    out.into()
}

/// Reads what a client has answered, as a framed Completion that is not [read](super::completed) yet.
pub(crate) fn read_completion(payload: &[u8]) -> Result<(Protocol, &[u8]), WireError> {
    let mut fields = Fields::new(payload, "the completion", 2)?;
    let name = fields.text("the protocol of the completion")?;
    let message = fields.bytes("the message of the completion")?;
    fields.finish()?;
    let protocol = Protocol::from_name(name).ok_or(WireError::UnknownProtocol)?;
    Ok((protocol, message))
}
