//! Redis goes away and comes back.

use crate::server::Server;
use crate::support::{Inbox, builder, connect, connected, disconnected, publish, soon};
use bytes::Bytes;
use signalr::{Backplane, BackplaneError, BackplaneReceiver};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(300);

#[tokio::test]
async fn a_redis_that_is_not_there_yet_comes_in_force_later() {
    let mut server = Server::start().await;
    server.kill().await;
    let redis = builder(&server.url()).open().expect("it opens");
    assert!(!redis.is_connected());
    // Both wait for the first attempt, or come after it.
    let mut inbox = Inbox::new();
    let subscribed = soon(redis.subscribe("c", &inbox.receiver)).await;
    let published = publish(&redis, "c", "lost").await;
    for error in [subscribed.expect_err("away"), published.expect_err("away")] {
        assert!(matches!(&error, BackplaneError::Away(cause) if cause.contains("refused")), "{error}");
    }
    assert!(matches!(redis.publish("c", Bytes::new()), Err(BackplaneError::Away(_))));
    assert!(matches!(soon(redis.subscribers("c")).await, Err(BackplaneError::Away(_))));
    let mut late = Inbox::new();
    assert!(soon(redis.subscribe("late", &late.receiver)).await.is_err());
    let dropped = Inbox::new();
    assert!(soon(redis.subscribe("dropped", &dropped.receiver)).await.is_err());
    redis.unsubscribe("dropped", &dropped.receiver);

    server.restart().await;
    connected(&redis).await;
    assert_eq!(redis.last_error(), None);
    assert_eq!(publish(&redis, "c", "x").await, Ok(Some(1)));
    assert_eq!(publish(&redis, "late", "y").await, Ok(Some(1)));
    assert_eq!(publish(&redis, "dropped", "z").await, Ok(Some(0)));
    assert_eq!((inbox.text().await, late.text().await), ("x".to_owned(), "y".to_owned()));
}

#[tokio::test]
async fn what_is_called_before_the_first_connection_waits_for_it() {
    let server = Server::start().await;
    let redis = builder(&server.url()).open().expect("it opens");
    let mut inbox = Inbox::new();
    let subscribed = redis.subscribe("c", &inbox.receiver);
    let published = redis.publish("c", Bytes::from_static(b"x")).expect("taken");
    assert_eq!((soon(subscribed).await, soon(published).await), (Ok(()), Ok(Some(1))));
    assert_eq!(inbox.text().await, "x");
}

#[tokio::test]
async fn ten_thousand_channels_are_restored() {
    let mut server = Server::start().await;
    let redis = connect(&server).await;
    let mut inbox = Inbox::new();
    let told: Vec<_> = (0..10_000).map(|number| redis.subscribe(&format!("c{number}"), &inbox.receiver)).collect();
    for told in told {
        soon(told).await.expect("subscribed");
    }
    for number in (0..10_000).step_by(2) {
        redis.unsubscribe(&format!("c{number}"), &inbox.receiver);
    }
    for _ in 0..2 {
        server.kill().await;
        disconnected(&redis).await;
        server.restart().await;
        connected(&redis).await;
        for number in [1, 4_999, 9_999] {
            assert_eq!(publish(&redis, &format!("c{number}"), "x").await, Ok(Some(1)));
            assert_eq!(inbox.next().await.0, format!("c{number}"));
        }
        assert_eq!(publish(&redis, "c9998", "x").await, Ok(Some(0)));
        assert_eq!(server.command(&["PUBSUB", "CHANNELS"]).await.split(' ').count(), 5_000);
    }
}

