//! Stateful reconnect, which only WebSockets have.

use crate::support::{next, with_events};
use client_tests::conformance::ConformanceHubClient;
use client_tests::relay::Relay;
use client_tests::{Combination, Heard, Recorder, soon};
use futures_util::StreamExt;
use signalr::{ConnectionEvent, Transport};
use wire_tests::server;

pub(crate) async fn a_cut_socket(with: Combination) {
    let relay = Relay::start(server().authority()).await;
    let (recorder, mut heard) = Recorder::new();
    let builder = with.builder_at::<ConformanceHubClient>(relay.url("/conformance-stateful")).receiver(recorder);
    let (builder, mut events) = with_events(builder.reconnect(soon()).stateful_reconnect(100_000));
    let hub = builder.connect().await.unwrap();
    let id = hub.as_ref().connection_id();
    hub.set_item("key", "value").await.unwrap();
    assert!(matches!(events.recv().await, Some(ConnectionEvent::Connected { .. })));
    let mut items = hub.counter(1000, 1).await.unwrap();
    assert_eq!(items.next().await.unwrap().unwrap(), 0);
    relay.close();
    assert!(matches!(events.recv().await, Some(ConnectionEvent::Reconnecting { .. })));
    relay.open();
    match events.recv().await {
        Some(ConnectionEvent::Reconnected { old_id, new_id, resumed }) => {
            assert_eq!(old_id, id);
            assert_eq!(resumed, with.transport == Transport::WebSockets);
            assert_eq!(old_id == new_id, resumed);
        }
        other => panic!("{other:?}"),
    }
    if with.transport == Transport::WebSockets {
        for number in 1..1000 {
            assert_eq!(items.next().await.unwrap().unwrap(), number);
        }
        assert!(items.next().await.is_none());
        assert_eq!(hub.get_item("key").await.unwrap().as_deref(), Some("value"));
        hub.send_many(100).await.unwrap();
        for number in 0..100 {
            assert_eq!(next(&mut heard).await, Heard::Numbered(number));
        }
    } else {
        assert!(items.map(|item| item.is_err()).collect::<Vec<_>>().await.pop().unwrap());
        assert_eq!(hub.get_item("key").await.unwrap(), None);
    }
}
