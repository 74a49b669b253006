//! What the tests share.

use crate::server::Server;
use bytes::Bytes;
use signalr::{Backplane, BackplaneError, BackplaneReceiver, Redis, RedisBuilder};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Waits for what has to come, and not for ever.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future).await.expect("it comes in time")
}

/// Connects again soon.
pub(crate) fn builder(url: &str) -> RedisBuilder {
    Redis::builder(url).backoff(Duration::from_millis(10), Duration::from_millis(100))
}

pub(crate) async fn connect(server: &Server) -> Redis {
    let redis = builder(&server.url()).open().expect("it opens");
    soon(redis.connected()).await;
    redis
}

pub(crate) async fn connected(redis: &Redis) {
    soon(redis.connected()).await;
}

pub(crate) async fn disconnected(redis: &Redis) {
    soon(redis.watch().wait_for(|is_connected| !is_connected)).await.expect("the handle lives");
}

/// Publishes and waits for the count.
pub(crate) async fn publish(redis: &Redis, channel: &str, payload: &str) -> Result<Option<usize>, BackplaneError> {
    soon(redis.publish(channel, Bytes::copy_from_slice(payload.as_bytes()))?).await
}

/// What a receiver was given.
pub(crate) struct Inbox {
    pub(crate) receiver: Arc<BackplaneReceiver>,
    payloads: UnboundedReceiver<(String, Bytes)>,
}

impl Inbox {
    pub(crate) fn new() -> Self {
        let (sender, payloads) = unbounded_channel();
        let receiver = BackplaneReceiver::new(move |channel, payload| {
            let _ = sender.send((channel.to_owned(), payload));
        });
        Inbox { receiver: Arc::new(receiver), payloads }
    }

    /// Subscribes, and waits until that is in force.
    pub(crate) async fn on(redis: &Redis, channel: &str) -> Self {
        let inbox = Self::new();
        soon(redis.subscribe(channel, &inbox.receiver)).await.expect("subscribed");
        inbox
    }

    pub(crate) async fn next(&mut self) -> (String, Bytes) {
        soon(self.payloads.recv()).await.expect("the receiver lives")
    }

    /// The next payload as text, whatever the channel.
    pub(crate) async fn text(&mut self) -> String {
        String::from_utf8(self.next().await.1.to_vec()).expect("text")
    }

    /// What is there now.
    pub(crate) fn waiting(&mut self) -> Option<(String, Bytes)> {
        self.payloads.try_recv().ok()
    }
}
