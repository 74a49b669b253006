//! The server's HTTP side of a connection: negotiation, the connections that it has promised, and the WebSocket upgrade.

pub(crate) mod negotiate;
pub(crate) mod pending;
pub(crate) mod upgrade;
