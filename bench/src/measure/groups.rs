//! Messages to groups, all of the same size, and joining them.

use super::costs::{Costs, Figure, measured};
use super::{SILENCE, TEXT};
use crate::Error;
use crate::client::engine::{Engine, Out, Work, unexpected};
use crate::client::protocol::{Expected, Message, Protocol, Request, Value};
use crate::plan::Plan;
use crate::process::Server;
use bytes::Bytes;
use std::collections::VecDeque;
use std::mem;
use std::time::Instant;

/// Members of each group.
const SIZE: usize = 10;
/// How many groups each connection joins when joining is measured.
const JOINED: usize = 10;

/// What so many groups cost.
pub(super) struct Cost {
    /// CPU time for each delivery, in microseconds.
    pub(super) delivery: Figure,
    /// CPU time for joining a group that has members, in microseconds.
    pub(super) join: Figure,
    /// Bytes for each member of each group.
    pub(super) member: f64,
}

pub(super) fn run(mut engine: Engine, server: &Server, plan: &Plan, groups: usize) -> Result<Cost, Error> {
    let connections = plan.listeners.max(SIZE);
    engine.open_all(connections)?;
    engine.expect_nothing(plan.settling)?;
    let before = server.usage.resident()?;
    let members = |group: usize| (0..SIZE).map(move |nth| (group * SIZE + nth) % connections);
    let first = (0..groups).flat_map(|group| members(group).map(move |member| (member, group)));
    Joins::of(&engine, first.collect()).run(&mut engine)?;
    engine.expect_nothing(plan.settling)?;
    let grown = server.usage.resident()?.saturating_sub(before);

    let mut sends = Sends::new(&engine, groups);
    let delivery = measured(server, plan, |until| {
        (sends.until, sends.delivered) = (until, 0);
        engine.run(&mut sends)?;
        Ok(sends.delivered)
    })?;
    engine.expect_nothing(SILENCE)?;

    // Groups that the connection is not in yet, evenly over all.
    let step = groups.div_ceil(JOINED);
    let more: Vec<_> = (0..connections)
        .flat_map(|member| (0..groups).step_by(step).map(move |group| (member, (group + member) % groups)))
        .filter(|(member, group)| !members(*group).any(|other| other == *member))
        .collect();
    let joins = more.len();
    let costs = Costs::now(server)?;
    Joins::of(&engine, more).run(&mut engine)?;
    let join = costs.per_operation(server, joins)?;
    Ok(Cost { delivery, join, member: grown as f64 / (groups * SIZE) as f64 })
}

fn name(group: usize) -> String {
    format!("group{group}")
}

/// Joins that are called one after the other on each connection.
struct Joins {
    waiting: Vec<VecDeque<usize>>,
    is_waiting_for_answer: Vec<bool>,
    missing: usize,
    has_begun: bool,
    protocol: Protocol,
}

impl Joins {
    fn of(engine: &Engine, joins: Vec<(usize, usize)>) -> Self {
        let mut waiting = vec![VecDeque::new(); engine.len()];
        let missing = joins.len();
        for (member, group) in joins {
            if let Some(groups) = waiting.get_mut(member) {
                groups.push_back(group);
            }
        }
        let is_waiting_for_answer = vec![false; engine.len()];
        Joins { waiting, is_waiting_for_answer, missing, has_begun: false, protocol: engine.protocol() }
    }

    fn run(mut self, engine: &mut Engine) -> Result<(), Error> {
        engine.run(&mut self)
    }

    fn next(&mut self, connection: usize) -> Option<Bytes> {
        let group = name(self.waiting.get_mut(connection)?.pop_front()?);
        *self.is_waiting_for_answer.get_mut(connection)? = true;
        let arguments = [Value::Text(&group)];
        Some(self.protocol.frame(Request::Call { id: 0, target: "JoinGroup", arguments: &arguments, stream: None }))
    }
}

impl Work for Joins {
    fn message(&mut self, connection: usize, out: &mut Out, message: &Message<'_>) -> Result<(), Error> {
        let is_waiting = self.is_waiting_for_answer.get_mut(connection).ok_or("no such connection")?;
        match message {
            Message::Completion { id: 0, .. } if *is_waiting => {
                *is_waiting = false;
                self.missing -= 1;
                if let Some(request) = self.next(connection) {
                    out.put(&request);
                }
                Ok(())
            }
            _ => Err(unexpected(message)),
        }
    }

    fn turn(&mut self, engine: &mut Engine) -> Result<bool, Error> {
        if !mem::replace(&mut self.has_begun, true) {
            for connection in 0..engine.len() {
                if let Some(request) = self.next(connection) {
                    engine.send(connection, |out| out.put(&request))?;
                }
            }
        }
        Ok(self.missing > 0)
    }
}

/// A message to one group after the other, each when the one before is delivered.
struct Sends {
    requests: Vec<Bytes>,
    expected: Expected,
    connections: usize,
    /// The group that the message under way is for.
    group: usize,
    /// Which of its members have it.
    seen: [bool; SIZE],
    is_completed: bool,
    delivered: usize,
    until: Instant,
}

impl Sends {
    fn new(engine: &Engine, groups: usize) -> Self {
        let protocol = engine.protocol();
        let call = |group| {
            let (group, target) = (name(group), "SendToGroup");
            let arguments = [Value::Text(&group), Value::Text(TEXT)];
            protocol.frame(Request::Call { id: 0, target, arguments: &arguments, stream: None })
        };
        Sends {
            requests: (0..groups).map(call).collect(),
            expected: protocol.expected_arguments(Value::Text(TEXT)),
            connections: engine.len(),
            group: 0,
            seen: [true; SIZE],
            is_completed: true,
            delivered: 0,
            until: Instant::now(),
        }
    }
}

impl Work for Sends {
    fn message(&mut self, connection: usize, _out: &mut Out, message: &Message<'_>) -> Result<(), Error> {
        match message {
            Message::Invocation(arguments) if self.expected.is(arguments) => {
                // The members of a group follow one another.
                let first = self.group * SIZE % self.connections;
                let nth = (connection + self.connections - first) % self.connections;
                match self.seen.get_mut(nth) {
                    Some(seen) if !*seen => *seen = true,
                    _ => return Err("a delivery that was not expected".into()),
                }
                self.delivered += 1;
                Ok(())
            }
            Message::Completion { id: 0, .. } if connection == 0 && !self.is_completed => {
                self.is_completed = true;
                Ok(())
            }
            _ => Err(unexpected(message)),
        }
    }

    fn turn(&mut self, engine: &mut Engine) -> Result<bool, Error> {
        if !self.is_completed || self.seen.contains(&false) {
            return Ok(true);
        }
        if Instant::now() >= self.until {
            return Ok(false);
        }
        // With steps of a prime number, so that neighbours do not follow one another.
        self.group = (self.group + 7919) % self.requests.len();
        (self.seen, self.is_completed) = ([false; SIZE], false);
        let request = self.requests.get(self.group).ok_or("no such group")?;
        engine.send(0, |out| out.put(request))?;
        Ok(true)
    }
}
