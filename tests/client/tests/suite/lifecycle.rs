//! The beginning and the end of connections.

use crate::support::{closed, next, with_events};
use client_tests::conformance::ConformanceHubClient;
use client_tests::{Combination, Heard};
use signalr::{ClientError, ConnectionEvent, ConnectionState, HubConnection};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;

/// A client that is told of the end of others.
async fn watcher(with: Combination) -> (ConformanceHubClient, UnboundedReceiver<Heard>) {
    let (hub, heard) = with.recorded("/conformance?watch").await;
    hub.do_nothing().await.unwrap();
    (hub, heard)
}

/// Waits for the end of a connection; gives the server's reason.
async fn gone(heard: &mut UnboundedReceiver<Heard>, id: &str) -> Option<String> {
    loop {
        if let Heard::Gone(gone, reason) = next(heard).await
            && gone == id
        {
            return reason;
        }
    }
}

pub(crate) async fn stopping(with: Combination) {
    let (_watcher, mut heard) = watcher(with).await;
    let (builder, mut events) = with_events(with.builder::<HubConnection>("/conformance"));
    let connection = builder.connect().await.unwrap();
    let id = connection.connection_id().unwrap();
    assert!(matches!(events.recv().await, Some(ConnectionEvent::Connected { id: Some(told) }) if told == id));
    // What was queued is sent.
    connection.invoke::<()>("DoNothing", ()).send().await.unwrap();
    connection.stop().await;
    assert_eq!(connection.state(), ConnectionState::Disconnected);
    assert_eq!(connection.connection_id(), None);
    assert!(matches!(events.recv().await, Some(ConnectionEvent::Closed { error: None })));
    assert_eq!(gone(&mut heard, &id).await, None);
    // Once more is nothing.
    connection.stop().await;
}

pub(crate) async fn dropping(with: Combination) {
    let (_watcher, mut heard) = watcher(with).await;
    let connection = with.untyped("/conformance").await;
    let id = connection.connection_id().unwrap();
    drop(connection);
    assert_eq!(gone(&mut heard, &id).await, None);
}

pub(crate) async fn starting_again(with: Combination) {
    let connection = with.untyped("/conformance").await;
    let id = connection.connection_id().unwrap();
    connection.stop().await;
    connection.start().await.unwrap();
    let other = connection.connection_id().unwrap();
    assert_ne!(id, other);
    assert_eq!(connection.invoke::<String>("GetConnectionId", ()).await.unwrap(), other);
}

pub(crate) async fn calls_after_the_end(with: Combination) {
    let hub = with.typed("/conformance-detailed").await;
    let running = tokio::spawn({
        let hub = hub.clone();
        async move { hub.slow(20_000).await }
    });
    let items = hub.infinite().await.unwrap();
    hub.do_nothing().await.unwrap();
    hub.as_ref().stop().await;
    let error = running.await.unwrap().unwrap_err();
    assert!(matches!(&error, ClientError::ConnectionLost(_) | ClientError::Closed(None)), "{error:?}");
    let last = futures_util::StreamExt::collect::<Vec<_>>(items).await.pop();
    assert!(matches!(last, Some(Err(ClientError::ConnectionLost(_) | ClientError::Closed(None)))), "{last:?}");
    let error = hub.echo("too late").await.unwrap_err();
    assert!(matches!(error, ClientError::NotConnected), "{error:?}");
    let error = hub.echo("too late").send().await.unwrap_err();
    assert!(matches!(error, ClientError::NotConnected), "{error:?}");
    assert!(matches!(hub.counter(1, 1).await, Err(ClientError::NotConnected)));
}

pub(crate) async fn aborted_by_the_server(with: Combination) {
    let (builder, mut events) = with_events(with.builder::<ConformanceHubClient>("/conformance"));
    let hub = builder.connect().await.unwrap();
    let aborted = hub.abort().await;
    assert!(matches!(aborted, Ok(()) | Err(ClientError::Closed(_) | ClientError::ConnectionLost(_))), "{aborted:?}");
    let error = closed(&mut events).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(hub.as_ref().state(), ConnectionState::Disconnected);
}

pub(crate) async fn refused_by_the_hub(with: Combination) {
    let (builder, mut events) = with_events(with.builder::<HubConnection>("/conformance?refuse"));
    // The handshake succeeds, so that the client may have heard of the end or not.
    let connection = builder.connect().await;
    let error = closed(&mut events).await;
    let text = "Connection closed with an error. HubException: refused";
    assert!(matches!(&error, Some(ClientError::Closed(Some(said))) if said == text), "{error:?}, {connection:?}");
}

pub(crate) async fn pings_of_both(with: Combination) {
    // The server waits for 2 s and pings every 500 ms; the call takes longer than both ends wait.
    let builder = with.builder::<ConformanceHubClient>("/conformance-limits");
    let builder = builder.keep_alive_interval(Duration::from_millis(500)).server_timeout(Duration::from_secs(2));
    let hub = builder.connect().await.unwrap();
    assert_eq!(hub.slow(2500).await.unwrap(), "slept 2500");
}

pub(crate) async fn silence_of_the_client(with: Combination) {
    let builder = with.builder::<HubConnection>("/conformance-limits");
    let (builder, mut events) = with_events(builder.keep_alive_interval(Duration::from_secs(3600)));
    let connection = builder.connect().await.unwrap();
    if with.pings() {
        let error = closed(&mut events).await;
        assert!(matches!(error, Some(ClientError::Closed(Some(_)))), "{error:?}");
    } else {
        assert_eq!(connection.invoke::<String>("Slow", (2500,)).await.unwrap(), "slept 2500");
    }
}

pub(crate) async fn silence_of_the_server(with: Combination) {
    // The server pings every 15 s. Over long polling it need not say anything for 90 s.
    let builder = with.builder::<HubConnection>("/conformance").server_timeout(Duration::from_millis(300));
    let (builder, mut events) = with_events(builder);
    let connection = builder.connect().await.unwrap();
    let answer = connection.invoke::<String>("Slow", (800,)).await;
    if with.pings() {
        let text = "the server has been silent for too long";
        assert!(matches!(&answer, Err(ClientError::ConnectionLost(said)) if said == text), "{answer:?}");
        assert!(matches!(closed(&mut events).await, Some(ClientError::ConnectionLost(said)) if said == text));
    } else {
        assert_eq!(answer.unwrap(), "slept 800");
    }
}
