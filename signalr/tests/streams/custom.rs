//! Transports of one's own: here a pair of channels.

use crate::support::{call, handshake, server, soon};
use bytes::Bytes;
use serde_json::json;
use signalr::protocol::TransferFormat;
use signalr::{CloseReason, Serve, TransportReader, TransportWriter};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc;

struct Incoming(mpsc::Receiver<io::Result<Bytes>>);

impl TransportReader for Incoming {
    async fn receive(&mut self) -> io::Result<Option<Bytes>> {
        self.0.recv().await.transpose()
    }
}

struct Outgoing {
    blocks: mpsc::Sender<(Bytes, TransferFormat)>,
    carries: TransferFormat,
    is_closed: Arc<AtomicBool>,
}

impl TransportWriter for Outgoing {
    fn transfer_format(&self) -> TransferFormat {
        self.carries
    }

    async fn send(&mut self, block: Bytes, format: TransferFormat) -> io::Result<()> {
        self.blocks.send((block, format)).await.map_err(io::Error::other)
    }

    async fn close(&mut self) -> io::Result<()> {
        assert!(!self.is_closed.swap(true, Ordering::SeqCst), "it is closed once");
        Ok(())
    }
}

struct Client {
    to_server: mpsc::Sender<io::Result<Bytes>>,
    from_server: mpsc::Receiver<(Bytes, TransferFormat)>,
    is_closed: Arc<AtomicBool>,
}

impl Client {
    fn connect(carries: TransferFormat) -> (Self, tokio::task::JoinHandle<CloseReason>) {
        let (to_server, incoming) = mpsc::channel(1);
        let (blocks, from_server) = mpsc::channel(1);
        let is_closed = Arc::<AtomicBool>::default();
        let outgoing = Outgoing { blocks, carries, is_closed: is_closed.clone() };
        let connection: Serve<_> = server().serve_transport(Incoming(incoming), outgoing);
        (Client { to_server, from_server, is_closed }, tokio::spawn(connection.into_future()))
    }

    async fn send(&self, block: Vec<u8>) {
        self.to_server.send(Ok(block.into())).await.unwrap();
    }

    async fn next(&mut self) -> Option<(Bytes, TransferFormat)> {
        self.from_server.recv().await
    }
}

#[tokio::test]
async fn both_protocols_go_over_a_binary_transport() {
    for (protocol, format) in [("json", TransferFormat::Text), ("messagepack", TransferFormat::Binary)] {
        let (mut client, connection) = Client::connect(TransferFormat::Binary);
        client.send(handshake(protocol)).await;
        let (greeting, _) = client.next().await.unwrap();
        assert_eq!(&greeting[..], b"{}\x1e");
        let call = call(protocol, "1", "Echo", json!(["one"]));
        // Blocks may be cut anywhere, and be empty.
        client.send(call[..5].to_vec()).await;
        client.send(Vec::new()).await;
        client.send(call[5..].to_vec()).await;
        let (answer, format_of_answer) = client.next().await.unwrap();
        assert_eq!(format_of_answer, format, "{protocol}");
        assert!(answer.windows(3).any(|window| window == b"one"), "{answer:?}");
        let Client { to_server, mut from_server, is_closed } = client;
        drop(to_server);
        assert!(from_server.recv().await.is_some(), "the Close message");
        assert_eq!(connection.await.unwrap(), CloseReason::ClientClosed);
        assert!(is_closed.load(Ordering::SeqCst));
    }
}

#[tokio::test]
async fn a_transport_for_text_does_not_carry_messagepack() {
    let (mut client, connection) = Client::connect(TransferFormat::Text);
    client.send(handshake("messagepack")).await;
    let (answer, format) = client.next().await.unwrap();
    let error = "Cannot use the 'messagepack' protocol on the current transport. \
                 The transport does not support 'Binary' transfer format.";
    assert_eq!((&answer[..], format), (format!("{{\"error\":\"{error}\"}}\u{1e}").as_bytes(), TransferFormat::Text));
    assert_eq!(client.next().await, None);
    assert_eq!(connection.await.unwrap(), CloseReason::ProtocolError(error.to_owned()));
    assert!(client.is_closed.load(Ordering::SeqCst));

    let (mut client, _connection) = Client::connect(TransferFormat::Text);
    client.send(handshake("json")).await;
    assert!(client.next().await.is_some());
    client.send(call("json", "1", "About", json!([]))).await;
    let (about, _) = client.next().await.unwrap();
    assert!(std::str::from_utf8(&about).unwrap().contains("\"Custom\""));
}

#[tokio::test]
async fn errors_of_either_half_end_the_connection() {
    let (mut client, connection) = Client::connect(TransferFormat::Binary);
    client.send(handshake("json")).await;
    client.next().await.unwrap();
    client.to_server.send(Err(io::Error::other("it broke"))).await.unwrap();
    assert_eq!(connection.await.unwrap(), CloseReason::TransportLost("it broke".to_owned()));

    let (mut client, connection) = Client::connect(TransferFormat::Binary);
    client.send(handshake("json")).await;
    client.next().await.unwrap();
    client.from_server.close();
    client.send(call("json", "1", "Echo", json!(["x"]))).await;
    assert_eq!(connection.await.unwrap(), CloseReason::TransportLost("channel closed".to_owned()));
}

#[tokio::test]
async fn many_messages_share_a_block_while_the_writer_waits() {
    let (mut client, _connection) = Client::connect(TransferFormat::Binary);
    client.send(handshake("json")).await;
    for id in 0..100 {
        client.send(call("json", &id.to_string(), "Echo", json!(["x"]))).await;
    }
    let mut answers = 0;
    let mut blocks = 0;
    while answers < 101 {
        let (block, _) = client.next().await.unwrap();
        answers += block.iter().filter(|byte| **byte == 0x1e).count();
        blocks += 1;
    }
    assert!(answers == 101 && blocks < 100, "{blocks} blocks");
}

/// Gives a handshake, and then what it says.
struct Explodes(Option<Vec<u8>>, bool);

impl TransportReader for Explodes {
    async fn receive(&mut self) -> io::Result<Option<Bytes>> {
        match self.0.take() {
            Some(bytes) => Ok(Some(bytes.into())),
            None if self.1 => panic!("a panic of the reader, which is part of the test"),
            None => std::future::pending().await,
        }
    }
}

impl TransportWriter for Explodes {
    async fn send(&mut self, _block: Bytes, _format: TransferFormat) -> io::Result<()> {
        if self.1 {
            panic!("a panic of the writer, which is part of the test");
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_transport_that_panics_ends_its_connection_in_order() {
    for reads in [true, false] {
        let (reader, writer) = (Explodes(Some(handshake("json")), reads), Explodes(None, !reads));
        let reason = soon(server().serve_transport(reader, writer).into_future()).await;
        assert!(matches!(reason, CloseReason::TransportLost(_)), "{reason}");
    }
}
