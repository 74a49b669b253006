//! Builds the micro-benchmarks and runs them.

use crate::command::{Command, Failure};
use crate::installed;

const BENCHMARKS: [&str; 4] = ["--package", "micro", "--bench", "micro"];

/// Counts instructions by valgrind's callgrind.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let valgrind = installed::VALGRIND.find()?;
    let cargo = Command::cargo("bench").args(BENCHMARKS).args(["--", "count"]);
    cargo.args(arguments).env("VALGRIND", valgrind).run()
}

/// Runs each benchmark once, of a build without optimisations.
pub(crate) fn smoke() -> Result<(), Failure> {
    // With the features of the other tests, whose builds then serve this one too.
    Command::cargo("test").args(["--workspace", "--all-features", "--bench", "micro"]).run()
}
