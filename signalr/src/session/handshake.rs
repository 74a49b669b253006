//! The server's side of the handshake: the first message says which protocol is spoken.

use super::close::CloseReason;
use super::outbound::Outbound;
use super::receive::with_buffer;
use crate::protocol::handshake::{HandshakeError, HandshakeRequest, HandshakeResponse};
use crate::protocol::{Protocol, TransferFormat};
use crate::transport::{Duplex, Received};
use futures_util::future::{Either, select};
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// What a client asked for in a handshake that succeeded.
#[derive(Debug)]
pub(crate) struct Handshake {
    pub(crate) protocol: Protocol,
    /// The version of the protocol.
    pub(crate) version: i32,
    /// Whether the client asked for what stands beside the text of errors.
    pub(crate) error_info: bool,
    /// What came behind it.
    pub(crate) received: Vec<u8>,
}

/// What handshakes are measured by.
#[derive(Debug, Clone)]
pub(crate) struct HandshakeRules {
    pub(crate) timeout: Duration,
    pub(crate) message_limit: Option<usize>,
    pub(crate) protocols: Vec<Protocol>,
    pub(crate) detailed_errors: bool,
    pub(crate) close_timeout: Duration,
}

/// Reads the handshake. The answer to a good one is the session's first message; a bad one is answered here, the connection
/// ended, and the reason returned. So it is when `stop` ends first: the server goes away.
pub(crate) async fn accept(
    duplex: &mut dyn Duplex,
    rules: &HandshakeRules,
    stop: impl Future<Output = ()>,
) -> Result<Handshake, CloseReason> {
    let end = {
        let handshake = pin!(tokio::time::timeout(rules.timeout, read(duplex, rules)));
        match select(handshake, pin!(stop)).await {
            Either::Left((Ok(result), _)) => result,
            Either::Left((Err(_elapsed), _)) => Err(Failure::Refused(HandshakeError::TimedOut)),
            Either::Right(((), _)) => Err(Failure::Stopped),
        }
    };
    let (error, reason) = match end {
        Ok(handshake) => return Ok(handshake),
        Err(Failure::Refused(error)) => (Some(error.client_text(rules.detailed_errors)), reason(&error)),
        // The peer has gone, or is told by its transport what it did wrong.
        Err(Failure::Ended(reason)) => (None, reason),
        Err(Failure::Stopped) => {
            duplex.go_away();
            (None, CloseReason::Drained)
        }
    };
    let mut answer = Outbound::default();
    if let Some(error) = error {
        tracing::debug!(%reason, "handshake refused");
        HandshakeResponse::refused(error).write(answer.encode_buffer());
    }
    let end = poll_fn(|cx| {
        // An error here means that the peer has gone.
        let _ = ready!(duplex.poll_send(cx, &mut answer, TransferFormat::Text));
        duplex.poll_close(cx)
    });
    let _ = tokio::time::timeout(rules.close_timeout, end).await;
    Err(reason)
}

/// What the application is told of a handshake that was refused.
fn reason(error: &HandshakeError) -> CloseReason {
    match error {
        HandshakeError::TimedOut => CloseReason::Timeout,
        HandshakeError::TooLarge => CloseReason::TooLarge("the handshake".to_owned()),
        _ => CloseReason::ProtocolError(error.client_text(true)),
    }
}

enum Failure {
    Refused(HandshakeError),
    Ended(CloseReason),
    Stopped,
}

async fn read(duplex: &mut dyn Duplex, rules: &HandshakeRules) -> Result<Handshake, Failure> {
    let mut received = Vec::new();
    loop {
        let parsed = HandshakeRequest::parse(&received, rules.message_limit).map_err(Failure::Refused)?;
        if let Some((request, length)) = parsed {
            let protocol = request.select(&rules.protocols, duplex.carries_binary()).map_err(Failure::Refused)?;
            let (version, error_info) = (request.version, request.error_info);
            received.drain(..length);
            return Ok(Handshake { protocol, version, error_info, received });
        }
        poll_fn(|cx| poll_read(duplex, cx, &mut received)).await?;
    }
}

/// Why a handshake came to nothing, for the client that asked.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The server said no, or something that is no handshake.
    Refused(String),
    /// The connection ended.
    Ended(String),
}

/// Asks the server for a protocol, and waits for its answer. Gives what came behind it.
#[cfg(feature = "client-core")]
pub(crate) async fn offer(
    duplex: &mut dyn Duplex,
    protocol: Protocol,
    version: i32,
    message_limit: Option<usize>,
) -> Result<Vec<u8>, Refusal> {
    let format = protocol.transfer_format();
    if format == TransferFormat::Binary && !duplex.carries_binary() {
        let text = format!("the transport carries text only, and '{}' is binary", protocol.name());
        return Err(Refusal::Refused(text));
    }
    let mut request = Outbound::default();
    // In JSON it comes without being asked for.
    let error_info = protocol != Protocol::Json;
    HandshakeRequest { protocol: protocol.name().into(), version, error_info }.write(request.encode_buffer());
    poll_fn(|cx| duplex.poll_send(cx, &mut request, TransferFormat::Text))
        .await
        .map_err(|error| Refusal::Ended(error.to_string()))?;
    let mut received = Vec::new();
    loop {
        let parsed = HandshakeResponse::parse(&received, message_limit);
        match parsed.map_err(|error| Refusal::Refused(error.client_text(true)))? {
            Some((HandshakeResponse { error: Some(error) }, _)) => return Err(Refusal::Refused(error.into_owned())),
            Some((HandshakeResponse { error: None }, length)) => {
                received.drain(..length);
                return Ok(received);
            }
            None => {}
        }
        poll_fn(|cx| poll_read(duplex, cx, &mut received)).await.map_err(|failure| {
            Refusal::Ended(match failure {
                Failure::Ended(CloseReason::ProtocolError(text) | CloseReason::TransportLost(text)) => text,
                _ => "the server closed the connection before its handshake".to_owned(),
            })
        })?;
    }
}

fn poll_read(duplex: &mut dyn Duplex, cx: &mut Context<'_>, request: &mut Vec<u8>) -> Poll<Result<(), Failure>> {
    with_buffer(|buffer| {
        let received = duplex.poll_receive(cx, buffer);
        // Answers of the transport itself, such as pongs; an error shows when reading.
        let _ = duplex.poll_send(cx, &mut Outbound::default(), TransferFormat::Text);
        match ready!(received) {
            Received::Data(count) => {
                request.extend_from_slice(buffer.get(..count).unwrap_or_default());
                Poll::Ready(Ok(()))
            }
            Received::Closed => Poll::Ready(Err(Failure::Ended(CloseReason::ClientClosed))),
            Received::Violation(error) => Poll::Ready(Err(Failure::Ended(CloseReason::ProtocolError(error)))),
            Received::Lost(error) => Poll::Ready(Err(Failure::Ended(CloseReason::TransportLost(error)))),
        }
    })
}
