//! Servers and relays that do what they should not: nothing hangs, nothing is left behind, and each call has an answer or an
//! error that says what happened.

mod completions;
mod cutting;
mod handshakes;
mod messages;
mod once;
mod server;
mod silence;
mod stateful;
mod tokens;
mod workload;
