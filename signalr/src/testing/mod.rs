//! The test kit: a hub and its clients in memory, through the real codec and the real sessions, with no port and no sleeping.
//!
//! [`TestServer`] serves a hub, and makes clients of it: typed ones of `#[hub(client)]`, or [`HubConnection`]s. A
//! [`TestLine`] is what lies between a client and the server: who the client is, and what goes wrong on the way. A
//! [`Recorder`] takes the place of a receiver and keeps what the server calls.
//!
//! [`backplane`] is the conformance suite of backplanes.
//!
//! The guide's section [testing hubs](crate#testing-hubs) shows them at work.
//!
//! [`HubConnection`]: crate::HubConnection

pub mod backplane;
mod clock;
mod host;
mod line;
mod recorder;
mod server;
pub(crate) mod visit;
mod wire;

pub use clock::settle;
pub use line::TestLine;
pub use recorder::{RecordedCall, Recorder};
pub use server::TestServer;
