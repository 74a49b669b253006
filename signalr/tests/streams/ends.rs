//! How connections over streams end.

use crate::support::{Client, call, probe, server, server_with, soon};
use serde_json::json;
use signalr::{CloseReason, HubOptions, HubServer};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

async fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (client, listener.accept().await.unwrap().0)
}

#[tokio::test]
async fn a_peer_that_has_said_everything_still_gets_its_answers() {
    let (client, stream) = tcp().await;
    let connection = tokio::spawn(server().serve(stream).into_future());
    let mut client = Client::shake_hands(client, "json").await;
    client.send(&call("json", "1", "Echo", json!(["last"]))).await;
    client.stream.shutdown().await.unwrap();
    assert_eq!(client.next().await.unwrap()["result"], "last");
    assert_eq!(client.next().await, Some(json!({"type": 7})));
    assert_eq!(client.next().await, None);
    assert_eq!(soon(connection).await.unwrap(), CloseReason::ClientClosed);
}

#[tokio::test]
async fn a_stream_that_ends_within_a_message_is_an_error() {
    let (client, stream) = tcp().await;
    let connection = tokio::spawn(server().serve(stream).into_future());
    let mut client = Client::shake_hands(client, "json").await;
    client.send(b"{\"type\":6").await;
    client.stream.shutdown().await.unwrap();
    assert_eq!(client.next().await.unwrap()["type"], 7);
    assert!(matches!(soon(connection).await.unwrap(), CloseReason::ProtocolError(_)));
}

#[tokio::test]
async fn a_connection_that_the_peer_resets_is_lost() {
    let (client, stream) = tcp().await;
    let connection = tokio::spawn(server().serve(stream).into_future());
    let client = Client::shake_hands(client, "json").await;
    // Without this the system would say goodbye for it.
    socket_without_linger(client.stream);
    let reason = soon(connection).await.unwrap();
    assert!(matches!(reason, CloseReason::TransportLost(_)), "{reason:?}");
}

/// Drops a socket so that its peer gets a reset.
fn socket_without_linger(stream: TcpStream) {
    #[allow(deprecated)]
    stream.set_linger(Some(Duration::ZERO)).unwrap();
}

#[tokio::test]
async fn the_server_says_why_it_ends_a_connection() {
    let (client, stream) = tcp().await;
    let connection = tokio::spawn(server().serve(stream).into_future());
    let mut client = Client::shake_hands(client, "json").await;
    client.send(&call("json", "1", "Leave", json!([]))).await;
    assert_eq!(client.next().await, Some(json!({"type": 7, "error": "enough"})));
    assert_eq!(client.next().await, None);
    drop(client);
    assert_eq!(soon(connection).await.unwrap(), CloseReason::Kicked("enough".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_end_is_not_waited_for() {
    let (client, stream) = tokio::io::duplex(1024);
    let server = server_with(HubOptions::default().close_timeout(Duration::from_secs(5)));
    let connection = tokio::spawn(server.serve(stream).into_future());
    let mut client = Client::shake_hands(client, "json").await;
    client.send(&call("json", "1", "Leave", json!([]))).await;
    let start = tokio::time::Instant::now();
    assert_eq!(connection.await.unwrap(), CloseReason::Kicked("enough".to_owned()));
    assert_eq!(start.elapsed(), Duration::from_secs(5));
    assert_eq!(client.next().await.unwrap()["type"], 7);
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_pinged_and_one_that_stops_pinging_times_out() {
    let (client, stream) = tokio::io::duplex(1024);
    let connection = tokio::spawn(server().serve(stream).into_future());
    let mut client = Client::shake_hands(client, "json").await;
    client.send(b"{\"type\":6}\x1e").await;
    assert_eq!(client.next().await, Some(json!({"type": 6})));
    while client.next().await.unwrap()["type"] != 7 {}
    drop(client);
    assert_eq!(connection.await.unwrap(), CloseReason::Timeout);
}

#[tokio::test]
async fn a_message_above_the_limit_ends_the_connection() {
    let (client, stream) = tokio::io::duplex(64 * 1024);
    let connection = tokio::spawn(server().serve(stream).into_future());
    let mut client = Client::shake_hands(client, "json").await;
    client.send(&vec![b' '; 33 * 1024]).await;
    assert_eq!(client.next().await.unwrap()["type"], 7);
    drop(client);
    assert!(matches!(connection.await.unwrap(), CloseReason::TooLarge(_)));
}

#[tokio::test(start_paused = true)]
async fn streams_are_drained_with_the_application_they_belong_to() {
    let hub = probe();
    let hubs = signalr::SignalR::builder().hub("/probe", &hub).build();
    let (client, stream) = tokio::io::duplex(1024);
    let connection = tokio::spawn(hubs.server(&hub).serve(stream).into_future());
    let mut client = Client::shake_hands(client, "json").await;
    let (report, close) = tokio::join!(hubs.drain(Duration::from_secs(9), Duration::ZERO), async {
        let close = client.next().await;
        drop(client);
        close
    });
    assert_eq!((report.connections, report.cut), (1, 0));
    assert_eq!(close, Some(json!({"type": 7, "allowReconnect": true})));
    assert_eq!(connection.await.unwrap(), CloseReason::Drained);
    // Nobody is let in any more.
    let (_client, stream) = tokio::io::duplex(1024);
    assert_eq!(hubs.server(&hub).serve(stream).await, CloseReason::Drained);
}

#[test]
fn options_are_checked() {
    let options = HubOptions::default().keep_alive_interval(Duration::ZERO);
    let error = HubServer::new(&probe(), &options).unwrap_err();
    assert_eq!(error.option(), "HubOptions::keep_alive_interval");
}

/// A stream that breaks when something is written to it after the handshake.
struct Breaking(DuplexStream, usize);

impl AsyncRead for Breaking {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Breaking {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.1 == 0 {
            return Poll::Ready(Err(io::Error::other("it broke")));
        }
        self.1 -= 1;
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[tokio::test]
async fn a_stream_that_breaks_says_how() {
    let (client, stream) = tokio::io::duplex(1024);
    let connection = tokio::spawn(server().serve(Breaking(stream, 1)).into_future());
    let mut client = Client::shake_hands(client, "json").await;
    client.send(&call("json", "1", "Echo", json!(["x"]))).await;
    assert_eq!(soon(connection).await.unwrap(), CloseReason::TransportLost("it broke".to_owned()));
    let mut rest = Vec::new();
    assert_eq!(client.stream.read_to_end(&mut rest).await.unwrap(), 0);
}

#[tokio::test]
async fn an_id_that_was_given_twice_stays_with_the_later_connection() {
    let hub = probe();
    let server = HubServer::new(&hub, &HubOptions::default()).unwrap();
    let mut clients = Vec::new();
    for _ in 0..2 {
        let (client, stream) = tokio::io::duplex(1024);
        let connection = tokio::spawn(server.serve(stream).id("same").into_future());
        clients.push((Client::shake_hands(client, "json").await, connection));
    }
    let (mut later, _serving) = clients.pop().unwrap();
    let (earlier, ended) = clients.pop().unwrap();
    drop(earlier);
    soon(ended).await.unwrap();
    assert_eq!(hub.handle().connections(), 1);
    hub.handle().client("same").told("x".to_owned());
    assert_eq!(soon(later.next()).await.unwrap()["arguments"], json!(["x"]));
    drop(later);
}
