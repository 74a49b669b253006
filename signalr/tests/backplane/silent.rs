//! What becomes of those who wait where the engine says nothing, and how long they may be told to wait.

use bytes::Bytes;
use signalr::testing::TestServer;
use signalr::{
    Backplane, BackplaneError, BackplaneOptions, BackplaneReceiver, ChangeError, Hub, HubConnection, MemoryBackplane,
    SignalR, Told, hub,
};
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

struct Empty;

#[hub]
impl Empty {}

/// Takes everything, and never says what has become of it.
#[derive(Debug)]
struct Silent;

impl Backplane for Silent {
    fn publish(&self, _channel: &str, _payload: Bytes) -> Result<Told<Option<usize>>, BackplaneError> {
        Ok(Box::pin(pending()))
    }

    fn subscribe(&self, _channel: &str, _receiver: &Arc<BackplaneReceiver>) -> Told<()> {
        Box::pin(pending())
    }

    fn unsubscribe(&self, _channel: &str, _receiver: &Arc<BackplaneReceiver>) {}

    fn subscribers(&self, _channel: &str) -> Told<Option<usize>> {
        Box::pin(pending())
    }

    fn is_connected(&self) -> bool {
        true
    }
}

fn server(backplane: impl Backplane, wait: Duration) -> TestServer<Empty> {
    let hub = Hub::new("Empty", Empty);
    let options = BackplaneOptions::default().ack_timeout(wait).answer_timeout(wait);
    let app = SignalR::builder().hub("/empty", &hub).backplane_with(backplane, options).build();
    TestServer::from(app.server(&hub))
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_the_application_says() {
    let wait = Duration::from_secs(3);
    let server = server(Silent, wait);
    let _client: HubConnection = server.connect().await.unwrap();
    let handle = server.handle();
    let in_time = async {
        for change in [
            handle.add_to_group("nobody", "g").unwrap(),
            handle.remove_from_group("nobody", "g"),
            handle.close("nobody", "enough"),
            handle.abort("nobody"),
        ] {
            let expected = ChangeError::NoAnswer { connection: "nobody".to_owned(), after: wait };
            assert_eq!(change.await, Err(expected));
        }
        let members = handle.group_members("g").await;
        assert!(members.value.is_empty() && !members.is_complete());
    };
    tokio::time::timeout(6 * wait, in_time).await.expect("it does not hang");
}

#[tokio::test(start_paused = true)]
async fn any_time_may_be_waited() {
    for wait in [Duration::ZERO, Duration::MAX] {
        let backplane = MemoryBackplane::new();
        let (one, other) = (server(backplane.clone(), wait), server(backplane, wait));
        let client: HubConnection = one.connect().await.unwrap();
        let (id, handle) = (client.connection_id().unwrap(), other.handle());
        assert_eq!(handle.add_to_group(&id, "g").unwrap().await, Ok(true));
        assert_eq!(handle.group_members("g").await.value, [&*id]);
        assert_eq!(handle.user_connections("nobody").await.value, 0);
        assert_eq!(handle.close("nobody", "enough").await, Ok(false));
        assert_eq!(handle.close(&id, "enough").await, Ok(true));
    }
}
