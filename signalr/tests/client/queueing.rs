//! What waits to be sent, and what becomes of it when its call ends.

use crate::support::{Script, Server};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use signalr::{ClientError, ConnectionState, RetryPolicy};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(1000);

#[tokio::test]
async fn a_call_behind_which_a_cancellation_was_queued_is_cancelled_too() {
    let (connection, mut server) = Script::connect(|builder| builder).await;
    let mut first = connection.invoke::<()>("First", ()).into_future();
    assert!((&mut first).now_or_never().is_none());
    assert!(server.next().await.contains("First"));
    // Both are queued before the connection's own task runs.
    let mut second = connection.invoke::<()>("Second", ()).into_future();
    assert!((&mut second).now_or_never().is_none());
    drop(first);
    assert!(server.next().await.contains("Second"));
    assert_eq!(server.next().await, r#"{"type":5,"invocationId":"1"}"#);
    drop(second);
    connection.invoke::<()>("Third", ()).send().await.unwrap();
    assert_eq!(server.next().await, r#"{"type":5,"invocationId":"2"}"#);
}

#[tokio::test(start_paused = true)]
async fn a_call_behind_which_a_cancellation_was_queued_fails_with_its_connection() {
    let server = Server::new();
    let builder = server.builder().reconnect(RetryPolicy::forever()).calls_wait_for_connection(true);
    let connection = builder.connect().await.unwrap();
    let mut first = connection.invoke::<String>("Wait", ()).into_future();
    assert!((&mut first).now_or_never().is_none());
    // It is sent, and holds the others back.
    tokio::time::sleep(Duration::from_millis(1)).await;
    let mut second = connection.invoke::<String>("Wait", ()).into_future();
    assert!((&mut second).now_or_never().is_none());
    drop(first);
    server.cancelled.notified().await;
    server.cut();
    let error = timeout(LONG, second).await.expect("an answer").unwrap_err();
    assert!(matches!(error, ClientError::Closed(_) | ClientError::ConnectionLost(_)), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_room_has_it_when_another_call_is_taken_back() {
    let connection = Server::new().builder().queue_capacity(1).connect().await.unwrap();
    let mut taken_back = connection.invoke::<()>("Leave", ()).into_future();
    assert!((&mut taken_back).now_or_never().is_none());
    // Polled only when it is woken itself.
    let mut waiting: FuturesUnordered<_> =
        [connection.invoke::<String>("Echo", ("me",)).into_future()].into_iter().collect();
    assert!(waiting.next().now_or_never().is_none());
    drop(taken_back);
    let answer = timeout(LONG, waiting.next()).await.expect("room").unwrap();
    assert_eq!(answer.unwrap(), "me");
}

#[tokio::test(start_paused = true)]
async fn without_capacity_messages_go_one_by_one() {
    let connection = Server::new().builder().queue_capacity(0).connect().await.unwrap();
    let calls = futures_util::future::join_all((0..3).map(|n| {
        let numbers = futures_util::stream::iter(0..10);
        connection.invoke::<i64>("Sum", (n,)).upload(numbers).into_future()
    }));
    let sums = timeout(LONG, calls).await.expect("answers");
    assert_eq!(sums.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [45, 46, 47]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_a_call_that_waits_for_the_connection_waits_for_room() {
    let server = Server::new();
    let builder = server.builder().reconnect(RetryPolicy::forever()).calls_wait_for_connection(true);
    let connection = builder.queue_capacity(200).connect().await.unwrap();
    server.away.store(true, Ordering::Relaxed);
    server.cut();
    connection.wait_for(ConnectionState::Reconnecting).await;
    let numbers = futures_util::stream::iter(0..1000_i64);
    let mut call = connection.invoke::<i64>("Sum", (0,)).upload(numbers).into_future();
    assert!((&mut call).now_or_never().is_none());
    tokio::time::sleep(Duration::from_millis(1)).await;
    server.away.store(false, Ordering::Relaxed);
    assert_eq!(timeout(LONG, call).await.expect("an answer").unwrap(), 499_500);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_panics_ends_with_an_error() {
    let connection = Server::new().builder().connect().await.unwrap();
    let numbers = futures_util::stream::iter(0..5_i64).inspect(|number| assert!(*number < 3, "as the test wants it"));
    let call = connection.invoke::<i64>("Sum", (0,)).upload(numbers);
    let error = timeout(LONG, call.into_future()).await.expect("an answer").unwrap_err();
    assert!(matches!(error, ClientError::Hub(_)), "{error:?}");
}
