//! One message for many connections: encoded once per protocol, shared by all.

use crate::protocol::codec::InvocationHead;
use crate::protocol::payload::AnyArguments;
use crate::protocol::{Codec, EncodeError, Naming, Protocol};
use bytes::Bytes;
use smol_str::SmolStr;

/// An invocation of a client method, encoded in the protocols that its audience uses.
#[derive(Debug, Clone, Default)]
pub(crate) struct Envelope {
    pub(crate) encoded: Vec<(Protocol, Bytes)>,
    /// The name of a method of which only the latest message matters.
    pub(crate) latest: Option<SmolStr>,
    /// The protocols that it will never be in, as it comes from a server without them.
    pub(crate) lacking: Vec<Protocol>,
}

impl Envelope {
    /// Encodes a call; without an `id` it wants no answer.
    pub(crate) fn encode(
        protocols: &mut dyn Iterator<Item = Protocol>,
        naming: Naming,
        target: &str,
        id: Option<&str>,
        arguments: &dyn AnyArguments,
    ) -> Result<Self, EncodeError> {
        let head = InvocationHead { target, id, ..InvocationHead::default() };
        let encoded = protocols
            .map(|protocol| {
                let mut message = Vec::with_capacity(64);
                Codec::new(protocol, naming).write_invocation(&mut message, head, arguments)?;
                Ok((protocol, Bytes::from(message)))
            })
            .collect::<Result<_, EncodeError>>()?;
        Ok(Envelope { encoded, ..Envelope::default() })
    }

    /// The message for a connection of that protocol.
    pub(crate) fn message(&self, protocol: Protocol) -> Option<Bytes> {
        self.encoded.iter().find(|(known, _)| *known == protocol).map(|(_, message)| message.clone())
    }
}
