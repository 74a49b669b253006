//! The answer to `POST …/negotiate`, which is always JSON, and the ids that are handed out in it.

use super::codec::TransferFormat;
use super::error::ProtocolError;
use super::json::text::write_string;
use serde::Deserialize;
use std::io::{self, Write};
use thiserror::Error;

/// The highest version of the negotiation that is understood.
pub const MAX_VERSION: i32 = 1;

/// How bytes travel between client and server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportType {
    /// A WebSocket in both directions.
    WebSockets,
    /// Events from the server, `POST` requests to it. Text only.
    ServerSentEvents,
    /// Requests that the server answers when it has something to say, `POST` requests to it.
    LongPolling,
}

impl TransportType {
    /// All transports, the preferred ones first.
    pub const ALL: &'static [TransportType] =
        &[TransportType::WebSockets, TransportType::ServerSentEvents, TransportType::LongPolling];

    /// The name in the answer, such as `WebSockets`.
    pub const fn name(self) -> &'static str {
        match self {
            TransportType::WebSockets => "WebSockets",
            TransportType::ServerSentEvents => "ServerSentEvents",
            TransportType::LongPolling => "LongPolling",
        }
    }

    /// The transport with this name, whose case does not matter.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|transport| transport.name().eq_ignore_ascii_case(name))
    }

    /// What the transport can carry.
    pub const fn transfer_formats(self) -> &'static [TransferFormat] {
        match self {
            TransportType::WebSockets | TransportType::LongPolling => &[TransferFormat::Text, TransferFormat::Binary],
            TransportType::ServerSentEvents => &[TransferFormat::Text],
        }
    }
}

impl TransferFormat {
    /// The name in the answer: `Text` or `Binary`.
    const fn name(self) -> &'static str {
        match self {
            TransferFormat::Text => "Text",
            TransferFormat::Binary => "Binary",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [TransferFormat::Text, TransferFormat::Binary]
            .into_iter()
            .find(|format| format.name().eq_ignore_ascii_case(name))
    }
}

/// The answer to a negotiation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NegotiateResponse {
    /// A connection waits to be opened.
    Connect(NegotiatedConnection),
    /// The client is to negotiate with another server.
    Redirect {
        /// Where that server is.
        url: String,
        /// The token to present there.
        access_token: Option<String>,
    },
    /// The server refuses.
    Error(String),
}

/// A connection that waits to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NegotiatedConnection {
    /// The version of the negotiation, at most [`MAX_VERSION`] when a server of ours answers.
    pub version: i32,
    /// The public name of the connection.
    pub connection_id: String,
    /// The secret by which its requests are told from those of others; before version 1 the id serves as such.
    pub connection_token: Option<String>,
    /// Whether the connection survives the loss of its socket.
    pub stateful_reconnect: bool,
    /// How it may be opened, in the order of the server's preference.
    pub transports: Vec<AvailableTransport>,
}

impl NegotiatedConnection {
    /// What stands in the `id` of the connection's requests.
    pub fn request_id(&self) -> &str {
        self.connection_token.as_deref().unwrap_or(&self.connection_id)
    }
}

/// A transport that the server offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvailableTransport {
    /// The transport.
    pub transport: TransportType,
    /// What it can carry there.
    pub transfer_formats: Vec<TransferFormat>,
}

impl From<TransportType> for AvailableTransport {
    fn from(transport: TransportType) -> Self {
        AvailableTransport { transport, transfer_formats: transport.transfer_formats().to_vec() }
    }
}

