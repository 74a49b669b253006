//! Hubs in an axum application.

mod builder;
mod endpoint;
pub(crate) mod limits;
pub(crate) mod options;
mod origin;
mod shutdown;
mod validation;

pub use builder::{SignalR, SignalRBuilder};
pub use limits::Limits;
pub use options::HubOptions;
pub use shutdown::DrainReport;
pub use validation::OptionsError;
