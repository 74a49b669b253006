//! Invocations, streams and uploads: every connection begins the next as soon as one has ended.

use super::costs::{Figure, measured};
use super::{SILENCE, TEXT};
use crate::Error;
use crate::client::engine::{Engine, Out, Work, unexpected};
use crate::client::protocol::{Expected, Message, Protocol, Request, Value};
use crate::plan::Plan;
use crate::process::Server;
use bytes::Bytes;
use std::mem;
use std::time::Instant;

/// Items of one stream or upload.
const ITEMS: u64 = 1000;
/// Items of an upload are below, so that they have one length in MessagePack.
const LARGEST_ITEM: u64 = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    /// So many under way on each connection.
    Echo {
        depth: usize,
    },
    Stream,
    Upload,
}

/// CPU time for each invocation or item.
pub(super) fn run(mut engine: Engine, server: &Server, plan: &Plan, operation: Operation) -> Result<Figure, Error> {
    engine.open_all(plan.callers)?;
    let mut calls = Calls::new(engine.protocol(), engine.len(), operation);
    let each = if let Operation::Echo { .. } = operation { 1 } else { ITEMS as usize };
    let figure = measured(server, plan, |until| {
        (calls.until, calls.ended) = (until, 0);
        calls.begin_all(&mut engine)?;
        engine.run(&mut calls)?;
        Ok(calls.ended * each)
    })?;
    engine.expect_nothing(SILENCE)?;
    Ok(figure)
}

struct Calls {
    /// What begins an operation, one for each that a connection has under way. Their ids are their numbers.
    requests: Vec<Bytes>,
    /// The result of each, if it has one.
    expected: Option<Expected>,
    /// How many items each has to bring.
    items: u64,
    connections: Vec<State>,
    under_way: usize,
    ended: usize,
    /// When no more begin.
    until: Instant,
    is_over: bool,
}

struct State {
    /// Which operations are under way, by their numbers.
    busy: Vec<bool>,
    /// How many items have come.
    items: u64,
}

impl Calls {
    fn new(protocol: Protocol, connections: usize, operation: Operation) -> Self {
        let call = |id| {
            let arguments = [Value::Text(TEXT)];
            protocol.frame(Request::Call { id, target: "Echo", arguments: &arguments, stream: None })
        };
        let (requests, expected, items) = match operation {
            Operation::Echo { depth } => {
                ((0..depth).map(call).collect(), Some(protocol.expected(Value::Text(TEXT))), 0)
            }
            Operation::Stream => {
                let arguments = [Value::Number(ITEMS)];
                let request = Request::CallOfStream { id: 0, target: "Counter", arguments: &arguments };
                (vec![protocol.frame(request)], None, ITEMS)
            }
            Operation::Upload => {
                let stream = "s1";
                let begin = Request::Call { id: 0, target: "Sum", arguments: &[], stream: Some(stream) };
                let items = (0..ITEMS).map(|item| Request::Item { stream, item: item % LARGEST_ITEM });
                let all = [begin].into_iter().chain(items).chain([Request::EndOfStream { stream }]);
                let frames: Vec<u8> = all.flat_map(|request| protocol.frame(request)).collect();
                let sum = (0..ITEMS).map(|item| item % LARGEST_ITEM).sum();
                (vec![frames.into()], Some(protocol.expected(Value::Number(sum))), 0)
            }
        };
        let state = || State { busy: vec![false; requests.len()], items: 0 };
        let connections = (0..connections).map(|_| state()).collect();
        Calls { requests, expected, items, connections, under_way: 0, ended: 0, until: Instant::now(), is_over: false }
    }

    fn begin_all(&mut self, engine: &mut Engine) -> Result<(), Error> {
        self.is_over = false;
        for (number, state) in self.connections.iter_mut().enumerate() {
            state.busy.fill(true);
            self.under_way += state.busy.len();
            engine.send(number, |out| self.requests.iter().for_each(|request| out.put_shared(request)))?;
        }
        Ok(())
    }
}

impl Work for Calls {
    #[inline]
    fn message(&mut self, connection: usize, out: &mut Out, message: &Message<'_>) -> Result<(), Error> {
        let state = self.connections.get_mut(connection).ok_or("no such connection")?;
        match *message {
            Message::Item => {
                state.items += 1;
                if state.items > self.items {
                    return Err("more items than were asked for".into());
                }
            }
            Message::Completion { id, result } => {
                let (Some(busy), Some(request)) = (state.busy.get_mut(id), self.requests.get(id)) else {
                    return Err(unexpected(message));
                };
                let is_right = match (&self.expected, result) {
                    (Some(expected), Some(result)) => expected.is(result),
                    (expected, _) => expected.is_none(),
                };
                if !*busy || !is_right || mem::take(&mut state.items) != self.items {
                    return Err(unexpected(message));
                }
                self.ended += 1;
                if self.is_over {
                    *busy = false;
                    self.under_way -= 1;
                } else {
                    out.put_shared(request);
                }
            }
            _ => return Err(unexpected(message)),
        }
        Ok(())
    }

    fn turn(&mut self, _engine: &mut Engine) -> Result<bool, Error> {
        self.is_over |= Instant::now() >= self.until;
        Ok(self.under_way > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(operation: Operation) -> Calls {
        let mut calls = Calls::new(Protocol::Json, 1, operation);
        calls.connections[0].busy.fill(true);
        calls.under_way = calls.connections[0].busy.len();
        calls.is_over = true;
        calls
    }

    fn is_taken(calls: &mut Calls, message: Message<'_>) -> bool {
        calls.message(0, &mut Out::default(), &message).is_ok()
    }

    fn completion(id: usize, result: &str) -> Message<'_> {
        Message::Completion { id, result: Some(result.as_bytes()) }
    }

    #[test]
    fn each_call_has_one_answer_and_the_right_one() {
        let text = format!("\"{TEXT}\"");
        let mut calls = calls(Operation::Echo { depth: 2 });
        assert!(!is_taken(&mut calls, completion(1, "\"something else\"")));
        assert!(!is_taken(&mut calls, completion(2, &text)));
        assert!(is_taken(&mut calls, completion(1, &text)));
        assert!(!is_taken(&mut calls, completion(1, &text)));
        assert!(!is_taken(&mut calls, Message::Invocation(b"[]")));
        assert_eq!((calls.ended, calls.under_way), (1, 1));
    }

    #[test]
    fn a_stream_has_all_of_its_items_and_no_more() {
        let end = || Message::Completion { id: 0, result: None };
        for (items, is_right) in [(ITEMS - 1, false), (ITEMS, true)] {
            let mut calls = calls(Operation::Stream);
            assert!((0..items).all(|_| is_taken(&mut calls, Message::Item)));
            assert_eq!(is_taken(&mut calls, end()), is_right);
        }
        let mut calls = calls(Operation::Stream);
        assert!((0..ITEMS).all(|_| is_taken(&mut calls, Message::Item)));
        assert!(!is_taken(&mut calls, Message::Item));
    }

    #[test]
    fn an_upload_has_the_sum_of_what_was_sent() {
        assert!(!is_taken(&mut calls(Operation::Upload), completion(0, "49499")));
        assert!(is_taken(&mut calls(Operation::Upload), completion(0, "49500")));
    }
}
