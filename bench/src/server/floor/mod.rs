//! What a WebSocket library allows: a server that understands only what the load client sends, by slicing it, and answers
//! with slices of it. All answers to what one read has brought are one WebSocket message.

mod connection;
mod frame;
mod json;
mod members;
mod msgpack;
mod protocol;

use super::listen;
use crate::Error;
use axum::Router;
use axum::extract::{State, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::any;
use members::Members;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_tungstenite::accept_async_with_config;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// The libraries' 128 KiB would be most of an idle connection.
const READ_BUFFER: usize = 4096;

type AxumMembers = Members<axum::extract::ws::Message>;

/// On tokio-tungstenite.
pub(super) async fn serve() -> Result<(), Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let members = Arc::new(Members::default());
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
    loop {
        let (tcp, _) = listener.accept().await?;
        let members = members.clone();
        tokio::spawn(async move {
            // Without it messages may be late, but they do arrive.
            let _ = tcp.set_nodelay(true);
            if let Ok(socket) = accept_async_with_config(tcp, Some(config)).await {
                connection::serve(socket, members).await;
            }
        });
    }
}

/// On axum's WebSockets.
pub(super) async fn serve_on_axum() -> Result<(), Error> {
    listen(Router::new().route("/bench", any(upgrade)).with_state(Arc::default())).await
}

async fn upgrade(State(members): State<Arc<AxumMembers>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.read_buffer_size(READ_BUFFER).on_upgrade(|socket| connection::serve(socket, members))
}
