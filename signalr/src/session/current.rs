//! The outbound bytes of the session that this thread polls right now.
//!
//! A hub method's reply is encoded while the session polls the method's future. This is how it reaches the session's buffer
//! directly: no lock, no allocation, no copy. Code that runs elsewhere (a task of its own) finds nothing here and goes
//! through the inbox.

use super::outbound::Outbound;
use std::cell::Cell;

struct Current {
    number: u64,
    outbound: Box<Outbound>,
}

thread_local! {
    static CURRENT: Cell<Option<Current>> = const { Cell::new(None) };
    /// An empty buffer for the next session on this thread, so that idle sessions need none.
    static SPARE: Cell<Option<Box<Outbound>>> = const { Cell::new(None) };
}

/// Makes a session the current one while it is polled.
pub(crate) struct Scope<'s> {
    unsent: &'s mut Option<Box<Outbound>>,
    previous: Option<Current>,
}

/// Enters the session `number`, whose unsent bytes are in `unsent`; they are back there when the scope is dropped.
pub(crate) fn enter(number: u64, unsent: &mut Option<Box<Outbound>>) -> Scope<'_> {
    let outbound = unsent.take().or_else(|| SPARE.take()).unwrap_or_default();
    let previous = CURRENT.replace(Some(Current { number, outbound }));
    Scope { unsent, previous }
}

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        if let Some(current) = CURRENT.replace(self.previous.take()) {
            if current.outbound.is_empty() {
                SPARE.set(Some(current.outbound));
            } else {
                *self.unsent = Some(current.outbound);
            }
        }
    }
}

/// Whether the session `number` is the current one.
pub(crate) fn is(number: u64) -> bool {
    let current = CURRENT.take();
    let same = current.as_ref().is_some_and(|current| current.number == number);
    CURRENT.set(current);
    same
}

/// Another session is the current one, or none.
#[derive(Debug)]
pub(crate) struct Elsewhere;

/// Runs `write` with the outbound bytes of the session `number`, if that session is the current one. Panics in `write`
/// lose nothing that was written before.
pub(crate) fn with<R>(number: u64, write: impl FnOnce(&mut Outbound) -> R) -> Result<R, Elsewhere> {
    struct PutBack(Option<Current>);
    impl Drop for PutBack {
        fn drop(&mut self) {
            CURRENT.set(self.0.take());
        }
    }
    let mut current = PutBack(CURRENT.take());
    match &mut current.0 {
        Some(current) if current.number == number => Ok(write(&mut current.outbound)),
        _ => Err(Elsewhere),
    }
}
