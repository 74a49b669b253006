//! The rows of the table: what is compared with what.

use crate::Error;
use crate::client::caller::Kind;
use crate::measure::{Measurement, Plan};
use crate::table::{Figures, Limit, Line, lines};

/// Something that is measured in several ways, the first of which is the one in question.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
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

pub(crate) const ALL: [Row; 5] = [
    Row {
        name: "broadcast",
        about: "a broadcast to 1,000 connections, each delivery",
        measurement: Measurement::Delivery,
        sides: &[EVENTS, WEB_SOCKET, EVENTS_ON_AXUM],
        limit: Limit::Ratio(1.5),
    },
    Row {
        name: "events",
        about: "an invocation by POST, answered by an event",
        measurement: Measurement::Invocation,
        sides: &[EVENTS, BARE_EVENTS, BARE_POST, EVENTS_ON_AXUM],
        limit: Limit::Ratio(1.5),
    },
    Row {
        name: "polls",
        about: "an invocation by POST, answered by a poll",
        measurement: Measurement::Invocation,
        sides: &[POLLS, BARE_POLL],
        limit: Limit::Ratio(1.5),
    },
    Row {
        name: "stream",
        about: "an invocation over a byte stream",
        measurement: Measurement::Invocation,
        sides: &[STREAM, WEB_SOCKET],
        limit: Limit::Ratio(1.0),
    },
    Row {
        name: "idle",
        about: "the memory of an idle connection",
        measurement: Measurement::Idle,
        sides: &[EVENTS, BARE_EVENTS, WEB_SOCKET, EVENTS_ON_AXUM],
        limit: Limit::Value(12.0),
    },
];

impl Row {
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|row| row.name == name)
    }

    /// Measures all sides in turn, so that whatever disturbs the machine disturbs all, and gives the lines of the table.
    pub(crate) async fn run(&self, plan: &Plan) -> Result<String, Error> {
        let mut figures: Vec<Figures> = self.sides.iter().map(|_| Figures::default()).collect();
        for _ in 0..plan.runs {
            for (side, figures) in self.sides.iter().zip(&mut figures) {
                let figure = self.measurement.run(plan, side.kind).await;
                figures.push(figure.map_err(|error| format!("{}, {}: {error}", self.name, side.name))?);
            }
        }
        let sides = self.sides.iter().zip(figures).map(|(side, figures)| Line { name: side.name, figures }).collect();
        Ok(lines(self.name, self.measurement.unit(), self.limit, sides))
    }
}
