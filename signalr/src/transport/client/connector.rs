//! The way to a connection: negotiation, then one transport after the other.

use super::address;
use super::long_polling;
use super::negotiated::Connection;
use super::negotiation::{Agreement, negotiate};
use super::requests::{Requests, Token};
use super::server_sent_events;
use super::token::Tokens;
use super::websocket;
use crate::client::connect::{ConnectError, Connector, Link, Negotiated, TransportFailure, Wanted};
use crate::client::http::HttpOptions;
use crate::protocol::Transport;
use crate::session::BoxFuture;
use crate::transport::Duplex;
use reqwest::Url;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Connects to the hub at one URL.
pub(crate) struct HttpConnector(Result<Arc<Hub>, ConnectError>);

struct Hub {
    url: Url,
    options: HttpOptions,
    requests: Requests,
}

impl HttpConnector {
    /// What is wrong with the options is said by every attempt to connect.
    pub(crate) fn new(options: HttpOptions) -> Self {
        let hub = address::parse(&options.url).map_err(ConnectError::Options).and_then(|url| {
            check(&options)?;
            Ok(Hub { url, requests: Requests::new(&options)?, options })
        });
        HttpConnector(hub.map(Arc::new))
    }
}

fn check(options: &HttpOptions) -> Result<(), ConnectError> {
    let wrong = |text: String| Err(ConnectError::Options(text));
    if let Some(other) = options.transports.iter().find(|transport| !Transport::ALL.contains(transport)) {
        return wrong(format!("'{}' is no transport over HTTP", other.name()));
    }
    if options.transports.is_empty() {
        return wrong("no transport is allowed".to_owned());
    }
    if options.skip_negotiation && options.transports.iter().any(|transport| *transport != Transport::WebSockets) {
        return wrong("without negotiation only WebSockets can be used, and other transports are allowed".to_owned());
    }
    Ok(())
}

impl Connector for HttpConnector {
    fn connect(&self, wanted: Wanted) -> BoxFuture<Result<Link, ConnectError>> {
        let hub = self.0.clone();
        Box::pin(async move { hub?.connect(wanted).await })
    }
}

impl Hub {
    async fn connect(&self, wanted: Wanted) -> Result<Link, ConnectError> {
        // Each connection has its own token: a redirect may have given the last one another.
        let requests = self.requests.with_tokens(Tokens::new(self.options.access_token.clone()));
        if self.options.skip_negotiation {
            let duplex = websocket::dial(&requests, self.url.clone(), Token::New).await?;
            return Ok(Link { duplex, transport: Transport::WebSockets, id: None, negotiated: None });
        }
        let first = negotiate(requests, self.url.clone(), wanted.stateful).await?;
        // Where to negotiate anew: a connection on which one transport has failed is not used for the next one.
        let place = (first.requests.clone(), first.url.clone());
        let mut agreement = Some(first);
        let mut failures = Vec::new();
        let (last, trial) = (self.options.transports.last(), self.options.trial_timeout);
        for transport in &self.options.transports {
            let is_last = last == Some(transport);
            let transport = *transport;
            let attempt = async {
                let agreement = match agreement.take() {
                    Some(agreement) => agreement,
                    None => negotiate(place.0.clone(), place.1.clone(), wanted.stateful).await?,
                };
                if let Some(reason) = unusable(&agreement, transport, wanted) {
                    return Ok((agreement, Err(reason)));
                }
                let opening = open(&agreement, transport);
                let duplex = if is_last {
                    opening.await?
                } else {
                    timeout(trial, opening).await.unwrap_or(Err(ConnectError::TimedOut(trial)))?
                };
                Ok((agreement, Ok(duplex)))
            };
            match attempt.await {
                Ok((agreement, Ok(duplex))) => {
                    tracing::debug!(transport = transport.name(), "connected");
                    return Ok(link(agreement, duplex, transport));
                }
                Ok((unused, Err(reason))) => {
                    agreement = Some(unused);
                    failures.push(TransportFailure { transport, error: None, reason: reason.to_owned() });
                }
                // Other transports would need the same.
                Err(error @ ConnectError::AccessToken(_)) => return Err(error),
                Err(error) => {
                    tracing::debug!(transport = transport.name(), %error, "a transport cannot be used");
                    failures.push(TransportFailure { transport, reason: error.to_string(), error: Some(error) });
                }
            }
        }
        Err(ConnectError::NoTransport(failures))
    }
}

/// Why the transport cannot even be tried.
fn unusable(agreement: &Agreement, transport: Transport, wanted: Wanted) -> Option<&'static str> {
    let format = wanted.protocol.transfer_format();
    let offered = agreement.answer.transports.iter().find(|offered| offered.transport == transport);
    match offered {
        None => Some("the server does not offer it"),
        Some(offered)
            if !offered.transfer_formats.contains(&format) || !transport.transfer_formats().contains(&format) =>
        {
            Some("it cannot carry the hub protocol")
        }
        Some(_) => None,
    }
}

async fn open(agreement: &Agreement, transport: Transport) -> Result<Box<dyn Duplex>, ConnectError> {
    let (requests, url) = (&agreement.requests, agreement.connection_url());
    match transport {
        Transport::ServerSentEvents => server_sent_events::open(requests, url).await,
        Transport::LongPolling => long_polling::open(requests, url).await,
        _ => websocket::dial(requests, url, Token::Current).await,
    }
}

fn link(agreement: Agreement, duplex: Box<dyn Duplex>, transport: Transport) -> Link {
    let answer = &agreement.answer;
    let id = Some(answer.connection_id.clone());
    // Only a WebSocket can be opened again for the same connection.
    let stateful = answer.stateful_reconnect && transport == Transport::WebSockets;
    let authenticated_for = answer.token_lifetime.map(Duration::from_secs);
    let connection = Arc::new(Connection(Arc::new(agreement)));
    Link { duplex, transport, id, negotiated: Some(Negotiated { stateful, authenticated_for, connection }) }
}
