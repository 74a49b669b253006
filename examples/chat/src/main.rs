//! Chat rooms in a browser: who is there, messages, a live stream, an upload with progress, and questions from the server.
//!
//! ```text
//! cargo xtask demo
//! ```

mod chat;

use axum::Router;
use axum::serve::Listener;
use chat::ChatHub;
use signalr::{HttpConnection, HttpListener, Hub, SignalR};
use tokio::net::TcpListener;
use tower_http::services::{ServeDir, ServeFile};

const WEB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/web");

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--urls").skip(1);
    let url = arguments.next().unwrap_or_else(|| "http://127.0.0.1:5000".to_owned());
    let address = url.trim_start_matches("http://").trim_end_matches('/');

    let chat = Hub::new("ChatHub", ChatHub::default());
    // Whoever waits for the answers of a room can still chat.
    let hubs = SignalR::builder()
        .hub_with("/chat", &chat, |options| options.limits_with(|limits| limits.parallel_invocations(4)))
        .build();
    let app = Router::new()
        .merge(hubs.router())
        .route_service("/lib/signalr.min.js", package("signalr"))
        .route_service("/lib/signalr-protocol-msgpack.min.js", package("signalr-protocol-msgpack"))
        .fallback_service(ServeDir::new(WEB));

    let listener = HttpListener::from(TcpListener::bind(address).await?);
    println!("listening on http://{}", listener.local_addr()?);
    let app = app.into_make_service_with_connect_info::<HttpConnection>();
    axum::serve(listener, app).with_graceful_shutdown(hubs.shutdown_on(terminated())).await
}

/// Ends with Ctrl-C and, where there are such signals, when the system asks for the end of the program.
async fn terminated() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => drop(terminate.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}

/// The browser's build of one of Microsoft's packages.
fn package(name: &str) -> ServeFile {
    ServeFile::new(format!("{WEB}/node_modules/@microsoft/{name}/dist/browser/{name}.min.js"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_readme_shows_this_hub() {
        let readme = include_str!("../../../README.md");
        assert!(
            readme.contains(include_str!("chat.rs")),
            "the first example of README.md is not examples/chat/src/chat.rs"
        );
    }
}
