//! Tables of what something costs as there is more of it.

use super::{Name, name, sides};
use crate::Error;
use crate::client::protocol::Protocol;
use crate::measure::{Figure, scaling};
use crate::plan::Plan;
use crate::process::Server;
use crate::server::Own;
use crate::table::{Figures, in_columns};

type Measure = fn(&Plan, &Server, Protocol, usize) -> Result<Vec<Figure>, Error>;

pub(super) struct Table {
    pub(super) name: Name,
    /// What there is more and more of.
    points: fn(&Plan) -> &'static [usize],
    point: &'static str,
    /// What is measured for each number of it: name and unit.
    columns: &'static [(&'static str, &'static str)],
    measure: Measure,
    sides: &'static [Own],
}

pub(super) const ALL: [Table; 3] = [
    Table {
        name: name("scale-connections", "broadcasts to 1,000 to 18,000 connections"),
        points: |plan| plan.connections,
        point: "connections",
        columns: &[("delivery", "µs"), ("connection", "KB")],
        measure: scaling::connections,
        sides: &[Own::Hub, Own::Floor],
    },
    Table {
        name: name("scale-groups", "messages to one of 1 to 10,000 groups of ten members, and joining one"),
        points: |plan| plan.groups,
        point: "groups",
        columns: &[("delivery", "µs"), ("join", "µs"), ("member", "B")],
        measure: scaling::groups,
        sides: &[Own::Hub],
    },
    Table {
        name: name("scale-size", "broadcasts of 32 B to 64 KiB to 1,000 connections"),
        points: |plan| plan.sizes,
        point: "bytes",
        columns: &[("delivery", "µs"), ("growth", "MB")],
        measure: scaling::size,
        sides: &[Own::Hub, Own::Floor],
    },
];

/// Measures those tables in each protocol, and prints them.
pub(super) fn run(plan: &Plan, names: &[&str]) -> Result<(), Error> {
    for table in ALL.iter().filter(|table| names.contains(&table.name.name)) {
        for protocol in &plan.protocols {
            println!("\n{}, {}\n", table.name.name, protocol.name());
            table.run(plan, *protocol)?;
        }
    }
    Ok(())
}

impl Table {
    fn run(&self, plan: &Plan, protocol: Protocol) -> Result<(), Error> {
        let sides = sides::all(self.sides, plan);
        // The first column with CPU time also says how much of the clients' that is.
        let mut heads = vec![self.point, "of"];
        for (name, unit) in self.columns {
            heads.push(name);
            if *unit == "µs" {
                heads.push("/ clients");
            }
        }
        print!("{}", in_columns(&heads));
        print!("{}", in_columns(&vec!["---:"; heads.len()]));
        for point in (self.points)(plan) {
            let mut figures = vec![vec![Figures::default(); self.columns.len()]; sides.len()];
            for _ in 0..plan.runs {
                for (side, figures) in sides.iter().zip(&mut figures) {
                    let server = side.start(plan)?;
                    let measured = (self.measure)(plan, &server, protocol, *point);
                    let wrong = |error| format!("{} of {point}, {}: {error}", self.name.name, side.name());
                    for (figure, figures) in measured.map_err(wrong)?.into_iter().zip(figures) {
                        figures.push(figure);
                    }
                }
            }
            for (side, figures) in sides.iter().zip(figures) {
                let mut cells = vec![point.to_string(), side.name().to_owned()];
                for (figures, (_, unit)) in figures.iter().zip(self.columns) {
                    cells.push(figures.text(unit));
                    if *unit == "µs" {
                        cells.push(format!("{:.2}", figures.by_clients().median()));
                    }
                }
                print!("{}", in_columns(&cells));
            }
        }
        Ok(())
    }
}
