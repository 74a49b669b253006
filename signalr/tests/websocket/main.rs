//! The WebSocket frame codec: against tungstenite in both directions, against the rules of RFC 6455, and against itself
//! with the same bytes split differently.

mod frames;
mod handshake;
mod peer;
mod rules;
mod splits;
mod text;
