use crate::support::{Desk, Server};
use futures_util::{FutureExt, StreamExt};
use signalr::{
    ClientError, ConnectionEvent, ConnectionState, Hub, HubConnection, HubConnectionBuilder, HubServer, RetryPolicy,
    SignalR, follow,
};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;

#[tokio::test(start_paused = true)]
async fn a_lost_connection_is_made_again() {
    let server = Server::new();
    let (events, mut told) = mpsc::unbounded_channel();
    let builder = server.builder().reconnect(RetryPolicy::forever());
    let builder = builder.on_event(move |event| events.send(event.clone()).unwrap());
    let connection = builder.connect().await.unwrap();
    assert!(matches!(told.recv().await, Some(ConnectionEvent::Connected { .. })));
    server.cut();
    assert!(matches!(told.recv().await, Some(ConnectionEvent::Reconnecting { .. })));
    assert!(matches!(told.recv().await, Some(ConnectionEvent::Reconnected { resumed: false, .. })));
    assert_eq!(connection.invoke::<String>("Echo", ("again",)).await.unwrap(), "again");
}

#[tokio::test(start_paused = true)]
async fn the_first_connection_is_tried_again_too() {
    let server = Server::new();
    server.away.store(true, Ordering::Relaxed);
    let connection = server.builder().reconnect(RetryPolicy::forever()).build();
    let mut start = Box::pin(connection.start());
    assert!((&mut start).now_or_never().is_none());
    assert_eq!(connection.state(), ConnectionState::Connecting);
    server.away.store(false, Ordering::Relaxed);
    start.await.unwrap();
    assert_eq!(connection.state(), ConnectionState::Connected);
}

#[tokio::test]
async fn without_a_policy_the_first_failure_is_the_last() {
    let server = Server::new();
    server.away.store(true, Ordering::Relaxed);
    let error = server.builder().connect().await.unwrap_err();
    assert!(matches!(error, ClientError::Connect(_)), "{error:?}");
    assert!(error.to_string().contains("nobody is there"), "{error}");
}

