//! Hubs in an axum application.

mod builder;
mod endpoint;
pub(crate) mod options;

pub use builder::{SignalR, SignalRBuilder};
pub use options::HubOptions;
