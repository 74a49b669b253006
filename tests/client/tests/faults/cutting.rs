//! A relay that cuts connections at random.

use crate::workload::{Done, both, call, download, upload};
use client_tests::conformance::ConformanceHubClient;
use client_tests::relay::Relay;
use client_tests::{Combination, Heard, Recorder, expect_no_calls, expect_tasks, soon, tasks, within};
use futures_util::FutureExt;
use signalr::protocol::Protocol;
use signalr::{ClientError, ConnectionState, Transport};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use wire_tests::server;

/// How often connections are cut in each test.
const CUTS: u64 = 60;

/// Repeats a piece of work until the cutting is over; gives how often it was done and how often it failed with its connection.
async fn repeat(is_over: Arc<AtomicBool>, work: impl AsyncFn(i32) -> Done) -> (usize, usize) {
    let (mut done, mut failed) = (0, 0);
    let mut round = 0;
    while !is_over.load(Ordering::Relaxed) {
        round += 1;
        match within(work(round)).await {
            Ok(()) => done += 1,
            Err(ClientError::ConnectionLost(_) | ClientError::Closed(_)) => failed += 1,
            Err(error) => panic!("not a clear error: {error:?}"),
        }
    }
    (done, failed)
}

async fn survive(with: Combination, longest: u64) {
    let before = tasks();
    let relay = Relay::cutting(server().authority(), 7, longest, CUTS).await;
    let (recorder, mut heard) = Recorder::new();
    let builder = with.builder_at::<ConformanceHubClient>(relay.url("/conformance-stateful")).receiver(recorder);
    let builder = builder.reconnect(soon()).calls_wait_for_connection(true);
    let hub = within(builder.connect()).await.unwrap();
    let is_over = Arc::new(AtomicBool::new(false));
    let work = async {
        tokio::join!(
            repeat(is_over.clone(), async |round| call(&hub, round).await),
            repeat(is_over.clone(), async |round| call(&hub, round).await),
            repeat(is_over.clone(), async |round| download(&hub, round % 100).await),
            repeat(is_over.clone(), async |round| upload(&hub, round % 100).await),
            repeat(is_over.clone(), async |round| both(&hub, round % 20).await),
            repeat(is_over.clone(), async |round| {
                hub.send_many(u32::try_from(round % 20).unwrap_or_default()).await
            }),
        )
    };
    let (((a, failed), ..), ()) = tokio::join!(work, async {
        within(relay.wait_for_cuts(CUTS)).await;
        is_over.store(true, Ordering::Relaxed);
    });
    assert!(a + failed > 0);
    // What was heard came in order, from 0 in each call.
    let mut last = 0;
    while let Ok(told) = heard.try_recv() {
        let Heard::Numbered(number) = told else { panic!("{told:?}") };
        assert!(number == 0 || number == last + 1, "{number} comes after {last}");
        last = number;
    }
    // Nobody cuts any more, but for what is being cut already.
    while let Err(error) = within(hub.echo("at last").into_future()).await {
        assert!(matches!(error, ClientError::ConnectionLost(_) | ClientError::Closed(_)), "{error:?}");
    }
    expect_no_calls(hub.as_ref()).await;
    within(hub.as_ref().stop()).await;
    assert_eq!(hub.as_ref().state(), ConnectionState::Disconnected);
    expect_no_calls(hub.as_ref()).await;
    drop((hub, relay));
    expect_tasks(before).await;
}

macro_rules! combinations {
    ($($name:ident: $transport:ident, $protocol:ident, $longest:literal;)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let with = Combination { transport: Transport::$transport, protocol: Protocol::$protocol };
            survive(with, $longest).await;
        }
    )+};
}

combinations! {
    web_sockets_json: WebSockets, Json, 20_000;
    web_sockets_message_pack: WebSockets, MessagePack, 20_000;
    server_sent_events_json: ServerSentEvents, Json, 5_000;
    long_polling_json: LongPolling, Json, 5_000;
    long_polling_message_pack: LongPolling, MessagePack, 5_000;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_is_stopped_while_its_connection_is_cut_leaves_nothing() {
    let before = tasks();
    let relay = Relay::cutting(server().authority(), 11, 2_000, u64::MAX).await;
    for round in 0..50 {
        let transport = *Transport::ALL.get(round % 3).unwrap();
        let with = Combination { transport, protocol: Protocol::Json };
        let builder = with.builder_at::<ConformanceHubClient>(relay.url("/conformance-stateful"));
        let hub = builder.reconnect(soon()).calls_wait_for_connection(true).stateful_reconnect(100_000).build();
        let connection = hub.as_ref().clone();
        let mut starting = Box::pin(async move { connection.start().await });
        // It begins before the end.
        let _ = (&mut starting).now_or_never();
        let worker = tokio::spawn({
            let hub = hub.clone();
            async move {
                let _ = starting.await;
                while call(&hub, 1).await.is_ok() {}
                let _ = upload(&hub, 100).await;
            }
        });
        tokio::time::sleep(Duration::from_millis(round as u64 % 10)).await;
        within(hub.as_ref().stop()).await;
        within(worker).await.unwrap();
        expect_no_calls(hub.as_ref()).await;
    }
    drop(relay);
    expect_tasks(before).await;
}
