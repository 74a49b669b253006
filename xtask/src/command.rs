//! Child processes, shown before they run, and the one kind of failure this program has.

use std::ffi::OsStr;
use std::fmt;
use std::io::ErrorKind;
use std::path::Path;
use std::process;

use crate::workspace;

/// Why a command or step did not succeed, in words for the person at the terminal.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A program to run in the workspace's root, its output shown as it comes.
pub(crate) struct Command {
    inner: process::Command,
    install_hint: &'static str,
}

impl Command {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let mut inner = process::Command::new(program);
        inner.current_dir(workspace::root());
        Self { inner, install_hint: "" }
    }

    /// The cargo that runs this program, so that a chosen toolchain stays chosen.
    pub(crate) fn cargo(subcommand: &str) -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Self::new(cargo).args([subcommand])
    }

    pub(crate) fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.inner.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.inner.env(name, value);
        self
    }

    pub(crate) fn directory(mut self, directory: &Path) -> Self {
        self.inner.current_dir(directory);
        self
    }

    /// What to tell somebody on whose machine the program is missing.
    pub(crate) fn install_hint(mut self, hint: &'static str) -> Self {
        self.install_hint = hint;
        self
    }

    pub(crate) fn run(mut self) -> Result<(), Failure> {
        println!("$ {self}");
        match self.inner.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Failure::new(format!("`{self}` failed: {status}"))),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Err(Failure::new(format!("`{}` was not found. {}", self.program(), self.install_hint)))
            }
            Err(error) => Err(Failure::new(format!("`{self}` could not be started: {error}"))),
        }
    }

    fn program(&self) -> String {
        let program = Path::new(self.inner.get_program());
        program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned()
    }
}

impl fmt::Display for Command {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.program())?;
        self.inner.get_args().try_for_each(|argument| write!(formatter, " {}", argument.to_string_lossy()))
    }
}
