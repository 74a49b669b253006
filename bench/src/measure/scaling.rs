//! What something costs as there is more of it.

use super::broadcasts::{self, Next};
use super::{Figure, TEXT, groups};
use crate::Error;
use crate::client::engine::Engine;
use crate::client::protocol::Protocol;
use crate::plan::Plan;
use crate::process::Server;

/// CPU time for each delivery of broadcasts to so many connections, and the kilobytes of each connection.
pub(crate) fn connections(
    plan: &Plan,
    server: &Server,
    protocol: Protocol,
    number: usize,
) -> Result<Vec<Figure>, Error> {
    let before = server.usage.resident()?;
    let mut listeners = broadcasts::open(Engine::of(server, protocol)?, number)?;
    listeners.engine.expect_nothing(plan.settling)?;
    let grown = server.usage.resident()?.saturating_sub(before);
    let delivery = broadcasts::run(listeners, server, plan, Next::Delivered, TEXT)?;
    Ok(vec![delivery, (grown as f64 / number as f64 / 1e3).into()])
}

/// CPU time for each delivery of a message to one of so many groups, and for joining one; the bytes of each membership.
pub(crate) fn groups(plan: &Plan, server: &Server, protocol: Protocol, number: usize) -> Result<Vec<Figure>, Error> {
    let cost = groups::run(Engine::of(server, protocol)?, server, plan, number)?;
    Ok(vec![cost.delivery, cost.join, cost.member.into()])
}

/// CPU time for each delivery of broadcasts of texts of so many bytes, and the megabytes that the server holds more in the end.
pub(crate) fn size(plan: &Plan, server: &Server, protocol: Protocol, bytes: usize) -> Result<Vec<Figure>, Error> {
    let mut listeners = broadcasts::open(Engine::of(server, protocol)?, plan.listeners)?;
    listeners.engine.expect_nothing(plan.settling)?;
    let before = server.usage.resident()?;
    let delivery = broadcasts::run(listeners, server, plan, Next::Delivered, &"x".repeat(bytes))?;
    let after = server.usage.resident()?;
    Ok(vec![delivery, ((after as f64 - before as f64) / 1e6).into()])
}
