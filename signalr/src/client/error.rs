//! What can become of a call, and whose fault it is.

use super::connect::ConnectError;
use crate::protocol::{Codec, CompletionError, DecodeError, EncodeError, Payload};
use crate::session::receive::SHUTTING_DOWN;
use serde::de::DeserializeOwned;
use std::fmt;
use std::time::Duration;
use thiserror::Error;

/// The error of a hub method, as the client received it (`HubException` of the .NET client, which has only the message).
///
/// A server of this crate can tell a [`code`](Self::code) and [`data`](Self::data) beside the text
/// ([`HubError::code`](crate::HubError::code)), other servers cannot.
///
/// ```
/// # use signalr::HubFailure;
/// #[derive(serde::Deserialize)]
/// struct Stock {
///     left: u32,
/// }
///
/// fn advice(failure: &HubFailure) -> String {
///     match (failure.code(), failure.data::<Stock>()) {
///         (Some("out_of_stock"), Some(Ok(stock))) => format!("only {} are left", stock.left),
///         _ => failure.message().to_owned(),
///     }
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct HubFailure {
    message: Box<str>,
    code: Option<Box<str>>,
    data: Option<(Codec, Box<[u8]>)>,
}

impl HubFailure {
    /// The text, in the server's words.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The short name of the error, if the server tells one.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Reads the data of the error, if the server tells any.
    ///
    /// # Errors
    /// Fails when the data cannot be read as a `T`.
    pub fn data<T: DeserializeOwned>(&self) -> Option<Result<T, DecodeError>> {
        self.data.as_ref().map(|(codec, bytes)| Payload::new(*codec, bytes).decode())
    }
}

impl From<CompletionError<'_>> for HubFailure {
    fn from(CompletionError { message, code, data }: CompletionError<'_>) -> Self {
        HubFailure {
            message: message.into(),
            code: code.map(Into::into),
            data: data.map(|data| (data.codec(), data.as_bytes().into())),
        }
    }
}

impl fmt::Display for HubFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// What users say to each other does not belong into logs.
impl fmt::Debug for HubFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("HubFailure");
        debug.field("message", &self.message).field("code", &self.code);
        debug.field("has_data", &self.data.is_some()).finish()
    }
}

/// Why a call or a connection failed.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// There is no connection, and nothing was sent.
    #[error("there is no connection to the server")]
    NotConnected,
    /// The connection could not be made.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The connection was lost. As the error of a call: after it was sent, so that it is not known whether the server has run
    /// it.
    #[error("the connection was lost: {0}")]
    ConnectionLost(String),
    /// The server has closed the connection, perhaps with an error. As the error of a call: after it was sent.
    #[error("the server closed the connection{}", .0.as_ref().map(|text| format!(": {text}")).unwrap_or_default())]
    Closed(Option<String>),
    /// No answer came in time. The call was cancelled.
    #[error("the server did not answer within {0:?}")]
    TimedOut(Duration),
    /// The hub's own error.
    #[error("{0}")]
    Hub(HubFailure),
    /// An argument cannot be serialised; nothing was sent.
    #[error("an argument of '{method}' cannot be serialised: {cause}")]
    Argument {
        /// The method that was to be called.
        method: String,
        /// Why it cannot.
        cause: EncodeError,
    },
    /// What the server sent cannot be read as the type that was expected.
    #[error("the {part} of '{method}' cannot be read{}: {cause}", at(.path))]
    Decode {
        /// The method that was called.
        method: String,
        /// Which part of it: its result or an item.
        part: &'static str,
        /// Where in it, such as `lines[2].price`; empty where it is the value itself.
        path: String,
        /// Why not.
        cause: String,
    },
    /// As much waits to be sent as may, and the call was not to wait.
    #[error("too much waits to be sent")]
    QueueFull,
}

/// The place of a failure, if it is not the whole value.
pub(super) fn at(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(" at {path}") }
}

impl ClientError {
    /// What was received cannot be read as a `T`.
    #[cold]
    pub(super) fn undecodable<T: DeserializeOwned>(
        method: &str,
        part: &'static str,
        cause: &DecodeError,
        value: &Payload<'_>,
    ) -> Self {
        let path = value.path_of_failure::<T>();
        ClientError::Decode { method: method.to_owned(), part, path, cause: cause.to_string() }
    }

    /// Whether it is the connection that failed, or a server that ends, so that the same may succeed on another connection.
    pub fn is_of_the_connection(&self) -> bool {
        match self {
            Self::NotConnected | Self::Connect(_) | Self::ConnectionLost(_) | Self::Closed(_) => true,
            Self::Hub(failure) => failure.code() == Some(SHUTTING_DOWN),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Message, Naming, Outcome, Protocol};

    /// The failure in a Completion that is read with this codec.
    fn received(codec: Codec, error: &CompletionError<'_>) -> HubFailure {
        let mut framed = Vec::new();
        codec.protocol.encode_error_with_info(&mut framed, "1", error).expect("the same protocol");
        let mut framing = crate::protocol::framing::Framing::new(codec.protocol, None);
        let frame = framing.next(&framed).expect("our own framing").expect("a whole message");
        match codec.decode(frame.body) {
            Ok(Message::Completion(completion)) => match completion.outcome {
                Outcome::Error(error) => error.into(),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_failure_keeps_what_stands_beside_its_text_and_how_to_read_it() {
        #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        struct Stock {
            items_left: u32,
        }
        for &protocol in Protocol::ALL {
            for naming in [Naming::AsDeclared, Naming::DotNet] {
                let codec = Codec::new(protocol, naming);
                let data = codec.value(&Stock { items_left: 3 }).expect("serialisable");
                let data = Some(Payload::new(protocol, &data));
                let failure =
                    received(codec, &CompletionError { code: Some("gone".into()), data, ..CompletionError::new("no") });
                assert_eq!((failure.message(), failure.code()), ("no", Some("gone")));
                assert_eq!(failure.data(), Some(Ok(Stock { items_left: 3 })));
                assert!(failure.data::<String>().is_some_and(|data| data.is_err()));
                assert_eq!(ClientError::Hub(failure).to_string(), "no");

                let failure = received(codec, &CompletionError::new("no"));
                assert_eq!((failure.code(), failure.data::<Stock>()), (None, None));
            }
        }
    }
}
