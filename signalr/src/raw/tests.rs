//! A raw connection over the in-memory pair, with the clock in our hands.

use super::RawConnection;
use super::driver::{Driver, RawSettings};
use super::shared::{CAPACITY, Shared};
use crate::hub::request::Request;
use crate::protocol::TransferFormat;
use crate::session::close::CloseReason;
use crate::session::keepalive::Intervals;
use crate::transport::Transport;
use crate::transport::stream::ByteStream;
use crate::transport::websocket::WebSocket;
use bytes::Bytes;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

fn settings() -> RawSettings {
    let hour = Duration::from_secs(3600);
    RawSettings {
        intervals: Intervals { ping: hour, timeout: hour, probe: Some(Duration::from_secs(60)) }.probes_only(),
        close_timeout: Duration::from_secs(5),
        call_grace: Duration::from_secs(20),
    }
}

/// The client's end, and the task of the connection.
fn serve<R>(transport: Transport, handler: impl FnOnce(RawConnection) -> R) -> (DuplexStream, JoinHandle<()>)
where
    R: Future<Output = ()> + Send + 'static,
{
    let (client, server) = tokio::io::duplex(1024);
    let shared = Arc::new(Shared::new("id".into(), None, Request::default(), transport));
    let handler = Box::pin(handler(RawConnection::new(shared.clone())));
    let driver = if transport == Transport::WebSockets {
        Driver::new(shared, settings(), Box::new(WebSocket::server(server, Bytes::new(), 1 << 20)), handler)
    } else {
        Driver::new(shared, settings(), Box::new(ByteStream::new(server)), handler)
    };
    (client, tokio::spawn(driver))
}

/// A masked frame of a client; the key is zero.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first, 0x80 | u8::try_from(payload.len()).unwrap(), 0, 0, 0, 0];
    frame.extend_from_slice(payload);
    frame
}

async fn echo(mut connection: RawConnection) {
    while let Some(block) = connection.receive().await {
        connection.send(block).await.unwrap();
    }
}

#[tokio::test]
async fn messages_of_a_websocket_are_kept_apart_and_sent_back_as_they_came() {
    let (mut client, connection) = serve(Transport::WebSockets, echo);
    let messages = [frame(0x81, b"text"), frame(0x82, &[0xff, 0xfe]), frame(0x81, b"more")].concat();
    client.write_all(&messages).await.unwrap();
    let expected = b"\x81\x04text\x82\x02\xff\xfe\x81\x04more";
    let mut received = vec![0; expected.len()];
    client.read_exact(&mut received).await.unwrap();
    assert_eq!(received, expected);
    client.write_all(&frame(0x88, &[])).await.unwrap();
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, [0x88, 2, 3, 0xe8]);
    drop(client);
    connection.await.unwrap();
}

#[tokio::test]
async fn a_character_that_is_cut_in_two_is_put_together() {
    let (mut client, _connection) = serve(Transport::WebSockets, echo);
    let [one, two @ ..] = "ä".as_bytes() else { unreachable!() };
    client.write_all(&frame(0x01, &[b'a', *one])).await.unwrap();
    let mut received = [0; 3];
    client.read_exact(&mut received).await.unwrap();
    assert_eq!(&received, b"\x81\x01a");
    client.write_all(&frame(0x80, two)).await.unwrap();
    let mut received = [0; 4];
    client.read_exact(&mut received).await.unwrap();
    assert_eq!(&received, &[0x81, 2, 0xc3, 0xa4]);
}

#[tokio::test]
async fn the_format_can_be_set_and_text_must_be_text() {
    let (mut client, _connection) = serve(Transport::WebSockets, async |connection: RawConnection| {
        assert_eq!(connection.received_format(), None);
        let refused = connection.send(vec![0xff]).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidData);
        connection.send("text").await.unwrap();
        connection.set_transfer_format(TransferFormat::Binary);
        connection.send(vec![0xff]).await.unwrap();
        connection.send("").await.unwrap();
    });
    let mut received = Vec::new();
    let mut buffer = [0; 64];
    while received.len() < 13 {
        let count = client.read(&mut buffer).await.unwrap();
        received.extend_from_slice(&buffer[..count]);
    }
    // The end of the handler is a normal end.
    assert_eq!(received, b"\x81\x04text\x82\x01\xff\x88\x02\x03\xe8");
}

