//! Micro-benchmarks: codecs, calls through whole connections in memory, sends to many.
//!
//! `cargo bench --package micro` measures time, by criterion, and `cargo xtask micro` counts instructions, which are the same each
//! time and so show small changes. Both run the same benchmarks.

mod case;
mod codec;
mod counts;
mod dispatch;
mod fanout;
mod line;
mod record;
mod server;
mod table;

use case::Case;
use criterion::Criterion;
use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

type Failure = Box<dyn Error + Send + Sync>;

const USAGE: &str = "\
Usage: cargo xtask micro [PART...] [--record]

  PART       only those benchmarks that have it in their names
  --record   keep the figures in bench/micro/instructions.txt, for later runs to compare with";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let cases: Vec<Case> = [codec::cases(), dispatch::cases(), fanout::cases()].into_iter().flatten().collect();
    let result = match arguments[..] {
        [counts::RUN_ONE, name] => run_one(&cases, name),
        ["count", ref options @ ..] => count(&cases, options),
        _ => {
            time(&cases);
            Ok(())
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run_one(cases: &[Case], name: &str) -> Result<(), Failure> {
    let case = cases.iter().find(|case| case.name == name).ok_or_else(|| format!("There is no benchmark `{name}`."))?;
    counts::run_one(case);
    Ok(())
}

fn count(cases: &[Case], options: &[&str]) -> Result<(), Failure> {
    let mut recording = false;
    let mut parts = Vec::new();
    for option in options {
        match *option {
            "--record" => recording = true,
            // What cargo tells every benchmark.
            "--bench" => {}
            option if option.starts_with('-') => return Err(USAGE.into()),
            part => parts.push(part),
        }
    }
    counts::run(cases, &parts, recording)
}

/// Criterion reads its own options from the command line.
fn time(cases: &[Case]) {
    // Short, as there are many benchmarks and most take microseconds.
    let criterion = Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(200));
    let mut criterion = criterion.measurement_time(Duration::from_secs(1)).configure_from_args();
    for case in cases {
        criterion.bench_function(&case.name, |bencher| {
            let mut operation = (case.prepare)();
            bencher.iter_custom(|times| {
                let start = Instant::now();
                operation(times);
                start.elapsed()
            });
        });
    }
    criterion.final_summary();
}
