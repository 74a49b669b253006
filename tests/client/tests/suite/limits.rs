//! Messages that are too large.

use crate::support::{closed, with_events};
use client_tests::Combination;
use signalr::{ClientError, HubConnection};

pub(crate) async fn messages_of_the_client(with: Combination) {
    let (builder, mut events) = with_events(with.builder::<HubConnection>("/conformance-limits"));
    let connection = builder.connect().await.unwrap();
    let text = "x".repeat(900);
    assert_eq!(connection.invoke::<String>("Echo", (&text,)).await.unwrap(), text);
    let error = connection.invoke::<String>("Echo", ("x".repeat(1100),)).await.unwrap_err();
    assert!(matches!(error, ClientError::Closed(_) | ClientError::ConnectionLost(_)), "{error:?}");
    let error = closed(&mut events).await;
    let text = "Connection closed with an error.";
    assert!(matches!(&error, Some(ClientError::Closed(Some(said))) if said == text), "{error:?}");
}

pub(crate) async fn messages_of_the_server(with: Combination) {
    let builder = with.builder::<HubConnection>("/conformance").maximum_message_size(10_000);
    let (builder, mut events) = with_events(builder);
    let connection = builder.connect().await.unwrap();
    assert_eq!(connection.invoke::<String>("LargeResult", (9_900,)).await.unwrap().len(), 9_900);
    let error = connection.invoke::<String>("LargeResult", (10_000,)).await.unwrap_err();
    assert!(matches!(&error, ClientError::ConnectionLost(text) if text.contains("10000")), "{error:?}");
    let error = closed(&mut events).await;
    assert!(matches!(&error, Some(ClientError::ConnectionLost(text)) if text.contains("10000")), "{error:?}");
}

pub(crate) async fn a_call_that_is_too_long_for_the_queue(with: Combination) {
    // The bound is for how many calls wait: one always may.
    let connection: HubConnection = with.builder("/bench").queue_capacity(10).connect().await.unwrap();
    let text = "x".repeat(100_000);
    let (a, b) = tokio::join!(
        connection.invoke::<String>("Echo", (&text,)).into_future(),
        connection.invoke::<String>("Echo", (&text,)).into_future()
    );
    assert!(a.unwrap() == text && b.unwrap() == text);
}
