//! Who is alive: pings, probes and timeouts. Time is the subject here, so the intervals are short.

use crate::support::{Client, Events, Server, Tell, events, soon};
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use signalr::{CloseReason, Hub, HubOptions, hub};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

struct Pulse(Tell<CloseReason>);

#[hub]
impl Pulse {
    fn on_disconnected(&self, reason: CloseReason) {
        let _ = self.0.send(reason);
    }

    fn echo(&self, text: String) -> String {
        text
    }
}

const SHORT: Duration = Duration::from_millis(30);
/// Long enough for a client that answers, even on a machine that is busy.
const STEADY: Duration = Duration::from_millis(500);
const LONG: Duration = Duration::from_secs(3600);

/// All intervals are long.
fn patient() -> HubOptions {
    HubOptions::default().keep_alive_interval(LONG).client_timeout(LONG).websocket_ping_interval(None)
}

fn serve(options: HubOptions) -> (Server, Events<CloseReason>) {
    let (tell, told) = events();
    (Server::with(&Hub::new("Pulse", Pulse(tell)), options), told)
}

#[tokio::test]
async fn a_half_open_connection_is_found() {
    let (server, mut told) = serve(patient().websocket_ping_interval(SHORT));
    let mut client = Client::connect(&server).await;
    // Behind the WebSocket's back: nothing is answered any more.
    let tcp = client.socket.get_mut();
    let mut frame = [0; 2];
    soon(tcp.read_exact(&mut frame)).await.unwrap();
    assert_eq!(frame, [0x89, 0], "a ping");
    assert_eq!(told.next().await, CloseReason::Timeout);
}

#[tokio::test]
async fn a_client_that_answers_pings_by_itself_stays() {
    let (server, mut told) = serve(patient().websocket_ping_interval(STEADY));
    let mut client = Client::connect(&server).await;
    for _ in 0..4 {
        let message = soon(client.socket.next()).await.unwrap().unwrap();
        assert!(message.is_ping(), "{message:?}");
        // The library answers when it is used next.
        client.socket.flush().await.unwrap();
    }
    assert_eq!(client.result("Echo", json!(["still here"])).await, "still here");
    assert_eq!(told.now(), None);
}

#[tokio::test]
async fn a_raw_pong_is_a_sign_of_life_as_well() {
    let (server, mut told) = serve(patient().websocket_ping_interval(STEADY));
    let mut client = Client::connect(&server).await;
    let tcp = client.socket.get_mut();
    for _ in 0..4 {
        let mut ping = [0; 2];
        soon(tcp.read_exact(&mut ping)).await.unwrap();
        assert_eq!(ping, [0x89, 0]);
        // Masked with zeros, and empty.
        tcp.write_all(&[0x8a, 0x80, 0, 0, 0, 0]).await.unwrap();
    }
    assert_eq!(told.now(), None);
}

#[tokio::test]
async fn the_client_timeout_counts_from_the_first_ping_on() {
    let (server, mut told) = serve(patient().client_timeout(SHORT).keep_alive_interval(SHORT / 3));
    let mut never_pinged = Client::connect(&server).await;
    let mut pinged = Client::connect(&server).await;
    pinged.send(&json!({"type": 6})).await;
    assert_eq!(told.next().await, CloseReason::Timeout);
    assert_eq!(pinged.closed().await["allowReconnect"], true);
    // Many times the timeout has passed, as the pings show.
    let mut pings = 0;
    while pings < 15 {
        let frame = soon(never_pinged.socket.next()).await.unwrap().unwrap();
        pings += frame.into_text().unwrap().matches("\"type\":6").count();
    }
    assert_eq!(never_pinged.result("Echo", json!(["still here"])).await, "still here");
    assert_eq!(told.now(), None);
}

#[tokio::test]
async fn any_message_keeps_a_client_that_has_pinged() {
    let (server, mut told) = serve(patient().client_timeout(STEADY * 2).keep_alive_interval(STEADY / 4));
    let mut client = Client::connect(&server).await;
    client.send(&json!({"type": 6})).await;
    client.begin("Echo", json!(["x"])).await;
    // Two timeouts long, with a call at each ping of the server.
    for _ in 0..16 {
        for _ in ["ping", "answer"] {
            let frame = soon(client.socket.next()).await.unwrap().unwrap();
            assert!(frame.is_text(), "{frame:?}");
        }
        client.begin("Echo", json!(["x"])).await;
    }
    assert_eq!(told.now(), None);
}
