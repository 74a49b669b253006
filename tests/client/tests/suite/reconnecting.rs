//! Connections that are made again.

use crate::support::{closed, next, with_events};
use client_tests::conformance::ConformanceHubClient;
use client_tests::relay::Relay;
use client_tests::{Combination, Heard, Recorder, soon};
use futures_util::FutureExt;
use signalr::{ClientError, ConnectionEvent, ConnectionState, HubConnection};
use wire_tests::{Server, ours_differs, server, unique};

pub(crate) async fn after_a_cut(with: Combination) {
    let relay = Relay::start(server().authority()).await;
    let builder = with.builder_at::<ConformanceHubClient>(relay.url("/conformance"));
    let (builder, mut events) = with_events(builder.reconnect(soon()));
    let hub = builder.connect().await.unwrap();
    let id = hub.as_ref().connection_id();
    assert!(matches!(events.recv().await, Some(ConnectionEvent::Connected { .. })));
    let running = tokio::spawn({
        let hub = hub.clone();
        async move { hub.slow(20_000).await }
    });
    tokio::task::yield_now().await;
    relay.close();
    assert!(matches!(events.recv().await, Some(ConnectionEvent::Reconnecting { .. })));
    relay.open();
    // It is not known what becomes of it.
    let error = running.await.unwrap().unwrap_err();
    assert!(matches!(error, ClientError::ConnectionLost(_) | ClientError::Closed(None)), "{error:?}");
    match events.recv().await {
        Some(ConnectionEvent::Reconnected { old_id, new_id, resumed: false }) => {
            assert_eq!(old_id, id);
            assert_ne!(new_id, id);
            assert_eq!(new_id, Some(hub.get_connection_id().await.unwrap()));
        }
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn what_is_done_on_each_connection(with: Combination) {
    let relay = Relay::start(server().authority()).await;
    let (group, (recorder, mut heard)) = (unique("group"), Recorder::new());
    let builder = with.builder_at::<ConformanceHubClient>(relay.url("/conformance-stateful")).receiver(recorder);
    let joined = group.clone();
    let builder = builder.reconnect(soon()).on_connected(move |hub: ConformanceHubClient| {
        let group = joined.clone();
        async move { hub.join_group(&*group).await }
    });
    let hub = builder.connect().await.unwrap();
    for round in ["first", "second", "third"] {
        hub.send_to_group(&*group, round).await.unwrap();
        assert_eq!(next(&mut heard).await, Heard::receive(round));
        relay.close();
        hub.as_ref().wait_for(ConnectionState::Reconnecting).await;
        relay.open();
        hub.as_ref().wait_for(ConnectionState::Connected).await;
    }
}

pub(crate) async fn calls_that_wait(with: Combination) {
    let relay = Relay::start(server().authority()).await;
    let builder = with.builder_at::<ConformanceHubClient>(relay.url("/conformance"));
    let hub = builder.reconnect(soon()).calls_wait_for_connection(true).connect().await.unwrap();
    relay.close();
    hub.as_ref().wait_for(ConnectionState::Reconnecting).await;
    let (calls, ()) =
        tokio::join!(futures_util::future::join_all((0..20).map(|number| hub.add(number, 1).into_future())), async {
            relay.open();
        });
    for (number, sum) in (0..).zip(calls) {
        assert_eq!(sum.unwrap(), number + 1);
    }
}

pub(crate) async fn not_where_the_server_forbids_it(with: Combination) {
    let builder = with.builder::<HubConnection>("/conformance?refuse").reconnect(soon());
    let (builder, mut events) = with_events(builder);
    let _connection = builder.connect().await;
    let error = closed(&mut events).await;
    assert!(matches!(&error, Some(ClientError::Closed(Some(_)))), "{error:?}");
}

pub(crate) async fn where_the_server_allows_it(with: Combination) {
    let builder = with.builder::<HubConnection>("/conformance-limits").reconnect(soon());
    let (builder, mut events) = with_events(builder);
    let connection = builder.connect().await.unwrap();
    assert!(matches!(events.recv().await, Some(ConnectionEvent::Connected { .. })));
    // It is too long, for which the server closes.
    connection.invoke::<()>("Echo", ("x".repeat(2000),)).send().await.unwrap();
    match events.recv().await {
        Some(ConnectionEvent::Reconnecting { error: ClientError::Closed(Some(text)) }) => {
            assert_eq!(text, "Connection closed with an error.");
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(events.recv().await, Some(ConnectionEvent::Reconnected { resumed: false, .. })));
    assert_eq!(connection.invoke::<i32>("Add", (1, 2)).await.unwrap(), 3);
}

pub(crate) async fn after_the_end_of_the_server(with: Combination) {
    if ours_differs("a server that ends tells its clients to come back") {
        return;
    }
    let first = Server::own(0).expect("a server of our own");
    let port = first.authority().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let url = format!("http://{}/conformance-detailed", first.authority());
    let builder = with.builder_at::<ConformanceHubClient>(url).reconnect(soon());
    let (builder, mut events) = with_events(builder.calls_wait_for_connection(true));
    let hub = builder.connect().await.unwrap();
    assert!(matches!(events.recv().await, Some(ConnectionEvent::Connected { .. })));
    // What runs is finished.
    let mut running = hub.slow(200).into_future();
    assert!((&mut running).now_or_never().is_none());
    hub.do_nothing().await.unwrap();
    first.terminate();
    assert_eq!(running.await.unwrap(), "slept 200");
    let event = events.recv().await;
    assert!(matches!(event, Some(ConnectionEvent::Reconnecting { error: ClientError::Closed(None) })), "{event:?}");
    let ended = tokio::task::spawn_blocking(move || first.ended()).await.unwrap();
    assert!(ended);
    let call = tokio::spawn({
        let hub = hub.clone();
        async move { hub.echo("to whom it may concern").await }
    });
    let _second = tokio::task::spawn_blocking(move || Server::own(port)).await.unwrap();
    assert_eq!(call.await.unwrap().unwrap(), "to whom it may concern");
    assert!(matches!(events.recv().await, Some(ConnectionEvent::Reconnected { resumed: false, .. })));
}
