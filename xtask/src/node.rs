//! Node.js: the packages of a directory, and the tests in it.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use crate::command::{Command, Failure};
use crate::workspace;

const HINT: &str = "Install Node.js 20 or newer with npm (Debian: apt-get install nodejs npm), then run this again.";

/// Installs exactly what the directory's `package-lock.json` names, unless that is there already.
pub(crate) fn install(directory: &str) -> Result<(), Failure> {
    let directory = workspace::root().join(directory);
    if is_installed(&directory) {
        return Ok(());
    }
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    Command::new(npm).args(["ci", "--no-audit", "--no-fund"]).directory(&directory).install_hint(HINT).run()
}

/// Runs Node's own test runner in the directory, which sees the given environment variables.
pub(crate) fn test(directory: &str, environment: &[(&str, &Path)]) -> Result<(), Failure> {
    install(directory)?;
    let command =
        Command::new("node").args(["--test"]).directory(&workspace::root().join(directory)).install_hint(HINT);
    environment.iter().fold(command, |command, (name, value)| command.env(name, value)).run()
}

/// npm leaves a copy of the lock file in `node_modules`; a newer lock file means that packages changed since.
fn is_installed(directory: &Path) -> bool {
    let modified = |path: &str| -> Option<SystemTime> { fs::metadata(directory.join(path)).ok()?.modified().ok() };
    match (modified("node_modules/.package-lock.json"), modified("package-lock.json")) {
        (Some(installed), Some(locked)) => installed >= locked,
        _ => false,
    }
}
