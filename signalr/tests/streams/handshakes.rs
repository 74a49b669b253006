//! Handshakes that fail: the answer, and what `serve` returns.

use crate::support::{Client, handshake, server, server_with};
use signalr::protocol::Protocol;
use signalr::{CloseReason, HubOptions};
use std::time::Duration;
use tokio::io::AsyncWriteExt;

/// Sends what a client may send instead of a handshake, and returns the answer and the reason.
async fn refused(options: HubOptions, bytes: &[u8]) -> (Option<String>, CloseReason) {
    let (client, stream) = tokio::io::duplex(64 * 1024);
    let connection = tokio::spawn(server_with(options).serve(stream).into_future());
    let mut client = Client::new(client, "json");
    client.send(bytes).await;
    let answer = client.record().await;
    assert_eq!(client.record().await, None, "nothing follows, not even a Close message");
    drop(client);
    (answer, connection.await.unwrap())
}

#[tokio::test]
async fn a_protocol_must_be_known_and_allowed() {
    let error = "The protocol 'soap' is not supported.";
    let (answer, reason) = refused(HubOptions::default(), &handshake("soap")).await;
    assert_eq!(answer, Some(format!(r#"{{"error":"{error}"}}"#)));
    assert_eq!(reason, CloseReason::ProtocolError(error.to_owned()));

    let json_only = HubOptions::default().protocols([Protocol::Json]);
    let (answer, _) = refused(json_only, &handshake("messagepack")).await;
    assert_eq!(answer.as_deref(), Some(r#"{"error":"The protocol 'messagepack' is not supported."}"#));
}

#[tokio::test]
async fn what_is_not_a_handshake_is_told_to_the_application_only() {
    let (answer, reason) = refused(HubOptions::default(), b"GET / HTTP/1.1\r\n\r\n\x1e").await;
    assert_eq!(answer.as_deref(), Some(r#"{"error":"An unexpected error occurred during connection handshake."}"#));
    let CloseReason::ProtocolError(text) = reason else { panic!("{reason:?}") };
    assert!(text.len() > 60, "{text}");
}

#[tokio::test]
async fn a_handshake_may_not_be_too_large() {
    let (answer, reason) = refused(HubOptions::default(), &vec![b' '; 33 * 1024]).await;
    assert_eq!(answer.as_deref(), Some(r#"{"error":"Handshake was canceled."}"#));
    assert!(matches!(reason, CloseReason::TooLarge(_)), "{reason:?}");
}

#[tokio::test(start_paused = true)]
async fn a_handshake_has_its_time() {
    let (answer, reason) = refused(HubOptions::default().handshake_timeout(Duration::from_secs(3)), b"{").await;
    assert_eq!(answer.as_deref(), Some(r#"{"error":"Handshake was canceled."}"#));
    assert_eq!(reason, CloseReason::Timeout);
}

#[tokio::test]
async fn a_client_may_leave_before_its_handshake() {
    for bytes in [&b""[..], b"{\"proto"] {
        let (mut client, stream) = tokio::io::duplex(64);
        let connection = tokio::spawn(server().serve(stream).into_future());
        client.write_all(bytes).await.unwrap();
        drop(client);
        assert_eq!(connection.await.unwrap(), CloseReason::ClientClosed);
    }
}
