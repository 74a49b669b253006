//! WebSockets, frame by frame.

use super::server::{offer, serve_sockets};
use super::{close, connect, connect_with, defaults, error, options, receive, receive_end, receive_some, send};
use crate::client::connect::{ConnectError, Wanted};
use crate::client::http::HttpOptions;
use crate::protocol::Protocol;
use crate::protocol::websocket::{FrameDecoder, Role};
use crate::transport::{Received, Transport};
use tokio::sync::mpsc;

fn direct() -> HttpOptions {
    HttpOptions { skip_negotiation: true, ..options(&[Transport::WebSockets]) }
}

/// Connects to a server that opens the WebSocket, sends `bytes` in pieces of that size, and reads all that comes then.
async fn against(bytes: Vec<u8>, size: usize) -> (crate::client::connect::Link, mpsc::UnboundedReceiver<Vec<u8>>) {
    let (read, received) = mpsc::unbounded_channel();
    let url = serve_sockets(move |mut socket| {
        let (bytes, read) = (bytes.clone(), read.clone());
        async move {
            socket.tcp.set_nodelay(true).unwrap();
            let asked = socket.request().await.unwrap();
            socket.accept(&asked).await;
            for piece in bytes.chunks(size) {
                socket.write(piece).await;
                tokio::task::yield_now().await;
            }
            let _ = read.send(socket.rest().await);
        }
    })
    .await;
    (connect(&format!("{}/hub?a=1", url.replace("http", "ws")), direct()).await.unwrap(), received)
}

#[tokio::test]
async fn frames_are_read_wherever_they_are_cut() {
    let frames = b"\x81\x03one\x01\x02tw\x89\x02hi\x80\x01o\x82\x00\x82\x05three\x88\x02\x03\xe8";
    for size in 1..=frames.len() {
        let (mut link, mut read) = against(frames.to_vec(), size).await;
        assert_eq!((link.transport, link.id.is_none(), link.negotiated.is_none()), (Transport::WebSockets, true, true));
        let (data, end) = receive_end(&mut *link.duplex).await;
        assert_eq!(data, "onetwothree");
        assert!(matches!(end, Received::Closed), "{end:?}");
        tokio::join!(close(&mut *link.duplex), async {
            let mut sent = read.recv().await.unwrap();
            assert!(sent[1] & 0x80 != 0, "masked");
            let mut controls = Vec::new();
            let decoded = FrameDecoder::new(Role::Server, 100).decode(&mut sent, &mut controls);
            assert!(format!("{controls:?}").contains("hi"), "{controls:?}");
            assert!(decoded.end.is_some(), "a close frame");
        });
    }
}

#[tokio::test]
async fn ends_that_are_none() {
    for (bytes, expected) in [
        (&b"\x81\x03one"[..], "Lost(\"the socket ended without a close frame\")"),
        (b"\x88\x06\x03\xe9gone", "Lost(\"the server closed the WebSocket with code 1001: gone\")"),
        (b"\x88\x02\x03\xf3", "Lost(\"the server closed the WebSocket with code 1011\")"),
        (b"\x88\x00", "Closed"),
        (b"\x81\x83\0\0\0\0one", "Violation(\"a frame from the server is masked\")"),
        (b"\x81\x01\xff", "Violation(\"a text message is not UTF-8\")"),
        (b"\xc1\x01a", "Violation(\"a reserved bit of a frame is set\")"),
    ] {
        let (frames, size) = (bytes.to_vec(), bytes.len());
        let url = serve_sockets(move |mut socket| {
            let frames = frames.clone();
            async move {
                let asked = socket.request().await.unwrap();
                socket.accept(&asked).await;
                socket.write(&frames).await;
                tokio::io::AsyncWriteExt::shutdown(&mut socket.tcp).await.unwrap();
                socket.rest().await;
            }
        })
        .await;
        let mut link = connect(&url, direct()).await.unwrap();
        let (data, end) = receive_end(&mut *link.duplex).await;
        assert_eq!(format!("{end:?}"), expected, "after {size} bytes");
        assert!(data.is_empty() || data == "one", "{data}");
        close(&mut *link.duplex).await;
    }
}

#[tokio::test]
async fn answers_that_open_nothing() {
    for (answer, expected) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            "the server answered the request for a WebSocket with status 200 OK",
        ),
        (
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: AAAA\r\n\r\n",
            "the connection could not be opened: the answer's Sec-WebSocket-Accept does not fit the request",
        ),
        (
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tea\r\n\r\n",
            "the connection could not be opened: the answer is not a WebSocket upgrade",
        ),
        (
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Extensions: x\r\n\r\n",
            "the connection could not be opened: the answer chooses an extension or a subprotocol that the request did not offer",
        ),
        (
            "",
            "the connection could not be opened: error sending request: client error (SendRequest): connection closed before message completed",
        ),
        (
            "HTTP/0 what\r\n\r\n",
            "the connection could not be opened: error sending request: client error (SendRequest): invalid HTTP version parsed",
        ),
    ] {
        let url = serve_sockets(move |mut socket| async move {
            let asked = socket.request().await.unwrap();
            assert_eq!(asked.header("connection"), Some("Upgrade"));
            assert_eq!(asked.header("sec-websocket-version"), Some("13"));
            socket.write(answer).await;
        })
        .await;
        assert_eq!(error(connect(&url, direct()).await).to_string(), expected);
    }
}

