//! Calls of this end that wait for the peer's Completion: on a server, the client results.

use crate::protocol::{Codec, Outcome, Payload};
use smol_str::SmolStr;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, PoisonError};
use tokio::sync::oneshot;

/// How the peer answered a call.
#[derive(Debug)]
pub(crate) enum Answer {
    Void,
    /// A value, still encoded.
    Result(Codec, Box<[u8]>),
    /// An error, in the peer's words.
    Error(String),
}

impl Answer {
    pub(crate) fn from_outcome(outcome: Outcome<'_>) -> Self {
        match outcome {
            Outcome::Void => Answer::Void,
            Outcome::Result(value) => Answer::Result(value.codec(), value.as_bytes().into()),
            Outcome::Error(error) => Answer::Error(error.message.into_owned()),
        }
    }

    /// The value, to be decoded by whoever waits for it.
    pub(crate) fn payload(codec: Codec, bytes: &[u8]) -> Payload<'_> {
        Payload::new(codec, bytes)
    }
}

/// How many questions of others may wait for one peer. Beyond that the oldest are given up.
const RELAYED: usize = 1024;
const TOO_MANY: &str = "Too many questions wait for the client.";

/// Takes the answer to a question of somebody else; without one if the connection has ended.
pub(crate) type Relay = Box<dyn FnOnce(Option<Answer>) + Send>;

/// A call that this end has passed on for somebody else, who has chosen its id.
struct Relayed {
    id: SmolStr,
    relay: Relay,
}

impl fmt::Debug for Relayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Relayed").field(&self.id).finish()
    }
}

/// The table of calls in flight. Ids on the wire are `s` + the connection's number + `.` + a number, so that an answer which
/// was meant to be another connection's is seen as such.
#[derive(Debug)]
pub(crate) struct Invocations {
    number: u64,
    /// `None` once the connection has ended.
    table: Mutex<Option<Table>>,
}

#[derive(Debug, Default)]
struct Table {
    last: u64,
    waiting: HashMap<u64, oneshot::Sender<Answer>>,
    relayed: VecDeque<Relayed>,
}

/// The number of the connection and that of the call, of an id in the form that this end gives.
fn own_form(id: &str) -> Option<(u64, u64)> {
    let (number, call) = id.strip_prefix('s')?.split_once('.')?;
    Some((number.parse().ok()?, call.parse().ok()?))
}

/// The answer came from a connection that was not asked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Foreign;

impl Invocations {
    pub(crate) fn new(number: u64) -> Self {
        Invocations { number, table: Mutex::new(Some(Table::default())) }
    }

    fn with_table<R>(&self, run: impl FnOnce(&mut Option<Table>) -> R) -> R {
        run(&mut self.table.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Opens a call: its number, and where its answer will arrive. `None` after the end of the connection. The receiver gets
    /// an error when the connection ends before the answer.
    pub(crate) fn open(&self) -> Option<(u64, oneshot::Receiver<Answer>)> {
        self.with_table(|table| {
            let table = table.as_mut()?;
            table.last += 1;
            let (sender, receiver) = oneshot::channel();
            table.waiting.insert(table.last, sender);
            Some((table.last, receiver))
        })
    }

    /// The id of a call on the wire.
    pub(crate) fn wire_id(&self, call: u64) -> String {
        format!("s{}.{call}", self.number)
    }

    /// Nobody waits for this answer any more.
    pub(crate) fn forget(&self, call: u64) {
        self.with_table(|table| table.as_mut().and_then(|table| table.waiting.remove(&call)));
    }

    /// Lets `relay` have the answer to a call that is passed on for somebody else. Says whether the call is to be passed on: not
    /// after the end of the connection, which `relay` is told, and not under an id that could be one of this end's own.
    pub(crate) fn relay(&self, id: &str, relay: Relay) -> bool {
        if own_form(id).is_some() {
            return false;
        }
        let mut relayed = Some(Relayed { id: id.into(), relay });
        let oldest = self.with_table(|table| {
            let waiting = &mut table.as_mut()?.relayed;
            waiting.extend(relayed.take());
            if waiting.len() > RELAYED { waiting.pop_front() } else { None }
        });
        // Not everybody gives up a question whose answer does not come.
        if let Some(oldest) = oldest {
            (oldest.relay)(Some(Answer::Error(TOO_MANY.to_owned())));
        }
        match relayed {
            Some(Relayed { relay, .. }) => {
                relay(None);
                false
            }
            None => true,
        }
    }

    fn take_relayed(&self, id: &str) -> Option<Relayed> {
        self.with_table(|table| {
            let relayed = &mut table.as_mut()?.relayed;
            let place = relayed.iter().position(|relayed| relayed.id == id)?;
            relayed.remove(place)
        })
    }

    /// The peer has answered. Unknown ids are ignored: the answer may be late.
    pub(crate) fn complete(&self, id: &str, outcome: Outcome<'_>) -> Result<(), Foreign> {
        let Some((number, call)) = own_form(id) else {
            if let Some(relayed) = self.take_relayed(id) {
                (relayed.relay)(Some(Answer::from_outcome(outcome)));
            }
            return Ok(());
        };
        if number != self.number {
            return Err(Foreign);
        }
        let waiting = self.with_table(|table| table.as_mut().and_then(|table| table.waiting.remove(&call)));
        if let Some(waiting) = waiting {
            // Whoever asked may have gone a moment ago.
            let _ = waiting.send(Answer::from_outcome(outcome));
        }
        Ok(())
    }

    /// The connection has ended.
    pub(crate) fn fail_all(&self) {
        // Dropping the senders tells the receivers; outside the lock, as it wakes them.
        let table = self.with_table(Option::take);
        for relayed in table.into_iter().flat_map(|table| table.relayed) {
            (relayed.relay)(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn whoever_asks_through_this_end_is_told_when_there_are_too_many() {
        let invocations = Invocations::new(1);
        let (tell, told) = channel();
        for nth in 0..=RELAYED {
            let tell = tell.clone();
            let relay: Relay = Box::new(move |answer| tell.send((nth, answer)).unwrap());
            assert!(invocations.relay(&format!("question {nth}"), relay));
        }
        assert!(matches!(told.try_recv(), Ok((0, Some(Answer::Error(text)))) if text == TOO_MANY));
        // The others are still answered, and a late answer to that one is ignored.
        invocations.complete("question 0", Outcome::Void).unwrap();
        invocations.complete("question 1", Outcome::Void).unwrap();
        assert!(matches!(told.try_recv(), Ok((1, Some(Answer::Void)))));
        assert!(told.try_recv().is_err());
        invocations.fail_all();
        let gone: Vec<_> = told.try_iter().collect();
        assert!(gone.iter().map(|(nth, _)| *nth).eq(2..=RELAYED), "{gone:?}");
        assert!(gone.iter().all(|(_, answer)| answer.is_none()));
    }
}
