//! The transports beside each other, and beside bare HTTP handlers.

use super::{Name, name};
use crate::Error;
use crate::client::transports::caller::Kind;
use crate::measure::transports::Measurement;
use crate::plan::Plan;
use crate::table::{Figures, Limit, head, lines};

/// Something that is measured in several ways, the first of which is the one in question.
pub(super) struct Row {
    pub(super) name: Name,
    measurement: Measurement,
    sides: &'static [Side],
    /// What is aimed at: a bound of the first side, or of its ratio to the second.
    limit: Limit,
}

struct Side {
    kind: Kind,
    name: &'static str,
}

const WEB_SOCKET: Side = Side { kind: Kind::WebSocket, name: "WebSockets" };
const STREAM: Side = Side { kind: Kind::Stream, name: "raw TCP" };
const EVENTS: Side = Side { kind: Kind::ServerSentEvents, name: "Server-Sent Events" };
const EVENTS_ON_AXUM: Side = Side { kind: Kind::ServerSentEventsOnAxum, name: "SSE, axum's listener" };
const POLLS: Side = Side { kind: Kind::LongPolling, name: "long polling" };
const BARE_POST: Side = Side { kind: Kind::BarePost, name: "axum: POST" };
const BARE_EVENTS: Side = Side { kind: Kind::BareEvents, name: "axum: POST and event" };
const BARE_POLL: Side = Side { kind: Kind::BarePoll, name: "axum: POST and poll" };

pub(super) const ALL: [Row; 5] = [
    Row {
        name: name("events-broadcast", "a broadcast to 1,000 connections, each delivery"),
        measurement: Measurement::Delivery,
        sides: &[EVENTS, WEB_SOCKET, EVENTS_ON_AXUM],
        limit: Limit::Ratio(1.5),
    },
    Row {
        name: name("events", "an invocation by POST, answered by an event"),
        measurement: Measurement::Invocation,
        sides: &[EVENTS, BARE_EVENTS, BARE_POST, EVENTS_ON_AXUM],
        limit: Limit::Ratio(1.5),
    },
    Row {
        name: name("polls", "an invocation by POST, answered by a poll"),
        measurement: Measurement::Invocation,
        sides: &[POLLS, BARE_POLL],
        limit: Limit::Ratio(1.5),
    },
    Row {
        name: name("byte-stream", "an invocation over a byte stream"),
        measurement: Measurement::Invocation,
        sides: &[STREAM, WEB_SOCKET],
        limit: Limit::Ratio(1.0),
    },
    Row {
        name: name("events-idle", "the memory of an idle connection"),
        measurement: Measurement::Idle,
        sides: &[EVENTS, BARE_EVENTS, WEB_SOCKET, EVENTS_ON_AXUM],
        limit: Limit::Value(12.0),
    },
];

/// Measures those rows, and prints a table.
pub(super) fn run(plan: &Plan, names: &[&str]) -> Result<(), Error> {
    println!("\ntransports, json\n\n{}", head().trim_end());
    for row in ALL.iter().filter(|row| names.contains(&row.name.name)) {
        print!("{}", row.run(plan)?);
    }
    Ok(())
}

impl Row {
    fn run(&self, plan: &Plan) -> Result<String, Error> {
        let mut figures = vec![Figures::default(); self.sides.len()];
        // All sides in turn, so that whatever disturbs the machine disturbs all.
        for _ in 0..plan.runs {
            for (side, figures) in self.sides.iter().zip(&mut figures) {
                let figure = self.measurement.run(plan, side.kind);
                figures.push(figure.map_err(|error| format!("{}, {}: {error}", self.name.name, side.name))?);
            }
        }
        let sides: Vec<_> = self.sides.iter().map(|side| side.name).zip(figures).collect();
        Ok(lines(self.name.name, self.measurement.unit(), self.limit, &sides))
    }
}
