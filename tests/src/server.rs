//! The server under test: one process for each test binary, or one that runs already.

use std::{
    env,
    io::{BufRead, BufReader},
    net::TcpStream,
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use serde_json::Value;

use crate::TIMEOUT;

/// A running conformance server.
#[derive(Debug)]
pub struct Server {
    authority: String,
    /// Kept for its standard input: when that closes, the server is ended (see [`Server::start`]).
    child: Option<Child>,
}

/// The server that all tests of this binary share.
///
/// # Panics
///
/// When the server cannot be built or does not start.
pub fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(Server::start)
}

impl Server {
    /// Starts a server of its own on a free port, or takes the one that `CONFORMANCE_URL` names.
    ///
    /// A value in a `static` is never dropped, so a shell stands between: it ends the server as soon as the pipe to its
    /// standard input closes, which also happens when the test process is killed.
    ///
    /// # Panics
    ///
    /// When the server cannot be built or does not start.
    #[must_use]
    pub fn start() -> Self {
        if let Ok(url) = env::var("CONFORMANCE_URL") {
            let authority = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
            return Self { authority, child: None };
        }
        let program = env::var("CONFORMANCE_BIN").unwrap_or_else(|_| build());
        let guard = r#"exec 3<&0; "$0" --urls http://127.0.0.1:0 3<&- </dev/null & read -r _ <&3; kill $!"#;
        let mut child = Command::new("sh")
            .args(["-c", guard, &program])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sh can be started");
        let authority = ready(&mut child);
        Self { authority, child: Some(child) }
    }

    /// Starts a server that the test may end by itself, on a free port or on the given one. `None` where the environment names
    /// one that runs already.
    ///
    /// # Panics
    ///
    /// When the server cannot be built or does not start.
    #[must_use]
    pub fn own(port: u16) -> Option<Self> {
        if env::var_os("CONFORMANCE_URL").is_some() {
            return None;
        }
        let program = env::var("CONFORMANCE_BIN").unwrap_or_else(|_| build());
        let mut child = Command::new(program)
            .args(["--urls", &format!("http://127.0.0.1:{port}")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server can be started");
        let authority = ready(&mut child);
        Some(Self { authority, child: Some(child) })
    }

    /// Asks a server of one's [own](Self::own) to end, as `kill` does.
    ///
    /// # Panics
    ///
    /// When it has ended already.
    pub fn terminate(&self) {
        let id = self.child.as_ref().expect("a server of one's own").id();
        let status = Command::new("kill").args(["-TERM", &id.to_string()]).status().expect("kill can be started");
        assert!(status.success(), "the server runs");
    }

    /// Waits until a server of one's [own](Self::own) has ended by itself, and says whether it did so without a failure.
    ///
    /// # Panics
    ///
    /// When it cannot be waited for.
    #[must_use]
    pub fn ended(mut self) -> bool {
        let mut child = self.child.take().expect("a server of one's own");
        child.wait().expect("it can be waited for").success()
    }

    /// Host and port, as they stand in a `Host` header.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// A new TCP connection whose reads fail after [`TIMEOUT`].
    ///
    /// # Panics
    ///
    /// When the server does not accept it.
    #[must_use]
    pub fn tcp(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.authority).expect("the server accepts connections");
        stream.set_read_timeout(Some(TIMEOUT)).expect("a timeout can be set");
        stream.set_write_timeout(Some(TIMEOUT)).expect("a timeout can be set");
        stream.set_nodelay(true).expect("nodelay can be set");
        stream
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            if child.stdin.take().is_none() {
                // One of a test's own, which has no guard. It may have ended already.
                let _ = child.kill();
            }
            // A failure to wait leaves nothing to be done.
            let _ = child.wait();
        }
    }
}

/// Waits until the server says where it listens.
fn ready(child: &mut Child) -> String {
    let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
    let authority = lines
        .by_ref()
        .map(|line| line.expect("the server's output is text"))
        .find_map(|line| line.strip_prefix("listening on http://").map(str::to_owned))
        .expect("the server says where it listens");
    // Whatever it writes later must not fill the pipe and stop it.
    std::thread::spawn(move || lines.for_each(drop));
    authority.trim_end().to_owned()
}

/// Builds the workspace's conformance program and returns its path.
fn build() -> String {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "conformance", "--bin", "conformance", "--message-format=json"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo can be started");
    assert!(output.status.success(), "the conformance program does not build");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|line| line["executable"].as_str().map(str::to_owned))
        .expect("cargo names the executable")
}
