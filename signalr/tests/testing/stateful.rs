//! Stateful reconnect over lines.

use crate::support::{Desk, DeskHubClient, hub};
use futures_util::future::ready;
use futures_util::{FutureExt, StreamExt, TryFutureExt, TryStreamExt, stream};
use signalr::protocol::Protocol;
use signalr::testing::{Recorder, TestServer, settle};
use signalr::{ClientError, CloseReason, ConnectionEvent, ConnectionState, HubOptions, RetryPolicy};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

fn server() -> TestServer<Desk> {
    TestServer::with_options(&hub(), &HubOptions::default().allow_stateful_reconnects(true)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_or_repeated_over_cuts() -> Result<(), ClientError> {
    let server = server();
    let (line, told) = (server.line(), Recorder::new());
    let (events, mut happened) = mpsc::unbounded_channel();
    let builder = line.client().record(&told).reconnect(RetryPolicy::forever()).stateful_reconnect(100_000);
    let builder = builder.on_event(move |event| drop(events.send(event.clone())));
    let client: DeskHubClient = builder.connect().await?;
    let id = line.connection_id();
    for number in 0..100_u32 {
        let call = client.say(number.to_string());
        if number % 10 == 3 {
            let (called, ()) = tokio::join!(call.into_future(), async { line.cut() });
            called?;
        } else {
            call.await?;
        }
        server.handle().all().poked();
    }
    settle().await;
    for number in 0..100_u32 {
        assert_eq!(told.next::<(String, String)>("Said").await.1, number.to_string());
        told.next::<()>("Poked").await;
    }
    told.assert_none();
    assert_eq!((line.connection_id(), client.as_ref().connection_id(), server.connections()), (id.clone(), id, 1));
    let mut resumed = 0;
    while let Ok(event) = happened.try_recv() {
        match event {
            ConnectionEvent::Reconnected { resumed: true, .. } => resumed += 1,
            ConnectionEvent::Connected { .. } | ConnectionEvent::Reconnecting { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(resumed, 10);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_comes_too_late_is_a_new_one() -> Result<(), ClientError> {
    let server = server();
    let line = server.line();
    let builder = line.client().reconnect(RetryPolicy::forever()).stateful_reconnect(100_000);
    let client: DeskHubClient = builder.connect().await?;
    let id = line.connection_id();
    line.down();
    assert!(matches!(line.ended().await, CloseReason::TransportLost(_)));
    line.up();
    client.as_ref().wait_for(ConnectionState::Reconnecting).await;
    client.as_ref().wait_for(ConnectionState::Connected).await;
    assert_eq!(client.echo("hi").await?, "hi");
    assert_ne!(line.connection_id(), id);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn it_is_not_to_be_had_where_the_hub_does_not_allow_it() -> Result<(), ClientError> {
    let line = TestServer::new(&hub()).line();
    let builder = line.client().reconnect(RetryPolicy::forever()).stateful_reconnect(100_000);
    let client: DeskHubClient = builder.connect().await?;
    line.cut();
    assert!(matches!(line.ended().await, CloseReason::TransportLost(_)));
    client.as_ref().wait_for(ConnectionState::Connected).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(client.echo("hi").await?, "hi");
    Ok(())
}

/// Numbers that look random, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// Everything at once over a slow line that is cut again and again, within messages and between them.
async fn survives(protocol: Protocol, seed: u64, cuts: usize) -> Result<(), ClientError> {
    let server = server().protocol(protocol);
    let (line, told) = (server.line(), Recorder::new());
    line.slow(1500, Duration::from_millis(1));
    let builder = line.client().record(&told).reconnect(RetryPolicy::forever()).stateful_reconnect(100_000);
    let client: DeskHubClient = builder.connect().await?;
    let done = AtomicBool::new(false);
    let until_done = || stream::iter(0_u32..).take_while(|_| ready(!done.load(Ordering::Relaxed)));
    let cutting = async {
        let mut dice = Dice(seed);
        for _ in 0..cuts {
            tokio::time::sleep(Duration::from_millis(dice.below(12))).await;
            line.cut();
        }
        done.store(true, Ordering::Relaxed);
        Ok::<_, ClientError>(())
    };
    let saying = until_done().map(Ok).try_fold(0, |_, number| {
        let said = client.say(number.to_string()).into_future();
        said.map_ok(move |()| number + 1)
    });
    let echoing = until_done().map(Ok).try_for_each(|number| {
        let echo = client.echo(number.to_string());
        async move {
            assert_eq!(echo.await?, number.to_string());
            Ok::<_, ClientError>(())
        }
    });
    let counting = until_done().map(Ok).try_for_each(|_| async {
        let numbers: Vec<u32> = client.count(30).await?.try_collect().await?;
        assert!(numbers.into_iter().eq(0..30));
        Ok::<_, ClientError>(())
    });
    let summing = until_done().map(Ok).try_for_each(|_| async {
        assert_eq!(client.sum(stream::iter(0..30)).await?, (0..30).sum::<u64>());
        Ok::<_, ClientError>(())
    });
    let (said, ..) = tokio::try_join!(saying, echoing, counting, summing, cutting)?;
    line.repair();
    assert_eq!(client.echo("done").await?, "done");
    settle().await;
    for number in 0..said {
        let (_, text) = told.try_next::<(String, String)>("Said").expect("none is lost");
        assert_eq!(text, number.to_string());
    }
    told.assert_none();
    assert!(said > 10, "{said}");
    assert_eq!((server.connections(), line.ended().now_or_never()), (1, None));
    drop(client);
    server.wait_for_connections(0).await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn everything_survives_a_thousand_cuts() -> Result<(), ClientError> {
    for protocol in Protocol::ALL.iter().copied() {
        survives(protocol, 11, 500).await?;
    }
    Ok(())
}
