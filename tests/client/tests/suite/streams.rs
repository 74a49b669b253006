//! Streams of the server.

use crate::support::{all, hub_error};
use client_tests::Combination;
use futures_util::StreamExt;
use signalr::ClientError;

pub(crate) async fn items(with: Combination) {
    let hub = with.typed("/conformance").await;
    for (count, delay) in [(1, 0), (3, 1), (1000, 0)] {
        assert_eq!(all(hub.counter(count, delay).await.unwrap()).await, (0..count).collect::<Vec<_>>());
    }
}

pub(crate) async fn no_items(with: Combination) {
    let hub = with.typed("/conformance").await;
    assert!(all(hub.empty_stream().await.unwrap()).await.is_empty());
    assert!(all(hub.counter(0, 0).await.unwrap()).await.is_empty());
}

pub(crate) async fn several_at_once(with: Combination) {
    let hub = with.typed("/conformance").await;
    let count = |to| {
        let hub = hub.clone();
        async move { all(hub.counter(to, 1).await.unwrap()).await }
    };
    let (a, b, c) = tokio::join!(count(10), count(20), count(30));
    for (to, items) in [(10, a), (20, b), (30, c)] {
        assert_eq!(items, (0..to).collect::<Vec<_>>());
    }
}

pub(crate) async fn a_failure_at_the_end(with: Combination) {
    let hub = with.typed("/conformance").await;
    let mut items = hub.counter_throws(3).await.unwrap();
    for number in 0..3 {
        assert_eq!(items.next().await.unwrap().unwrap(), number);
    }
    let text = "An error occurred on the server while streaming results. HubException: stream failed";
    assert_eq!(hub_error(items.next().await.unwrap()), text);
    assert!(items.next().await.is_none());
}

pub(crate) async fn a_failure_at_once(with: Combination) {
    let hub = with.typed("/conformance").await;
    let mut items = hub.stream_throws_at_once().await.unwrap();
    let text = "An unexpected error occurred invoking 'StreamThrowsAtOnce' on the server. HubException: no stream";
    assert_eq!(hub_error(items.next().await.unwrap()), text);
    assert!(items.next().await.is_none());
}

pub(crate) async fn read_late(with: Combination) {
    // Little may wait, so that the client stops to read from the server.
    let builder = with.builder::<client_tests::conformance::ConformanceHubClient>("/conformance");
    let hub = builder.waiting_limit(1000).connect().await.unwrap();
    let items = hub.counter(20_000, 0).await.unwrap();
    let call = tokio::spawn({
        let hub = hub.clone();
        async move { hub.echo("behind the items").await.unwrap() }
    });
    tokio::task::yield_now().await;
    assert_eq!(all(items).await.len(), 20_000);
    assert_eq!(call.await.unwrap(), "behind the items");
}

pub(crate) async fn beside_calls(with: Combination) {
    let hub = with.typed("/conformance").await;
    let mut ticks = hub.infinite().await.unwrap();
    for number in 0..10 {
        assert_eq!(ticks.next().await.unwrap().unwrap(), "tick");
        assert_eq!(hub.add(number, 1).await.unwrap(), number + 1);
    }
}

pub(crate) async fn items_of_another_type(with: Combination) {
    let connection = with.untyped("/conformance").await;
    let mut items = connection.stream::<String>("Counter", (1000, 1)).await.unwrap();
    match items.next().await {
        Some(Err(ClientError::Decode { method, part: "item", .. })) => assert_eq!(method, "Counter"),
        other => panic!("{other:?}"),
    }
    assert!(items.next().await.is_none());
    assert_eq!(connection.invoke::<i32>("Add", (1, 2)).await.unwrap(), 3);
}
