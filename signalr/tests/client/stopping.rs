use crate::support::Server;
use futures_util::FutureExt;
use signalr::{ClientError, ConnectionEvent, ConnectionState, RetryPolicy};
use tokio::sync::mpsc;

#[tokio::test]
async fn a_stopped_client_can_start_again() {
    let server = Server::new();
    let connection = server.builder().reconnect(RetryPolicy::forever()).connect().await.unwrap();
    connection.stop().await;
    assert_eq!(connection.state(), ConnectionState::Disconnected);
    assert!(matches!(connection.invoke::<String>("Echo", ("x",)).await, Err(ClientError::NotConnected)));
    connection.start().await.unwrap();
    assert_eq!(connection.invoke::<String>("Echo", ("back",)).await.unwrap(), "back");
}

#[tokio::test]
async fn a_start_while_it_is_stopping_comes_after_that() {
    let server = Server::new();
    let connection = server.builder().connect().await.unwrap();
    let mut stop = Box::pin(connection.stop());
    assert!((&mut stop).now_or_never().is_none());
    connection.start().await.unwrap();
    assert_eq!(connection.invoke::<String>("Echo", ("back",)).await.unwrap(), "back");
}

#[tokio::test]
async fn what_was_queued_goes_out_before_the_end() {
    let server = Server::new();
    let connection = server.builder().connect().await.unwrap();
    let answered = connection.invoke::<String>("Wait", ());
    answered.send().await.unwrap();
    connection.stop().await;
    // The call has reached the hub: its token is cancelled by the end of the connection.
    server.cancelled.notified().await;
}

#[tokio::test]
async fn the_last_handle_ends_the_connection() {
    let server = Server::new();
    let (events, mut told) = mpsc::unbounded_channel();
    let builder = server.builder().reconnect(RetryPolicy::forever());
    let connection = builder.on_event(move |event| events.send(event.clone()).unwrap()).connect().await.unwrap();
    let clone = connection.clone();
    drop(connection);
    assert_eq!(clone.invoke::<String>("Echo", ("x",)).await.unwrap(), "x");
    drop(clone);
    while let Some(event) = told.recv().await {
        if matches!(event, ConnectionEvent::Closed { error: None }) {
            return;
        }
    }
    panic!("the connection has not said that it is closed");
}

#[tokio::test]
async fn a_client_that_the_server_aborts_is_told() {
    let server = Server::new();
    let connection = server.builder().connect().await.unwrap();
    connection.invoke::<()>("Leave", ()).send().await.unwrap();
    connection.wait_for(ConnectionState::Disconnected).await;
}
