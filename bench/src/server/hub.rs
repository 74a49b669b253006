//! The framework, with a hub that does as little as possible per call.

use super::listen;
use crate::Error;
use signalr::{Context, Hub, HubOptions, SignalR, hub, receiver};
use std::time::Duration;

#[receiver(rename_all = "camelCase")]
trait BenchClient {
    async fn receive(&self, text: String);
}

struct BenchHub;

#[hub(receiver = BenchClient)]
impl BenchHub {
    fn echo(&self, text: String) -> String {
        text
    }

    async fn broadcast(&self, ctx: Context<Self>, text: String) {
        ctx.clients().all().receive(text).await;
    }
}

pub(crate) async fn serve() -> Result<(), Error> {
    let hub = Hub::new("BenchHub", BenchHub);
    // Pings are no part of what is measured.
    let options = HubOptions::default().keep_alive_interval(Duration::from_secs(3600));
    let hubs = SignalR::builder().options(options).hub("/bench", &hub).build();
    listen(hubs.router(), "").await
}
