//! Exposes every part of the framework under fixed names, so that clients and tools written for other SignalR
//! implementations can be pointed at it.
//!
//! ```text
//! conformance --urls http://127.0.0.1:7300 [--redis redis://127.0.0.1:6379] [--prefix TEXT]
//! ```
//!
//! It prints `listening on http://127.0.0.1:7300` when it is ready; port 0 picks a free one. With `--redis` its hubs are in one
//! fleet with those of the same names on other servers, those of ASP.NET Core among them.

mod arguments;
mod authentication;
mod bench_hub;
mod conformance_hub;
mod echo;
mod everything;
mod functional;
mod test_hub;

use arguments::Arguments;
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::routing::get;
use axum::serve::Listener;
use axum::{Router, ServiceExt};
use bench_hub::BenchHub;
use conformance_hub::ConformanceHub;
use functional::Functional;
use serde::Deserialize;
use signalr::{HttpConnection, HttpListener, Hub, HubHandle, HubOptions, Naming, Redis, SignalR, Transport};
use std::time::Duration;
use tokio::net::TcpListener;
use tower::Layer;
use tower::util::MapRequestLayer;
use tower_http::cors::CorsLayer;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::read(std::env::args().skip(1))?;

    let bench = Hub::new("BenchHub", BenchHub);
    let conformance = Hub::new("ConformanceHub", ConformanceHub).naming(Naming::DotNet);
    let detailed = Hub::new("DetailedHub", ConformanceHub).naming(Naming::DotNet);
    let stateful = Hub::new("StatefulHub", ConformanceHub).naming(Naming::DotNet);
    let limits = Hub::new("LimitsHub", ConformanceHub).naming(Naming::DotNet);
    let auth = Hub::new("AuthHub", ConformanceHub).naming(Naming::DotNet);
    // What is measured has no layers around it.
    let measured =
        SignalR::builder().options(HubOptions::default().any_origin()).hub_with("/bench", &bench, |options| {
            options.limits_with(|limits| limits.maximum_message_size(1024 * 1024))
        });
    let hubs = SignalR::builder()
        .options(HubOptions::default().any_origin())
        .hub("/conformance", &conformance)
        .hub(authentication::PATH, &auth)
        .hub_with("/conformance-sse", &conformance, |options| options.transports([Transport::ServerSentEvents]))
        .hub_with("/conformance-detailed", &detailed, |options| {
            options.detailed_errors(true).limits_with(|limits| limits.parallel_invocations(4))
        })
        .hub_with("/conformance-stateful", &stateful, |options| options.allow_stateful_reconnects(true))
        .hub_with("/conformance-limits", &limits, |options| {
            options
                .limits_with(|limits| limits.maximum_message_size(1024))
                .handshake_timeout(Duration::from_secs(1))
                .client_timeout(Duration::from_secs(2))
                .keep_alive_interval(Duration::from_millis(500))
                .poll_timeout(Duration::from_secs(1))
        })
        .connection("/echo", echo::serve);
    let (measured, hubs) = match arguments.redis {
        Some(url) => {
            let redis = Redis::builder(url).prefix(arguments.prefix).open()?;
            (measured.backplane(redis.clone()), hubs.backplane(redis))
        }
        None => (measured, hubs),
    };
    let functional = Functional::new();
    let (measured, hubs) = (measured.build(), functional.mount(hubs).build());

    let app = Router::new()
        .merge(hubs.router().layer(from_fn(authentication::authenticate)))
        .route("/result/{id}", get(result))
        .route("/broadcast", get(broadcast))
        .route("/pid", get(async || std::process::id().to_string()))
        .with_state(conformance.handle())
        .merge(functional.router())
        // The layers have to see unknown paths too.
        .fallback(async || StatusCode::NOT_FOUND);
    let app = functional
        .guard(app)
        .layer(from_fn(functional::special_paths))
        // For tests only: any page may do what its user may.
        .layer(CorsLayer::very_permissive())
        .merge(measured.router());
    // Before any routing.
    let app = MapRequestLayer::new(functional::lower_case).layer(app);
    let app = ServiceExt::<Request>::into_make_service_with_connect_info::<HttpConnection>(app);

    let terminated = terminated()?;
    let listener = HttpListener::from(TcpListener::bind(&arguments.address).await?);
    println!("listening on http://{}", listener.local_addr()?);
    let shutdown = async move {
        terminated.await;
        tokio::join!(measured.shutdown(), hubs.shutdown());
    };
    axum::serve(listener, app).with_graceful_shutdown(shutdown).await?;
    Ok(())
}

/// Ends with Ctrl-C, or when the system asks for the end of the program. It listens from now on.
#[cfg(unix)]
fn terminated() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn terminated() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    Ok(async { drop(tokio::signal::ctrl_c().await) })
}

/// Asks a client from outside any hub.
async fn result(State(hub): State<HubHandle<ConformanceHub>>, Path(id): Path<String>) -> String {
    hub.client(id).answer("outside").await.unwrap_or_else(|error| error.to_string())
}

#[derive(Deserialize)]
struct Broadcast {
    m: String,
}

/// Sends to all clients from outside any hub.
async fn broadcast(
    State(hub): State<HubHandle<ConformanceHub>>,
    Query(Broadcast { m }): Query<Broadcast>,
) -> Result<&'static str, StatusCode> {
    hub.all().receive(m).await.into_result().map_err(|_error| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok("sent")
}
