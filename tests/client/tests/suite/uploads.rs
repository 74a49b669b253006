//! Streams of the client.

use crate::support::{all, hub_error, next};
use client_tests::{Combination, Heard};
use futures_util::{StreamExt, stream};
use tokio::sync::mpsc;

pub(crate) async fn one(with: Combination) {
    let hub = with.typed("/conformance").await;
    assert_eq!(hub.sum(stream::iter(0..100)).await.unwrap(), 4950);
    let texts = ["one", "", "ä"].map(str::to_owned);
    assert_eq!(hub.concat(stream::iter(texts)).await.unwrap(), "oneä");
}

pub(crate) async fn two(with: Combination) {
    let hub = with.typed("/conformance").await;
    let sums = hub.two_streams(stream::iter([1, 2, 3]), "sums", stream::iter(10..20)).await.unwrap();
    assert_eq!(sums, "sums:6:145");
    // By name the streams stand behind the arguments.
    let connection = hub.as_ref();
    let call = connection.invoke::<String>("TwoStreams", ("by name",));
    assert_eq!(call.upload(stream::iter([1])).upload(stream::iter([2])).await.unwrap(), "by name:1:2");
}

pub(crate) async fn of_nothing(with: Combination) {
    let hub = with.typed("/conformance").await;
    assert_eq!(hub.sum(stream::empty()).await.unwrap(), 0);
}

pub(crate) async fn failing(with: Combination) {
    let connection = with.untyped("/conformance").await;
    let items = stream::iter([Ok(1), Err("lost my data"), Ok(2)]);
    let failed = connection.invoke::<i32>("Sum", ()).try_upload(items).await;
    let text = "An unexpected error occurred invoking 'Sum' on the server. HubException: lost my data";
    assert_eq!(hub_error(failed), text);
}

pub(crate) async fn both_ways(with: Combination) {
    let hub = with.typed("/conformance").await;
    let (texts, mut source) = mpsc::unbounded_channel::<String>();
    let source = stream::poll_fn(move |cx| source.poll_recv(cx));
    let mut capitals = hub.upper(source).await.unwrap();
    for text in ["one", "two", "ä"] {
        texts.send(text.to_owned()).unwrap();
        assert_eq!(capitals.next().await.unwrap().unwrap(), text.to_uppercase());
    }
    drop(texts);
    assert!(all(capitals).await.is_empty());
}

pub(crate) async fn of_much(with: Combination) {
    // Less may wait to be sent than the stream has.
    let builder = with.builder::<client_tests::conformance::ConformanceHubClient>("/conformance");
    let hub = builder.queue_capacity(1000).connect().await.unwrap();
    assert_eq!(hub.sum(stream::iter(0..20_000)).await.unwrap(), (0..20_000).sum::<i32>());
    let text = "0123456789".repeat(1000);
    let texts = stream::iter(vec![text.clone(); 50]);
    assert!(hub.concat(texts).await.unwrap() == text.repeat(50));
}

pub(crate) async fn without_an_answer(with: Combination) {
    let (hub, mut heard) = with.recorded("/conformance-stateful").await;
    hub.sum(stream::iter(0..100)).send().await.unwrap();
    hub.send_to_caller("behind it").await.unwrap();
    assert_eq!(next(&mut heard).await, Heard::receive("behind it"));
}
