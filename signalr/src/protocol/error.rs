//! What can be wrong with received or outgoing messages.

use std::fmt;
use thiserror::Error;

/// A received message breaks the protocol; the connection cannot go on.
///
/// The text is the one that ASP.NET Core gives for the same violation, see [`exception`](Self::exception).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct ProtocolError {
    exception: &'static str,
    message: String,
    too_large: bool,
}

impl ProtocolError {
    /// A violation of the kind that ASP.NET Core names `InvalidDataException`.
    pub fn invalid_data(message: impl Into<String>) -> Self {
        ProtocolError { exception: "InvalidDataException", message: message.into(), too_large: false }
    }

    /// A violation of the kind that ASP.NET Core names `FormatException`.
    pub fn format(message: impl Into<String>) -> Self {
        ProtocolError { exception: "FormatException", message: message.into(), too_large: false }
    }

    /// A violation of the kind that ASP.NET Core names `InvalidOperationException`.
    pub fn invalid_operation(message: impl Into<String>) -> Self {
        ProtocolError { exception: "InvalidOperationException", message: message.into(), too_large: false }
    }

    /// A violation of the kind that ASP.NET Core names `JsonReaderException`.
    pub(crate) fn json_reader(message: impl Into<String>) -> Self {
        ProtocolError { exception: "JsonReaderException", message: message.into(), too_large: false }
    }

    /// A message above the size limit.
    pub(crate) fn too_large(message: impl Into<String>) -> Self {
        ProtocolError { too_large: true, ..Self::invalid_data(message) }
    }

    /// Whether the violation is a message above the size limit.
    pub fn is_too_large(&self) -> bool {
        self.too_large
    }

    /// The name that ASP.NET Core has for this kind of error; detailed errors put it before the text.
    pub fn exception(&self) -> &'static str {
        self.exception
    }
}

/// An argument, an item or a result cannot be read as the type it is meant for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct DecodeError(pub(crate) ValueError);

/// A value cannot be written in the protocol: its `Serialize` failed, or it is a number that JSON does not have.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct EncodeError(pub(crate) ValueError);

impl DecodeError {
    #[cold]
    pub(crate) fn new(text: impl Into<String>) -> Self {
        DecodeError(ValueError::new(text))
    }
}

impl EncodeError {
    #[cold]
    pub(crate) fn new(text: impl Into<String>) -> Self {
        EncodeError(ValueError::new(text))
    }
}

/// What is wrong with a value, in serde's words or ours. Boxed, so that results fit into registers: reading and writing values without
/// errors is what has to be fast.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
#[expect(clippy::box_collection, reason = "a boxed `str` takes two registers")]
pub(crate) struct ValueError(Box<String>);

impl ValueError {
    fn new(text: impl Into<String>) -> Self {
        ValueError(Box::new(text.into()))
    }
}

impl serde::de::Error for ValueError {
    #[cold]
    fn custom<T: fmt::Display>(message: T) -> Self {
        ValueError::new(message.to_string())
    }

    // As serde has them, but once for all members of all types.

    #[cold]
    #[inline(never)]
    fn missing_field(name: &'static str) -> Self {
        serde::de::Error::custom(format_args!("missing field `{name}`"))
    }

    #[cold]
    #[inline(never)]
    fn duplicate_field(name: &'static str) -> Self {
        serde::de::Error::custom(format_args!("duplicate field `{name}`"))
    }
}

impl serde::ser::Error for ValueError {
    #[cold]
    fn custom<T: fmt::Display>(message: T) -> Self {
        ValueError::new(message.to_string())
    }
}
