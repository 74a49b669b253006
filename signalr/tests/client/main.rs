//! The client, over the byte streams of a server in the same process.

mod calls;
mod cancelling;
mod ends;
mod failures;
mod queueing;
mod reconnecting;
mod stopping;
mod streams;
mod support;