#[tokio::test]
async fn a_redis_killed_under_traffic_costs_what_was_under_way_and_no_more() {
    let mut server = Server::start().await;
    let redis = connect(&server).await;
    let mut inbox = Inbox::on(&redis, "c").await;
    let publishing = redis.clone();
    let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
    let traffic = tokio::spawn(async move {
        let (mut sent, mut away, mut lost, mut number) = (0, 0, 0, 0_u64);
        while stopped.try_recv().is_err() {
            let told: Vec<_> =
                (0..50).map(|n| publishing.publish("c", Bytes::from((number + n).to_string()))).collect();
            number += 50;
            for told in told {
                let outcome = match told {
                    Ok(told) => soon(told).await,
                    Err(error) => Err(error),
                };
                match outcome {
                    Ok(count) => {
                        sent += 1;
                        assert!(count <= Some(1));
                    }
                    Err(BackplaneError::Away(_)) => away += 1,
                    Err(BackplaneError::Lost(_)) => lost += 1,
                    Err(error) => panic!("{error}"),
                }
            }
            tokio::task::yield_now().await;
        }
        (sent, away, lost)
    });
    for _ in 0..3 {
        inbox.next().await;
        server.kill().await;
        disconnected(&redis).await;
        server.restart().await;
        connected(&redis).await;
        while inbox.waiting().is_some() {}
        inbox.next().await;
    }
    stop.send(()).expect("the traffic goes on");
    let (sent, away, lost) = soon(traffic).await.expect("no panic");
    assert!(sent > 0 && away > 0, "{sent} sent, {away} away, {lost} lost");
    // In order all the time.
    assert_eq!(publish(&redis, "c", "last").await, Ok(Some(1)));
    let mut before = None;
    loop {
        let text = inbox.text().await;
        let Ok(number) = text.parse::<u64>() else { break };
        assert!(before < Some(number));
        before = Some(number);
    }
}

#[tokio::test]
async fn a_paused_redis_counts_as_lost_and_is_found_again() {
    let server = Server::start().await;
    let redis = builder(&server.url()).response_timeout(SHORT).connect_timeout(SHORT).max_unsent_bytes(100_000).open();
    let redis = redis.expect("it opens");
    connected(&redis).await;
    let mut inbox = Inbox::on(&redis, "c").await;
    assert_eq!(server.command(&["CLIENT", "PAUSE", "2000"]).await, "OK");
    let mut told = Vec::new();
    let full = loop {
        match redis.publish("c", Bytes::from(vec![0; 1000])) {
            Ok(answer) => told.push(answer),
            Err(error) => break error,
        }
        assert!(told.len() < 100, "nothing is bounded");
    };
    assert_eq!(full, BackplaneError::Full);
    let subscribing = redis.subscribe("d", &inbox.receiver);
    for told in told {
        let error = soon(told).await.expect_err("no answer");
        assert!(matches!(&error, BackplaneError::Lost(cause) if cause.contains("no answer within")), "{error}");
    }
    assert!(soon(subscribing).await.is_err());
    assert!(!redis.is_connected());
    connected(&redis).await;
    // What Redis was told before its pause it may do afterwards.
    assert!(matches!(publish(&redis, "d", "after").await, Ok(Some(1 | 2))));
    while inbox.text().await != "after" {}
}

/// Nothing says that its peer has stopped but its silence.
#[tokio::test]
async fn a_silent_redis_is_noticed_though_nothing_is_sent() {
    let server = Server::start().await;
    let redis = builder(&server.url()).response_timeout(SHORT).connect_timeout(SHORT).open().expect("it opens");
    connected(&redis).await;
    let mut inbox = Inbox::on(&redis, "c").await;
    server.signal("STOP").await;
    disconnected(&redis).await;
    let error = publish(&redis, "c", "x").await.expect_err("away");
    assert!(matches!(error, BackplaneError::Away(_)), "{error}");
    server.signal("CONT").await;
    connected(&redis).await;
    assert!(publish(&redis, "c", "y").await.is_ok());
    assert_eq!(inbox.text().await, "y");
}

/// Without traffic the connection stays.
#[tokio::test]
async fn a_quiet_connection_lives_on() {
    let server = Server::start().await;
    let redis = builder(&server.url()).response_timeout(Duration::from_millis(50)).open().expect("it opens");
    connected(&redis).await;
    let pings = async {
        loop {
            let calls = server.command(&["INFO", "commandstats"]).await;
            let calls = calls.lines().find_map(|line| line.strip_prefix("cmdstat_ping:calls="));
            if calls.and_then(|calls| calls.split(',').next()?.parse::<u32>().ok()) >= Some(5) {
                break;
            }
        }
    };
    let mut watch = redis.watch();
    tokio::select! {
        () = soon(pings) => {}
        _ = watch.wait_for(|is_connected| !is_connected) => panic!("it was given up"),
    }
}

