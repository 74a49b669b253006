//! The first message of each direction.
//!
//! Both are JSON objects ended by a [`SEPARATOR`], whatever protocol is spoken afterwards.
//! Bytes behind the request are the first messages of that protocol.

use super::codec::{Protocol, TransferFormat};
use super::error::ProtocolError;
use super::framing::{Framing, SEPARATOR};
use super::json::property::{ReadError, boolean, int32, name_bytes, open_object, string, violation};
use super::json::scan::{Kind, Raw, Scanner, SyntaxError};
use super::json::text::write_string;
use std::borrow::Cow;
use std::io::Write;
use thiserror::Error;

/// The highest version of the hub protocols that is understood; all lower ones are accepted.
pub const MAX_VERSION: i32 = 2;

/// The version that a client asks for unless it wants stateful reconnect.
pub const BASE_VERSION: i32 = 1;

/// The version that stateful reconnect came with.
pub const STATEFUL_VERSION: i32 = 2;

/// What a client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandshakeRequest<'a> {
    /// The name of the protocol as the client writes it.
    pub protocol: Cow<'a, str>,
    /// The version of the protocol.
    pub version: i32,
    /// Whether the client wants to know what stands beside the text of errors ([`CompletionError`](super::CompletionError)) over
    /// MessagePack too: the property `errorInfo`, which servers that do not know it skip.
    pub error_info: bool,
}

/// What a server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandshakeResponse<'a> {
    /// Why the server refuses; `None` if it accepts.
    pub error: Option<Cow<'a, str>>,
}

/// Why a handshake fails. The text is the one that the client gets.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// No complete request came in time.
    #[error("Handshake was canceled.")]
    TimedOut,
    /// The request is larger than a message may be.
    #[error("Handshake was canceled.")]
    TooLarge,
    /// The protocol is unknown, or not to be used here.
    #[error("The protocol '{protocol}' is not supported.")]
    UnsupportedProtocol {
        /// The name as the client wrote it.
        protocol: String,
    },
    /// The version is higher than [`MAX_VERSION`].
    #[error("The server does not support version {version} of the '{protocol}' protocol.")]
    UnsupportedVersion {
        /// The version that the client asked for.
        version: i32,
        /// The name as the client wrote it.
        protocol: String,
    },
    /// The protocol is binary and the transport carries text only.
    #[error(
        "Cannot use the '{}' protocol on the current transport. The transport does not support 'Binary' transfer format.",
        .protocol.name()
    )]
    UnsupportedTransferFormat {
        /// The protocol that the client asked for.
        protocol: Protocol,
    },
    /// What came is not a handshake.
    #[error("An unexpected error occurred during connection handshake.")]
    Malformed(#[source] ProtocolError),
}

impl HandshakeError {
    /// The text for the client, with the cause if `detailed`.
    pub fn client_text(&self, detailed: bool) -> String {
        match self {
            HandshakeError::Malformed(cause) if detailed => format!("{self} {}: {cause}", cause.exception()),
            _ => self.to_string(),
        }
    }
}

impl<'a> HandshakeRequest<'a> {
    /// Reads the request that `buffer` begins with and tells how many bytes it takes; `None` if more are needed.
    ///
    /// # Errors
    /// Fails where the request is malformed, and as soon as it is known to be larger than `max_size`.
    pub fn parse(buffer: &'a [u8], max_size: Option<usize>) -> Result<Option<(Self, usize)>, HandshakeError> {
        parse(buffer, max_size, Self::read)
    }

    fn read(body: &'a [u8]) -> Result<Self, ReadError> {
        let mut scanner = Scanner::new(Raw::Bytes(body));
        let (mut protocol, mut version, mut error_info) = (None, None, false);
        let mut first = true;
        open_object(&mut scanner)?;
        while let Some(name) = scanner.next_property(first)? {
            first = false;
            match name_bytes(name, &mut Cow::Borrowed(""))? {
                b"protocol" => protocol = Some(string(&mut scanner, "protocol")?.into_cow()),
                b"version" => version = int32(&mut scanner, "version")?,
                // Whatever else others may mean by that name is no error.
                b"errorInfo" if scanner.peek_kind()? == Kind::True => error_info = boolean(&mut scanner, "errorInfo")?,
                _ => scanner.skip_value(1)?,
            }
        }
        let missing = |name| {
            let content = String::from_utf8_lossy(body);
            violation(format!("Missing required property '{name}'. Message content: {content}"))
        };
        Ok(HandshakeRequest {
            protocol: protocol.ok_or_else(|| missing("protocol"))?,
            version: version.ok_or_else(|| missing("version"))?,
            error_info,
        })
    }

