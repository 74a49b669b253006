//! The hub protocols behind one type: which there are, how a message is read and how one is written.
//!
//! Every function that writes appends one whole message with its framing to the buffer, or leaves the buffer as it
//! was when a value cannot be serialised.

use super::error::{EncodeError, ProtocolError};
use super::json::{self, Raw};
use super::message::{CompletionError, Message};
#[cfg(feature = "msgpack")]
use super::msgpack;
use super::naming::Naming;
use super::payload::{AnyArguments, AnyValue, WireArguments};
use serde::Serialize;

/// A hub protocol: how messages look in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// `json`: one JSON object per message, text.
    Json,
    /// `messagepack`: one MessagePack array per message, binary.
    #[cfg(feature = "msgpack")]
    MessagePack,
}

/// What a transport must be able to carry for a protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransferFormat {
    /// UTF-8 text.
    Text,
    /// Any bytes.
    Binary,
}

/// Calls the function of the same name in the module of the protocol.
macro_rules! dispatch {
    ($protocol:expr, $function:ident($($argument:expr),*)) => {
        match $protocol {
            Protocol::Json => json::$function($($argument),*),
            #[cfg(feature = "msgpack")]
            Protocol::MessagePack => msgpack::$function($($argument),*),
        }
    };
}

impl Protocol {
    /// All protocols that this build has, the default one first.
    pub const ALL: &'static [Protocol] = &[
        Protocol::Json,
        #[cfg(feature = "msgpack")]
        Protocol::MessagePack,
    ];

    /// The name in the handshake: `json` or `messagepack`.
    pub const fn name(self) -> &'static str {
        match self {
            Protocol::Json => "json",
            #[cfg(feature = "msgpack")]
            Protocol::MessagePack => "messagepack",
        }
    }

    /// The protocol with this name, whose case does not matter.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|protocol| protocol.name().eq_ignore_ascii_case(name))
    }

    /// What a transport must be able to carry for this protocol.
    pub const fn transfer_format(self) -> TransferFormat {
        match self {
            Protocol::Json => TransferFormat::Text,
            #[cfg(feature = "msgpack")]
            Protocol::MessagePack => TransferFormat::Binary,
        }
    }

    /// Whether a comma stands between encoded arguments.
    pub(crate) const fn separates_arguments(self) -> bool {
        matches!(self, Protocol::Json)
    }

    /// Reads one message without its framing (see [`framing`](super::framing)).
    ///
    /// # Errors
    /// Fails where the message breaks the protocol. Messages of unknown type are no error.
    pub fn decode(self, message: &[u8]) -> Result<Message<'_>, ProtocolError> {
        self.decode_raw(Raw::Bytes(message))
    }

    /// As [`decode`](Self::decode); what is known to be text is not checked again.
    #[inline(always)]
    fn decode_raw(self, message: Raw<'_>) -> Result<Message<'_>, ProtocolError> {
        match self {
            Protocol::Json => json::decode(message),
            #[cfg(feature = "msgpack")]
            Protocol::MessagePack => msgpack::decode(message.as_bytes()),
        }
    }

    /// Writes an Invocation, or a StreamInvocation if `streaming`. Without an id no answer is wanted.
    ///
    /// # Errors
    /// Fails when an argument cannot be serialised.
    pub fn encode_invocation<A: WireArguments + ?Sized>(
        self,
        out: &mut Vec<u8>,
        head: InvocationHead<'_>,
        arguments: &A,
    ) -> Result<(), EncodeError> {
        Codec::from(self).encode_invocation(out, head, arguments)
    }

    /// Writes a StreamItem.
    ///
    /// # Errors
    /// Fails when the item cannot be serialised.
    pub fn encode_stream_item<T: Serialize + ?Sized>(
        self,
        out: &mut Vec<u8>,
        id: &str,
        item: &T,
    ) -> Result<(), EncodeError> {
        Codec::from(self).encode_stream_item(out, id, item)
    }

    /// Writes a Completion with a value. A method that returns nothing answers `&()`, which is null on the wire.
    ///
    /// # Errors
    /// Fails when the value cannot be serialised.
    pub fn encode_result<T: Serialize + ?Sized>(
        self,
        out: &mut Vec<u8>,
        id: &str,
        value: &T,
    ) -> Result<(), EncodeError> {
        Codec::from(self).encode_result(out, id, value)
    }

    /// Writes a Completion with an error.
    pub fn encode_error(self, out: &mut Vec<u8>, id: &str, error: &str) {
        dispatch!(self, encode_error(out, id, error));
    }

    /// Writes a Completion with an error and what it says beside its text.
    ///
    /// # Errors
    /// Fails when the data is encoded in another protocol, and when the message is longer than the protocol allows.
    pub fn encode_error_with_info(
        self,
        out: &mut Vec<u8>,
        id: &str,
        error: &CompletionError<'_>,
    ) -> Result<(), EncodeError> {
        if let Some(data) = error.data.filter(|data| data.protocol() != self) {
            let (data, name) = (data.protocol().name(), self.name());
            return Err(EncodeError::new(format!("the data is encoded in {data}, the message in {name}")));
        }
        rolled_back(out, |out| dispatch!(self, encode_error_with_info(out, id, error)))
    }

    /// Writes a Completion with neither value nor error: the end of a stream.
    pub fn encode_end(self, out: &mut Vec<u8>, id: &str) {
        dispatch!(self, encode_end(out, id));
    }

    /// Writes a CancelInvocation.
    pub fn encode_cancel(self, out: &mut Vec<u8>, id: &str) {
        dispatch!(self, encode_cancel(out, id));
    }

    /// Writes a Ping.
    pub fn encode_ping(self, out: &mut Vec<u8>) {
        dispatch!(self, encode_ping(out));
    }

    /// Writes a Close.
    pub fn encode_close(self, out: &mut Vec<u8>, error: Option<&str>, allow_reconnect: bool) {
        dispatch!(self, encode_close(out, error, allow_reconnect));
    }

    /// Writes an Ack.
    pub fn encode_ack(self, out: &mut Vec<u8>, sequence_id: i64) {
        dispatch!(self, encode_ack(out, sequence_id));
    }

    /// Writes a Sequence.
    pub fn encode_sequence(self, out: &mut Vec<u8>, sequence_id: i64) {
        dispatch!(self, encode_sequence(out, sequence_id));
    }
}

