//! Which transport is used, and why others are not.

use client_tests::{http_client, reference_lacks, url, within};
use signalr::protocol::Protocol;
use signalr::{ClientError, ConnectError, HubConnection, HubConnectionBuilder, Transport};

fn builder(path: &str, protocol: Protocol) -> HubConnectionBuilder {
    HubConnection::builder(url(path)).protocol(protocol).http_client(http_client())
}

async fn transport(connection: &HubConnection) -> String {
    connection.invoke("GetTransport", ()).await.unwrap()
}

/// Why no transport could be used.
async fn failures(builder: HubConnectionBuilder) -> Vec<(Transport, String)> {
    match builder.connect().await {
        Err(ClientError::Connect(ConnectError::NoTransport(failures))) => {
            failures.into_iter().map(|failure| (failure.transport, failure.reason)).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn web_sockets_are_the_first_choice() {
    for &protocol in Protocol::ALL {
        let connection = within(builder("/conformance", protocol).connect()).await.unwrap();
        assert_eq!(transport(&connection).await, "WebSockets");
    }
}

#[tokio::test]
async fn with_an_http_client_of_its_own() {
    let connection: HubConnection = within(HubConnection::builder(url("/conformance")).connect()).await.unwrap();
    assert_eq!(transport(&connection).await, "WebSockets");
    within(connection.stop()).await;
}

#[tokio::test]
async fn the_order_is_the_clients() {
    let order = [Transport::LongPolling, Transport::WebSockets];
    let connection = within(builder("/conformance", Protocol::Json).transports(order).connect()).await.unwrap();
    assert_eq!(transport(&connection).await, "LongPolling");
}

#[tokio::test]
async fn what_the_server_does_not_offer_is_left_out() {
    let connection = within(builder("/conformance-sse", Protocol::Json).connect()).await.unwrap();
    assert_eq!(transport(&connection).await, "ServerSentEvents");

    let others =
        builder("/conformance-sse", Protocol::Json).transports([Transport::WebSockets, Transport::LongPolling]);
    let reason = "the server does not offer it".to_owned();
    let expected = [(Transport::WebSockets, reason.clone()), (Transport::LongPolling, reason)];
    assert_eq!(within(failures(others)).await, expected);
}

#[tokio::test]
async fn server_sent_events_cannot_carry_message_pack() {
    let events = builder("/conformance", Protocol::MessagePack).transports([Transport::ServerSentEvents]);
    let reason = "it cannot carry the hub protocol".to_owned();
    assert_eq!(within(failures(events)).await, [(Transport::ServerSentEvents, reason.clone())]);

    let order = [Transport::ServerSentEvents, Transport::LongPolling];
    let connection = builder("/conformance", Protocol::MessagePack).transports(order).connect();
    assert_eq!(transport(&within(connection).await.unwrap()).await, "LongPolling");

    // It is all that the server has.
    let failures = within(failures(builder("/conformance-sse", Protocol::MessagePack))).await;
    assert_eq!(failures.get(1), Some(&(Transport::ServerSentEvents, reason)));
}

#[tokio::test]
async fn without_web_sockets_events_are_the_first_choice() {
    if reference_lacks("the endpoints of Microsoft's functional tests") {
        return;
    }
    for (protocol, name) in [(Protocol::Json, "ServerSentEvents"), (Protocol::MessagePack, "LongPolling")] {
        let connection = within(builder("/testhub-nowebsockets", protocol).connect()).await.unwrap();
        assert_eq!(connection.invoke::<String>("GetActiveTransportName", ()).await.unwrap(), name);
    }
}

#[tokio::test]
async fn without_negotiation_there_is_no_connection_id() {
    for &protocol in Protocol::ALL {
        let direct = builder("/conformance", protocol).transports([Transport::WebSockets]).skip_negotiation(true);
        let connection = within(direct.connect()).await.unwrap();
        assert_eq!(transport(&connection).await, "WebSockets");
        assert_eq!(connection.connection_id(), None);
    }
    let refused =
        builder("/conformance-sse", Protocol::Json).transports([Transport::WebSockets]).skip_negotiation(true);
    let refused = within(refused.connect()).await.unwrap_err();
    assert!(matches!(refused, ClientError::Connect(ConnectError::Refused { .. })), "{refused:?}");
}
