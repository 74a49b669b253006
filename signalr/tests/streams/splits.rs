//! How a stream happens to be cut into reads and writes makes no difference.

use crate::support::{Client, call, handshake, server};
use serde_json::json;
use signalr::CloseReason;
use tokio::io::AsyncWriteExt;

/// Everything that a client says, in one piece.
fn said(protocol: &str) -> Vec<u8> {
    let mut all = handshake(protocol);
    for (text, id) in TEXTS.iter().zip(["1", "2", "3"]) {
        all.extend(call(protocol, id, "Echo", json!([text])));
    }
    all
}

const TEXTS: [&str; 3] = ["one", "zwei 世界", ""];

/// Sends `parts`, which reach the server one by one, and receives its answers.
async fn answers_come(protocol: &str, parts: &[&[u8]]) {
    let (client, stream) = tokio::io::duplex(64 * 1024);
    let connection = tokio::spawn(server().serve(stream).into_future());
    let mut client = Client::new(client, protocol);
    for part in parts {
        client.send(part).await;
        // The server reads it before the next comes.
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(client.record().await.as_deref(), Some("{}"));
    for text in TEXTS {
        assert_eq!(client.next().await.unwrap()["result"], text);
    }
    drop(client);
    assert_eq!(connection.await.unwrap(), CloseReason::ClientClosed);
}

#[tokio::test]
async fn what_a_client_says_may_be_split_anywhere() {
    for protocol in ["json", "messagepack"] {
        let said = said(protocol);
        answers_come(protocol, &[&said]).await;
        for at in 1..said.len() {
            let (front, back) = said.split_at(at);
            answers_come(protocol, &[front, back]).await;
        }
        let bytes: Vec<&[u8]> = said.chunks(1).collect();
        answers_come(protocol, &bytes).await;
    }
}

#[tokio::test]
async fn a_stream_may_take_a_byte_at_a_time() {
    let (client, stream) = tokio::io::duplex(1);
    let connection = tokio::spawn(server().serve(stream).into_future());
    let (reader, mut writer) = tokio::io::split(client);
    let sending = tokio::spawn(async move {
        writer.write_all(&said("json")).await.unwrap();
        writer
    });
    let mut client = Client::new(tokio::io::join(reader, tokio::io::sink()), "json");
    assert_eq!(client.record().await.as_deref(), Some("{}"));
    for text in TEXTS {
        assert_eq!(client.next().await.unwrap()["result"], text);
    }
    drop((client, sending.await.unwrap()));
    assert_eq!(connection.await.unwrap(), CloseReason::ClientClosed);
}
