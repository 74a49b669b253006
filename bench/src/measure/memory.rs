//! What memory connections take, and what is left of a large message.

use super::{Figure, broadcasts};
use crate::Error;
use crate::client::engine::Engine;
use crate::plan::Plan;
use crate::process::Server;

/// Of the large broadcast, in bytes.
const LARGE: usize = 60_000;

/// Kilobytes for each idle connection.
pub(super) fn idle(mut engine: Engine, server: &Server, plan: &Plan) -> Result<Figure, Error> {
    // What the first connections bring about is not theirs alone.
    let first = plan.idle.div_ceil(10);
    engine.open_all(first)?;
    engine.expect_nothing(plan.settling)?;
    let before = server.usage.resident()?;
    engine.open_all(first + plan.idle)?;
    engine.expect_nothing(plan.settling)?;
    let grown = server.usage.resident()?.saturating_sub(before);
    Ok((grown as f64 / plan.idle as f64 / 1e3).into())
}

/// By how many megabytes the server has grown after a large broadcast to many connections.
pub(super) fn large(engine: Engine, server: &Server, plan: &Plan) -> Result<Figure, Error> {
    let mut listeners = broadcasts::open(engine, plan.listeners)?;
    listeners.engine.expect_nothing(plan.settling)?;
    let before = server.usage.resident()?;
    broadcasts::once(&mut listeners, &"x".repeat(LARGE))?;
    listeners.engine.expect_nothing(plan.settling)?;
    let after = server.usage.resident()?;
    Ok(((after as f64 - before as f64) / 1e6).into())
}
