//! Calls of the server. On a hub on which nobody sends to everybody.

use crate::support::next;
use client_tests::conformance::ConformanceHubClient;
use client_tests::{Combination, Heard, get};
use signalr::HubConnection;
use tokio::sync::mpsc;
use wire_tests::unique;

pub(crate) async fn in_order(with: Combination) {
    let (hub, mut heard) = with.recorded("/conformance-stateful").await;
    hub.send_many(2000).await.unwrap();
    for number in 0..2000 {
        assert_eq!(next(&mut heard).await, Heard::Numbered(number));
    }
}

pub(crate) async fn before_and_after_connecting(with: Combination) {
    let (hub, mut heard) = with.recorded("/conformance-stateful?greet=ann").await;
    assert_eq!(next(&mut heard).await, Heard::receive("hello ann"));
    let (texts, mut told) = mpsc::unbounded_channel();
    let registration = hub.as_ref().on("receive", move |text: String| texts.send(text).unwrap());
    hub.send_to_caller("one").await.unwrap();
    assert_eq!(told.recv().await.as_deref(), Some("one"));
    assert!(registration.remove());
    hub.send_to_caller("two").await.unwrap();
    assert_eq!(next(&mut heard).await, Heard::receive("one"));
    assert_eq!(next(&mut heard).await, Heard::receive("two"));
    assert_eq!(told.recv().await, None);
}

pub(crate) async fn several_handlers(with: Combination) {
    let (sender, mut told) = mpsc::unbounded_channel();
    let handler = |number: u32| {
        let sender = sender.clone();
        move |text: String| {
            let sender = sender.clone();
            async move {
                tokio::task::yield_now().await;
                sender.send((number, text)).unwrap();
            }
        }
    };
    let builder = with.builder::<HubConnection>("/conformance-stateful");
    let builder = builder.on("Receive", handler(1)).on("Receive", |_: u32| ()).on("RECEIVE", handler(2));
    let connection = builder.connect().await.unwrap();
    connection.invoke::<()>("SendToCaller", ("x",)).await.unwrap();
    for number in [1, 2] {
        assert_eq!(told.recv().await, Some((number, "x".to_owned())));
    }
}

pub(crate) async fn unknown(with: Combination) {
    let connection = with.untyped("/conformance-stateful").await;
    for _ in 0..3 {
        connection.invoke::<()>("SendToCaller", ("nobody listens",)).await.unwrap();
    }
    connection.on("Receive", |_: Vec<u32>| ());
    connection.invoke::<()>("SendToCaller", ("not what is expected",)).await.unwrap();
    assert_eq!(connection.invoke::<i32>("Add", (1, 2)).await.unwrap(), 3);
}

pub(crate) async fn from_outside(with: Combination) {
    let (hub, mut heard) = with.recorded("/conformance").await;
    let text = unique("broadcast");
    assert_eq!(get(&format!("/broadcast?m={text}")).await, "sent");
    while next(&mut heard).await != Heard::receive(&text) {}
    hub.do_nothing().await.unwrap();
}

pub(crate) async fn that_call_back(with: Combination) {
    let (sums, mut told) = mpsc::unbounded_channel();
    let builder = with.builder::<ConformanceHubClient>("/conformance-stateful");
    let builder = builder.on("Receive", move |text: String, connection: HubConnection| {
        let sums = sums.clone();
        async move {
            let hub = ConformanceHubClient::from(connection);
            sums.send((text, hub.add(1, 2).await.unwrap())).unwrap();
        }
    });
    let hub = builder.connect().await.unwrap();
    hub.send_to_caller("sum").await.unwrap();
    assert_eq!(told.recv().await, Some(("sum".to_owned(), 3)));
}

pub(crate) async fn of_untyped_clients(with: Combination) {
    let (numbers, mut told) = mpsc::unbounded_channel();
    let connection = with.untyped("/conformance-stateful").await;
    connection.on("Numbered", move |number: u64| numbers.send(number).unwrap());
    connection.invoke::<()>("SendMany", (3,)).send().await.unwrap();
    for number in 0..3 {
        assert_eq!(told.recv().await, Some(number));
    }
}
