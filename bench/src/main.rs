//! Measures what a server costs per operation, and prints it as a table. `cargo xtask bench` builds and runs it.
//!
//! The servers are this same program with `serve`, each in a process of its own: `hub` is the framework, `floor` is axum
//! with handlers that do next to nothing; `hub-on-axum` is the framework on axum's own listener. Cost is the CPU time of the server's process; the clients' is not counted.

mod client;
mod isolation;
mod measure;
mod process;
mod rows;
mod server;
mod table;

use measure::Plan;
use rows::Row;
use std::process::ExitCode;
use std::time::Duration;

const USAGE: &str = "\
Usage: load [ROW...] [--runs N] [--seconds N] [--smoke] [--conformance PROGRAM]
       load serve hub|hub-on-axum|floor
       load disturb ADDRESS CLIENTS

  --runs N                medians of so many runs (3)
  --seconds N             how long a run measures (2)
  --smoke                 one short run with few connections, to see that everything works
  --conformance PROGRAM   measures the bench hub of that program instead of an own server";

type Error = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        ["serve", kind] => serve(kind),
        ["disturb", server, clients] => {
            client_runtime().and_then(|it| it.block_on(isolation::disturb(server, clients)))
        }
        _ => run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// As many threads as an application has that says nothing about it.
fn serve(kind: &str) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match kind {
        "hub" => runtime.block_on(server::hub::serve(true)),
        "hub-on-axum" => runtime.block_on(server::hub::serve(false)),
        "floor" => runtime.block_on(server::floor::serve()),
        _ => Err(USAGE.into()),
    }
}

fn run(arguments: &[&str]) -> Result<(), Error> {
    let mut plan = Plan::default();
    let mut names = Vec::new();
    let mut isolation = false;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().ok_or_else(|| format!("{argument} needs a value\n\n{USAGE}"));
        match *argument {
            "--runs" => plan.runs = value()?.parse()?,
            "--seconds" => plan.time = Duration::from_secs_f64(value()?.parse()?),
            "--conformance" => plan.conformance = Some(value()?.into()),
            "--smoke" => plan = Plan { conformance: plan.conformance, ..Plan::smoke() },
            "--help" => {
                println!("{}", usage());
                return Ok(());
            }
            option if option.starts_with('-') => return Err(usage().into()),
            isolation::NAME => isolation = true,
            name => names.push(Row::named(name).ok_or_else(|| format!("There is no row `{name}`.\n\n{}", usage()))?),
        }
    }
    let all = names.is_empty() && !isolation;
    let rows = if all { rows::ALL.iter().collect() } else { names };
    client_runtime()?.block_on(async {
        if !rows.is_empty() {
            print!("{}", table::head());
        }
        for row in rows {
            print!("{}", row.run(&plan).await?);
        }
        if all || isolation {
            // Longer than other measurements, since there are only so many broadcasts a second.
            let Plan { runs: rounds, time, connections, .. } = plan;
            print!("{}", isolation::run(&isolation::Plan { rounds, time: time * 3, connections }).await?);
        }
        Ok(())
    })
}

/// One thread, as a client that is spread over all processors takes them from the server.
fn client_runtime() -> Result<tokio::runtime::Runtime, Error> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

fn usage() -> String {
    let rows: String = rows::ALL.iter().map(|row| format!("  {:<12} {}\n", row.name, row.about)).collect();
    format!("{USAGE}\n\nRows:\n{rows}  {:<12} {}\n", isolation::NAME, isolation::ABOUT)
}
