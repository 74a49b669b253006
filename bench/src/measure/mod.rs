//! What is measured: one run against a fresh server gives one figure.

mod broadcasts;
mod calls;
mod connects;
mod costs;
mod groups;
mod memory;
pub(crate) mod scaling;
pub(crate) mod standard;
pub(crate) mod transports;

pub(crate) use broadcasts::Next;
pub(crate) use costs::Figure;

use std::time::Duration;

/// The text of calls and broadcasts.
const TEXT: &str = "thirty-two bytes of plain text..";
/// How long nothing may come after everything has come.
const SILENCE: Duration = Duration::from_millis(50);