#[tokio::test]
async fn what_is_sent_is_masked_with_a_new_key_for_each_frame_whatever_its_size() {
    // The server says goodbye beforehand, and reads all the same.
    let (mut link, mut read) = against(b"\x88\x00".to_vec(), 2).await;
    let mut expected = Vec::new();
    for size in [0, 1, 5, 125, 126, 65_535, 65_536, 300_000] {
        let data: Vec<u8> = (0..size).map(|number| b'a' + (number % 23) as u8).collect();
        // The last ones are more than the socket takes at once.
        send(&mut *link.duplex, &data).await.unwrap();
        expected.extend(data);
    }
    link.duplex.probe();
    let ((), mut sent) = tokio::join!(close(&mut *link.duplex), async { read.recv().await.unwrap() });
    // Frames of 1 and 5 bytes begin at 0 and 7.
    assert_eq!((sent[0], sent[1], sent[7], sent[8]), (0x81, 0x81, 0x81, 0x85));
    assert_ne!(sent[2..6], sent[9..13], "the keys");
    let mut controls = Vec::new();
    let decoded = FrameDecoder::new(Role::Server, 1 << 20).decode(&mut sent, &mut controls);
    assert_eq!(sent[..decoded.payload], expected);
    assert_eq!(controls.len(), 1);
    assert!(decoded.end.is_some());
}

#[tokio::test]
async fn a_connection_is_resumed_by_its_token_or_refused_for_good() {
    let url = serve_sockets(|mut socket| async move {
        while let Some(asked) = socket.request().await {
            match (&*asked.line, asked.header("authorization")) {
                ("POST /hub/negotiate", _) => {
                    assert_eq!(asked.query, "negotiateVersion=1&useStatefulReconnect=true");
                    let answer = offer(&["WebSockets"]).replacen('{', r#"{"useStatefulReconnect":true,"#, 1);
                    socket.json(&answer).await;
                }
                (_, Some("Bearer 3")) => socket.answer("404 Not Found", "", "No Connection with that ID").await,
                (_, Some("Bearer 4")) => socket.answer("503 Service Unavailable", "", "").await,
                (_, token) => {
                    assert_eq!(asked.query, "id=se%2Fcret");
                    socket.accept(&asked).await;
                    let token = token.unwrap();
                    socket.write([&[0x81, token.len() as u8], token.as_bytes()].concat()).await;
                    socket.rest().await;
                    return;
                }
            }
        }
    })
    .await;
    let count = std::sync::atomic::AtomicUsize::new(0);
    let options = HttpOptions {
        access_token: Some(std::sync::Arc::new(move || {
            let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
            Box::pin(async move { Ok(Some(number.to_string())) })
        })),
        ..defaults()
    };
    let wanted = Wanted { protocol: Protocol::Json, stateful: true };
    let mut link = connect_with(&format!("{url}/hub"), options, wanted).await.unwrap();
    assert_eq!(receive(&mut *link.duplex, 8).await, "Bearer 1");
    let negotiated = link.negotiated.unwrap();
    assert!(negotiated.stateful);
    drop(link.duplex);
    let mut again = negotiated.connection.resume().await.unwrap();
    assert_eq!(receive(&mut *again, 8).await, "Bearer 2");
    let gone = negotiated.connection.resume().await.err().unwrap();
    assert!(matches!(&gone, ConnectError::Refused { status, .. } if *status == 404) && gone.is_final(), "{gone}");
    assert!(!negotiated.connection.resume().await.err().unwrap().is_final());
}

#[tokio::test]
async fn what_comes_with_the_answer_is_not_lost() {
    let url = serve_sockets(|mut socket| async move {
        let asked = socket.request().await.unwrap();
        let key = asked.header("sec-websocket-key").unwrap().as_bytes();
        let accept = crate::protocol::websocket::handshake::accept_key(key);
        let head = format!(
            "HTTP/1.1 101 Switching Protocols\r\nconnection: keep-alive, upgrade\r\nupgrade: WebSocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        socket.write([head.as_bytes(), b"\x81\x05early"].concat()).await;
        socket.rest().await;
    })
    .await;
    let mut link = connect(&url, direct()).await.unwrap();
    assert_eq!(receive_some(&mut *link.duplex, 3).await.unwrap(), b"e");
    assert_eq!(receive(&mut *link.duplex, 4).await, "arly");
}
