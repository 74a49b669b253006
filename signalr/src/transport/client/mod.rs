//! Connections over HTTP from the client's end: negotiation, the three transports as [`Duplex`](super::Duplex)es, and the
//! requests that all of it is made of.
//!
//! | module | holds |
//! | --- | --- |
//! | `connector` | the way to a connection: negotiation, one transport after the other |
//! | `negotiation` | the request before the connection, with its redirects |
//! | `negotiated` | what can be done with a connection that the server knows: resume it, renew its authentication |
//! | `websocket` | the request that becomes a WebSocket |
//! | `server_sent_events`, `event_parser` | an answer that does not end, and what is in it |
//! | `long_polling` | one request after the other |
//! | `posts` | what the last two send |
//! | `requests` | one request: headers, cookies, the access token, its time, its errors |
//! | `address`, `cookies`, `token` | parts of a request |
//!
//! Nothing here has a task of its own: requests go on when the `Duplex` is polled that has made them.

mod address;
mod body;
pub(crate) mod connector;
mod cookies;
mod event_parser;
mod long_polling;
mod negotiated;
mod negotiation;
mod posts;
mod requests;
mod server_sent_events;
mod token;
mod websocket;

#[cfg(test)]
mod tests;
