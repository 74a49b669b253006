//! One server of the fleet.

use crate::room::RoomHub;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use signalr::{Hub, Redis, SignalR};
use tokio::net::TcpListener;

pub(crate) async fn serve(address: &str, redis_url: &str) -> Result<(), Box<dyn std::error::Error>> {
    // One Redis can serve several applications: each has a prefix of its own.
    let redis = Redis::builder(redis_url).prefix("fleet-example:").open()?;
    let room = Hub::new("RoomHub", RoomHub { address: address.to_owned() });
    let hubs = SignalR::builder().backplane(redis.clone()).hub("/room", &room).build();
    let app = Router::new().merge(hubs.router()).route("/ready", get(async move || ready(&redis)));

    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let ended = hubs.shutdown_on(async { drop(tokio::signal::ctrl_c().await) });
    axum::serve(listener, app).with_graceful_shutdown(ended).await?;
    Ok(())
}

/// For a load balancer that asks whether to send new clients here.
fn ready(redis: &Redis) -> (StatusCode, String) {
    match redis.is_connected() {
        true => (StatusCode::OK, "ready".to_owned()),
        false => (StatusCode::SERVICE_UNAVAILABLE, redis.last_error().unwrap_or_else(|| "connecting".to_owned())),
    }
}