#[tokio::test(start_paused = true)]
async fn a_client_waits_for_a_handler_that_does_not_receive() {
    let (go, gone) = oneshot::channel::<()>();
    let (told, received) = oneshot::channel();
    let (mut client, connection) = serve(Transport::Stream, async move |mut connection: RawConnection| {
        gone.await.unwrap();
        let mut all = 0;
        while let Some(block) = connection.receive().await {
            all += block.len();
        }
        told.send(all).unwrap();
    });
    let mut written = 0;
    while let Ok(result) = tokio::time::timeout(Duration::from_secs(1), client.write(&[b'x'; 1024])).await {
        written += result.unwrap();
    }
    assert!((CAPACITY..3 * CAPACITY).contains(&written), "{written}");
    go.send(()).unwrap();
    client.write_all(&[b'x'; 100_000]).await.unwrap();
    drop(client);
    assert_eq!(received.await.unwrap(), written + 100_000);
    connection.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_sender_waits_for_a_client_that_does_not_read() {
    let (mut client, connection) = serve(Transport::Stream, async |connection: RawConnection| {
        let sender = connection.sender();
        let mut sent = 0;
        while let Ok(result) = tokio::time::timeout(Duration::from_secs(1), sender.send(vec![b'x'; 1000])).await {
            result.unwrap();
            sent += 1000;
        }
        assert!((CAPACITY..2 * CAPACITY).contains(&sent), "{sent}");
        connection.send(format!("|{sent}")).await.unwrap();
    });
    // Nothing is read before the sender has given up.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut all = String::new();
    client.read_to_string(&mut all).await.unwrap();
    let (data, sent) = all.split_once('|').unwrap();
    assert_eq!(data.len().to_string(), sent);
    drop(client);
    connection.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_handler_hears_of_the_end_and_has_its_time() {
    let (told, reason) = oneshot::channel();
    let (mut client, connection) = serve(Transport::Stream, async move |mut connection: RawConnection| {
        connection.closed().cancelled().await;
        assert_eq!(connection.receive().await.as_deref(), Some(&b"last"[..]));
        assert_eq!(connection.receive().await, None);
        assert_eq!(connection.send("late").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        told.send(connection.close_reason()).unwrap();
        std::future::pending::<()>().await;
    });
    let start = Instant::now();
    client.write_all(b"last").await.unwrap();
    drop(client);
    assert_eq!(reason.await.unwrap(), Some(CloseReason::ClientClosed));
    connection.await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(20));
}

#[tokio::test]
async fn a_panic_and_an_abort_end_the_connection_and_nothing_else() {
    let (mut client, connection) = serve(Transport::Stream, async |_: RawConnection| panic!("on purpose"));
    assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0);
    drop(client);
    connection.await.unwrap();

    let (mut client, connection) = serve(Transport::Stream, async |mut connection: RawConnection| {
        connection.abort();
        assert_eq!(connection.receive().await, None);
        assert_eq!(connection.close_reason(), Some(CloseReason::Aborted));
    });
    assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0);
    drop(client);
    connection.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_websocket_that_does_not_answer_is_given_up() {
    let (told, reason) = oneshot::channel();
    let (client, _connection) = serve(Transport::WebSockets, async move |mut connection: RawConnection| {
        assert_eq!(connection.receive().await, None);
        told.send(connection.close_reason()).unwrap();
    });
    assert_eq!(reason.await.unwrap(), Some(CloseReason::Timeout));
    drop(client);
}

#[tokio::test]
async fn it_is_a_byte_stream_too() {
    let (mut client, connection) = serve(Transport::Stream, async |connection: RawConnection| {
        connection.set_transfer_format(TransferFormat::Binary);
        let (mut reader, mut writer) = tokio::io::split(connection);
        tokio::io::copy(&mut reader, &mut writer).await.unwrap_err();
    });
    let data: Vec<u8> = (0..100_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let (mut reader, mut writer) = tokio::io::split(&mut client);
    let mut received = vec![0; data.len()];
    let (written, read) = tokio::join!(writer.write_all(&data), reader.read_exact(&mut received));
    written.unwrap();
    read.unwrap();
    assert_eq!(received, data);
    drop(client);
    connection.await.unwrap();
}
