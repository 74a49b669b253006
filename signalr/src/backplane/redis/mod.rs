//! A fleet by Redis.
//!
//! [`lane`] is what handles and the task share: who wants which channel, and the commands that wait. [`driver`] is the task: it
//! connects, restores, sends batches of commands, and begins anew. [`link`] is one connection, and the only file that knows the
//! crate `redis`; [`socket`] is what is below it.

mod builder;
mod delays;
mod driver;
mod lane;
mod link;
mod socket;
#[cfg(feature = "redis-tls")]
mod tls;

pub use builder::{RedisBuilder, RedisError};

use super::{Backplane, BackplaneError, BackplaneReceiver, Told};
use bytes::Bytes;
use lane::{Command, Shared, Verb, Waiter};
use std::fmt;
use std::future::ready;
use std::sync::Arc;
use tokio::sync::{oneshot, watch};

/// Servers in one fleet by Redis, with those of ASP.NET Core if there are any: they speak the same bytes over the same channels.
///
/// ```no_run
/// # #[derive(Debug)] struct ChatHub;
/// # #[signalr::hub] impl ChatHub {}
/// use signalr::{Hub, Redis, SignalR};
///
/// # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
/// let redis = Redis::builder("redis://:secret@localhost:6379").prefix("app:").open()?;
/// let chat = Hub::new("ChatHub", ChatHub);
/// let hubs = SignalR::builder().backplane(redis.clone()).hub("/chat", &chat).build();
/// # Ok(()) }
/// ```
///
/// A clone is another handle of the same connection, and so of the same server of the fleet: several servers in one process open one
/// each, or they are counted as one. A task of its own keeps the connection: when Redis is lost, that task connects again,
/// waiting longer from one attempt to the next, and subscribes again to everything. The task ends with the last handle, as soon
/// as what was published until then is sent. [`connected`](Redis::connected) and [`is_connected`](Redis::is_connected) are for
/// checks of readiness. Nothing is stored in Redis.
///
/// # What it needs
///
/// Redis 6 or newer, or an engine that speaks its protocol RESP3: everything goes over one connection, so that Redis does all in
/// the order in which it was called. The user of the URL needs the commands `PUBLISH`, `SUBSCRIBE`, `UNSUBSCRIBE`, `PUBSUB` and
/// `PING`, and all channels under the [prefix](RedisBuilder::prefix).
///
/// # While Redis is away
///
/// A payload fails at once with [`Away`](BackplaneError::Away) and the reason; what was sent and not confirmed fails with
/// [`Lost`](BackplaneError::Lost). Only until the first attempt to connect has failed do payloads wait for it, so that a server can begin with its
/// work while it connects. A Redis that is silent for the [response timeout](RedisBuilder::response_timeout) though something
/// waits for its answer counts as lost. So nothing waits without end.
///
/// A server that reads too slowly is disconnected by Redis (`client-output-buffer-limit pubsub`), loses what waited for it there,
/// and connects again.
#[derive(Clone)]
pub struct Redis {
    handle: Arc<Handle>,
}

/// What all clones share. The task ends when this is dropped.
struct Handle {
    shared: Arc<Shared>,
    _ends_the_task: oneshot::Sender<()>,
}

impl Redis {
    /// Begins to connect to the Redis of a URL, and returns at once. [`Redis::builder`] says what is in a URL.
    ///
    /// # Errors
    /// When the URL is not valid, or outside of a tokio runtime. A Redis that cannot be reached is no error: see
    /// [`connected`](Redis::connected).
    pub fn open(url: impl Into<String>) -> Result<Self, RedisError> {
        Self::builder(url).open()
    }

    /// A Redis with options.
    ///
    /// The URL is `redis://[user][:password@]host[:port][/database]`, with `rediss://` for TLS (feature `redis-tls`), or
    /// `unix:///path[?user=user&pass=password&db=database]`. What has a meaning in URLs is percent-encoded in user and password. The
    /// database is of no meaning to channels: servers reach each other across databases.
    pub fn builder(url: impl Into<String>) -> RedisBuilder {
        RedisBuilder::new(url.into())
    }

    fn start(shared: Arc<Shared>, runtime: &tokio::runtime::Handle) -> Self {
        let (alive, ended) = oneshot::channel();
        runtime.spawn(driver::run(shared.clone(), ended));
        Redis { handle: Arc::new(Handle { shared, _ends_the_task: alive }) }
    }

    /// Whether there is a connection now and everything is subscribed again, as far as is known.
    pub fn is_connected(&self) -> bool {
        *self.shared().connected.borrow()
    }

    /// Waits until there is a connection and everything is subscribed. It does not end while Redis cannot be reached.
    pub async fn connected(&self) {
        // The sender lives as long as this handle.
        let _ = self.watch().wait_for(|is_connected| *is_connected).await;
    }

    /// Whether there is a connection, from now on: what [`is_connected`](Redis::is_connected) says and each change of it.
    pub fn watch(&self) -> watch::Receiver<bool> {
        self.shared().connected.subscribe()
    }

    /// Why there is no connection: what has ended it, or why the last attempt has failed. `None` while there is one, and until
    /// the first attempt has failed.
    pub fn last_error(&self) -> Option<String> {
        self.shared().away().map(|cause| cause.to_string())
    }

    fn shared(&self) -> &Shared {
        &self.handle.shared
    }
}

impl Backplane for Redis {
    fn publish(&self, channel: &str, payload: Bytes) -> Result<Told<Option<usize>>, BackplaneError> {
        let (told, answer) = oneshot::channel();
        self.shared().publish(Command::new(Verb::Publish(payload), channel, Waiter::Count(told)))?;
        Ok(told_by(answer))
    }

    fn subscribe(&self, channel: &str, receiver: &Arc<BackplaneReceiver>) -> Told<()> {
        let (told, answer) = oneshot::channel();
        match self.shared().subscribe(Command::new(Verb::Subscribe, channel, Waiter::Done(told)), receiver) {
            Ok(()) => told_by(answer),
            Err(error) => Box::pin(ready(Err(error))),
        }
    }

    fn unsubscribe(&self, channel: &str, receiver: &Arc<BackplaneReceiver>) {
        self.shared().unsubscribe(channel, receiver);
    }

    fn subscribers(&self, channel: &str) -> Told<Option<usize>> {
        let (told, answer) = oneshot::channel();
        match self.shared().send(Command::new(Verb::Count, channel, Waiter::Count(told))) {
            Ok(()) => told_by(answer),
            Err(error) => Box::pin(ready(Err(error))),
        }
    }

    fn is_connected(&self) -> bool {
        Redis::is_connected(self)
    }
}

fn told_by<T: Send + 'static>(answer: oneshot::Receiver<Result<T, BackplaneError>>) -> Told<T> {
    Box::pin(async move { answer.await.unwrap_or_else(|_| Err(BackplaneError::Lost(lane::ENDED.to_owned()))) })
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shared = self.shared();
        f.debug_struct("Redis")
            .field("endpoints", &shared.options.endpoints)
            .field("prefix", &shared.options.prefix)
            .field("is_connected", &self.is_connected())
            .finish_non_exhaustive()
    }
}
