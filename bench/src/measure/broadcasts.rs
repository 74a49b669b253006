//! Broadcasts to all connections, of which the first sends.

use super::costs::{Figure, measured};
use super::{SILENCE, TEXT};
use crate::Error;
use crate::client::PATIENCE;
use crate::client::engine::{Engine, Out, Work, unexpected};
use crate::client::protocol::{Expected, Message, Protocol, Request, Value};
use crate::plan::Plan;
use crate::process::Server;
use bytes::Bytes;
use std::mem;
use std::time::Instant;

/// When a broadcast is followed by the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// When all have it.
    Delivered,
    /// When its invocation is completed, of which so many are under way.
    Completed { in_flight: usize },
}

/// Connections that hear broadcasts.
pub(super) struct Listeners {
    pub(super) engine: Engine,
    /// How many messages each has got.
    seen: Vec<usize>,
}

/// Opens a sender and so many listeners. The sender gets its own broadcasts too.
pub(super) fn open(mut engine: Engine, listeners: usize) -> Result<Listeners, Error> {
    engine.open_all(listeners + 1)?;
    // A server may answer the handshake before it adds the connection to all, but not an invocation.
    let protocol = engine.protocol();
    let arguments = [Value::Text(TEXT)];
    let request = protocol.frame(Request::Call { id: 0, target: "Echo", arguments: &arguments, stream: None });
    for number in 0..engine.len() {
        engine.send(number, |out| out.put(&request))?;
    }
    let missing = engine.len();
    engine.run(&mut Greeting { expected: protocol.expected(Value::Text(TEXT)), missing })?;
    let seen = vec![0; engine.len()];
    Ok(Listeners { engine, seen })
}

/// One answered call on each connection.
struct Greeting {
    expected: Expected,
    missing: usize,
}

impl Work for Greeting {
    fn message(&mut self, _connection: usize, _out: &mut Out, message: &Message<'_>) -> Result<(), Error> {
        match message {
            Message::Completion { id: 0, result: Some(result) } if self.missing > 0 && self.expected.is(result) => {
                self.missing -= 1;
                Ok(())
            }
            _ => Err(unexpected(message)),
        }
    }

    fn turn(&mut self, _engine: &mut Engine) -> Result<bool, Error> {
        Ok(self.missing > 0)
    }
}

/// CPU time for each delivery of broadcasts of that text.
pub(super) fn run(listeners: Listeners, server: &Server, plan: &Plan, next: Next, text: &str) -> Result<Figure, Error> {
    let Listeners { mut engine, seen } = listeners;
    let mut broadcasts = Broadcasts::new(engine.protocol(), seen, next, text);
    let figure = measured(server, plan, |until| {
        let before = broadcasts.delivered;
        broadcasts.until = until;
        engine.run(&mut broadcasts)?;
        Ok(broadcasts.delivered - before)
    })?;
    engine.expect_nothing(SILENCE)?;
    Ok(figure)
}

/// One broadcast, delivered to all.
pub(super) fn once(listeners: &mut Listeners, text: &str) -> Result<(), Error> {
    let seen = mem::take(&mut listeners.seen);
    let mut broadcasts = Broadcasts::new(listeners.engine.protocol(), seen, Next::Delivered, text);
    broadcasts.most = 1;
    listeners.engine.run(&mut broadcasts)?;
    listeners.engine.expect_nothing(SILENCE)?;
    listeners.seen = broadcasts.seen;
    Ok(())
}

struct Broadcasts {
    next: Next,
    /// One for each that may be under way; their ids are their numbers.
    requests: Vec<Bytes>,
    expected: Expected,
    /// How many messages each connection has got.
    seen: Vec<usize>,
    free: Vec<usize>,
    busy: Vec<bool>,
    sent: usize,
    completed: usize,
    delivered: usize,
    /// How many messages a connection had before the first of these broadcasts.
    base: usize,
    until: Instant,
    most: usize,
}

impl Broadcasts {
    fn new(protocol: Protocol, seen: Vec<usize>, next: Next, text: &str) -> Self {
        let in_flight = match next {
            Next::Delivered => 1,
            Next::Completed { in_flight } => in_flight,
        };
        let call = |id| {
            let arguments = [Value::Text(text)];
            protocol.frame(Request::Call { id, target: "Broadcast", arguments: &arguments, stream: None })
        };
        Broadcasts {
            next,
            requests: (0..in_flight).map(call).collect(),
            expected: protocol.expected_arguments(Value::Text(text)),
            base: seen.first().copied().unwrap_or_default(),
            seen,
            free: (0..in_flight).collect(),
            busy: vec![false; in_flight],
            sent: 0,
            completed: 0,
            delivered: 0,
            until: Instant::now() + PATIENCE,
            most: usize::MAX,
        }
    }

    fn are_all_delivered(&self) -> bool {
        self.delivered == self.sent * self.seen.len()
    }
}

impl Work for Broadcasts {
    #[inline]
    fn message(&mut self, connection: usize, _out: &mut Out, message: &Message<'_>) -> Result<(), Error> {
        match *message {
            Message::Invocation(arguments) => {
                let seen = self.seen.get_mut(connection).ok_or("no such connection")?;
                *seen += 1;
                self.delivered += 1;
                if *seen > self.base + self.sent {
                    return Err("more deliveries than broadcasts".into());
                }
                if !self.expected.is(arguments) {
                    return Err(unexpected(message));
                }
                Ok(())
            }
            Message::Completion { id, .. } if connection == 0 && self.busy.get(id) == Some(&true) => {
                if let Some(busy) = self.busy.get_mut(id) {
                    *busy = false;
                }
                self.free.push(id);
                self.completed += 1;
                Ok(())
            }
            _ => Err(unexpected(message)),
        }
    }

    fn turn(&mut self, engine: &mut Engine) -> Result<bool, Error> {
        let may_send = self.next != Next::Delivered || self.are_all_delivered();
        if may_send && !self.free.is_empty() && self.sent < self.most && Instant::now() < self.until {
            engine.send(0, |out| {
                while let Some(id) = self.free.pop()
                    && let (Some(request), Some(busy)) = (self.requests.get(id), self.busy.get_mut(id))
                {
                    out.put(request);
                    *busy = true;
                    self.sent += 1;
                }
            })?;
        }
        Ok(self.completed < self.sent || !self.are_all_delivered())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_gets_each_broadcast_once() {
        let mut broadcasts = Broadcasts::new(Protocol::Json, vec![7; 2], Next::Delivered, "abc");
        let is_taken = |broadcasts: &mut Broadcasts, connection, arguments: &str| {
            broadcasts.message(connection, &mut Out::default(), &Message::Invocation(arguments.as_bytes())).is_ok()
        };
        assert!(!is_taken(&mut broadcasts, 0, "[\"abc\"]"), "before it is sent");
        let mut broadcasts = Broadcasts::new(Protocol::Json, vec![7; 2], Next::Delivered, "abc");
        broadcasts.sent = 1;
        assert!(is_taken(&mut broadcasts, 0, "[\"abc\"]"));
        assert!(!broadcasts.are_all_delivered());
        assert!(is_taken(&mut broadcasts, 1, "[\"abc\"]"));
        assert!(broadcasts.are_all_delivered());
        assert!(!is_taken(&mut broadcasts, 0, "[\"abc\"]"), "twice");
        broadcasts.sent = 2;
        assert!(!is_taken(&mut broadcasts, 1, "[\"abd\"]"), "another text");
    }
}