/// A hub protocol, and how the members of structs are named in it. Everything without values is the same in all
/// namings, and written by the [`Protocol`] alone.
///
/// ```
/// use signalr::protocol::{Codec, Naming, Protocol};
///
/// #[derive(serde::Serialize)]
/// struct Player {
///     high_score: u32,
/// }
///
/// let mut out = Vec::new();
/// Codec::new(Protocol::Json, Naming::DotNet).encode_result(&mut out, "1", &Player { high_score: 7 })?;
/// assert_eq!(out, b"{\"type\":3,\"invocationId\":\"1\",\"result\":{\"highScore\":7}}\x1e");
/// # Ok::<(), signalr::protocol::EncodeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Codec {
    /// How messages look in bytes.
    pub protocol: Protocol,
    /// How members are named.
    pub naming: Naming,
}

impl From<Protocol> for Codec {
    /// The protocol with names as they are declared.
    fn from(protocol: Protocol) -> Self {
        Codec { protocol, naming: Naming::AsDeclared }
    }
}

impl Codec {
    /// A protocol with this naming.
    pub const fn new(protocol: Protocol, naming: Naming) -> Self {
        Codec { protocol, naming }
    }

    /// Reads one message as [`Protocol::decode`] does; its values are read with this naming.
    ///
    /// # Errors
    /// Fails where the message breaks the protocol. Messages of unknown type are no error.
    pub fn decode(self, message: &[u8]) -> Result<Message<'_>, ProtocolError> {
        self.decode_raw(Raw::Bytes(message))
    }

    /// As [`decode`](Self::decode); what is known to be text is not checked again.
    #[inline]
    pub(crate) fn decode_raw(self, message: Raw<'_>) -> Result<Message<'_>, ProtocolError> {
        // Messages are large to move: only those that are changed go through a variable.
        if self.naming == Naming::AsDeclared {
            return self.protocol.decode_raw(message);
        }
        let mut message = self.protocol.decode_raw(message)?;
        message.set_naming(self.naming);
        Ok(message)
    }

    /// As [`decode`](Self::decode), of bytes that must be one well-formed message and nothing else: others will be given them as
    /// they are.
    pub(crate) fn decode_whole(self, message: &[u8]) -> Result<Message<'_>, ProtocolError> {
        let mut message = dispatch!(self.protocol, decode_whole(message))?;
        if self.naming != Naming::AsDeclared {
            message.set_naming(self.naming);
        }
        Ok(message)
    }

    /// Writes an Invocation, or a StreamInvocation if `streaming`. Without an id no answer is wanted.
    ///
    /// # Errors
    /// Fails when an argument cannot be serialised.
    pub fn encode_invocation<A: WireArguments + ?Sized>(
        self,
        out: &mut Vec<u8>,
        head: InvocationHead<'_>,
        arguments: &A,
    ) -> Result<(), EncodeError> {
        self.write_invocation(out, head, &arguments)
    }

    /// Writes a StreamItem.
    ///
    /// # Errors
    /// Fails when the item cannot be serialised.
    pub fn encode_stream_item<T: Serialize + ?Sized>(
        self,
        out: &mut Vec<u8>,
        id: &str,
        item: &T,
    ) -> Result<(), EncodeError> {
        self.write_stream_item(out, id, &item)
    }

    /// What is the same in each item of one stream, for [`encode_next_stream_item`](Self::encode_next_stream_item).
    pub(crate) fn stream_item_head(self, id: &str) -> Box<[u8]> {
        let mut head = Vec::new();
        dispatch!(self.protocol, write_stream_item_head(&mut head, id));
        head.into()
    }

    /// Writes a Completion with a value. A method that returns nothing answers `&()`, which is null on the wire.
    ///
    /// # Errors
    /// Fails when the value cannot be serialised.
    pub fn encode_result<T: Serialize + ?Sized>(
        self,
        out: &mut Vec<u8>,
        id: &str,
        value: &T,
    ) -> Result<(), EncodeError> {
        self.write_result(out, id, &value)
    }

    // ---- the same, of any type ----

    pub(crate) fn write_invocation(
        self,
        out: &mut Vec<u8>,
        head: InvocationHead<'_>,
        arguments: &dyn AnyArguments,
    ) -> Result<(), EncodeError> {
        rolled_back(out, |out| dispatch!(self.protocol, encode_invocation(out, head, arguments, self.naming)))
    }

    pub(crate) fn write_stream_item(self, out: &mut Vec<u8>, id: &str, item: &dyn AnyValue) -> Result<(), EncodeError> {
        rolled_back(out, |out| dispatch!(self.protocol, encode_stream_item(out, id, item, self.naming)))
    }

    /// Writes a StreamItem with this [head](Self::stream_item_head).
    pub(crate) fn write_next_stream_item(
        self,
        out: &mut Vec<u8>,
        head: &[u8],
        item: &dyn AnyValue,
    ) -> Result<(), EncodeError> {
        rolled_back(out, |out| dispatch!(self.protocol, encode_next_stream_item(out, head, item, self.naming)))
    }

    pub(crate) fn write_result(self, out: &mut Vec<u8>, id: &str, value: &dyn AnyValue) -> Result<(), EncodeError> {
        rolled_back(out, |out| dispatch!(self.protocol, encode_result(out, id, value, self.naming)))
    }

    /// Writes a Completion with a value that is encoded already.
    pub(crate) fn encode_encoded_result(self, out: &mut Vec<u8>, id: &str, value: &[u8]) -> Result<(), EncodeError> {
        rolled_back(out, |out| dispatch!(self.protocol, encode_encoded_result(out, id, value)))
    }

    /// Writes an Invocation whose `count` arguments are [encoded](Self::arguments) already.
    pub(crate) fn encode_encoded_invocation(
        self,
        out: &mut Vec<u8>,
        head: InvocationHead<'_>,
        arguments: &[u8],
        count: usize,
    ) -> Result<(), EncodeError> {
        rolled_back(out, |out| dispatch!(self.protocol, encode_encoded_invocation(out, head, arguments, count)))
    }

    /// One value without anything around it.
    pub(crate) fn value(self, value: &dyn AnyValue) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::new();
        match self.protocol {
            Protocol::Json => value.write_json(&mut out, self.naming)?,
            #[cfg(feature = "msgpack")]
            Protocol::MessagePack => value.write_message_pack(&mut out, self.naming)?,
        }
        Ok(out)
    }

    /// Arguments in the form of [`Arguments`](super::Arguments).
    pub(crate) fn arguments(self, arguments: &dyn AnyArguments) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::new();
        match self.protocol {
            Protocol::Json => arguments.write_json(&mut out, self.naming)?,
            #[cfg(feature = "msgpack")]
            Protocol::MessagePack => arguments.write_message_pack(&mut out, self.naming)?,
        }
        Ok(out)
    }
}

/// What an Invocation says besides its arguments.
#[derive(Debug, Clone, Copy, Default)]
pub struct InvocationHead<'a> {
    /// Whether the caller expects a stream.
    pub streaming: bool,
    /// What the answer refers to; `None` if no answer is wanted.
    pub id: Option<&'a str>,
    /// The name of the method.
    pub target: &'a str,
    /// The ids of the streams that the caller will send.
    pub stream_ids: &'a [&'a str],
    /// Headers of the message, such as `traceparent`.
    pub headers: &'a [(&'a str, &'a str)],
}

/// Undoes what `encode` wrote if it fails or panics: a half-written message must never leave.
#[inline]
fn rolled_back(
    out: &mut Vec<u8>,
    encode: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    struct Rollback<'a> {
        out: &'a mut Vec<u8>,
        length: usize,
    }
    impl Drop for Rollback<'_> {
        fn drop(&mut self) {
            self.out.truncate(self.length);
        }
    }
    let length = out.len();
    let mut guard = Rollback { out, length };
    encode(guard.out)?;
    guard.length = guard.out.len();
    Ok(())
}