#[tokio::test]
async fn a_killed_connection_is_made_again() {
    let server = Server::start().await;
    let redis = connect(&server).await;
    let mut inbox = Inbox::on(&redis, "c").await;
    for kind in ["pubsub", "pubsub"] {
        let mut watch = redis.watch();
        assert_eq!(server.command(&["CLIENT", "KILL", "TYPE", kind]).await, "1");
        soon(watch.changed()).await.expect("the handle lives");
        connected(&redis).await;
        assert_eq!(publish(&redis, "c", "x").await, Ok(Some(1)));
        assert_eq!(inbox.text().await, "x");
    }
}

#[tokio::test]
async fn flushing_harms_nothing() {
    let server = Server::start().await;
    let redis = connect(&server).await;
    let mut inbox = Inbox::on(&redis, "c").await;
    assert_eq!(server.command(&["FLUSHALL"]).await, "OK");
    assert_eq!(publish(&redis, "c", "x").await, Ok(Some(1)));
    assert_eq!(inbox.text().await, "x");
}

/// Redis disconnects a server that does not take what is published, which then begins anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_too_slow_comes_back() {
    let server = Server::start().await;
    server.command(&["CONFIG", "SET", "client-output-buffer-limit", "pubsub 64kb 0 0"]).await;
    let (slow, fast) = (connect(&server).await, connect(&server).await);
    let (go_on, gate) = channel::<()>();
    let gate = Mutex::new(gate);
    let held = Arc::new(BackplaneReceiver::new(move |_, _| {
        let _ = gate.lock().expect("no panic").recv();
    }));
    let mut inbox = Inbox::on(&slow, "d").await;
    soon(slow.subscribe("c", &held)).await.expect("subscribed");
    // What sockets hold is not in the buffer of Redis.
    let payload = Bytes::from(vec![0; 100_000]);
    while soon(fast.publish("c", payload.clone()).expect("taken")).await != Ok(Some(0)) {}
    let mut watch = slow.watch();
    // From here on the receiver holds nothing up.
    drop(go_on);
    soon(watch.wait_for(|is_connected| !is_connected)).await.expect("the handle lives");
    connected(&slow).await;
    assert_eq!(publish(&fast, "d", "x").await, Ok(Some(1)));
    assert_eq!(inbox.text().await, "x");
    assert_eq!(soon(fast.subscribers("c")).await, Ok(Some(1)));
}

/// A flood of payloads keeps nobody from publishing.
#[tokio::test]
async fn a_flood_does_not_hold_up_what_is_published() {
    let server = Server::start().await;
    let (one, two) = (connect(&server).await, connect(&server).await);
    let _flooded = Inbox::on(&one, "flood").await;
    let flood = tokio::spawn(async move {
        loop {
            let told: Vec<_> = (0..1000).filter_map(|_| two.publish("flood", Bytes::from(vec![0; 100])).ok()).collect();
            for told in told {
                let _ = told.await;
            }
        }
    });
    for _ in 0..100 {
        assert_eq!(publish(&one, "c", "x").await, Ok(Some(0)));
    }
    flood.abort();
}

/// Nobody is there any more for whom to connect again.
#[tokio::test]
async fn the_last_handle_may_go_while_redis_says_nothing() {
    let server = Server::start().await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let redis = builder(&server.url()).response_timeout(SHORT).connect_timeout(SHORT).open().expect("it opens");
    connected(&redis).await;
    server.signal("STOP").await;
    let told = redis.publish("c", Bytes::new()).expect("taken");
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    let (own, hook) = (std::thread::current().id(), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(usize::from(std::thread::current().id() == own), Ordering::Relaxed);
        hook(panic);
    }));
    drop(redis);
    let error = soon(told).await.expect_err("no answer");
    assert!(matches!(&error, BackplaneError::Lost(cause) if cause.contains("no answer within")), "{error}");
    while tasks() > before {
        tokio::task::yield_now().await;
    }
    assert_eq!(PANICS.load(Ordering::Relaxed), 0);
    server.signal("CONT").await;
}

#[test]
fn what_waits_is_told_when_the_runtime_ends() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (server, redis) = runtime.block_on(async {
        let server = Server::start().await;
        let redis = connect(&server).await;
        server.signal("STOP").await;
        (server, redis)
    });
    let told = redis.publish("c", Bytes::new()).expect("taken");
    drop(runtime);
    let other = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let error = other.block_on(soon(told)).expect_err("nobody serves it");
    assert!(error.to_string().contains("has ended"), "{error}");
    assert!(matches!(redis.publish("c", Bytes::new()), Err(BackplaneError::Away(_))));
    other.block_on(async move { drop(server) });
}
