//! What the hub knows of the client.

use client_tests::Combination;
use client_tests::conformance::ConformanceHubClient;
use http::{HeaderMap, HeaderValue};
use signalr::ConnectionState;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub(crate) async fn its_id(with: Combination) {
    let hub = with.typed("/conformance").await;
    let connection = hub.as_ref();
    assert_eq!(connection.state(), ConnectionState::Connected);
    assert_eq!(connection.connection_id(), Some(hub.get_connection_id().await.unwrap()));
    let other = with.typed("/conformance").await;
    assert_ne!(connection.connection_id(), other.as_ref().connection_id());
}

pub(crate) async fn its_transport(with: Combination) {
    let hub = with.typed("/conformance").await;
    assert_eq!(hub.get_transport().await.unwrap(), with.transport.name());
}

pub(crate) async fn its_query(with: Combination) {
    let hub = with.typed("/conformance?a=1&b=%C3%A4%20%26&c").await;
    for (name, value) in [("a", Some("1")), ("b", Some("ä &")), ("c", Some("")), ("d", None)] {
        assert_eq!(hub.get_query(name).await.unwrap().as_deref(), value, "{name}");
    }
}

pub(crate) async fn its_headers(with: Combination) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let builder = with.builder::<ConformanceHubClient>("/conformance").headers(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        let mut headers = HeaderMap::new();
        headers.insert("x-mine", HeaderValue::from_static("some text"));
        headers
    });
    let hub = builder.connect().await.unwrap();
    assert_eq!(hub.get_header("X-Mine").await.unwrap().as_deref(), Some("some text"));
    assert!(hub.get_header("User-Agent").await.unwrap().is_some());
    assert_eq!(hub.get_header("X-Other").await.unwrap(), None);
    assert!(asked.load(Ordering::Relaxed) >= 2, "they are asked for on each request");
}

pub(crate) async fn its_items(with: Combination) {
    let hub = with.typed("/conformance").await;
    assert_eq!(hub.get_item("key").await.unwrap(), None);
    hub.set_item("key", "value").await.unwrap();
    assert_eq!(hub.get_item("key").await.unwrap().as_deref(), Some("value"));
}
