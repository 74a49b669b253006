//! The measurements of the standard set, for every server with the bench hub.

use super::broadcasts::{self, Next};
use super::calls::{self, Operation};
use super::{Figure, TEXT, connects, memory};
use crate::Error;
use crate::client::engine::Engine;
use crate::client::protocol::Protocol;
use crate::plan::Plan;
use crate::process::Server;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measurement {
    /// CPU time for each invocation, so many under way on each connection.
    Invoke { depth: usize },
    /// CPU time for each delivery of a broadcast to all.
    Broadcast(Next),
    /// CPU time for each item of a stream to the client.
    Stream,
    /// CPU time for each item of a stream from the client.
    Upload,
    /// CPU time for connecting, one call, and closing.
    Connect,
    /// Memory for each idle connection, in kilobytes.
    Idle,
    /// How much memory one large broadcast to many has left behind, in megabytes.
    Large,
}

impl Measurement {
    pub(crate) fn unit(self) -> &'static str {
        match self {
            Measurement::Idle => "KB",
            Measurement::Large => "MB",
            _ => "µs",
        }
    }

    pub(crate) fn run(self, plan: &Plan, server: &Server, protocol: Protocol) -> Result<Figure, Error> {
        let engine = Engine::of(server, protocol)?;
        match self {
            Measurement::Invoke { depth } => calls::run(engine, server, plan, Operation::Echo { depth }),
            Measurement::Stream => calls::run(engine, server, plan, Operation::Stream),
            Measurement::Upload => calls::run(engine, server, plan, Operation::Upload),
            Measurement::Connect => connects::run(engine, server, plan),
            Measurement::Broadcast(next) => {
                let listeners = broadcasts::open(engine, plan.listeners)?;
                broadcasts::run(listeners, server, plan, next, TEXT)
            }
            Measurement::Idle => memory::idle(engine, server, plan),
            Measurement::Large => memory::large(engine, server, plan),
        }
    }
}
