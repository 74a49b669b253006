//! Builds the load client and the servers that it measures, and runs it.

use crate::command::{Command, Failure};
use crate::workspace;

const PACKAGE: &str = "load";

/// Runs the rows named, or the standard set, of release builds. With `--smoke` whatever is built fastest does.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let build = Command::cargo("build").args(["--package", PACKAGE]);
    let program = if arguments.iter().any(|argument| argument == "--smoke") {
        build.run()?;
        workspace::program(PACKAGE)?
    } else {
        build.args(["--release"]).run()?;
        workspace::release_program(PACKAGE)?
    };
    Command::new(program).args(arguments).run()
}
