//! Programs that tests use, and that come with the operating system.

use std::path::PathBuf;
use std::process;

use crate::command::{Command, Failure};

/// A program to look for.
pub(crate) struct Program {
    /// The variable of the environment that may name it.
    variable: &'static str,
    /// What it is called on `PATH`.
    names: &'static [&'static str],
    /// The package of Debian that has it.
    package: &'static str,
}

/// For the browser test.
pub(crate) const CHROMIUM: Program = Program {
    variable: "CHROMIUM",
    names: &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
    package: "chromium",
};

/// For the tests of fleets, which start servers of their own.
pub(crate) const REDIS: Program =
    Program { variable: "REDIS_SERVER", names: &["redis-server", "valkey-server"], package: "redis-server" };

/// For the counts of instructions.
pub(crate) const VALGRIND: Program = Program { variable: "VALGRIND", names: &["valgrind"], package: "valgrind" };

impl Program {
    /// The program named by its variable, else one on `PATH`, else one installed now where that can be done unasked.
    pub(crate) fn find(&self) -> Result<PathBuf, Failure> {
        if let Some(chosen) = std::env::var_os(self.variable) {
            return Ok(chosen.into());
        }
        if let Some(found) = self.on_path() {
            return Ok(found);
        }
        if is_root() && in_path("apt-get").is_some() {
            apt_get(&["update"])?;
            apt_get(&["install", "--yes", "--no-install-recommends", self.package])?;
        }
        self.on_path().ok_or_else(|| {
            let Program { variable, package, .. } = self;
            Failure::new(format!(
                "No {package} was found. Install it (Debian: apt-get install {package}) or set {variable} to its path."
            ))
        })
    }

    fn on_path(&self) -> Option<PathBuf> {
        self.names.iter().copied().find_map(in_path)
    }
}

fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(name)).find(|file| file.is_file())
}

fn apt_get(arguments: &[&str]) -> Result<(), Failure> {
    Command::new("apt-get").args(["--quiet"]).args(arguments).env("DEBIAN_FRONTEND", "noninteractive").run()
}

fn is_root() -> bool {
    process::Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
