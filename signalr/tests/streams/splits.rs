//! How a stream happens to be cut into reads and writes makes no difference.

use crate::support::{Client, call, handshake, server};
use serde_json::json;
use signalr::CloseReason;
use tokio::io::AsyncReadExt;

/// Everything that a client says, in one piece.
fn said(protocol: &str) -> Vec<u8> {
    let mut all = handshake(protocol);
    for (id, text) in [("1", "one"), ("2", "zwei 世界"), ("3", "")] {
        all.extend(call(protocol, id, "Echo", json!([text])));
    }
    all
}

/// What the server answers to `parts`, which reach it one by one.
async fn answer(parts: &[&[u8]], expected: usize) -> Vec<u8> {
    let (client, stream) = tokio::io::duplex(64 * 1024);
    let connection = tokio::spawn(server().serve(stream).into_future());
    let mut client = Client::new(client, "json");
    for part in parts {
        client.send(part).await;
        // The server reads it before the next comes.
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
    }
    let mut answer = vec![0; expected];
    client.stream.read_exact(&mut answer).await.unwrap();
    drop(client);
    assert_eq!(connection.await.unwrap(), CloseReason::ClientClosed);
    answer
}

#[tokio::test]
async fn what_a_client_says_may_be_split_anywhere() {
    for (protocol, length) in [("json", 3 + 47 + 54 + 44), ("messagepack", 3 + 12 + 20 + 9)] {
        let said = said(protocol);
        let whole = answer(&[&said], length).await;
        for at in 1..said.len() {
            let (front, back) = said.split_at(at);
            assert_eq!(answer(&[front, back], length).await, whole, "{protocol}, split at {at}");
        }
        let bytes: Vec<&[u8]> = said.chunks(1).collect();
        assert_eq!(answer(&bytes, length).await, whole, "{protocol}, byte by byte");
    }
}

#[tokio::test]
async fn a_stream_may_take_a_byte_at_a_time() {
    let (client, stream) = tokio::io::duplex(1);
    let connection = tokio::spawn(server().serve(stream).into_future());
    let (mut reader, mut writer) = tokio::io::split(client);
    let sending = tokio::spawn(async move {
        tokio::io::AsyncWriteExt::write_all(&mut writer, &said("json")).await.unwrap();
        writer
    });
    let mut received = vec![0; 3 + 47 + 54 + 44];
    reader.read_exact(&mut received).await.unwrap();
    assert!(received.ends_with(b"{\"type\":3,\"invocationId\":\"3\",\"result\":\"\"}\x1e"));
    drop((reader, sending.await.unwrap()));
    assert_eq!(connection.await.unwrap(), CloseReason::ClientClosed);
}
