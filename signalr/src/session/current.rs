//! The outbound bytes of the session that this thread polls right now.
//!
//! A hub method's reply is encoded while the session polls the method's future. This is how it reaches the session's buffer
//! directly: no lock, no allocation, no copy. Code that runs elsewhere (a task of its own) finds nothing here and goes
//! through the inbox.

use super::outbound::Outbound;
use std::cell::{Cell, RefCell};

struct Current {
    number: u64,
    outbound: Box<Outbound>,
}

thread_local! {
    static CURRENT: RefCell<Option<Current>> = const { RefCell::new(None) };
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
    let current = Current { number, outbound };
    let previous = CURRENT.with(|place| place.try_borrow_mut().map_or(None, |mut place| place.replace(current)));
    Scope { unsent, previous }
}

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        let previous = self.previous.take();
        let current = CURRENT
            .with(|place| place.try_borrow_mut().map_or(None, |mut place| std::mem::replace(&mut *place, previous)));
        if let Some(Current { mut outbound, .. }) = current {
            if outbound.is_empty() {
                outbound.close_window();
                SPARE.set(Some(outbound));
            } else {
                *self.unsent = Some(outbound);
            }
        }
    }
}

/// Another session is the current one, or none, or it is being written to further up the stack.
#[derive(Debug)]
pub(crate) struct Elsewhere;

/// Whether the session `number` is the current one.
pub(crate) fn is(number: u64) -> bool {
    with(number, |_| ()).is_ok()
}

/// Runs `write` with the outbound bytes of the session `number`, if that session is the current one.
pub(crate) fn with<R>(number: u64, write: impl FnOnce(&mut Outbound) -> R) -> Result<R, Elsewhere> {
    CURRENT.with(|place| match place.try_borrow_mut().as_deref_mut() {
        Ok(Some(current)) if current.number == number => Ok(write(&mut current.outbound)),
        _ => Err(Elsewhere),
    })
}