#[tokio::test]
async fn a_call_that_was_sent_fails_with_its_connection() {
    let server = Server::new();
    let connection = server.builder().connect().await.unwrap();
    let mut items = connection.stream::<u32>("Endless", ()).await.unwrap();
    let mut call = connection.invoke::<String>("Wait", ()).into_future();
    assert!((&mut call).now_or_never().is_none());
    items.next().await.unwrap().unwrap();
    server.cut();
    let error = call.await.unwrap_err();
    assert!(matches!(error, ClientError::Closed(_) | ClientError::ConnectionLost(_)), "{error:?}");
    let mut last = None;
    while let Some(item) = items.next().await {
        last = Some(item);
    }
    let error = last.unwrap().unwrap_err();
    assert!(matches!(error, ClientError::Closed(_) | ClientError::ConnectionLost(_)), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn calls_wait_for_the_next_connection_by_choice_and_keep_their_order() {
    let server = Server::new();
    let builder = server.builder().reconnect(RetryPolicy::forever()).calls_wait_for_connection(true);
    let connection = builder.connect().await.unwrap();
    server.away.store(true, Ordering::Relaxed);
    server.cut();
    connection.wait_for(ConnectionState::Reconnecting).await;
    let mut calls: Vec<_> =
        (0..10).map(|n| Box::pin(connection.invoke::<String>("Echo", (n.to_string(),)).into_future())).collect();
    assert!(calls.iter_mut().all(|call| call.now_or_never().is_none()));
    server.away.store(false, Ordering::Relaxed);
    for (n, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap(), n.to_string());
    }
}

#[tokio::test(start_paused = true)]
async fn without_that_choice_they_fail_at_once() {
    let server = Server::new();
    let connection = server.builder().reconnect(RetryPolicy::forever()).connect().await.unwrap();
    server.away.store(true, Ordering::Relaxed);
    server.cut();
    connection.wait_for(ConnectionState::Reconnecting).await;
    let error = connection.invoke::<String>("Echo", ("x",)).await.unwrap_err();
    assert!(matches!(error, ClientError::NotConnected), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_to_be_done_on_each_connection_is_done_on_each() {
    let server = Server::new();
    let made = Arc::new(AtomicUsize::new(0));
    let counted = made.clone();
    let builder = server.builder().reconnect(RetryPolicy::forever()).on_connected(move |connection| {
        let counted = counted.clone();
        async move {
            connection.invoke::<String>("Echo", ("hello",)).await?;
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
    });
    let connection = builder.connect().await.unwrap();
    assert_eq!(made.load(Ordering::Relaxed), 1);
    server.cut();
    connection.wait_for(ConnectionState::Reconnecting).await;
    connection.wait_for(ConnectionState::Connected).await;
    assert_eq!(made.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_connection_on_which_that_fails_is_none() {
    let server = Server::new();
    let builder =
        server.builder().on_connected(|connection| async move { connection.invoke::<()>("Fail", ("not you",)).await });
    let error = builder.connect().await.unwrap_err();
    assert!(matches!(&error, ClientError::Hub(failure) if failure.message().contains("not you")), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_followed_stream_goes_on_over_the_next_connection() {
    let server = Server::new();
    let connection = server.builder().reconnect(RetryPolicy::forever()).connect().await.unwrap();
    let mut items = pin!(follow(connection.clone(), |connection| connection.stream::<u32>("Endless", ())));
    assert_eq!(items.next().await.unwrap().unwrap(), 0);
    server.cut();
    // What was received before the cut still comes; then the stream begins anew.
    while items.next().await.unwrap().unwrap() != 0 {}
    connection.stop().await;
    let mut last = Ok(0);
    while let Some(item) = items.next().await {
        last = item;
    }
    assert!(last.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_followed_stream_outlives_a_server_that_ends_as_it_should() {
    let (first, second) = (mounted(), mounted());
    let present = Arc::new(Mutex::new(first.1.clone()));
    let dialled = present.clone();
    let connection: HubConnection = HubConnectionBuilder::with_connector(move || {
        let (client, other) = tokio::io::duplex(64 * 1024);
        tokio::spawn(dialled.lock().unwrap().serve(other).into_future());
        std::future::ready(Ok(client))
    })
    .reconnect(RetryPolicy::forever())
    .connect()
    .await
    .unwrap();
    let mut items = pin!(follow(connection, |connection| connection.stream::<u32>("Ticks", ())));
    assert_eq!(items.next().await.unwrap().unwrap(), 0);
    assert_eq!(items.next().await.unwrap().unwrap(), 1);
    *present.lock().unwrap() = second.1;
    first.0.drain(Duration::from_secs(5), Duration::ZERO).await;
    assert_eq!(items.next().await.unwrap().unwrap(), 0);
}

/// A server that can end.
fn mounted() -> (SignalR, HubServer<Desk>) {
    let hub = Hub::new("Desk", Desk::default());
    let hubs = SignalR::builder().hub("/desk", &hub).build();
    let server = hubs.server(&hub);
    (hubs, server)
}

#[tokio::test]
async fn a_call_that_was_sent_before_items_of_an_older_one_fails_too() {
    let server = Server::new();
    let builder = server.builder().reconnect(RetryPolicy::forever()).calls_wait_for_connection(true);
    let connection = builder.connect().await.unwrap();
    let (items, mut source) = mpsc::unbounded_channel::<i64>();
    let upload = futures_util::stream::poll_fn(move |cx| source.poll_recv(cx));
    let mut sum = connection.invoke::<i64>("Sum", (0,)).upload(upload).into_future();
    assert!((&mut sum).now_or_never().is_none());
    connection.invoke::<String>("Echo", ("sent",)).send().await.unwrap();
    tokio::task::yield_now().await;
    // The item's task runs before the connection's, which then takes both messages at once.
    items.send(1).unwrap();
    let mut call = connection.invoke::<String>("Wait", ()).into_future();
    assert!((&mut call).now_or_never().is_none());
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    server.cut();
    let failed = tokio::time::timeout(Duration::from_secs(20), call).await.expect("an answer").unwrap_err();
    assert!(matches!(failed, ClientError::Closed(_) | ClientError::ConnectionLost(_)), "{failed:?}");
}
