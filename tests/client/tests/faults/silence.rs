//! Servers that say nothing, or do not listen.

use crate::once::with_end;
use crate::server::{client, serve};
use client_tests::{expect_no_calls, expect_tasks, tasks, within};
use signalr::protocol::Protocol;
use signalr::{ClientError, ConnectionState};
use std::future::pending;
use std::time::Duration;
use tokio::time::{Instant, sleep};

#[tokio::test]
async fn a_server_that_stops_pinging_is_lost() {
    let url = serve(|mut peer| async move {
        peer.accept().await;
        // Longer than the client waits for one.
        for _ in 0..30 {
            peer.send("{\"type\":6}\u{1e}").await;
            sleep(Duration::from_millis(20)).await;
        }
        pending::<()>().await;
    })
    .await;
    let before = tasks();
    let limit = Duration::from_millis(400);
    let (builder, mut end) = with_end(client(&url, Protocol::Json).server_timeout(limit));
    let begun = Instant::now();
    let connection = within(builder.connect()).await.unwrap();
    let error = within(connection.invoke::<u32>("Go", ()).into_future()).await.unwrap_err();
    let text = "the server has been silent for too long";
    assert!(matches!(&error, ClientError::ConnectionLost(said) if said == text), "{error:?}");
    assert!(begun.elapsed() >= Duration::from_millis(600), "while it pings it is not silent");
    assert!(matches!(within(end.recv()).await, Some(Some(ClientError::ConnectionLost(said))) if said == text));
    assert_eq!(connection.state(), ConnectionState::Disconnected);
    expect_no_calls(&connection).await;
    drop(connection);
    expect_tasks(before + 1).await;
}

#[tokio::test]
async fn a_server_that_does_not_answer_a_call_has_its_deadline() {
    let url = serve(|mut peer| async move {
        peer.accept().await;
        peer.rest().await;
    })
    .await;
    let limit = Duration::from_millis(50);
    let connection = within(client(&url, Protocol::Json).call_timeout(limit).connect()).await.unwrap();
    let error = within(connection.invoke::<u32>("Go", ()).into_future()).await.unwrap_err();
    assert!(matches!(error, ClientError::TimedOut(after) if after == limit), "{error:?}");
    expect_no_calls(&connection).await;
}

#[tokio::test]
async fn a_server_that_does_not_read_stops_nobody_but_those_who_send() {
    let url = serve(|mut peer| async move {
        peer.accept().await;
        pending::<()>().await;
    })
    .await;
    let before = tasks();
    let builder = client(&url, Protocol::Json).queue_capacity(100_000).close_timeout(Duration::from_millis(200));
    let connection = within(builder.connect()).await.unwrap();
    let text = "x".repeat(50_000);
    // More than the sockets take, until there is no more room.
    while let Ok(sent) =
        tokio::time::timeout(Duration::from_millis(500), connection.invoke::<()>("Go", (&text,)).send()).await
    {
        sent.unwrap();
    }
    let error = within(connection.invoke::<()>("Go", ()).timeout(Duration::from_millis(50)).into_future()).await;
    assert!(matches!(error, Err(ClientError::TimedOut(_))), "{error:?}");
    // Its end does not wait for the server either.
    within(connection.stop()).await;
    expect_no_calls(&connection).await;
    drop(connection);
    expect_tasks(before + 1).await;
}
