//! Messages that cannot be read, and sessions that are cut at any byte.

use crate::once::with_end;
use crate::server::{client, frame, serve};
use client_tests::{LONG, expect_no_calls, expect_tasks, tasks, within};
use futures_util::StreamExt;
use signalr::protocol::Protocol;
use signalr::{ClientError, HubConnection};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Connects to a server that answers the first call with these bytes and stays; gives the error of the call.
async fn answered(protocol: Protocol, bytes: Vec<u8>) -> ClientError {
    let text = bytes.escape_ascii().take(100).map(char::from).collect::<String>();
    let url = serve(move |mut peer| {
        let bytes = bytes.clone();
        async move {
            peer.upgrade().await;
            peer.payload().await;
            peer.write(&frame(protocol, b"{}\x1e")).await;
            // The ping that every client begins with, then the call.
            peer.payload().await;
            peer.write(&bytes).await;
            peer.rest().await;
        }
    })
    .await;
    let before = tasks();
    let (builder, mut end) = with_end(client(&url, protocol).close_timeout(Duration::from_millis(20)));
    let connection = within(builder.connect()).await.unwrap();
    let answer = tokio::time::timeout(LONG, connection.invoke::<u32>("Go", ()).into_future()).await;
    let error = answer.unwrap_or_else(|_| panic!("nothing is wrong with {text}")).unwrap_err();
    assert!(matches!(error, ClientError::ConnectionLost(_)), "{error:?}");
    let told = within(end.recv()).await.unwrap().expect("not a good end");
    assert_eq!(told.to_string(), error.to_string());
    expect_no_calls(&connection).await;
    drop(connection);
    expect_tasks(before).await;
    error
}

#[tokio::test]
async fn json_that_is_none_ends_the_connection_with_an_error() {
    let deep =
        [b"{\"type\":1,\"target\":\"x\",\"arguments\":[".to_vec(), b"[".repeat(100_000), b"\x1e".to_vec()].concat();
    let bad: [&[u8]; 16] = [
        b"\x1e",
        b"hello\x1e",
        b"[]\x1e",
        b"null\x1e",
        b"{\x1e",
        b"{}\x1e",
        b"{\"type\":\"3\"}\x1e",
        b"{\"type\":3}\x1e",
        b"{\"type\":3,\"invocationId\":1}\x1e",
        b"{\"type\":3,\"invocationId\":\"1\",\"result\":1,\"error\":\"x\"}\x1e",
        b"{\"type\":3,\"invocationId\":\"1\",\"result\":}\x1e",
        b"{\"type\":2,\"invocationId\":\"1\"}\x1e",
        b"{\"type\":1,\"arguments\":[]}\x1e",
        b"{\"type\":1,\"target\":\"x\",\"arguments\":{}}\x1e",
        b"{\"type\":7,\"error\":[]}\x1e",
        &deep,
    ];
    for bytes in bad {
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]);
        let error = answered(Protocol::Json, frame(Protocol::Json, bytes)).await;
        assert!(matches!(&error, ClientError::ConnectionLost(text) if !text.is_empty()), "{start:?}: {error:?}");
    }
    // Not even text.
    let error = answered(Protocol::Json, frame(Protocol::Json, b"{\"type\":6,\"a\":\"\xff\"}\x1e")).await;
    assert!(matches!(error, ClientError::ConnectionLost(_)), "{error:?}");
}

#[tokio::test]
async fn message_pack_that_is_none_ends_the_connection_with_an_error() {
    let no_messages: [&[u8]; 11] = [
        b"",
        b"\xc0",
        b"\x90",
        b"\x03",
        b"\x91\xa1",
        b"\x91\xc0",
        b"\x91\x03",
        b"\x95\x03\x80\xa11\x09\x01",
        b"\x95\x03\x80\xa11\x03",
        b"\xdd\xff\xff\xff\xff\x03",
        b"\x93\x03\x81\xdb\xff\xff\xff",
    ];
    let framed = no_messages.iter().map(|message| [&[u8::try_from(message.len()).unwrap()][..], message].concat());
    // Longer than anything.
    for bytes in framed.chain([vec![0xff; 6]]) {
        let error = answered(Protocol::MessagePack, frame(Protocol::MessagePack, &bytes)).await;
        assert!(matches!(&error, ClientError::ConnectionLost(text) if !text.is_empty()), "{bytes:x?}: {error:?}");
    }
}

#[tokio::test]
async fn frames_that_are_none_end_the_connection_with_an_error() {
    let too_long = [vec![0x81, 127], u64::MAX.to_be_bytes().to_vec()].concat();
    let bad: [&[u8]; 5] = [b"\xff\x00", b"\x80\x02{}", b"\x81\x81\0\0\0\0x", b"\x89\x7e\x01\x00", &too_long];
    for bytes in bad {
        let error = answered(Protocol::Json, bytes.to_vec()).await;
        assert!(matches!(&error, ClientError::ConnectionLost(text) if !text.is_empty()), "{bytes:x?}: {error:?}");
    }
}

