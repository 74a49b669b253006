//! Redis servers of the tests' own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// A Redis server on a free port, which stores nothing. It ends when this is dropped.
pub(crate) struct Server {
    pub(crate) port: u16,
    arguments: Vec<String>,
    /// For what it writes.
    directory: Directory,
    child: Child,
}

/// Is removed when it is dropped.
pub(crate) struct Directory(PathBuf);

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// With further arguments of the command line.
    pub(crate) async fn start_with(arguments: &[&str]) -> Self {
        let all = ["--save", "", "--appendonly", "no"].iter().chain(arguments);
        Self::start_any(all.map(ToString::to_string).collect(), Directory::new()).await
    }

    /// One that watches over others.
    pub(crate) async fn start_sentinel() -> Self {
        let directory = Directory::new();
        // It writes what it learns into it.
        let configuration = directory.join("sentinel.conf");
        std::fs::write(&configuration, "").expect("a file");
        let configuration = configuration.to_str().expect("text").to_owned();
        Self::start_any(vec![configuration, "--sentinel".to_owned()], directory).await
    }

    /// One that speaks nothing but TLS.
    #[cfg(feature = "redis-tls")]
    pub(crate) async fn start_encrypted(certificate: &str, key: &str) -> Self {
        let files = ["--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", certificate];
        let port = free_port().to_string();
        let mut server =
            Self::start_with(&[&files[..], &["--tls-auth-clients", "no", "--tls-port", &port]].concat()).await;
        server.port = port.parse().expect("a port");
        server
    }

    async fn start_any(arguments: Vec<String>, directory: Directory) -> Self {
        // Between the choice of a free port and its use somebody else may take it.
        for _ in 0..10 {
            let port = free_port();
            if let Some(child) = run(port, &arguments, &directory.0).await {
                return Server { port, arguments, directory, child };
            }
        }
        panic!("no redis-server could be started with {arguments:?}");
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Ends it at once, as `kill -9`.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.expect("it can be killed");
    }

    /// Starts it again on the same port.
    pub(crate) async fn restart(&mut self) {
        self.child = run(self.port, &self.arguments, &self.directory.0).await.expect("it starts again");
    }

    /// Sends a signal, such as `STOP`.
    pub(crate) async fn signal(&self, name: &str) {
        let id = self.child.id().expect("it runs").to_string();
        let status = Command::new("kill").args([&format!("-{name}"), &id]).status().await.expect("kill");
        assert!(status.success());
    }

    /// Runs a command on a connection of its own.
    pub(crate) async fn command(&self, arguments: &[&str]) -> String {
        Client::connect(self.port).await.command(arguments).await
    }

    /// How many clients have connections, beside the one that asks.
    pub(crate) async fn clients(&self) -> usize {
        self.command(&["CLIENT", "LIST"]).await.lines().count() - 1
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// `None` if it ends before it is ready.
async fn run(port: u16, arguments: &[String], directory: &Path) -> Option<Child> {
    let program = std::env::var_os("REDIS_SERVER").unwrap_or_else(|| "redis-server".into());
    let mut child = Command::new(&program)
        .args(arguments)
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| {
            panic!(
                "{program:?} cannot be started: {error}. `cargo xtask test` installs redis-server (Debian: apt-get install \
                 redis-server); REDIS_SERVER may name it."
            )
        });
    let mut output = BufReader::new(child.stdout.take().expect("its output")).lines();
    loop {
        let line = output.next_line().await.ok()??;
        if line.contains("Ready to accept connections") || line.contains("Sentinel ID is") {
            break;
        }
    }
    // Read on, so that it can write.
    tokio::spawn(async move { while let Ok(Some(_)) = output.next_line().await {} });
    Some(child)
}

impl Directory {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("signalr-redis-test-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a directory");
        Directory(path)
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A plain connection.
pub(crate) struct Client(BufReader<TcpStream>);

impl Client {
    pub(crate) async fn connect(port: u16) -> Self {
        Client(BufReader::new(TcpStream::connect(("127.0.0.1", port)).await.expect("a connection")))
    }

    /// The answer: a line without its first sign if it is no error, or a text, or the parts of an array joined by spaces.
    pub(crate) async fn command(&mut self, arguments: &[&str]) -> String {
        let mut request = format!("*{}\r\n", arguments.len());
        for argument in arguments {
            request += &format!("${}\r\n{argument}\r\n", argument.len());
        }
        self.0.get_mut().write_all(request.as_bytes()).await.expect("it takes the command");
        self.reply().await
    }

    pub(crate) async fn reply(&mut self) -> String {
        let line = self.line().await;
        let (kind, rest) = line.split_at(1);
        match kind {
            "$" => {
                let mut text = vec![0; rest.parse::<usize>().expect("a length") + 2];
                self.0.read_exact(&mut text).await.expect("a text");
                text.truncate(text.len() - 2);
                String::from_utf8_lossy(&text).into_owned()
            }
            "*" => {
                let mut parts = Vec::new();
                for _ in 0..rest.parse().expect("a length") {
                    parts.push(Box::pin(self.reply()).await);
                }
                parts.join(" ")
            }
            "-" => line,
            _ => rest.to_owned(),
        }
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).await.expect("an answer");
        line.trim_end().to_owned()
    }
}
