//! Hubs that do not speak every protocol.

use signalr::protocol::Protocol;
use signalr::testing::{Recorder, TestServer};
use signalr::{Backplane, BackplaneReceiver, Hub, HubConnection, HubOptions, MemoryBackplane, SignalR, hub};
use std::collections::BTreeMap;
use std::sync::Arc;

struct Maps;

#[hub]
impl Maps {}

/// JSON has no such keys.
type Map = BTreeMap<(u8, u8), u8>;

fn server(backplane: &MemoryBackplane) -> TestServer<Maps> {
    let hub = Hub::new("Maps", Maps);
    let options = HubOptions::default().protocols([Protocol::MessagePack]);
    let app = SignalR::builder().options(options).hub("/maps", &hub).backplane(backplane.clone()).build();
    TestServer::from(app.server(&hub)).protocol(Protocol::MessagePack)
}

#[tokio::test]
async fn a_message_is_published_in_the_protocols_of_its_hub_only() {
    let backplane = MemoryBackplane::new();
    let (one, other) = (server(&backplane), server(&backplane));
    let listens = Arc::new(BackplaneReceiver::new(|channel, payload| {
        assert!(!payload.windows(4).any(|part| part == b"json"), "on {channel}");
    }));
    backplane.subscribe("Maps:all", &listens).await.unwrap();
    let heard = Recorder::new();
    let map = Map::from([((1, 2), 3)]);
    let sum = |map: Map| map.values().sum::<u8>();
    let client: HubConnection = other.client().record(&heard.clone().answer("Sum", sum)).connect().await.unwrap();
    let id = client.connection_id().unwrap();
    backplane.subscribe(&format!("Maps:connection:{id}"), &listens).await.unwrap();
    one.handle().all().send("Told", (&map,)).await.into_result().unwrap();
    assert_eq!(heard.next::<(Map,)>("Told").await.0, map);
    one.handle().client(&id).send("Told", (&map,)).await.into_result().unwrap();
    assert_eq!(heard.next::<(Map,)>("Told").await.0, map);
    assert_eq!(one.handle().client(&id).invoke::<u8>("Sum", (&map,)).await, Ok(3));
}