/// All that a server sends in a session with a bit of everything. The client makes one call and asks for one stream.
fn session(protocol: Protocol) -> Vec<u8> {
    let json = [
        r#"{"type":6}"#,
        r#"{"type":1,"target":"Told","arguments":["some text"]}"#,
        r#"{"type":1,"invocationId":"s","target":"Asked","arguments":[1]}"#,
        r#"{"type":2,"invocationId":"2","item":5}"#,
        r#"{"type":3,"invocationId":"1","result":7}"#,
        r#"{"type":2,"invocationId":"2","item":6}"#,
        r#"{"type":3,"invocationId":"2"}"#,
        r#"{"type":7}"#,
    ];
    let msgpack: [&[u8]; 8] = [
        b"\x02\x91\x06",
        b"\x14\x96\x01\x80\xc0\xa4Told\x91\xa9some text\x90"[..].strip_prefix(b"\x14").unwrap(),
        b"\x96\x01\x80\xa1s\xa5Asked\x91\x01\x90",
        b"\x94\x02\x80\xa12\x05",
        b"\x95\x03\x80\xa11\x03\x07",
        b"\x94\x02\x80\xa12\x06",
        b"\x94\x03\x80\xa12\x02",
        b"\x92\x07\xc0",
    ];
    let mut bytes = frame(protocol, b"{}\x1e");
    match protocol {
        Protocol::Json => {
            // Two of them share a frame.
            let [first, second, rest @ ..] = json;
            bytes.extend(frame(protocol, format!("{first}\u{1e}{second}\u{1e}").as_bytes()));
            bytes.extend(rest.iter().flat_map(|message| frame(protocol, format!("{message}\u{1e}").as_bytes())));
        }
        _ => {
            let [ping, rest @ ..] = msgpack;
            bytes.extend(frame(protocol, ping));
            for message in rest {
                let length = u8::try_from(message.len()).unwrap();
                bytes.extend(frame(protocol, &[&[length][..], message].concat()));
            }
        }
    }
    bytes.extend(b"\x88\x02\x03\xe8");
    bytes
}

/// What became of a session.
#[derive(Debug)]
struct Outcome {
    call: Result<u32, ClientError>,
    items: Vec<Result<u32, ClientError>>,
    told: usize,
    /// Why the connection was closed.
    end: Option<ClientError>,
}

/// Connects to a server that sends a session in two parts, the second of which may be missing.
async fn run(protocol: Protocol, cut: usize, goes_on: bool) -> Result<Outcome, ClientError> {
    let url = serve(move |mut peer| async move {
        let bytes = session(protocol);
        peer.upgrade().await;
        peer.payload().await;
        peer.write(&bytes[..cut]).await;
        if goes_on {
            tokio::task::yield_now().await;
            peer.write(&bytes[cut..]).await;
            peer.rest().await;
        }
    })
    .await;
    let told = Arc::new(AtomicUsize::new(0));
    let counted = told.clone();
    let (builder, mut end) = with_end(client(&url, protocol));
    let builder = builder.on("Told", move |text: String| {
        assert_eq!(text, "some text");
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let connection: HubConnection = builder.on("Asked", |number: u32| number + 1).build();
    let (started, (call, items)) = tokio::join!(connection.start(), async {
        // The server does not wait for them: they are made before it has spoken.
        connection.wait_for(signalr::ConnectionState::Connecting).await;
        (connection.invoke::<u32>("Go", ()).into_future(), connection.stream::<u32>("Items", ()))
    });
    started?;
    let (call, items) = tokio::join!(call, async {
        match items.await {
            Ok(items) => items.collect().await,
            Err(error) => vec![Err(error)],
        }
    });
    let end = end.recv().await.unwrap();
    expect_no_calls(&connection).await;
    Ok(Outcome { call, items, told: told.load(Ordering::Relaxed), end })
}

#[tokio::test]
async fn a_session_that_comes_in_two_parts_is_whole() {
    for protocol in [Protocol::Json, Protocol::MessagePack] {
        for cut in 0..session(protocol).len() {
            let outcome = within(run(protocol, cut, true)).await.unwrap();
            // The calls may be made too late for the answers, which nobody waits for then.
            assert!(
                matches!(outcome.call, Ok(7) | Err(ClientError::Closed(None) | ClientError::NotConnected)),
                "{cut}: {outcome:?}"
            );
            assert_eq!(outcome.told, 1, "{protocol:?} {cut}");
            assert!(outcome.end.is_none(), "{protocol:?} {cut}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn a_session_cut_at_any_byte_ends_with_an_error_for_each_call() {
    for protocol in [Protocol::Json, Protocol::MessagePack] {
        let before = tasks();
        let length = session(protocol).len();
        for cut in 0..length {
            let handshake = frame(protocol, b"{}\x1e").len();
            match within(run(protocol, cut, false)).await {
                Err(error) => {
                    // Behind the handshake it may be too late to hear that it was connected.
                    let is_connect = matches!(error, ClientError::Connect(_));
                    assert!(is_connect || is_end(Some(&error)), "{protocol:?} {cut}: {error:?}");
                    assert_eq!(is_connect, cut < handshake, "{protocol:?} {cut}: {error:?}");
                }
                Ok(outcome) => {
                    assert!(cut >= handshake, "{protocol:?} {cut}: {outcome:?}");
                    let last = outcome.items.last();
                    assert!(outcome.call.is_ok() || is_end(outcome.call.as_ref().err()), "{cut}: {outcome:?}");
                    assert!(last.is_none_or(|last| last.is_ok() || is_end(last.as_ref().err())), "{cut}: {outcome:?}");
                }
            }
        }
        // The servers stay, one for each session.
        expect_tasks(before + length).await;
    }
}

fn is_end(error: Option<&ClientError>) -> bool {
    use ClientError::{Closed, ConnectionLost, NotConnected};
    matches!(error, Some(ConnectionLost(_) | Closed(_) | NotConnected))
}
