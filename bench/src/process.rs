//! A server in a process of its own.

use crate::Error;
use crate::server::Own;
use crate::system::Usage;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a server may take to listen.
const START: Duration = Duration::from_secs(30);

/// A server that somebody else has made, by its command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Other {
    pub(crate) name: String,
    program: String,
    arguments: Vec<String>,
    /// Of its bench hub.
    path: String,
}

impl Other {
    /// Reads `NAME=COMMAND`, or `NAME/path=COMMAND` if the hub is not at `/bench`.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let wrong = || format!("not NAME=COMMAND: {text}");
        let (name, command) = text.split_once('=').ok_or_else(wrong)?;
        let (name, path) = name.split_at(name.find('/').unwrap_or(name.len()));
        let mut words = command.split_whitespace().map(str::to_owned);
        let program = words.next().filter(|_| !name.is_empty()).ok_or_else(wrong)?;
        let path = if path.is_empty() { "/bench" } else { path };
        Ok(Other { name: name.to_owned(), program, arguments: words.collect(), path: path.to_owned() })
    }

    fn command(&self, address: SocketAddr) -> Command {
        let url = format!("http://{address}");
        let mut command = Command::new(&self.program);
        let words = self.arguments.iter();
        command.args(words.map(|word| word.replace("{url}", &url).replace("{port}", &address.port().to_string())));
        command
    }
}

/// A running server, which ends when this is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// Where it serves plain byte streams, if it does.
    pub(crate) stream_address: Option<SocketAddr>,
    /// The path of its bench hub.
    pub(crate) path: String,
    pub(crate) usage: Usage,
    // After what looks at the process.
    _process: Process,
}

impl Server {
    /// Starts this program as a server.
    pub(crate) fn own(own: Own) -> Result<Self, Error> {
        Self::start(Command::new(std::env::current_exe()?).args(["serve", own.name()]))
    }

    /// Starts the conformance program.
    pub(crate) fn conformance(program: &Path) -> Result<Self, Error> {
        Self::start(Command::new(program).args(["--urls", "http://127.0.0.1:0"]))
    }

    fn start(command: &mut Command) -> Result<Self, Error> {
        let mut process = Process::start(command.stdout(Stdio::piped()))?;
        let mut line = String::new();
        if let Some(output) = &mut process.output {
            output.read_line(&mut line)?;
        }
        let ready = line.trim().strip_prefix("listening on http://").ok_or("the server did not start")?;
        let mut addresses = ready.split(" and tcp://");
        let address = addresses.next().unwrap_or_default().parse()?;
        let stream_address = addresses.next().map(str::parse).transpose()?;
        let usage = Usage::of(process.child.id())?;
        Ok(Server { address, stream_address, path: "/bench".to_owned(), usage, _process: process })
    }

    /// Starts a server by its command, on a port that is free.
    pub(crate) fn other(other: &Other) -> Result<Self, Error> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut process = Process::start(other.command(address).stdout(Stdio::null()))?;
        let begin = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Some(status) = process.child.try_wait()? {
                return Err(format!("{} has ended: {status}", other.name).into());
            }
            if begin.elapsed() > START {
                return Err(format!("{} does not listen on {address}", other.name).into());
            }
            sleep(Duration::from_millis(20));
        }
        let usage = Usage::of(process.child.id())?;
        Ok(Server { address, stream_address: None, path: other.path.clone(), usage, _process: process })
    }
}

struct Process {
    child: Child,
    /// Kept open, as writing to a closed one is an error.
    output: Option<BufReader<ChildStdout>>,
}

impl Process {
    fn start(command: &mut Command) -> Result<Self, Error> {
        let mut child = command.spawn().map_err(|error| format!("{:?}: {error}", command.get_program()))?;
        let output = child.stdout.take().map(BufReader::new);
        Ok(Process { child, output })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_where_to_listen() {
        let address = SocketAddr::from(([127, 0, 0, 1], 5000));
        let words = |other: &Other| -> Vec<String> {
            let command = other.command(address);
            command.get_args().map(|word| word.to_string_lossy().into_owned()).collect()
        };
        let other = Other::parse("kestrel=./server --urls {url}").unwrap();
        assert_eq!((&*other.name, &*other.path), ("kestrel", "/bench"));
        assert_eq!(words(&other), ["--urls", "http://127.0.0.1:5000"]);
        let other = Other::parse("echo/hub=echo {port}").unwrap();
        assert_eq!((&*other.name, &*other.path), ("echo", "/hub"));
        assert_eq!(words(&other), ["5000"]);
        assert!(Other::parse("server").is_err() && Other::parse("=server").is_err() && Other::parse("name=").is_err());
    }
}
