//! Listeners: what is accepted is served, until they are told to stop.

use crate::support::{Client, Probe, server, soon};
use serde_json::json;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

#[tokio::test]
async fn a_listener_serves_what_it_accepts_until_it_is_told_to_stop() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = Arc::new(Notify::new());
    let stopped = stop.clone();
    let signal = async move { stopped.notified().await };
    let serving = tokio::spawn(server().serve_listener(listener).with_graceful_shutdown(signal).into_future());
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(Client::shake_hands(TcpStream::connect(address).await.unwrap(), "json").await);
    }
    let own = clients[0].stream.local_addr().unwrap().to_string();
    assert_eq!(clients[0].call("About", json!([])).await[3], json!(own));

    stop.notify_one();
    // It stops listening; those that are there go on.
    soon(async { while TcpStream::connect(address).await.is_ok() {} }).await;
    for client in &mut clients {
        assert_eq!(client.call("Echo", json!(["still"])).await, "still");
    }
    assert!(!serving.is_finished());
    drop(clients);
    soon(serving).await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_listener_may_be_a_unix_socket() {
    let path = std::env::temp_dir().join(format!("signalr-{}.sock", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let serving = tokio::spawn(server().serve_listener(listener).into_future());
    let stream = tokio::net::UnixStream::connect(&path).await.unwrap();
    let mut client = Client::shake_hands(stream, "messagepack").await;
    assert_eq!(client.call("Echo", json!(["x"])).await, "x");
    serving.abort();
    std::fs::remove_file(&path).unwrap();
}

/// A listener of the application's own, which hands over one connection.
struct One(Option<tokio::io::DuplexStream>);

impl axum::serve::Listener for One {
    type Io = tokio::io::DuplexStream;
    type Addr = Probe;

    async fn accept(&mut self) -> (Self::Io, Probe) {
        match self.0.take() {
            Some(stream) => (stream, Probe("memory".to_owned())),
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<Probe> {
        Ok(Probe("memory".to_owned()))
    }
}

#[tokio::test]
async fn a_listener_may_be_ones_own() {
    let (client, stream) = tokio::io::duplex(1024);
    let _serving = tokio::spawn(server().serve_listener(One(Some(stream))).into_future());
    let mut client = Client::shake_hands(client, "json").await;
    assert_eq!(client.call("Echo", json!(["x"])).await, "x");
}
