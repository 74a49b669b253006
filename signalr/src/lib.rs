//! Real-time, typed, two-way RPC between servers and clients over the open SignalR protocol.

pub mod protocol;

mod backplane;
mod clients;
mod hub;
#[cfg(feature = "server")]
mod server;
mod session;
mod short_string;
mod streaming;
mod transport;

#[doc(hidden)]
pub mod __private;

pub use clients::Clients;
pub use clients::groups::Groups;
pub use clients::handle::HubHandle;
pub use clients::results::{ClientResult, ClientResultError};
pub use clients::sent::{Receipt, Sent};
pub use clients::target::{Many, NoReceiver, Receiver, Single, SingleClient, Target, Untyped};
pub use clients::wire::AsWire;
pub use hub::Hub;
pub use hub::context::Context;
pub use hub::error::{HubError, PublicError};
pub use hub::invocation::{FromInvocation, Invocation};
pub use hub::items::Items;
pub use hub::method::{HubMethods, Method};
pub use hub::request::Request;
#[cfg(feature = "server")]
pub use server::{HubOptions, SignalR, SignalRBuilder};
pub use session::cancel::CancellationToken;
pub use session::close::CloseReason;
pub use session::inbox::Overflow;
pub use signalr_macros::{hub, receiver};
pub use streaming::upload::{Upload, UploadError};
pub use transport::Transport;
