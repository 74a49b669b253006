//! Publishing, subscribing, counting.

use crate::server::{Client, Server};
use crate::support::{Inbox, builder, connect, connected, publish, soon};
use bytes::Bytes;
use signalr::{Backplane, BackplaneReceiver, Redis, RedisError};
use std::sync::{Arc, OnceLock};

#[tokio::test]
async fn a_payload_reaches_every_subscriber_and_is_counted() {
    let server = Server::start().await;
    let (one, two) = (connect(&server).await, connect(&server).await);
    let (mut at_one, mut at_two) = (Inbox::on(&one, "c").await, Inbox::on(&two, "c").await);
    assert_eq!(publish(&one, "c", "x").await, Ok(Some(2)));
    assert_eq!((at_one.text().await, at_two.text().await), ("x".to_owned(), "x".to_owned()));
    assert_eq!(soon(one.subscribers("c")).await, Ok(Some(2)));
    assert_eq!(soon(one.subscribers("C")).await, Ok(Some(0)));
    assert_eq!(publish(&one, "nobody", "x").await, Ok(Some(0)));
}

#[tokio::test]
async fn what_is_called_one_after_the_other_happens_so() {
    let server = Server::start().await;
    let redis = connect(&server).await;
    let mut inbox = Inbox::new();
    for round in 0..200 {
        drop(redis.subscribe("c", &inbox.receiver));
        let there = redis.publish("c", Bytes::from(format!("{round}"))).expect("taken");
        redis.unsubscribe("c", &inbox.receiver);
        let gone = redis.publish("c", Bytes::from_static(b"nobody")).expect("taken");
        let count = redis.subscribers("c");
        assert_eq!((soon(there).await, soon(gone).await, soon(count).await), (Ok(Some(1)), Ok(Some(0)), Ok(Some(0))));
    }
    // Each was under way when it was unsubscribed: it may arrive or not.
    while let Some((_, payload)) = inbox.waiting() {
        assert_ne!(&payload[..], b"nobody");
    }
}

#[tokio::test]
async fn payloads_of_a_channel_keep_their_order() {
    let server = Server::start().await;
    let (one, two) = (connect(&server).await, connect(&server).await);
    let mut inbox = Inbox::new();
    drop(one.subscribe("c", &inbox.receiver));
    let mut other = Inbox::on(&two, "c").await;
    soon(one.subscribe("c", &inbox.receiver)).await.expect("subscribed");
    for number in 0..10_000 {
        drop(one.publish("c", Bytes::from(format!("{number}"))).expect("taken"));
    }
    for number in 0..10_000 {
        assert_eq!(inbox.text().await, format!("{number}"));
        assert_eq!(other.text().await, format!("{number}"));
    }
}

#[tokio::test]
async fn several_receivers_have_a_channel_each_once() {
    let server = Server::start().await;
    let redis = connect(&server).await;
    let (mut one, mut two) = (Inbox::on(&redis, "c").await, Inbox::on(&redis, "c").await);
    soon(redis.subscribe("c", &one.receiver)).await.expect("subscribed once more");
    // Redis knows of one subscriber only.
    assert_eq!(publish(&redis, "c", "1").await, Ok(Some(1)));
    redis.unsubscribe("c", &two.receiver);
    assert_eq!(publish(&redis, "c", "2").await, Ok(Some(1)));
    redis.unsubscribe("c", &one.receiver);
    assert_eq!(publish(&redis, "c", "3").await, Ok(Some(0)));
    assert_eq!([one.text().await, one.text().await, two.text().await], ["1", "2", "1"]);
    assert!(one.waiting().is_none() && two.waiting().is_none());
}

#[tokio::test]
async fn names_and_payloads_may_be_anything() {
    let server = Server::start().await;
    let redis = connect(&server).await;
    let names = ["", " ", "a b", "a\r\nb\0", "*", "[a-z]?", "grün 🦀", &"x".repeat(500)];
    let large = vec![7; 3 * 1024 * 1024];
    for name in names {
        let mut inbox = Inbox::on(&redis, name).await;
        for payload in [&b""[..], b"\0\xff\r\n", &large] {
            let told = redis.publish(name, Bytes::copy_from_slice(payload)).expect("taken");
            assert_eq!(soon(told).await, Ok(Some(1)), "{name}");
            let (channel, got) = inbox.next().await;
            assert!(channel == name && got == payload, "{name}");
        }
    }
}

#[tokio::test]
async fn the_prefix_stands_before_every_name() {
    let server = Server::start().await;
    let redis = builder(&server.url()).prefix("app:").open().expect("it opens");
    connected(&redis).await;
    let mut inbox = Inbox::on(&redis, "c").await;
    assert_eq!(server.command(&["PUBSUB", "CHANNELS"]).await, "app:c");
    assert_eq!(soon(redis.subscribers("c")).await, Ok(Some(1)));
    assert_eq!(server.command(&["PUBLISH", "c", "x"]).await, "0");
    assert_eq!(server.command(&["PUBLISH", "app:c", "x"]).await, "1");
    assert_eq!(inbox.next().await, ("c".to_owned(), Bytes::from_static(b"x")));

    let mut client = Client::connect(server.port).await;
    assert_eq!(client.command(&["SUBSCRIBE", "app:d"]).await, "subscribe app:d 1");
    assert_eq!(publish(&redis, "d", "y").await, Ok(Some(1)));
    assert_eq!(client.reply().await, "message app:d y");
    redis.unsubscribe("c", &inbox.receiver);
    assert_eq!(soon(redis.subscribers("c")).await, Ok(Some(0)));
}

/// A receiver may use the backplane, and what it does keeps its order.
#[tokio::test]
async fn receivers_may_publish() {
    let server = Server::start().await;
    let redis = connect(&server).await;
    let mut answers = Inbox::on(&redis, "answers").await;
    let own = Arc::<OnceLock<Redis>>::default();
    let inner = own.clone();
    let echo = Arc::new(BackplaneReceiver::new(move |_, payload| {
        let redis = inner.get().expect("it is set");
        drop(redis.publish("answers", payload).expect("taken"));
    }));
    own.set(redis.clone()).expect("once");
    soon(redis.subscribe("questions", &echo)).await.expect("subscribed");
    for number in 0..100 {
        drop(redis.publish("questions", Bytes::from(format!("{number}"))).expect("taken"));
    }
    for number in 0..100 {
        assert_eq!(answers.text().await, format!("{number}"));
    }
}

#[tokio::test]
async fn the_last_handle_takes_the_connection_along_when_all_is_sent() {
    let server = Server::start().await;
    let (one, two) = (connect(&server).await, connect(&server).await);
    let mut inbox = Inbox::on(&two, "c").await;
    let other = one.clone();
    drop(one);
    assert_eq!(publish(&other, "c", "a handle lives").await, Ok(Some(1)));
    let told: Vec<_> = (0..1000).map(|n| other.publish("c", Bytes::from(format!("{n}"))).expect("taken")).collect();
    drop(other);
    assert_eq!(inbox.text().await, "a handle lives");
    for (number, told) in told.into_iter().enumerate() {
        assert_eq!(soon(told).await, Ok(Some(1)));
        assert_eq!(inbox.text().await, number.to_string());
    }
    drop(two);
    soon(async {
        while server.clients().await > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[test]
fn a_runtime_is_needed() {
    assert_eq!(Redis::open("redis://127.0.0.1").err(), Some(RedisError::NoRuntime));
}
