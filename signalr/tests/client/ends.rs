//! Ends that come at an awkward time, or by a fault of the application.

use crate::support::{Script, Server};
use futures_util::future::join;
use futures_util::{FutureExt, StreamExt};
use signalr::{
    ClientError, ConnectionEvent, ConnectionState, HubConnection, HubConnectionBuilder, RetryPolicy, follow,
};
use std::pin::pin;
use std::time::Duration;
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(1000);

#[tokio::test]
async fn a_call_that_is_cut_off_by_a_stop_does_not_blame_the_server() {
    let connection = Server::new().builder().connect().await.unwrap();
    let mut wait = connection.invoke::<String>("Wait", ()).into_future();
    assert!((&mut wait).now_or_never().is_none());
    tokio::task::yield_now().await;
    connection.stop().await;
    let error = wait.await.unwrap_err();
    assert!(matches!(&error, ClientError::ConnectionLost(why) if why.contains("stopped")), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stop_returns_also_if_somebody_starts_at_once() {
    let connection = Server::new().builder().connect().await.unwrap();
    let mut stop = Box::pin(connection.stop());
    assert!((&mut stop).now_or_never().is_none());
    // The start is polled first, and is not done before the stop is.
    let (started, ()) = timeout(LONG, join(connection.start(), stop)).await.expect("both return");
    started.unwrap();
    assert_eq!(connection.state(), ConnectionState::Connected);
}

#[tokio::test(start_paused = true)]
async fn a_connector_that_panics_is_an_attempt_that_failed() {
    type Opening = std::future::Ready<std::io::Result<DuplexStream>>;
    let panics = || -> Opening { panic!("as the test wants it") };
    let connection: HubConnection = HubConnectionBuilder::with_connector(panics).build();
    let error = timeout(LONG, connection.start()).await.expect("an end").unwrap_err();
    assert!(matches!(error, ClientError::Connect(_)), "{error:?}");
    timeout(LONG, connection.stop()).await.expect("nothing to stop");
}

#[tokio::test(start_paused = true)]
async fn what_panics_before_its_future_is_made_has_failed_too() {
    let builder = Server::new().builder();
    let builder = builder.on_connected(|_| -> std::future::Ready<Result<(), ClientError>> { panic!("as wanted") });
    let error = timeout(LONG, builder.connect()).await.expect("an end").unwrap_err();
    assert!(error.to_string().contains("panicked"), "{error:?}");
}

#[cfg(feature = "client")]
#[tokio::test(start_paused = true)]
async fn options_that_cannot_be_used_are_not_tried_again() {
    let builder = HubConnection::builder("ftp://host/").reconnect(RetryPolicy::forever());
    let error = timeout(LONG, builder.connect()).await.expect("an end").unwrap_err();
    assert!(error.to_string().contains("ftp"), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn an_authentication_that_nobody_can_renew_is_refused_at_once() {
    let connection = Server::new().builder().connect().await.unwrap();
    let renewal = timeout(LONG, connection.refresh_authentication()).await.expect("an answer");
    assert!(matches!(renewal, Err(ClientError::NotConnected)), "{renewal:?}");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_followed_over_a_client_that_was_stopped() {
    let connection = Server::new().builder().connect().await.unwrap();
    connection.stop().await;
    let mut items = pin!(follow(connection, |connection| connection.stream::<u32>("Endless", ())));
    let item = timeout(LONG, items.next()).await.expect("an end");
    assert!(matches!(item, Some(Err(ClientError::NotConnected))), "{item:?}");
    assert!(items.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn times_without_end_are_possible() {
    let builder = Server::new().builder().keep_alive_interval(Duration::MAX).close_timeout(Duration::MAX);
    let builder = builder.server_timeout(Duration::MAX).connect_timeout(Duration::MAX);
    let builder = builder.handshake_timeout(Duration::MAX).call_timeout(Duration::MAX);
    let connection = timeout(LONG, builder.connect()).await.expect("a connection").unwrap();
    assert_eq!(connection.invoke::<String>("Echo", ("x",)).await.unwrap(), "x");
    timeout(LONG, connection.stop()).await.expect("an end");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_leaves_without_an_error_is_none() {
    for message in [r#"{"type":7}"#, r#"{"type":7,"allowReconnect":true}"#] {
        let (events, mut told) = mpsc::unbounded_channel();
        let (_connection, mut server) =
            Script::connect(|builder| builder.on_event(move |event| events.send(event.clone()).unwrap())).await;
        server.send(message).await;
        assert!(matches!(told.recv().await, Some(ConnectionEvent::Connected { .. })));
        let event = told.recv().await.unwrap();
        assert!(matches!(event, ConnectionEvent::Closed { error: None }), "{message} {event:?}");
    }
}

#[tokio::test]
async fn a_stream_that_has_failed_does_not_hold_the_connection_back() {
    let (connection, mut server) = Script::connect(|builder| builder.waiting_limit(100)).await;
    let mut items = connection.stream::<String>("Numbers", ()).await.unwrap();
    server.next().await;
    server.send(r#"{"type":2,"invocationId":"1","item":1}"#).await;
    assert!(matches!(items.next().await, Some(Err(ClientError::Decode { .. }))));
    let mut call = connection.invoke::<String>("Echo", ()).into_future();
    assert!((&mut call).now_or_never().is_none());
    for _ in 0..500 {
        server.send(r#"{"type":2,"invocationId":"1","item":1}"#).await;
    }
    server.send(r#"{"type":3,"invocationId":"2","result":"still here"}"#).await;
    let answer = timeout(Duration::from_secs(10), call).await;
    assert_eq!(answer.expect("an answer").unwrap(), "still here");
    assert!(items.next().await.is_none());
}

#[test]
fn a_client_outlives_the_runtime_that_ran_it() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let first = runtime();
    let connection = first.block_on(Server::new().builder().connect()).unwrap();
    let mut call = connection.invoke::<String>("Wait", ()).into_future();
    first.block_on(async { assert!((&mut call).now_or_never().is_none()) });
    drop(first);
    runtime().block_on(async {
        assert!(call.await.is_err());
        timeout(Duration::from_secs(10), connection.stop()).await.expect("it has ended");
        timeout(Duration::from_secs(10), connection.start()).await.expect("an end").unwrap();
        assert_eq!(connection.invoke::<String>("Echo", ("again",)).await.unwrap(), "again");
    });
}
