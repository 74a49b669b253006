//! What operators see: the spans, events and numbers of servers that clients talk to over real sockets.

mod capture;
mod counting;
mod numbers;
mod secrets;
mod spans;
#[path = "../hubs/support.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod support;
mod traces;
