//! Connections that come, call once, and go.

use super::TEXT;
use super::costs::{Figure, measured};
use crate::Error;
use crate::client::engine::{Engine, Out, Work, unexpected};
use crate::client::protocol::{Expected, Message, Request, Value};
use crate::plan::Plan;
use crate::process::Server;
use bytes::Bytes;
use std::time::Instant;

/// How many connections there are at once.
const AT_ONCE: usize = 64;

/// CPU time for each connection.
pub(super) fn run(mut engine: Engine, server: &Server, plan: &Plan) -> Result<Figure, Error> {
    let protocol = engine.protocol();
    let arguments = [Value::Text(TEXT)];
    let mut connects = Connects {
        request: protocol.frame(Request::Call { id: 0, target: "Echo", arguments: &arguments, stream: None }),
        expected: protocol.expected(Value::Text(TEXT)),
        answered: vec![false; AT_ONCE],
        free: Vec::new(),
        under_way: 0,
        ended: 0,
        until: Instant::now(),
    };
    measured(server, plan, |until| {
        // In the order in which the engine takes new ones.
        connects.free = (0..AT_ONCE).rev().collect();
        (connects.until, connects.ended) = (until, 0);
        engine.run(&mut connects)?;
        Ok(connects.ended)
    })
}

struct Connects {
    request: Bytes,
    expected: Expected,
    answered: Vec<bool>,
    /// Numbers of connections that have ended.
    free: Vec<usize>,
    under_way: usize,
    ended: usize,
    until: Instant,
}

impl Work for Connects {
    fn opened(&mut self, connection: usize, out: &mut Out) -> Result<(), Error> {
        *self.answered.get_mut(connection).ok_or("no such connection")? = false;
        out.put(&self.request);
        Ok(())
    }

    fn message(&mut self, connection: usize, out: &mut Out, message: &Message<'_>) -> Result<(), Error> {
        let answered = self.answered.get_mut(connection).ok_or("no such connection")?;
        match message {
            Message::Completion { id: 0, result: Some(result) } if !*answered && self.expected.is(result) => {
                *answered = true;
                out.close();
                Ok(())
            }
            _ => Err(unexpected(message)),
        }
    }

    fn closed(&mut self, connection: usize) {
        self.under_way -= 1;
        self.ended += 1;
        self.free.push(connection);
    }

    fn turn(&mut self, engine: &mut Engine) -> Result<bool, Error> {
        if !self.free.is_empty() && Instant::now() < self.until {
            while let Some(number) = self.free.pop() {
                engine.open(number)?;
                self.under_way += 1;
            }
        }
        Ok(self.under_way > 0)
    }
}
