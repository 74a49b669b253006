//! A server in a process of its own, and what that process has used.

use crate::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use std::{fs, io};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

/// A running server, which ends when this is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// Where it serves plain byte streams, if it does.
    pub(crate) stream_address: Option<SocketAddr>,
    /// The path of its bench hub.
    pub(crate) path: &'static str,
    child: Child,
    _output: BufReader<ChildStdout>,
}

impl Server {
    /// Starts this program as a server.
    pub(crate) async fn own(kind: &str) -> Result<Self, Error> {
        Self::start(Command::new(std::env::current_exe()?).args(["serve", kind])).await
    }

    /// Starts the conformance program.
    pub(crate) async fn conformance(program: &Path) -> Result<Self, Error> {
        Self::start(Command::new(program).args(["--urls", "http://127.0.0.1:0"])).await
    }

    async fn start(command: &mut Command) -> Result<Self, Error> {
        let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let output = child.stdout.take().ok_or("the server has no output")?;
        let mut output = BufReader::new(output);
        let mut line = String::new();
        output.read_line(&mut line).await?;
        let ready = line.trim().strip_prefix("listening on http://").ok_or("the server did not start")?;
        let mut addresses = ready.split(" and tcp://");
        let address = addresses.next().unwrap_or_default().parse()?;
        let stream_address = addresses.next().map(str::parse).transpose()?;
        Ok(Server { address, stream_address, path: "/bench", child, _output: output })
    }

    fn file(&self, name: &str) -> io::Result<String> {
        fs::read_to_string(format!("/proc/{}/{name}", self.pid()))
    }

    fn pid(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    /// The CPU time of all its threads so far, as the scheduler counts it. Threads that have ended are left out; a runtime
    /// keeps its own.
    pub(crate) fn cpu_time(&self) -> Result<Duration, Error> {
        let mut nanoseconds = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.pid()))? {
            let text = fs::read_to_string(task?.path().join("schedstat"))?;
            nanoseconds += text.split(' ').next().unwrap_or_default().parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// The bytes of memory that it holds now.
    pub(crate) fn resident(&self) -> Result<u64, Error> {
        let status = self.file("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
    }
}
