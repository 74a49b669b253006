use crate::support::Server;
use futures_util::{FutureExt, StreamExt};
use signalr::ClientError;
use std::time::Duration;

#[tokio::test]
async fn dropping_a_call_cancels_it_on_the_server() {
    let server = Server::new();
    let connection = server.builder().connect().await.unwrap();
    let mut call = connection.invoke::<String>("Wait", ()).into_future();
    assert!((&mut call).now_or_never().is_none());
    // It has reached the server when a later call is answered: a limit of one call at a time would hold that back.
    tokio::task::yield_now().await;
    drop(call);
    server.cancelled.notified().await;
    assert_eq!(connection.invoke::<String>("Echo", ("still here",)).await.unwrap(), "still here");
}

#[tokio::test]
async fn a_call_that_was_never_sent_is_taken_back() {
    let server = Server::new();
    let connection = server.builder().connect().await.unwrap();
    let mut call = connection.invoke::<()>("Leave", ()).into_future();
    assert!((&mut call).now_or_never().is_none());
    // On this thread the connection's own task has not run in between.
    drop(call);
    assert_eq!(connection.invoke::<String>("Echo", ("still here",)).await.unwrap(), "still here");
}

#[tokio::test]
async fn dropping_a_stream_cancels_it_on_the_server() {
    let server = Server::new();
    let connection = server.builder().connect().await.unwrap();
    let mut items = connection.stream::<u32>("Endless", ()).await.unwrap();
    assert_eq!(items.next().await.unwrap().unwrap(), 0);
    drop(items);
    server.cancelled.notified().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_past_its_deadline_is_cancelled() {
    let server = Server::new();
    let connection = server.builder().call_timeout(Duration::from_secs(3)).connect().await.unwrap();
    let error = connection.invoke::<String>("Wait", ()).await.unwrap_err();
    assert!(matches!(error, ClientError::TimedOut(limit) if limit == Duration::from_secs(3)), "{error:?}");
    server.cancelled.notified().await;
    let error = connection.invoke::<String>("Wait", ()).timeout(Duration::from_secs(1)).await.unwrap_err();
    assert!(matches!(error, ClientError::TimedOut(limit) if limit == Duration::from_secs(1)), "{error:?}");
}

#[tokio::test]
async fn an_item_of_another_type_ends_the_stream_here_and_there() {
    let server = Server::new();
    let connection = server.builder().connect().await.unwrap();
    let mut items = connection.stream::<String>("Endless", ()).await.unwrap();
    assert!(matches!(items.next().await, Some(Err(ClientError::Decode { part: "item", .. }))));
    assert!(items.next().await.is_none());
    server.cancelled.notified().await;
}
