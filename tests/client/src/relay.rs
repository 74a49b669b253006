//! A relay between clients and a server, which cuts connections.

use crate::random::Random;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};

/// Passes bytes on between its own port and a server's. When it is dropped all of its connections are cut.
#[derive(Debug)]
pub struct Relay {
    address: String,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    server: String,
    connections: Mutex<Vec<AbortHandle>>,
    cuts: AtomicU64,
    cut: Notify,
    /// Whether it lets nobody in.
    closed: AtomicBool,
    chance: Option<Chance>,
}

/// After how many bytes connections are cut.
#[derive(Debug)]
struct Chance {
    random: Mutex<Random>,
    longest: u64,
    /// How many are to be cut.
    limit: u64,
}

impl Relay {
    /// A relay that passes everything on until it is told otherwise.
    ///
    /// # Panics
    ///
    /// When it cannot listen.
    pub async fn start(server: &str) -> Self {
        Self::with(server, None).await
    }

    /// A relay that cuts each connection after a random number of bytes, at most `longest`, until it has cut `cuts` of them.
    ///
    /// # Panics
    ///
    /// When it cannot listen.
    pub async fn cutting(server: &str, seed: u64, longest: u64, cuts: u64) -> Self {
        Self::with(server, Some(Chance { random: Mutex::new(Random::new(seed)), longest, limit: cuts })).await
    }

    async fn with(server: &str, chance: Option<Chance>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let shared = Arc::new(Shared {
            server: server.to_owned(),
            connections: Mutex::default(),
            cuts: AtomicU64::new(0),
            cut: Notify::new(),
            closed: AtomicBool::new(false),
            chance,
        });
        let accepting = tokio::spawn(accept(listener, shared.clone())).abort_handle();
        Relay { address, shared, accepting }
    }

    /// The address of a path of the server, through this relay.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Cuts all connections that there are now.
    pub fn cut(&self) {
        let connections = std::mem::take(&mut *lock(&self.shared.connections));
        connections.iter().for_each(AbortHandle::abort);
    }

    /// Cuts all connections and lets nobody in until it is opened.
    pub fn close(&self) {
        self.shared.closed.store(true, Ordering::Relaxed);
        self.cut();
    }

    /// Lets everybody in again.
    pub fn open(&self) {
        self.shared.closed.store(false, Ordering::Relaxed);
    }

    /// How many connections it has cut by chance.
    #[must_use]
    pub fn cuts(&self) -> u64 {
        self.shared.cuts.load(Ordering::Relaxed)
    }

    /// Waits until it has cut so many by chance.
    pub async fn wait_for_cuts(&self, cuts: u64) {
        loop {
            let cut = self.shared.cut.notified();
            if self.cuts() >= cuts {
                return;
            }
            cut.await;
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        if shared.closed.load(Ordering::Relaxed) {
            continue;
        }
        let handle = connections.spawn(pass_on(client, shared.clone()));
        let mut known = lock(&shared.connections);
        known.retain(|connection| !connection.is_finished());
        known.push(handle);
    }
}

async fn pass_on(client: TcpStream, shared: Arc<Shared>) {
    let Ok(server) = TcpStream::connect(&shared.server).await else { return };
    for socket in [&client, &server] {
        // Only speed depends on it.
        let _ = socket.set_nodelay(true);
    }
    let fuse = shared.fuse();
    let (client_reader, client_writer) = client.into_split();
    let (server_reader, server_writer) = server.into_split();
    let both =
        async { tokio::join!(copy(client_reader, server_writer, &fuse), copy(server_reader, client_writer, &fuse),) };
    tokio::select! {
        _ = both => {}
        () = fuse.blown.notified() => {
            shared.cuts.fetch_add(1, Ordering::Relaxed);
            shared.cut.notify_waiters();
        }
    }
}

/// What cuts a connection after some bytes, of both directions together.
struct Fuse<'a> {
    shared: &'a Shared,
    bytes: AtomicU64,
    blown: Notify,
}

impl Shared {
    fn fuse(&self) -> Fuse<'_> {
        let bytes = self.chance.as_ref().map_or(u64::MAX, |chance| lock(&chance.random).below(chance.longest));
        Fuse { shared: self, bytes: AtomicU64::new(bytes), blown: Notify::new() }
    }

    /// Whether it still cuts.
    fn cuts(&self) -> bool {
        self.chance.as_ref().is_some_and(|chance| self.cuts.load(Ordering::Relaxed) < chance.limit)
    }
}

impl Fuse<'_> {
    /// How many of these bytes may pass.
    fn take(&self, wanted: usize) -> usize {
        if !self.shared.cuts() {
            return wanted;
        }
        let wanted = wanted as u64;
        let take = |left: u64| Some(left.saturating_sub(wanted));
        let left = self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).unwrap_or_default();
        if left < wanted {
            self.blown.notify_one();
        }
        usize::try_from(left.min(wanted)).unwrap_or(usize::MAX)
    }
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, fuse: &Fuse<'_>) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return to.shutdown().await;
        }
        let passed = fuse.take(read);
        to.write_all(buffer.get(..passed).unwrap_or_default()).await?;
        if passed < read {
            // The rest is never sent.
            return std::future::pending().await;
        }
    }
}
