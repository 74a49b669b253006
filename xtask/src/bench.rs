//! Builds the load client and the servers that it measures, and runs it.

use crate::command::{Command, Failure};
use crate::workspace;

const PACKAGE: &str = "load";

/// Runs the rows named, or the standard set, of release builds. With `--smoke` whatever is built fastest does.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let build = Command::cargo("build").args(["--package", PACKAGE]);
    let own = workspace::program(PACKAGE)?;
    let program = if arguments.iter().any(|argument| argument == "--smoke") {
        build.run()?;
        own
    } else {
        build.args(["--release"]).run()?;
        // The directory of one profile lies beside that of the other.
        let (name, target) = (own.file_name(), own.parent().and_then(|profile| profile.parent()));
        let (Some(name), Some(target)) = (name, target) else {
            return Err(Failure::new(format!("{} has no target directory", own.display())));
        };
        target.join("release").join(name)
    };
    Command::new(program).args(arguments).run()
}
