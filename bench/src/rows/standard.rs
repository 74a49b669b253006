//! The standard set: a hub beside what a WebSocket library allows, and beside whatever servers are given.

use super::sides::Side;
use super::{Name, name, sides};
use crate::Error;
use crate::client::protocol::Protocol;
use crate::measure::Next;
use crate::measure::standard::Measurement;
use crate::plan::Plan;
use crate::server::Own;
use crate::table::{Figures, Limit, head, lines};

pub(super) struct Row {
    pub(super) name: Name,
    measurement: Measurement,
    sides: &'static [Own],
    /// What is aimed at: a bound of the first side, or of its ratio to the second.
    limit: Limit,
}

const ON_FLOOR: &[Own] = &[Own::Hub, Own::Floor];
const ON_AXUM: &[Own] = &[Own::Hub, Own::FloorOnAxum, Own::HubOnAxum];

pub(super) const ALL: [Row; 9] = [
    Row {
        name: name("invoke", "an invocation, one at a time on each of 50 connections"),
        measurement: Measurement::Invoke { depth: 1 },
        sides: ON_FLOOR,
        limit: Limit::Ratio(1.1),
    },
    Row {
        name: name("invoke16", "an invocation, 16 under way on each of 50 connections"),
        measurement: Measurement::Invoke { depth: 16 },
        sides: ON_FLOOR,
        limit: Limit::Ratio(1.0),
    },
    Row {
        name: name("broadcast", "a broadcast to 1,000 connections, each delivery"),
        measurement: Measurement::Broadcast(Next::Delivered),
        sides: ON_FLOOR,
        limit: Limit::Ratio(0.95),
    },
    Row {
        name: name("broadcast8", "the same with eight broadcasts under way"),
        measurement: Measurement::Broadcast(Next::Completed { in_flight: 8 }),
        sides: ON_FLOOR,
        limit: Limit::Ratio(1.1),
    },
    Row {
        name: name("stream", "an item of a stream of 1,000 to the client, one stream on each of 50 connections"),
        measurement: Measurement::Stream,
        sides: ON_FLOOR,
        limit: Limit::Ratio(2.0),
    },
    Row {
        name: name("upload", "an item of a stream of 1,000 from the client, each a frame of its own"),
        measurement: Measurement::Upload,
        sides: ON_FLOOR,
        limit: Limit::Ratio(1.2),
    },
    Row {
        name: name("connect", "connecting, one invocation and closing, 64 at once"),
        measurement: Measurement::Connect,
        sides: ON_AXUM,
        limit: Limit::Ratio(1.1),
    },
    Row {
        name: name("idle", "the memory of each of 10,000 idle connections"),
        measurement: Measurement::Idle,
        sides: ON_FLOOR,
        limit: Limit::Value(5.5),
    },
    Row {
        name: name("large", "the memory that one broadcast of 60 KB to 1,000 connections leaves behind"),
        measurement: Measurement::Large,
        sides: ON_FLOOR,
        limit: Limit::Value(1.0),
    },
];

/// Measures those rows in each protocol, and prints a table of each.
pub(super) fn run(plan: &Plan, names: &[&str]) -> Result<(), Error> {
    for protocol in &plan.protocols {
        println!("\n{}\n\n{}", protocol.name(), head().trim_end());
        for row in ALL.iter().filter(|row| names.contains(&row.name.name)) {
            print!("{}", row.run(plan, *protocol)?);
        }
    }
    Ok(())
}

impl Row {
    fn run(&self, plan: &Plan, protocol: Protocol) -> Result<String, Error> {
        let sides = sides::all(self.sides, plan);
        let mut figures = vec![Figures::default(); sides.len()];
        // All sides in turn, so that whatever disturbs the machine disturbs all.
        for _ in 0..plan.runs {
            for (side, figures) in sides.iter().zip(&mut figures) {
                let server = side.start(plan)?;
                let figure = self.measurement.run(plan, &server, protocol);
                figures.push(figure.map_err(|error| format!("{}, {}: {error}", self.name.name, side.name()))?);
            }
        }
        let sides: Vec<_> = sides.iter().map(Side::name).zip(figures).collect();
        Ok(lines(self.name.name, self.measurement.unit(), self.limit, &sides))
    }
}
