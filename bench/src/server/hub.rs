//! The framework, with a hub that does as little as possible per call.

use super::listen;
use crate::Error;
use axum::serve::Listener;
use futures_util::{Stream, StreamExt, stream};
use signalr::{Context, HttpConnection, HttpListener, Hub, HubError, HubOptions, SignalR, Upload, hub, receiver};
use std::time::Duration;
use tokio::net::TcpListener;

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

    async fn join_group(&self, ctx: Context<Self>, group: String) -> Result<(), HubError> {
        ctx.join(group)?.await?;
        Ok(())
    }

    async fn send_to_group(&self, ctx: Context<Self>, group: String, text: String) {
        ctx.clients().group(group).receive(text).await;
    }

    fn counter(&self, count: u32) -> impl Stream<Item = u32> {
        stream::iter(0..count)
    }

    async fn sum(&self, mut numbers: Upload<i64>) -> Result<i64, HubError> {
        let mut total = 0i64;
        while let Some(number) = numbers.next().await {
            total = total.wrapping_add(number?);
        }
        Ok(total)
    }
}

/// Serves the hub on the framework's listener, or on that of axum.
pub(super) async fn serve(own_listener: bool) -> Result<(), Error> {
    let hub = Hub::new("BenchHub", BenchHub);
    // Pings are no part of what is measured, and clients only send when they call.
    let hour = Duration::from_secs(3600);
    let options = HubOptions::default()
        .keep_alive_interval(hour)
        .client_timeout(2 * hour)
        .limits_with(|limits| limits.maximum_message_size(1024 * 1024));
    let hubs = SignalR::builder().options(options).hub("/bench", &hub).build();
    if !own_listener {
        return listen(hubs.router()).await;
    }
    let streams = TcpListener::bind("127.0.0.1:0").await?;
    let listener = HttpListener::from(TcpListener::bind("127.0.0.1:0").await?);
    println!("listening on http://{} and tcp://{}", listener.local_addr()?, streams.local_addr()?);
    tokio::spawn(hubs.server(&hub).serve_listener(streams).into_future());
    let app = hubs.router::<()>().into_make_service_with_connect_info::<HttpConnection>();
    Ok(axum::serve(listener, app).await?)
}
