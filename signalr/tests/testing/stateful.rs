//! Stateful reconnect over lines.

use crate::support::{Desk, DeskHubClient, hub};
use signalr::testing::{Recorder, TestServer, settle};
use signalr::{ClientError, CloseReason, ConnectionEvent, ConnectionState, HubOptions, RetryPolicy};
use std::time::Duration;
use tokio::sync::mpsc;

fn server() -> TestServer<Desk> {
    TestServer::with_options(&hub(), &HubOptions::default().allow_stateful_reconnects(true)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_or_repeated_over_cuts() -> Result<(), ClientError> {
    let server = server();
    let (line, told) = (server.line(), Recorder::new());
    let (events, mut happened) = mpsc::unbounded_channel();
    let builder = line.client().record(&told).reconnect(RetryPolicy::forever()).stateful_reconnect(100_000);
    let builder = builder.on_event(move |event| drop(events.send(event.clone())));
    let client: DeskHubClient = builder.connect().await?;
    let id = line.connection_id();
    for number in 0..100_u32 {
        let call = client.say(number.to_string());
        if number % 10 == 3 {
            let (called, ()) = tokio::join!(call.into_future(), async { line.cut() });
            called?;
        } else {
            call.await?;
        }
        server.handle().all().poked();
    }
    settle().await;
    for number in 0..100_u32 {
        assert_eq!(told.next::<(String, String)>("Said").await.1, number.to_string());
        told.next::<()>("Poked").await;
    }
    told.assert_none();
    assert_eq!((line.connection_id(), client.as_ref().connection_id(), server.connections()), (id.clone(), id, 1));
    let mut resumed = 0;
    while let Ok(event) = happened.try_recv() {
        match event {
            ConnectionEvent::Reconnected { resumed: true, .. } => resumed += 1,
            ConnectionEvent::Connected { .. } | ConnectionEvent::Reconnecting { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(resumed, 10);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_comes_too_late_is_a_new_one() -> Result<(), ClientError> {
    let server = server();
    let line = server.line();
    let builder = line.client().reconnect(RetryPolicy::forever()).stateful_reconnect(100_000);
    let client: DeskHubClient = builder.connect().await?;
    let id = line.connection_id();
    line.down();
    assert!(matches!(line.ended().await, CloseReason::TransportLost(_)));
    line.up();
    client.as_ref().wait_for(ConnectionState::Reconnecting).await;
    client.as_ref().wait_for(ConnectionState::Connected).await;
    assert_eq!(client.echo("hi").await?, "hi");
    assert_ne!(line.connection_id(), id);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn it_is_not_to_be_had_where_the_hub_does_not_allow_it() -> Result<(), ClientError> {
    let line = TestServer::new(&hub()).line();
    let builder = line.client().reconnect(RetryPolicy::forever()).stateful_reconnect(100_000);
    let client: DeskHubClient = builder.connect().await?;
    line.cut();
    assert!(matches!(line.ended().await, CloseReason::TransportLost(_)));
    client.as_ref().wait_for(ConnectionState::Connected).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(client.echo("hi").await?, "hi");
    Ok(())
}
