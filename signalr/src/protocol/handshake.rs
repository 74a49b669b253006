//! The first message of each direction.
//!
//! Both are JSON objects ended by a [`SEPARATOR`], whatever protocol is spoken afterwards.
//! Bytes behind the request are the first messages of that protocol.

use super::codec::{Protocol, TransferFormat};
use super::error::ProtocolError;
use super::framing::{Framing, SEPARATOR};
use super::json::property::{ReadError, int32, name_bytes, open_object, string, violation};
use super::json::scan::{Scanner, SyntaxError};
use super::json::text::write_string;
use std::borrow::Cow;
use std::io::Write;
use thiserror::Error;

/// The highest version of the hub protocols that is understood; all lower ones are accepted.
pub const MAX_VERSION: i32 = 2;

/// The version that a client asks for unless it wants stateful reconnect, which came with version 2.
pub const BASE_VERSION: i32 = 1;

/// What a client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandshakeRequest<'a> {
    /// The name of the protocol as the client writes it.
    pub protocol: Cow<'a, str>,
    /// The version of the protocol.
    pub version: i32,
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
        let mut scanner = Scanner::new(body);
        let (mut protocol, mut version) = (None, None);
        let mut first = true;
        open_object(&mut scanner)?;
        while let Some(name) = scanner.next_property(first)? {
            first = false;
            match name_bytes(name, &mut Cow::Borrowed(""))? {
                b"protocol" => string(&mut scanner, "protocol", &mut protocol)?,
                b"version" => version = int32(&mut scanner, "version")?,
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
        let _ = write!(out, ",\"version\":{}}}", self.version);
        out.push(SEPARATOR);
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
        let mut scanner = Scanner::new(body);
        let mut error = None;
        let mut first = true;
        open_object(&mut scanner)?;
        while let Some(name) = scanner.next_property(first)? {
            first = false;
            match name_bytes(name, &mut Cow::Borrowed(""))? {
                b"error" => string(&mut scanner, "error", &mut error)?,
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MALFORMED: &str = "An unexpected error occurred during connection handshake.";

    fn request(text: &str) -> Result<Option<(HandshakeRequest<'_>, usize)>, HandshakeError> {
        HandshakeRequest::parse(text.as_bytes(), Some(1024))
    }

    fn accepted(text: &str) -> (String, i32) {
        let (request, _) = request(text).unwrap().unwrap();
        (request.protocol.into_owned(), request.version)
    }

    fn details(text: &[u8]) -> String {
        let error = HandshakeRequest::parse(text, None).unwrap_err();
        assert_eq!(error.client_text(false), MALFORMED);
        error.client_text(true).strip_prefix(MALFORMED).unwrap().trim_start().to_owned()
    }

    #[test]
    fn reads_requests() {
        let (parsed, consumed) = request("{\"protocol\":\"json\",\"version\":1}\x1e{\"type\":6}\x1e").unwrap().unwrap();
        assert_eq!(parsed, HandshakeRequest { protocol: "json".into(), version: 1 });
        assert!(matches!(parsed.protocol, Cow::Borrowed(_)));
        assert_eq!(consumed, 32);
        assert_eq!(accepted("{\"version\":-5,\"x\":[{}],\"protocol\":\"JSON\"}\x1e"), ("JSON".to_owned(), -5));
        assert_eq!(accepted(" {\"pro\\u0074ocol\":\"a\",\"version\":0}xyz\x1e"), ("a".to_owned(), 0));
        assert_eq!(accepted("{\"protocol\":\"a\",\"version\":1,\"protocol\":\"b\"}\x1e"), ("b".to_owned(), 1));
    }

    #[test]
    fn waits_for_the_separator_up_to_the_limit() {
        assert_eq!(request(""), Ok(None));
        assert_eq!(request("nonsense"), Ok(None));
        assert_eq!(request(&" ".repeat(1023)), Ok(None));
        let too_large = request(&" ".repeat(1024)).unwrap_err();
        assert_eq!(too_large, HandshakeError::TooLarge);
        assert_eq!(too_large.client_text(true), "Handshake was canceled.");
        assert_eq!(HandshakeError::TimedOut.client_text(true), "Handshake was canceled.");
    }

    #[test]
    fn names_what_is_wrong_with_a_request() {
        for (text, expected) in [
            ("{}", "InvalidDataException: Missing required property 'protocol'. Message content: {}"),
            (
                "{\"protocol\":\"json\",\"version\":null}",
                "InvalidDataException: Missing required property 'version'. Message content: {\"protocol\":\"json\",\"version\":null}",
            ),
            ("{\"a\":1}}", "InvalidDataException: Missing required property 'protocol'. Message content: {\"a\":1}}"),
            (
                "{\"Protocol\":\"json\",\"version\":1}",
                "InvalidDataException: Missing required property 'protocol'. Message content: {\"Protocol\":\"json\",\"version\":1}",
            ),
            ("[]", "InvalidDataException: Unexpected JSON Token Type 'Array'. Expected a JSON Object."),
            ("1", "InvalidDataException: Unexpected JSON Token Type 'Number'. Expected a JSON Object."),
            ("\"a\"", "InvalidDataException: Unexpected JSON Token Type 'String'. Expected a JSON Object."),
            ("true", "InvalidDataException: Unexpected JSON Token Type 'True'. Expected a JSON Object."),
            ("null", "InvalidDataException: Unexpected JSON Token Type 'Null'. Expected a JSON Object."),
            ("{\"protocol\":1,\"version\":1}", "InvalidDataException: Expected 'protocol' to be of type String."),
            ("{\"protocol\":null,\"version\":1}", "InvalidDataException: Expected 'protocol' to be of type String."),
            ("{\"protocol\":{},\"version\":true", "InvalidDataException: Expected 'protocol' to be of type String."),
            (
                "{\"protocol\":\"json\",\"version\":\"1\"}",
                "InvalidDataException: Expected 'version' to be of type Number.",
            ),
            (
                "{\"protocol\":\"json\",\"version\":\"x\" x",
                "InvalidDataException: Expected 'version' to be of type Number.",
            ),
            (
                "{\"protocol\":\"json\",\"version\":1.0}",
                "FormatException: Either the JSON value is not in a supported format, or is out of bounds for an Int32.",
            ),
            (
                "{\"version\":99999999999}",
                "FormatException: Either the JSON value is not in a supported format, or is out of bounds for an Int32.",
            ),
            ("x", "JsonReaderException: Found 'x' where a value was expected. LineNumber: 0 | BytePositionInLine: 0."),
            (
                "",
                "JsonReaderException: Found the end where a value was expected. LineNumber: 0 | BytePositionInLine: 0.",
            ),
            (
                "{\"version\":\n 1,\n\"protocol\":\u{feff}}",
                "JsonReaderException: Found '0xEF' where a value was expected. LineNumber: 2 | BytePositionInLine: 11.",
            ),
            (
                "{\"version\":tru}",
                "JsonReaderException: Found '}' where a literal was expected. LineNumber: 0 | BytePositionInLine: 14.",
            ),
        ] {
            assert_eq!(details(format!("{text}\x1e").as_bytes()), expected, "{text}");
        }
        assert_eq!(
            details(b"{\"protocol\":\"\xff\",\"version\":1}\x1e"),
            "InvalidOperationException: Cannot transcode invalid UTF-8 JSON text to UTF-16 string."
        );
    }

    #[test]
    fn selects_a_protocol() {
        let select = |protocol: &'static str, version, supported: &[Protocol]| {
            let request = HandshakeRequest { protocol: protocol.into(), version };
            request.select(supported, true).map_err(|error| error.client_text(true))
        };
        assert_eq!(select("json", 1, Protocol::ALL), Ok(Protocol::Json));
        assert_eq!(select("JsOn", i32::MIN, Protocol::ALL), Ok(Protocol::Json));
        assert_eq!(select("json", 2, Protocol::ALL), Ok(Protocol::Json));
        let unsupported = "The server does not support version 9001 of the 'JsOn' protocol.";
        assert_eq!(select("JsOn", 9001, Protocol::ALL), Err(unsupported.to_owned()));
        assert_eq!(select("Nope", 9001, Protocol::ALL), Err("The protocol 'Nope' is not supported.".to_owned()));
        assert_eq!(select("json", 1, &[]), Err("The protocol 'json' is not supported.".to_owned()));
    }

    #[cfg(feature = "msgpack")]
    #[test]
    fn refuses_a_binary_protocol_on_a_text_transport() {
        let request = HandshakeRequest { protocol: "MessagePack".into(), version: 1 };
        assert_eq!(request.select(Protocol::ALL, true), Ok(Protocol::MessagePack));
        assert_eq!(
            request.select(Protocol::ALL, false).unwrap_err().to_string(),
            "Cannot use the 'messagepack' protocol on the current transport. \
             The transport does not support 'Binary' transfer format."
        );
    }

    #[test]
    fn writes_responses() {
        let written = |response: HandshakeResponse<'_>| {
            let mut out = Vec::new();
            response.write(&mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(written(HandshakeResponse::ACCEPTED), "{}\x1e");
        assert_eq!(written(HandshakeResponse::refused("no \"x\"")), "{\"error\":\"no \\\"x\\\"\"}\x1e");
    }

    #[test]
    fn takes_no_other_message_for_a_response() {
        let parse = |text: &'static [u8]| HandshakeResponse::parse(text, None);
        assert_eq!(parse(b"{}\x1e{\"type\":6}\x1e"), Ok(Some((HandshakeResponse::ACCEPTED, 3))));
        assert_eq!(parse(b"{\"minorVersion\":0}"), Ok(None));
        let error = parse(b"{\"type\":6}\x1e").unwrap_err();
        assert!(error.client_text(true).ends_with("Expected a handshake response from the server."));
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(protocol in any::<String>(), version in any::<i32>(), error in any::<Option<String>>()) {
            let mut out = Vec::new();
            let request = HandshakeRequest { protocol: protocol.into(), version };
            request.write(&mut out);
            prop_assert_eq!(HandshakeRequest::parse(&out, None), Ok(Some((request, out.len()))));
            let mut out = Vec::new();
            let response = HandshakeResponse { error: error.map(Cow::Owned) };
            response.write(&mut out);
            prop_assert_eq!(HandshakeResponse::parse(&out, None), Ok(Some((response, out.len()))));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let mut framed = bytes;
            let _ = HandshakeRequest::parse(&framed, Some(32));
            framed.push(SEPARATOR);
            let _ = HandshakeRequest::parse(&framed, Some(32));
            let _ = HandshakeResponse::parse(&framed, Some(32));
        }
    }
}
