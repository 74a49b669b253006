//! This program once more, as a server or as other clients.

use super::client::patiently;
use crate::Error;
use std::fs;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

/// A running process, which ends when this is dropped.
pub(super) struct Process {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Process {
    pub(super) fn start(arguments: &[&str]) -> Result<Self, Error> {
        let mut command = Command::new(std::env::current_exe()?);
        let command = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn()?;
        let output = BufReader::new(child.stdout.take().ok_or("the process has no output")?);
        Ok(Process { child, output })
    }

    /// The next line that it prints.
    pub(super) async fn line(&mut self) -> Result<String, Error> {
        let mut line = String::new();
        patiently("another process", async { Ok(self.output.read_line(&mut line).await?) }).await?;
        if line.is_empty() { Err("another process has failed".into()) } else { Ok(line.trim().to_owned()) }
    }

    pub(super) fn close_input(&mut self) {
        drop(self.child.stdin.take());
    }

    /// The most bytes of memory that it has held at once.
    pub(super) fn peak(&self) -> Result<f64, Error> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id().unwrap_or_default()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? * 1024.0)
    }
}
