//! Stateful reconnect: nothing is lost and nothing repeated, however often the socket is cut.

use crate::server::serve;
use crate::workload::{Done, both, call, download, upload};
use client_tests::conformance::ConformanceHubClient;
use client_tests::relay::Relay;
use client_tests::{Combination, Heard, Recorder, expect_no_calls, expect_tasks, http_client, soon, tasks, within};
use signalr::protocol::Protocol;
use signalr::{ConnectionEvent, HubConnection, Transport};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use wire_tests::{ours_differs, server};

/// How often the socket is cut, unless `CLIENT_CUTS` says otherwise.
const CUTS: u64 = 100;

/// After so many bytes at most. What the other end has not acknowledged, which it does after 32 KiB or a second, is sent anew
/// on each socket, or stood in for: on much shorter ones there would be hardly anything new.
const LONGEST: u64 = 200_000;

/// A run may take so long for each cut.
const TIME: Duration = Duration::from_millis(200);

fn cuts() -> u64 {
    std::env::var("CLIENT_CUTS").ok().and_then(|cuts| cuts.parse().ok()).unwrap_or(CUTS)
}

/// Repeats a piece of work until the cutting is over; gives how often.
async fn repeat(is_over: &AtomicBool, work: impl AsyncFn(i32) -> Done) -> i32 {
    let mut round = 0;
    while !is_over.load(Ordering::Relaxed) {
        round += 1;
        within(work(round)).await.unwrap();
    }
    round
}

async fn lose_nothing(protocol: Protocol, seed: u64) {
    let before = tasks();
    let cuts = cuts();
    let relay = Relay::cutting(server().authority(), seed, LONGEST, cuts).await;
    let (recorder, mut heard) = Recorder::new();
    let with = Combination { transport: Transport::WebSockets, protocol };
    let resumed = Arc::new(AtomicU64::new(0));
    let counted = resumed.clone();
    let builder = with.builder_at::<ConformanceHubClient>(relay.url("/conformance-stateful")).receiver(recorder);
    let builder = builder.reconnect(soon()).stateful_reconnect(100_000).on_event(move |event| match event {
        ConnectionEvent::Reconnected { resumed, .. } => {
            assert!(*resumed);
            counted.fetch_add(1, Ordering::Relaxed);
        }
        ConnectionEvent::Closed { error } => assert!(error.is_none(), "{error:?}"),
        _ => {}
    });
    let hub = within(builder.connect()).await.unwrap();
    let id = hub.as_ref().connection_id();
    let is_over = AtomicBool::new(false);
    let ahead = Semaphore::new(10);
    // A call that waits for its turn would stop the upload of the running one there.
    let uploads = !ours_differs("reading goes on while calls wait for the running one");
    let tell = async {
        let mut told = 0;
        while !is_over.load(Ordering::Relaxed) {
            // A few at a time, so that the other work has its turn too.
            within(ahead.acquire()).await.unwrap().forget();
            within(hub.send_to_caller(told.to_string()).send()).await.unwrap();
            told += 1;
        }
        told
    };
    let hear = async {
        let mut expected = 0;
        while let Some(told) = heard.recv().await {
            match told {
                Heard::Receive(text) if text == "end" => break,
                Heard::Receive(text) => assert_eq!(text, expected.to_string(), "nothing is lost or repeated"),
                other => panic!("{other:?}"),
            }
            expected += 1;
            ahead.add_permits(1);
        }
        expected
    };
    let work = async {
        let (calls, .., told) = tokio::join!(
            repeat(&is_over, async |round| call(&hub, round).await),
            repeat(&is_over, async |round| download(&hub, round % 100).await),
            repeat(&is_over, async |round| if uploads {
                upload(&hub, round % 100).await
            } else {
                call(&hub, round).await
            }),
            repeat(&is_over, async |round| if uploads {
                both(&hub, round % 20).await
            } else {
                call(&hub, round).await
            }),
            tell,
        );
        within(hub.send_to_caller("end").into_future()).await.unwrap();
        (calls, told)
    };
    let limit = TIME * u32::try_from(cuts).unwrap() + client_tests::LONG;
    let ((calls, told), heard, ()) = tokio::join!(work, hear, async {
        let cut = tokio::time::timeout(limit, relay.wait_for_cuts(cuts)).await;
        is_over.store(true, Ordering::Relaxed);
        assert!(cut.is_ok(), "{} of {cuts} cuts", relay.cuts());
    });
    assert_eq!(told, heard);
    assert!(calls > 0);
    assert_eq!(hub.as_ref().connection_id(), id, "it is the same connection");
    println!(
        "{protocol:?}: {cuts} cuts, {} resumptions, {told} messages there and back, {calls} rounds of calls",
        resumed.load(Ordering::Relaxed)
    );
    expect_no_calls(hub.as_ref()).await;
    within(hub.as_ref().stop()).await;
    drop((hub, relay));
    expect_tasks(before).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn json() {
    lose_nothing(Protocol::Json, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn message_pack() {
    lose_nothing(Protocol::MessagePack, 2).await;
}

const OFFER: &str = r#"{"negotiateVersion":1,"connectionId":"c","connectionToken":"t","useStatefulReconnect":true,
    "availableTransports":[{"transport":"WebSockets","transferFormats":["Text","Binary"]}]}"#;

#[tokio::test]
async fn a_socket_that_is_closed_without_a_goodbye_is_opened_again() {
    // As a server does that has been given another socket, which was lost before it came.
    let sockets = Arc::new(AtomicU64::new(0));
    let url = serve(move |mut peer| {
        let sockets = sockets.clone();
        async move {
            if peer.head().await.starts_with("POST") {
                let answer =
                    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{OFFER}", OFFER.len());
                return peer.write(answer.as_bytes()).await;
            }
            peer.open().await;
            if sockets.fetch_add(1, Ordering::Relaxed) == 0 {
                peer.request().await;
                peer.send("{}\u{1e}").await;
                assert!(peer.message().await.is_some_and(|call| call.contains("Go")));
                // Half a message, and the end.
                peer.send("{\"type\":3,\"invocation").await;
                peer.write(b"\x88\x02\x03\xe8").await;
            } else {
                assert_eq!(peer.message().await.as_deref(), Some("{\"type\":9,\"sequenceId\":1}"));
                assert!(peer.message().await.is_some_and(|call| call.contains("Go")));
                peer.send("{\"type\":9,\"sequenceId\":1}\u{1e}{\"type\":3,\"invocationId\":\"1\",\"result\":7}\u{1e}")
                    .await;
            }
            peer.rest().await;
        }
    })
    .await;
    let builder = HubConnection::builder(url).http_client(http_client()).stateful_reconnect(1000);
    let connection: HubConnection = within(builder.connect()).await.unwrap();
    assert_eq!(within(connection.invoke::<u32>("Go", ()).into_future()).await.unwrap(), 7);
    assert_eq!(connection.connection_id().as_deref(), Some("c"));
}
