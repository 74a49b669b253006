//! What a client sees of a conformance server, byte by byte.
//!
//! The tests of this package use nothing of the framework: they speak HTTP, WebSocket frames and hub messages over plain
//! TCP, so that a fault shared by our encoder and our decoder cannot hide. The rows follow the description of what the
//! ASP.NET Core server does; where our server deliberately does better, the rule stands in [`differences`].
//!
//! | variable | meaning |
//! | --- | --- |
//! | `CONFORMANCE_URL` | test the server that runs there (`http://127.0.0.1:7300`) instead of starting one |
//! | `CONFORMANCE_BIN` | start this program instead of building the workspace's `conformance` |
//! | `CONFORMANCE_IS_REFERENCE` | the server is the ASP.NET Core one: leave out what stands in [`differences`] |

// Arguments are written in place with `json!`; a reference sign in front of each would only add noise.
#![allow(clippy::needless_pass_by_value)]

pub mod differences;
pub mod http;
pub mod hub;
pub mod message;
pub mod requests;
pub mod server;
pub mod websocket;

pub use differences::ours_differs;
pub use hub::{BOTH, Event, HubSocket, Protocol};
pub use message::{
    cancel, close, completion, ended, failed, invocation, invocation_with_streams, item, stream_invocation,
};
pub use requests::{EventStream, Polled, Posting, Requests};
pub use server::{Server, server};
pub use websocket::{Frame, RawSocket};

/// How long a read waits before the test fails; no test depends on its length.
pub const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);

/// The byte that ends each JSON hub message and each handshake message.
pub const RECORD_SEPARATOR: u8 = 0x1e;

/// A text that no other test uses.
#[must_use]
pub fn unique(prefix: &str) -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{prefix}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}
