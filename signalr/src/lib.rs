//! Real-time, typed, two-way RPC between servers and clients over the open SignalR protocol.

pub mod protocol;