impl NegotiateResponse {
    /// The answer as compact JSON, its properties in the order in which ASP.NET Core writes them.
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(320);
        out.push(b'{');
        match self {
            NegotiateResponse::Error(error) => write_property(&mut out, "error", error),
            NegotiateResponse::Redirect { url, access_token } => {
                write_version(&mut out, 0);
                out.push(b',');
                write_property(&mut out, "url", url);
                if let Some(token) = access_token {
                    out.push(b',');
                    write_property(&mut out, "accessToken", token);
                }
                write_transports(&mut out, &[]);
            }
            NegotiateResponse::Connect(connection) => {
                if connection.stateful_reconnect {
                    out.extend_from_slice(b"\"useStatefulReconnect\":true,");
                }
                write_version(&mut out, connection.version);
                out.push(b',');
                write_property(&mut out, "connectionId", &connection.connection_id);
                if let Some(token) = connection.connection_token.as_ref().filter(|_| connection.version > 0) {
                    out.push(b',');
                    write_property(&mut out, "connectionToken", token);
                }
                write_transports(&mut out, &connection.transports);
            }
        }
        out.push(b'}');
        out
    }

    /// Reads an answer. Unknown properties, transports and transfer formats are skipped.
    ///
    /// # Errors
    /// Fails where the answer is not JSON, a property has the wrong type, or one that is needed is missing.
    pub fn parse(json: &[u8]) -> Result<Self, ProtocolError> {
        let properties: Properties = serde_json::from_slice(json)
            .map_err(|error| ProtocolError::invalid_data(format!("Invalid negotiation response received. {error}")))?;
        let present = |text: Option<String>| text.filter(|text| !text.is_empty());
        if let Some(error) = present(properties.error) {
            return Ok(NegotiateResponse::Error(error));
        }
        if let Some(url) = present(properties.url) {
            return Ok(NegotiateResponse::Redirect { url, access_token: present(properties.access_token) });
        }
        if properties.asp_net_version.is_some() {
            return Err(ProtocolError::invalid_data(
                "The server is an ASP.NET SignalR server, which is not supported.",
            ));
        }
        let version = properties.negotiate_version.unwrap_or(0);
        let connection_token = match properties.connection_token {
            Some(token) if version > 0 => Some(token),
            None if version > 0 => return Err(missing("connectionToken")),
            _ => None,
        };
        Ok(NegotiateResponse::Connect(NegotiatedConnection {
            version,
            connection_id: properties.connection_id.ok_or_else(|| missing("connectionId"))?,
            connection_token,
            stateful_reconnect: properties.use_stateful_reconnect.unwrap_or(false),
            transports: properties
                .available_transports
                .ok_or_else(|| missing("availableTransports"))?
                .into_iter()
                .filter_map(TransportProperties::known)
                .collect(),
        }))
    }
}

fn missing(name: &str) -> ProtocolError {
    ProtocolError::invalid_data(format!("Invalid negotiation response received. Missing required property '{name}'."))
}

fn write_property(out: &mut Vec<u8>, name: &str, value: &str) {
    write_string(out, name);
    out.push(b':');
    write_string(out, value);
}

fn write_version(out: &mut Vec<u8>, version: i32) {
    // A `Vec` takes everything: this cannot fail.
    let _ = write!(out, "\"negotiateVersion\":{version}");
}

fn write_transports(out: &mut Vec<u8>, transports: &[AvailableTransport]) {
    out.extend_from_slice(b",\"availableTransports\":[");
    for (index, available) in transports.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.push(b'{');
        write_property(out, "transport", available.transport.name());
        out.extend_from_slice(b",\"transferFormats\":[");
        for (index, format) in available.transfer_formats.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            write_string(out, format.name());
        }
        out.extend_from_slice(b"]}");
    }
    out.push(b']');
}

/// An answer as it stands in JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    error: Option<String>,
    url: Option<String>,
    access_token: Option<String>,
    /// Only the predecessor of ASP.NET Core has it.
    #[serde(rename = "ProtocolVersion")]
    asp_net_version: Option<serde::de::IgnoredAny>,
    negotiate_version: Option<i32>,
    connection_id: Option<String>,
    connection_token: Option<String>,
    use_stateful_reconnect: Option<bool>,
    available_transports: Option<Vec<TransportProperties>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TransportProperties {
    transport: String,
    transfer_formats: Vec<String>,
}

impl TransportProperties {
    fn known(self) -> Option<AvailableTransport> {
        Some(AvailableTransport {
            transport: TransportType::from_name(&self.transport)?,
            transfer_formats: self.transfer_formats.iter().filter_map(|name| TransferFormat::from_name(name)).collect(),
        })
    }
}

/// Why the version that a client asks for is refused. The text is the one that the client gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum VersionError {
    /// It is no whole number of 32 bits, or it was given more than once.
    #[error("The client requested a non-integer protocol version.")]
    NotAnInteger,
    /// It is lower than the lowest that the server accepts.
    #[error("The client requested version '{0}', but the server does not support this version.")]
    TooLow(i32),
}

impl From<VersionError> for NegotiateResponse {
    fn from(error: VersionError) -> Self {
        NegotiateResponse::Error(error.to_string())
    }
}

/// The version to negotiate with, given all (decoded) values of `negotiateVersion` in the query: 0 if there is none,
/// and never more than [`MAX_VERSION`].
///
/// # Errors
/// Fails where the values are not one whole number, and where it is less than `minimum`, which is usually 0.
pub fn parse_version<'a>(values: impl IntoIterator<Item = &'a str>, minimum: i32) -> Result<i32, VersionError> {
    let mut values = values.into_iter();
    let version = match (values.next(), values.next()) {
        (None, _) => 0,
        (Some(value), None) => parse_int32(value).ok_or(VersionError::NotAnInteger)?,
        (Some(_), Some(_)) => return Err(VersionError::NotAnInteger),
    };
    if version < minimum { Err(VersionError::TooLow(version)) } else { Ok(version.min(MAX_VERSION)) }
}

