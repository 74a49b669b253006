//! Hubs in an axum application.

mod builder;
mod endpoint;
pub(crate) mod limits;
mod listen;
pub(crate) mod options;
mod origin;
mod raw;
mod shutdown;
mod streams;
mod validation;

pub use builder::{SignalR, SignalRBuilder};
pub use limits::Limits;
pub use listen::ServeListener;
pub use options::HubOptions;
pub use shutdown::DrainReport;
pub use streams::{HubServer, Serve};
pub use validation::OptionsError;
