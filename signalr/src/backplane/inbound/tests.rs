use super::super::memory::MemoryBackplane;
use super::*;
use crate::client::connection::HubConnection;
use crate::hub::Hub;
use crate::server::SignalR;
use crate::testing::TestServer;

struct Echo;

#[crate::hub(crate = crate)]
impl Echo {
    fn echo(&self, text: String) -> String {
        text
    }
}

#[tokio::test]
async fn a_client_of_a_new_protocol_is_not_blamed_for_what_came_just_before_it() {
    let hub = Hub::new("Echo", Echo);
    let app = SignalR::builder().hub("/echo", &hub).backplane(MemoryBackplane::new()).build();
    let server = TestServer::from(app.server(&hub));
    let _json: HubConnection = server.connect().await.unwrap();
    let core = &hub.inner().core;
    let mut all = Protocol::ALL.iter().copied();
    let encoded = Envelope::encode(&mut all, core.naming(), "Told", None, &("hi",)).unwrap().encoded;
    let payload = wire::invocation(&[""; 0], &encoded, None, None);
    // It is read as long as nobody speaks MessagePack, and handed on when somebody does.
    let read = envelope(core, &payload, &wire::read_invocation(&payload).unwrap()).unwrap();
    let packed: HubConnection = server.client().protocol(Protocol::MessagePack).connect().await.unwrap();
    let _ = core.registry.deliver(&Audience::All, None, &read);
    assert_eq!(packed.invoke::<String>("Echo", ("here",)).await.unwrap(), "here");
}