/// Reads a number as .NET does: blanks around it, a sign and leading zeros are allowed, and so are trailing NULs.
fn parse_int32(text: &str) -> Option<i32> {
    let is_blank = |character| matches!(character, ' ' | '\t'..='\r');
    text.trim_end_matches('\0').trim_matches(is_blank).parse().ok()
}

/// Makes the id or the token of a connection: 16 bytes that nobody can guess, as 22 characters of `A-Z a-z 0-9 - _`.
///
/// # Errors
/// Fails when the operating system has no randomness to give.
pub fn new_connection_id() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(base64url(u128::from_be_bytes(bytes)))
}

/// The base64url form of 16 bytes without padding; the last of its 22 characters holds two bits.
fn base64url(value: u128) -> String {
    let character = |six_bits: u128| match (six_bits & 0x3f) as u8 {
        value @ 0..26 => b'A' + value,
        value @ 26..52 => b'a' + (value - 26),
        value @ 52..62 => b'0' + (value - 52),
        62 => b'-',
        _ => b'_',
    };
    let whole = (0..21).map(|index| value >> (122 - 6 * index));
    whole.chain([value << 4]).map(|bits| char::from(character(bits))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn connection(version: i32, transports: &[TransportType]) -> NegotiatedConnection {
        NegotiatedConnection {
            version,
            connection_id: "ID".to_owned(),
            connection_token: (version > 0).then(|| "TOKEN".to_owned()),
            stateful_reconnect: false,
            transports: transports.iter().copied().map(AvailableTransport::from).collect(),
        }
    }

    fn json(response: &NegotiateResponse) -> String {
        String::from_utf8(response.to_json()).unwrap()
    }

    #[test]
    fn writes_connections() {
        assert_eq!(
            json(&NegotiateResponse::Connect(connection(1, TransportType::ALL))),
            "{\"negotiateVersion\":1,\"connectionId\":\"ID\",\"connectionToken\":\"TOKEN\",\"availableTransports\":[\
             {\"transport\":\"WebSockets\",\"transferFormats\":[\"Text\",\"Binary\"]},\
             {\"transport\":\"ServerSentEvents\",\"transferFormats\":[\"Text\"]},\
             {\"transport\":\"LongPolling\",\"transferFormats\":[\"Text\",\"Binary\"]}]}"
        );
        let stateful = NegotiatedConnection { stateful_reconnect: true, ..connection(1, &[]) };
        assert_eq!(
            json(&NegotiateResponse::Connect(stateful)),
            "{\"useStatefulReconnect\":true,\"negotiateVersion\":1,\"connectionId\":\"ID\",\
             \"connectionToken\":\"TOKEN\",\"availableTransports\":[]}"
        );
        let old = NegotiatedConnection { connection_token: Some("TOKEN".to_owned()), ..connection(0, &[]) };
        assert_eq!(
            json(&NegotiateResponse::Connect(old)),
            "{\"negotiateVersion\":0,\"connectionId\":\"ID\",\"availableTransports\":[]}"
        );
    }

    #[test]
    fn writes_errors_and_redirects() {
        assert_eq!(
            json(&VersionError::NotAnInteger.into()),
            "{\"error\":\"The client requested a non-integer protocol version.\"}"
        );
        let redirect =
            NegotiateResponse::Redirect { url: "https://x/\"".to_owned(), access_token: Some("t".to_owned()) };
        assert_eq!(
            json(&redirect),
            "{\"negotiateVersion\":0,\"url\":\"https://x/\\\"\",\"accessToken\":\"t\",\"availableTransports\":[]}"
        );
    }

    #[test]
    fn skips_what_it_does_not_know() {
        let parsed = NegotiateResponse::parse(
            b"{\"connectionId\":\"ID\",\"more\":[{}],\"error\":null,\"url\":\"\",\"connectionToken\":\"unused\",\
              \"availableTransports\":[{\"transport\":\"Pigeons\",\"transferFormats\":[]},\
              {\"transferFormats\":[\"Text\",\"Smoke\"],\"transport\":\"LongPolling\",\"x\":1}]}",
        );
        let transports = vec![AvailableTransport {
            transport: TransportType::LongPolling,
            transfer_formats: vec![TransferFormat::Text],
        }];
        assert_eq!(parsed, Ok(NegotiateResponse::Connect(NegotiatedConnection { transports, ..connection(0, &[]) })));
    }

    #[test]
    fn reads_redirects_and_errors_without_the_rest() {
        let redirect = NegotiateResponse::Redirect { url: "u".to_owned(), access_token: None };
        assert_eq!(NegotiateResponse::parse(b"{\"url\":\"u\"}"), Ok(redirect));
        let error = NegotiateResponse::Error("e".to_owned());
        assert_eq!(NegotiateResponse::parse(b"{\"error\":\"e\",\"url\":\"u\"}"), Ok(error));
    }

    #[test]
    fn refuses_incomplete_answers() {
        for (answer, name) in [
            ("{\"availableTransports\":[]}", "connectionId"),
            ("{\"connectionId\":\"ID\"}", "availableTransports"),
            ("{\"connectionId\":\"ID\",\"negotiateVersion\":1,\"availableTransports\":[]}", "connectionToken"),
        ] {
            let error = NegotiateResponse::parse(answer.as_bytes()).unwrap_err().to_string();
            assert!(error.ends_with(&format!("Missing required property '{name}'.")), "{error}");
        }
        assert!(NegotiateResponse::parse(b"<html>").is_err());
        assert!(NegotiateResponse::parse(b"{\"connectionId\":1}").is_err());
        let old = NegotiateResponse::parse(b"{\"ConnectionId\":\"x\",\"ProtocolVersion\":\"1.4\"}").unwrap_err();
        assert!(old.to_string().contains("ASP.NET SignalR"));
    }

    #[test]
    fn reads_versions_as_dotnet_does() {
        for (text, version) in [
            ("0", 0),
            ("1", 1),
            ("2", 1),
            (" 1 ", 1),
            ("+1", 1),
            ("-0", 0),
            ("001", 1),
            ("2147483647", 1),
            ("\t1\n", 1),
            ("\u{b}1\u{c}\r", 1),
            ("1\0", 1),
            (" 1\0", 1),
            ("00000000000000000000000001", 1),
        ] {
            assert_eq!(parse_version([text], 0), Ok(version), "{text:?}");
        }
        for text in [
            "",
            " ",
            "abc",
            "1.5",
            "1,1",
            "+",
            "-",
            "2147483648",
            "\u{a0}1",
            "1\0\0 ",
            "- 1",
            "1,000",
            "(1)",
            "0x1",
            "1-",
            "\u{2212}1",
            "-99999999999999",
            "\u{85}1",
            "\u{661}",
        ] {
            assert_eq!(parse_version([text], 0), Err(VersionError::NotAnInteger), "{text:?}");
        }
        assert_eq!(parse_version([], 0), Ok(0));
        assert_eq!(parse_version(["1", "1"], 0), Err(VersionError::NotAnInteger));
    }

    #[test]
    fn refuses_versions_below_the_minimum() {
        let text = |version| {
            format!("The client requested version '{version}', but the server does not support this version.")
        };
        let error =
            |values: &[&'static str], minimum| parse_version(values.iter().copied(), minimum).unwrap_err().to_string();
        assert_eq!(error(&[" -01 "], 0), text(-1));
        assert_eq!(error(&["-2147483648"], 0), text(i32::MIN));
        assert_eq!(error(&[], 1), text(0));
        assert_eq!(parse_version(["-5"], -5), Ok(-5));
    }

    #[test]
    fn encodes_ids() {
        assert_eq!(base64url(0), "AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(base64url(u128::MAX), "_____________________w");
        // The bytes 0, 16, 131, 16, 81, 135, .. give the alphabet in its order.
        assert_eq!(base64url(0x0010_8310_5187_2092_8b30_d38f_4114_9351), "ABCDEFGHIJKLMNOPQRSTUQ");
        assert_eq!(base64url(0x69b7_1d79_f821_8a39_259a_7a29_aabb_2dba), "abcdefghijklmnopqrstug");
        assert_eq!(base64url(0xfb_ef_be), "AAAAAAAAAAAAAAAAAPvvvg");
    }

    #[test]
    fn makes_ids_that_differ() {
        let (one, other) = (new_connection_id().unwrap(), new_connection_id().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.len(), 22);
        assert!(one.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(
            version in 0..3,
            texts in any::<(String, String)>(),
            stateful_reconnect in any::<bool>(),
            chosen in prop::sample::subsequence(TransportType::ALL.to_vec(), 0..=3),
        ) {
            let connection = NegotiatedConnection {
                connection_id: texts.0,
                connection_token: (version > 0).then_some(texts.1),
                stateful_reconnect,
                ..connection(version, &chosen)
            };
            let response = NegotiateResponse::Connect(connection);
            prop_assert_eq!(NegotiateResponse::parse(&response.to_json()), Ok(response));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = NegotiateResponse::parse(&bytes);
        }
    }
}
