//! Hubs in an axum application.

mod builder;
mod endpoint;
mod listen;
pub(crate) mod options;
mod raw;
mod streams;

pub use builder::{SignalR, SignalRBuilder};
pub use listen::ServeListener;
pub use options::HubOptions;
pub use streams::{HubServer, Serve};
