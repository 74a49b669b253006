//! The client: a connection to a hub of any SignalR server, which calls the hub's methods and is called by it.

pub(crate) mod builder;
pub(crate) mod call;
pub(crate) mod callback;
pub(crate) mod connect;
pub(crate) mod connection;
pub(crate) mod error;
pub(crate) mod handlers;
pub(crate) mod receiver;
pub(crate) mod retry;
