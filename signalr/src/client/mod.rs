//! The client: a connection to a hub of any SignalR server, which calls the hub's methods and is called by it.

pub(crate) mod builder;
pub(crate) mod call;
pub(crate) mod callback;
mod callbacks;
pub(crate) mod connect;
pub(crate) mod connection;
mod driver;
pub(crate) mod error;
pub(crate) mod follow;
pub(crate) mod handler;
pub(crate) mod handlers;
#[cfg(feature = "client")]
pub(crate) mod http;
mod invocations;
mod options;
mod queue;
pub(crate) mod receiver;
mod refresh;
pub(crate) mod retry;
mod service;
pub(crate) mod state;
pub(crate) mod stream;
mod upload;
