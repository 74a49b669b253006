//! Handshakes that fail.

use crate::server::{client, frame, serve};
use client_tests::{LONG, expect_tasks, tasks, within};
use signalr::protocol::Protocol;
use signalr::{ClientError, ConnectError};
use std::time::Duration;

/// Connects to a server that answers the handshake with these bytes, in a frame, and leaves or stays.
async fn answered(protocol: Protocol, bytes: Vec<u8>, leaves: bool) -> Result<(), ClientError> {
    answered_within(Duration::from_millis(300), protocol, bytes, leaves).await
}

async fn answered_within(
    timeout: Duration,
    protocol: Protocol,
    bytes: Vec<u8>,
    leaves: bool,
) -> Result<(), ClientError> {
    let url = serve(move |mut peer| {
        let bytes = bytes.clone();
        async move {
            peer.upgrade().await;
            peer.payload().await;
            peer.write(&bytes).await;
            if !leaves {
                peer.rest().await;
            }
        }
    })
    .await;
    let before = tasks();
    let builder = client(&url, protocol).handshake_timeout(timeout);
    let connected = within(builder.connect()).await.map(drop);
    expect_tasks(before).await;
    connected
}

#[tokio::test]
async fn a_refusal_is_told_in_the_servers_words() {
    let answer = frame(Protocol::Json, b"{\"error\":\"you are too old\"}\x1e");
    let error = answered(Protocol::Json, answer, false).await.unwrap_err();
    assert!(
        matches!(&error, ClientError::Connect(ConnectError::Handshake(text)) if text == "you are too old"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up() {
    for protocol in [Protocol::Json, Protocol::MessagePack] {
        for answer in [vec![], frame(protocol, b"{"), frame(protocol, b"{}")] {
            let error = answered(protocol, answer, false).await.unwrap_err();
            assert!(matches!(error, ClientError::Connect(ConnectError::TimedOut(_))), "{error:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_leaves_at_any_byte_is_lost() {
    for protocol in [Protocol::Json, Protocol::MessagePack] {
        let answer = frame(protocol, b"{}\x1e");
        for cut in 0..answer.len() {
            let error = answered(protocol, answer[..cut].to_vec(), true).await.unwrap_err();
            assert!(matches!(error, ClientError::Connect(ConnectError::Transport(_))), "{cut}: {error:?}");
        }
        // It may be too late to hear that it was connected.
        let connected = answered(protocol, answer, true).await;
        assert!(matches!(connected, Ok(()) | Err(ClientError::ConnectionLost(_))), "{connected:?}");
    }
}

#[tokio::test]
async fn what_is_no_answer_is_refused() {
    let long = [b" ".repeat(20 * 1024 * 1024), b"\x1e".to_vec()].concat();
    let bad: [&[u8]; 7] =
        [b"\x1e", b"hello\x1e", b"null\x1e", b"[]\x1e", b"{\"error\":7}\x1e", b"{\"type\":6}\x1e", &long];
    for bytes in bad {
        for protocol in [Protocol::Json, Protocol::MessagePack] {
            let connected = answered_within(LONG, protocol, frame(protocol, bytes), false).await;
            let failed =
                matches!(connected, Err(ClientError::Connect(ConnectError::Handshake(_) | ConnectError::Transport(_))));
            let start = String::from_utf8_lossy(&bytes[..bytes.len().min(20)]);
            assert!(failed, "{start:?} {protocol:?}: {connected:?}");
        }
    }
}
