//! What the server may say instead of letting the client in.

use crate::support::{closed, with_events};
use client_tests::{Combination, reference_lacks, url};
use signalr::{ClientError, ConnectError, HubConnection};

pub(crate) async fn redirects(with: Combination) {
    if reference_lacks("the endpoints of Microsoft's functional tests") {
        return;
    }
    let path = format!("/redirect?numRedirects=0&baseUrl={}", url(""));
    let connection = with.untyped(&path).await;
    let count: Option<String> = connection.invoke("GetNumRedirects", ()).await.unwrap();
    assert!(count.is_some_and(|count| count != "0"));
    let transport: String = connection.invoke("GetActiveTransportName", ()).await.unwrap();
    assert_eq!(transport, with.transport.name());
}

pub(crate) async fn cookies(with: Combination) {
    if reference_lacks("the endpoints of Microsoft's functional tests") {
        return;
    }
    let cookie = async |connection: &HubConnection, name: &str| {
        connection.invoke::<Option<String>>("GetCookie", (name,)).await.unwrap()
    };
    let connection = with.untyped("/testhub").await;
    assert_eq!(cookie(&connection, "testCookie").await.as_deref(), Some("testValue"));
    assert_eq!(cookie(&connection, "testCookie2").await.as_deref(), Some("testValue2"));
    assert_eq!(cookie(&connection, "expiredCookie").await, None);
    let connection: HubConnection = with.builder("/testhub").cookies(false).connect().await.unwrap();
    assert_eq!(cookie(&connection, "testCookie").await, None);
}

pub(crate) async fn a_refused_negotiation(with: Combination) {
    if reference_lacks("the endpoints of Microsoft's functional tests") {
        return;
    }
    let error = with.builder::<HubConnection>("/bad-negotiate").connect().await.unwrap_err();
    let refused = matches!(&error, ClientError::Connect(ConnectError::Refused { status, .. }) if *status == 400);
    assert!(refused, "{error:?}");
}

pub(crate) async fn no_hub(with: Combination) {
    let error = with.builder::<HubConnection>("/nowhere").connect().await.unwrap_err();
    let refused = matches!(&error, ClientError::Connect(ConnectError::Refused { status, .. }) if *status == 404);
    assert!(refused, "{error:?}");
}

pub(crate) async fn nobody(with: Combination) {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let builder = with.builder_at::<HubConnection>(format!("http://127.0.0.1:{port}/hub"));
    let error = builder.connect().await.unwrap_err();
    assert!(matches!(error, ClientError::Connect(ConnectError::Transport(_))), "{error:?}");
}

pub(crate) async fn a_hub_that_cannot_be_made(with: Combination) {
    if reference_lacks("the endpoints of Microsoft's functional tests") {
        return;
    }
    let (builder, mut events) = with_events(with.builder::<HubConnection>("/uncreatable"));
    // The handshake succeeds, so that the client may have heard of the end or not.
    let connection = builder.connect().await;
    let error = closed(&mut events).await;
    assert!(matches!(&error, Some(ClientError::Closed(Some(_)))), "{error:?}, {connection:?}");
}
