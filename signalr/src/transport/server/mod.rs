//! The server's HTTP side of a connection: negotiation, the table of connections, and the transports.

pub(crate) mod authentication;
pub(crate) mod dispatch;
mod event_socket;
pub(crate) mod gate;
pub(crate) mod handover;
pub(crate) mod inlet;
pub(crate) mod long_polling;
pub(crate) mod negotiate;
mod outlet;
pub(crate) mod pending;
pub(crate) mod server_sent_events;
pub(crate) mod upgrade;
