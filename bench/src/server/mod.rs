//! The servers that are measured.

mod floor;
mod http_floor;
mod hub;

use crate::Error;
use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

/// A server of this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Own {
    /// The framework.
    Hub,
    /// The framework on axum's own listener.
    HubOnAxum,
    /// What a WebSocket library allows.
    Floor,
    /// What axum's WebSockets allow.
    FloorOnAxum,
    /// Bare HTTP handlers of axum.
    HttpFloor,
}

impl Own {
    pub(crate) const ALL: [Own; 5] = [Own::Hub, Own::HubOnAxum, Own::Floor, Own::FloorOnAxum, Own::HttpFloor];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Own::Hub => "hub",
            Own::HubOnAxum => "hub-on-axum",
            Own::Floor => "floor",
            Own::FloorOnAxum => "floor-on-axum",
            Own::HttpFloor => "http-floor",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|own| own.name() == name)
    }

    /// Serves until the process ends, on as many threads as an application has that says nothing about it.
    pub(crate) fn serve(self) -> Result<(), Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        match self {
            Own::Hub => runtime.block_on(hub::serve(true)),
            Own::HubOnAxum => runtime.block_on(hub::serve(false)),
            Own::Floor => runtime.block_on(floor::serve()),
            Own::FloorOnAxum => runtime.block_on(floor::serve_on_axum()),
            Own::HttpFloor => runtime.block_on(http_floor::serve()),
        }
    }
}

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
