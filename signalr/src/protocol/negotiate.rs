//! The answer to `POST …/negotiate`, which is always JSON, and the ids that are handed out in it.

use super::codec::TransferFormat;
use super::error::ProtocolError;
use super::json::text::write_string;
use super::transport::Transport;
use serde::Deserialize;
use std::io::Write;

mod id;
mod version;

pub use id::new_connection_id;
pub use version::{MAX_VERSION, VersionError, parse_version};

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
    /// The whole seconds that are left of the client's credentials, where they can be renewed while the connection goes on.
    pub token_lifetime: Option<u64>,
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
    pub transport: Transport,
    /// What it can carry there.
    pub transfer_formats: Vec<TransferFormat>,
}

impl From<Transport> for AvailableTransport {
    fn from(transport: Transport) -> Self {
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
                if let Some(seconds) = connection.token_lifetime {
                    let _ = write!(out, ",\"tokenLifetimeSeconds\":{seconds}");
                }
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
            token_lifetime: properties.token_lifetime_seconds,
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
    token_lifetime_seconds: Option<u64>,
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
            transport: Transport::from_name(&self.transport)?,
            transfer_formats: self.transfer_formats.iter().filter_map(|name| TransferFormat::from_name(name)).collect(),
        })
    }
}

#[cfg(test)]
mod tests;
