//! What a hub's methods cost an application, measured by `cargo xtask size`: programs that differ in their hub only, of a hundred
//! methods, of one, and of one of each kind.
//!
//! The hundred are written out, as an application would have them, and not generated: a figure about "a realistic mix" is worth
//! what its reader can see of the mix, and a template repeated a hundred times would let the compiler share what it
//! cannot share between real methods. What is no part of a hub is here, in a library: its types, and a stand-in for
//! the application behind it.

mod application;
mod types;

pub use application::Store;
pub use types::*;

use signalr::{Hub, HubMethods, SignalR};
use std::io;
use tokio::net::TcpListener;

/// Serves the hub on a port that the system chooses, which it prints.
///
/// # Errors
/// Fails when there is no runtime or no port.
pub fn serve<H: HubMethods>(hub: H) -> io::Result<()> {
    let hub = Hub::new("Hub", hub);
    let app = SignalR::builder().hub("/hub", &hub).build().router();
    tokio::runtime::Runtime::new()?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("listening on http://{}", listener.local_addr()?);
        axum::serve(listener, app).await
    })
}
