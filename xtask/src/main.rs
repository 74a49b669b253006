//! The commands of this repository, as `cargo xtask COMMAND`.
//!
//! `demo` runs the chat example in a browser; `test` runs every check that continuous integration runs; `bench` measures what
//! a server costs, `micro` counts the instructions of single operations, `size` what a hub's methods cost to compile. All do
//! their own set-up, so that a machine with Rust and Node.js needs nothing else.

mod bench;
mod command;
mod installed;
mod micro;
mod node;
mod size;
mod steps;
mod workspace;

use std::process::ExitCode;

use command::{Command, Failure};

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  demo [ARGUMENT...]   install the page's packages, build and run the chat example (arguments go to it)
  test [STEP...]       run all checks, or only the steps named
  bench [ROW...]       measure release builds, the standard set or the rows named; `bench --help` lists all
  micro [PART...]      count instructions of micro-benchmarks, all or those named in part; `--record` keeps the figures
  size [OPTION...]     measure what 100 methods add to `cargo check` and to a program (options go to cargo)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.split_first() {
        Some((command, rest)) if command == "demo" => demo(rest),
        Some((command, rest)) if command == "test" => steps::run(rest),
        Some((command, rest)) if command == "bench" => bench::run(rest),
        Some((command, rest)) if command == "micro" => micro::run(rest),
        Some((command, rest)) if command == "size" => size::run(rest),
        _ => Err(Failure::new(format!("{USAGE}\n\nSteps:\n{}", steps::list()))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn demo(arguments: &[String]) -> Result<(), Failure> {
    node::install("examples/chat/web")?;
    Command::cargo("run").args(["--package", "chat", "--"]).args(arguments).run()
}
