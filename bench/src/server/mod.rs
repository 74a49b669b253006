//! The servers that are measured.

pub(crate) mod floor;
pub(crate) mod hub;

use crate::Error;
use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

/// Serves as an application does that follows axum's documentation.
async fn listen(app: Router) -> Result<(), Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let listener = listener.tap_io(|tcp| {
        // Without it messages may be late, but they do arrive.
        let _ = tcp.set_nodelay(true);
    });
    Ok(axum::serve(listener, app).await?)
}
