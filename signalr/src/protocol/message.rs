//! What a message of the hub protocol says, borrowed from the received bytes.

use super::naming::Naming;
use super::payload::{Arguments, Payload};
use std::borrow::Cow;

/// One message of the hub protocol. Arguments, items and results stay encoded until the types they are meant for
/// are known.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Message<'a> {
    /// A method is called (types 1 and 4).
    Invocation(Invocation<'a>),
    /// One item of a stream, in either direction (type 2).
    StreamItem(StreamItem<'a>),
    /// The end of a call or of a stream (type 3).
    Completion(Completion<'a>),
    /// The caller no longer wants the result or the rest of the stream (type 5).
    CancelInvocation {
        /// The id of the invocation to cancel.
        id: Cow<'a, str>,
    },
    /// A sign of life (type 6).
    Ping,
    /// The peer ends the connection (type 7).
    Close {
        /// Why, if it was an error.
        error: Option<Cow<'a, str>>,
        /// Whether a client may reconnect by itself.
        allow_reconnect: bool,
    },
    /// Messages up to this number were processed (type 8, stateful reconnect).
    Ack {
        /// The number of the last processed message.
        sequence_id: i64,
    },
    /// The number of the next message that will be sent again (type 9, stateful reconnect).
    Sequence {
        /// The number of the first message that follows.
        sequence_id: i64,
    },
    /// A type of message that this version does not know; receivers skip it.
    Unknown {
        /// The number in place of the type.
        kind: i64,
    },
}

impl Message<'_> {
    /// Lets the values be read with this naming.
    #[cold]
    pub(super) fn set_naming(&mut self, naming: Naming) {
        match self {
            Message::Invocation(invocation) => invocation.arguments.set_naming(naming),
            Message::StreamItem(item) => item.item.set_naming(naming),
            Message::Completion(Completion { outcome, .. }) => match outcome {
                Outcome::Result(value) | Outcome::Error(CompletionError { data: Some(value), .. }) => {
                    value.set_naming(naming);
                }
                Outcome::Void | Outcome::Error(_) => {}
            },
            _ => {}
        }
    }
}

/// A call of a method, with or without a stream as its result.
#[derive(Debug, Clone)]
pub struct Invocation<'a> {
    /// Whether the caller expects a stream (StreamInvocation, type 4).
    pub streaming: bool,
    /// What the answer refers to; `None` if the caller wants no answer. Never empty.
    pub id: Option<Cow<'a, str>>,
    /// The name of the method.
    pub target: Cow<'a, str>,
    /// The arguments, still encoded.
    pub arguments: Arguments<'a>,
    /// The ids of the streams that the caller sends with this call, in the order of the parameters.
    pub stream_ids: Vec<Cow<'a, str>>,
    /// Headers of the message, such as `traceparent`.
    pub headers: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

/// One item of a stream.
#[derive(Debug, Clone)]
pub struct StreamItem<'a> {
    /// The invocation (stream to the caller) or the stream id (stream from the caller) that the item belongs to.
    pub id: Cow<'a, str>,
    /// The item, still encoded.
    pub item: Payload<'a>,
}

/// The end of a call or of a stream.
#[derive(Debug, Clone)]
pub struct Completion<'a> {
    /// The invocation or the stream id that ends.
    pub id: Cow<'a, str>,
    /// How it ended.
    pub outcome: Outcome<'a>,
}

/// How a call or a stream ended.
#[derive(Debug, Clone)]
pub enum Outcome<'a> {
    /// Without a value.
    Void,
    /// With a value, still encoded.
    Result(Payload<'a>),
    /// With an error.
    Error(CompletionError<'a>),
}

/// The error of a call or of a stream.
///
/// Beside its text it may have a code and data for programs: `errorInfo`, a property of the JSON object and the sixth item of the
/// MessagePack array, which has the members `code` and `data`. It is no part of Microsoft's protocol. Their clients and
/// servers skip what they do not know, with one exception: their Java client ends a connection over MessagePack for it. So there
/// it is sent to those clients only that ask for it in the handshake
/// ([`HandshakeRequest::error_info`](super::handshake::HandshakeRequest::error_info)). What has another form is ignored.
#[derive(Debug, Clone, Default)]
pub struct CompletionError<'a> {
    /// The text, in the words of the peer.
    pub message: Cow<'a, str>,
    /// A short name of the error that programs can compare.
    pub code: Option<Cow<'a, str>>,
    /// What else programs may want to know of the error, still encoded.
    pub data: Option<Payload<'a>>,
}

impl<'a> CompletionError<'a> {
    /// An error that is a text alone.
    pub fn new(message: impl Into<Cow<'a, str>>) -> Self {
        CompletionError { message: message.into(), code: None, data: None }
    }
}
