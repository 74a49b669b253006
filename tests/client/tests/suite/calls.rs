//! Several calls of one connection.

use crate::support::next;
use client_tests::{Combination, Heard};
use futures_util::future::join_all;

pub(crate) async fn many_at_once(with: Combination) {
    let hub = with.typed("/conformance").await;
    let calls = (0..200).map(|number| {
        let hub = hub.clone();
        async move { (number, hub.add(number, 1).await.unwrap()) }
    });
    assert!(join_all(calls).await.into_iter().all(|(number, sum)| sum == number + 1));
}

pub(crate) async fn without_an_answer(with: Combination) {
    let (hub, mut heard) = with.recorded("/conformance-stateful").await;
    // An error would have nowhere to go.
    hub.throw("unheard").send().await.unwrap();
    hub.send_to_caller("heard").send().await.unwrap();
    assert_eq!(next(&mut heard).await, Heard::receive("heard"));
}

pub(crate) async fn in_order(with: Combination) {
    let (hub, mut heard) = with.recorded("/conformance-stateful").await;
    for number in 0..100 {
        hub.send_to_caller(number.to_string()).send().await.unwrap();
    }
    for number in 0..100 {
        assert_eq!(next(&mut heard).await, Heard::receive(&number.to_string()));
    }
}

pub(crate) async fn of_one_connection_wait_for_each_other(with: Combination) {
    let (hub, mut heard) = with.recorded("/conformance-stateful").await;
    let slow = async {
        assert_eq!(hub.slow(100).await.unwrap(), "slept 100");
        hub.send_to_caller("last").await.unwrap();
    };
    let fast = async {
        assert_eq!(hub.echo("waits").await.unwrap(), "waits");
    };
    tokio::join!(slow, fast);
    assert_eq!(next(&mut heard).await, Heard::receive("last"));
}

pub(crate) async fn by_clones(with: Combination) {
    let hub = with.typed("/conformance").await;
    let clone = hub.clone();
    assert_eq!(clone.get_connection_id().await.unwrap(), hub.get_connection_id().await.unwrap());
    drop(hub);
    assert_eq!(clone.echo("one is enough").await.unwrap(), "one is enough");
}
