//! Measures what servers cost per operation, and prints it as tables. `cargo xtask bench` builds and runs it.
//!
//! Our servers are this same program with `serve`, each in a process of its own; others are started by their commands. Cost
//! is the CPU time of the server's process.

mod arguments;
mod client;
mod isolation;
mod measure;
mod plan;
mod process;
mod rows;
mod server;
mod system;
mod table;

use arguments::Arguments;
use std::process::ExitCode;

type Error = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<(), Error> {
    match Arguments::parse(words)? {
        Arguments::Help => {
            println!("{}", arguments::usage());
            Ok(())
        }
        Arguments::Serve(own) => own.serve(),
        Arguments::Disturb { server, clients } => isolation::disturb(server, clients),
        Arguments::Measure { plan, rows } => {
            // Before servers are started, which inherit it.
            system::raise_file_limit()?;
            rows::run(&plan, &rows)
        }
    }
}
