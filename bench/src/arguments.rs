//! The command line.

use crate::Error;
use crate::client::protocol::Protocol;
use crate::plan::Plan;
use crate::process::Other;
use crate::rows;
use crate::server::Own;
use std::time::Duration;

const USAGE: &str = "\
Usage: load [ROW...] [OPTION...]
       load serve hub|hub-on-axum|floor|floor-on-axum|http-floor
       load disturb ADDRESS CLIENTS

Rows are named one by one or by their groups, see below; without names those of `standard` are measured.

  --protocol json|messagepack   only in that protocol
  --runs N                      medians of so many runs (3)
  --seconds N                   how long a run measures (2)
  --warm-up N                   how long a server works before that (a tenth as long); one that compiles as it runs
                                needs 5
  --server NAME=COMMAND         also measures the server that COMMAND starts, in which {port} and {url} say where it
                                has to listen; its hub is at /bench, or NAME/PATH=COMMAND; may be repeated
  --conformance PROGRAM         measures the bench hub of that program instead of `hub`
  --smoke                       one short run of all rows with few connections, to see that everything works";

pub(crate) enum Arguments<'a> {
    Help,
    /// Be a server.
    Serve(Own),
    /// Be clients that disturb others.
    Disturb {
        server: &'a str,
        clients: &'a str,
    },
    Measure {
        plan: Box<Plan>,
        rows: Vec<&'a str>,
    },
}

impl<'a> Arguments<'a> {
    pub(crate) fn parse(words: &[&'a str]) -> Result<Self, Error> {
        if let ["serve", name] = words {
            return Ok(Arguments::Serve(Own::named(name).ok_or_else(usage)?));
        }
        if let &["disturb", server, clients] = words {
            return Ok(Arguments::Disturb { server, clients });
        }
        let is_smoke = words.contains(&"--smoke");
        let mut plan = if is_smoke { Plan::smoke() } else { Plan::default() };
        let mut rows = Vec::new();
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            let mut value = || rest.next().copied().ok_or_else(|| format!("{word} needs a value\n\n{}", usage()));
            match *word {
                "--smoke" => {}
                "--protocol" => plan.protocols = vec![Protocol::named(value()?).ok_or_else(usage)?],
                "--runs" => plan.runs = value()?.parse()?,
                "--seconds" => plan.time = Duration::from_secs_f64(value()?.parse()?),
                "--warm-up" => plan.warm_up = Some(Duration::from_secs_f64(value()?.parse()?)),
                "--server" => plan.others.push(Other::parse(value()?)?),
                "--conformance" => plan.conformance = Some(value()?.into()),
                "--help" => return Ok(Arguments::Help),
                option if option.starts_with('-') => return Err(usage().into()),
                name => rows.push(name),
            }
        }
        if rows.is_empty() && is_smoke {
            rows = rows::groups().collect();
        } else if rows.is_empty() {
            rows.push(rows::STANDARD);
        }
        Ok(Arguments::Measure { plan: plan.into(), rows })
    }
}

pub(crate) fn usage() -> String {
    format!("{USAGE}\n\n{}", rows::usage().trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&'static str]) -> (Box<Plan>, Vec<&'static str>) {
        match Arguments::parse(words) {
            Ok(Arguments::Measure { plan, rows }) => (plan, rows),
            _ => panic!("{words:?} measures nothing"),
        }
    }

    #[test]
    fn the_standard_set_is_measured_if_nothing_is_named() {
        let (plan, rows) = parsed(&["--runs", "5", "--protocol", "json", "--server", "other=program {port}"]);
        assert_eq!(rows, ["standard"]);
        assert_eq!((plan.runs, &plan.protocols[..], plan.others.len()), (5, &[Protocol::Json][..], 1));
        assert_eq!(parsed(&["idle", "polls"]).1, ["idle", "polls"]);
    }

    #[test]
    fn everything_is_tried_in_a_smoke_run_whatever_the_order_of_the_options() {
        let (plan, rows) = parsed(&["--conformance", "program", "--smoke"]);
        assert!(plan.conformance.is_some() && plan.listeners < 100);
        assert_eq!(rows, rows::groups().collect::<Vec<_>>());
    }
}
