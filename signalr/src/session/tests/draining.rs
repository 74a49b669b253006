//! How a session ends when its server does.

use super::*;
use crate::session::peer::Drain;

const CLOSE: &str = r#"{"type":7,"allowReconnect":true}"#;

fn failed(id: u32) -> Option<String> {
    Some(refused(id, "Test"))
}

/// The answer to a call that the server has no time for.
fn refused(id: u32, method: &str) -> String {
    let error = format!("Failed to invoke '{method}' because the server is shutting down.");
    let info = r#"{"code":"shutting_down"}"#;
    format!(r#"{{"type":3,"invocationId":"{id}","error":"{error}","errorInfo":{info}}}"#)
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_ends_at_once() {
    let mut client = Client::connect(settings());
    let start = Instant::now();
    client.peer.drain(Drain::Finish);
    assert_eq!(client.next().await.as_deref(), Some(CLOSE));
    assert_eq!(client.next().await, None);
    assert_eq!(client.reason().await, CloseReason::Drained);
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn what_runs_and_what_waits_is_answered_first_and_what_comes_now_is_refused() {
    let mut client = Client::connect(settings());
    client.send(&[&call(1, "Hold"), &call(2, "Echo")]).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    client.peer.drain(Drain::Finish);
    client.send(&[&call(3, "Echo")]).await;
    assert_eq!(client.next().await, Some(refused(3, "Echo")));
    client.release.notify_one();
    assert_eq!(client.next().await, result(1, "released"));
    assert_eq!(client.next().await, result(2, "x"));
    assert_eq!(client.next().await.as_deref(), Some(CLOSE));
    assert_eq!(client.reason().await, CloseReason::Drained);
}

#[tokio::test(start_paused = true)]
async fn keep_alive_goes_on_while_calls_finish() {
    let mut client = Client::connect(settings());
    client.send(&[&call(1, "Hold")]).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    client.peer.drain(Drain::Finish);
    assert_eq!(client.next().await.as_deref(), Some(PING));
    client.release.notify_one();
    assert_eq!(client.next().await, result(1, "released"));
}

#[tokio::test(start_paused = true)]
async fn streams_end_at_once_with_an_error() {
    let mut client = Client::connect(settings());
    client.send(&[&call(2, "Hold"), r#"{"type":4,"invocationId":"1","target":"Ticks","arguments":[]}"#]).await;
    assert_eq!(client.next().await.as_deref(), Some(r#"{"type":2,"invocationId":"1","item":0}"#));
    client.peer.drain(Drain::Finish);
    assert_eq!(client.next().await, failed(1));
    client.release.notify_one();
    assert_eq!(client.next().await, result(2, "released"));
    assert_eq!(client.next().await.as_deref(), Some(CLOSE));
}

#[tokio::test(start_paused = true)]
async fn what_runs_at_the_cut_is_answered_with_an_error() {
    let mut client = Client::connect(settings());
    client.send(&[&call(1, "Hold"), &call(2, "Echo")]).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    client.peer.drain(Drain::Finish);
    tokio::time::sleep(Duration::from_secs(5)).await;
    client.peer.drain(Drain::Cut);
    let start = Instant::now();
    assert_eq!(client.next().await, failed(1));
    assert_eq!(client.next().await.as_deref(), Some(CLOSE));
    assert_eq!(client.reason().await, CloseReason::Drained);
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_cut_concerns_calls_of_a_client_that_has_left_too() {
    let mut client = Client::connect(settings());
    client.send(&[&call(1, "Hold"), r#"{"type":7}"#]).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let start = Instant::now();
    client.peer.drain(Drain::Cut);
    assert_eq!(client.reason().await, CloseReason::ClientClosed);
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_is_not_waited_for() {
    let rules = HandshakeRules {
        timeout: Duration::from_secs(15),
        message_limit: Some(1024),
        protocols: Protocol::ALL.to_vec(),
        detailed_errors: false,
        close_timeout: Duration::from_secs(5),
    };
    let (mut server, _client) = pair();
    let start = Instant::now();
    let refused = accept(&mut server, &rules, tokio::time::sleep(Duration::from_secs(1))).await;
    assert_eq!(refused.unwrap_err(), CloseReason::Drained);
    assert!(start.elapsed() < rules.timeout);
}
