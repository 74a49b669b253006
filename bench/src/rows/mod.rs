//! What there is to measure, and the tables of it.

mod scaling;
mod sides;
mod standard;
mod transports;

use crate::Error;
use crate::isolation;
use crate::plan::Plan;
use std::fmt::Write;

/// A row of a table, or a table of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
}

const fn name(name: &'static str, about: &'static str) -> Name {
    Name { name, about }
}

/// Tables that belong together, by which they can be named.
struct Group {
    name: Name,
    rows: fn() -> Vec<Name>,
    run: fn(&Plan, &[&str]) -> Result<(), Error>,
}

const GROUPS: [Group; 4] = [
    Group {
        name: name(STANDARD, "what a server costs, beside what a WebSocket library allows"),
        rows: || standard::ALL.iter().map(|row| row.name).collect(),
        run: standard::run,
    },
    Group {
        name: name("transports", "what each transport costs"),
        rows: || transports::ALL.iter().map(|row| row.name).collect(),
        run: transports::run,
    },
    Group {
        name: name("scaling", "what it costs as there is more of it"),
        rows: || scaling::ALL.iter().map(|row| row.name).collect(),
        run: scaling::run,
    },
    Group {
        name: name(ISOLATION, "whether clients feel each other"),
        rows: || vec![name(ISOLATION, "how late broadcasts come while others do not read, or call all the time")],
        run: |plan, _rows| isolation::run(plan),
    },
];

const ISOLATION: &str = "isolation";

/// What is measured if nothing is named.
pub(crate) const STANDARD: &str = "standard";

pub(crate) fn groups() -> impl Iterator<Item = &'static str> {
    GROUPS.iter().map(|group| group.name.name)
}

/// Measures the rows of those names, or of those groups, and prints their tables.
pub(crate) fn run(plan: &Plan, names: &[&str]) -> Result<(), Error> {
    let is_known = |name: &str| {
        GROUPS.iter().any(|group| group.name.name == name || (group.rows)().iter().any(|row| row.name == name))
    };
    if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
        return Err(format!("There is no row `{unknown}`.\n\n{}", usage()).into());
    }
    for group in &GROUPS {
        let all = names.contains(&group.name.name);
        let rows = (group.rows)().into_iter().map(|row| row.name);
        let rows: Vec<&str> = rows.filter(|name| all || names.contains(name)).collect();
        if !rows.is_empty() {
            (group.run)(plan, &rows)?;
        }
    }
    Ok(())
}

pub(crate) fn usage() -> String {
    let mut text = String::new();
    for group in &GROUPS {
        let Name { name, about } = group.name;
        // Writing to memory does not fail.
        let _ = writeln!(text, "{name}: {about}");
        for Name { name, about } in (group.rows)() {
            let _ = writeln!(text, "  {name:<18} {about}");
        }
    }
    text
}