    /// The protocol that is asked for, if it is among `supported` and fits the transport, which carries text and, if
    /// `binary`, any bytes as well.
    ///
    /// # Errors
    /// Fails for other protocols and for versions above [`MAX_VERSION`].
    pub fn select(&self, supported: &[Protocol], binary: bool) -> Result<Protocol, HandshakeError> {
        let protocol = Protocol::from_name(&self.protocol)
            .filter(|protocol| supported.contains(protocol))
            .ok_or_else(|| HandshakeError::UnsupportedProtocol { protocol: self.protocol.to_string() })?;
        if self.version > MAX_VERSION {
            let protocol = self.protocol.to_string();
            return Err(HandshakeError::UnsupportedVersion { version: self.version, protocol });
        }
        if protocol.transfer_format() == TransferFormat::Binary && !binary {
            return Err(HandshakeError::UnsupportedTransferFormat { protocol });
        }
        Ok(protocol)
    }

    /// Appends the request with its separator.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"protocol\":");
        write_string(out, &self.protocol);
        // A `Vec` takes everything: this cannot fail.
        let _ = write!(out, ",\"version\":{}", self.version);
        if self.error_info {
            out.extend_from_slice(b",\"errorInfo\":true");
        }
        out.extend_from_slice(&[b'}', SEPARATOR]);
    }
}

impl<'a> HandshakeResponse<'a> {
    /// The server accepts.
    pub const ACCEPTED: HandshakeResponse<'static> = HandshakeResponse { error: None };

    /// The server refuses for this reason.
    pub fn refused(error: impl Into<Cow<'a, str>>) -> Self {
        HandshakeResponse { error: Some(error.into()) }
    }

    /// Reads the response that `buffer` begins with and tells how many bytes it takes; `None` if more are needed.
    ///
    /// # Errors
    /// Fails where the response is malformed or is no handshake, and as soon as it is known to be larger than
    /// `max_size`.
    pub fn parse(buffer: &'a [u8], max_size: Option<usize>) -> Result<Option<(Self, usize)>, HandshakeError> {
        parse(buffer, max_size, Self::read)
    }

    fn read(body: &'a [u8]) -> Result<Self, ReadError> {
        let mut scanner = Scanner::new(Raw::Bytes(body));
        let mut error = None;
        let mut first = true;
        open_object(&mut scanner)?;
        while let Some(name) = scanner.next_property(first)? {
            first = false;
            match name_bytes(name, &mut Cow::Borrowed(""))? {
                b"error" => error = Some(string(&mut scanner, "error")?.into_cow()),
                // Only messages behind the handshake have a type.
                b"type" => return Err(violation("Expected a handshake response from the server.")),
                _ => scanner.skip_value(1)?,
            }
        }
        Ok(HandshakeResponse { error })
    }

    /// Appends the response with its separator.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        if let Some(error) = &self.error {
            out.extend_from_slice(b"\"error\":");
            write_string(out, error);
        }
        out.extend_from_slice(&[b'}', SEPARATOR]);
    }
}

fn parse<'a, T>(
    buffer: &'a [u8],
    max_size: Option<usize>,
    read: impl FnOnce(&'a [u8]) -> Result<T, ReadError>,
) -> Result<Option<(T, usize)>, HandshakeError> {
    let Some(frame) = Framing::new(Protocol::Json, max_size).next(buffer).map_err(|_| HandshakeError::TooLarge)? else {
        return Ok(None);
    };
    match read(frame.body) {
        Ok(message) => Ok(Some((message, frame.consumed))),
        Err(ReadError::Violation(violation)) => Err(HandshakeError::Malformed(*violation)),
        Err(ReadError::Syntax(error)) => Err(HandshakeError::Malformed(describe(frame.body, &error))),
    }
}

/// Says where `body` stops being JSON, in the manner of the reader of ASP.NET Core.
fn describe(body: &[u8], error: &SyntaxError) -> ProtocolError {
    let before = body.get(..error.at).unwrap_or(body);
    let line = before.iter().filter(|&&byte| byte == b'\n').count();
    let column = before.iter().rev().take_while(|&&byte| byte != b'\n').count();
    let found = match body.get(error.at) {
        Some(byte) if byte.is_ascii_graphic() => format!("'{}'", char::from(*byte)),
        Some(byte) => format!("'0x{byte:02X}'"),
        None => "the end".to_owned(),
    };
    let expected = error.expected;
    ProtocolError::json_reader(format!(
        "Found {found} where {expected} was expected. LineNumber: {line} | BytePositionInLine: {column}."
    ))
}

#[cfg(test)]
mod tests;
