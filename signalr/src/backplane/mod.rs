//! How an audience is reached: this process' connections, groups and users, and those of other servers.
//!
//! A message for an audience becomes an [`envelope`], encoded once for each protocol. Alone, a hub hands it to its own
//! [`registry`]. In a fleet its [`node`] publishes it as one [payload](wire) on the [channel](channels) of its target, and every
//! server whose registry has members listens there and [hands it on](inbound). The [`Backplane`] only carries payloads.

pub(crate) mod channels;
pub(crate) mod envelope;
pub(crate) mod inbound;
pub(crate) mod memory;
pub(crate) mod node;
mod options;
mod receiver;
#[cfg(feature = "redis")]
pub(crate) mod redis;
pub(crate) mod registry;
pub(crate) mod waiting;
pub(crate) mod wire;

pub use options::{BackplaneOptions, WhenAway};
pub use receiver::BackplaneReceiver;

use bytes::Bytes;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use thiserror::Error;

/// Connects the servers of a fleet: carries payloads from one server to all that have subscribed to a channel.
///
/// It knows nothing of hubs and messages: what is on the channels is made and read by this crate, so that a backplane is a
/// thin layer over an engine with publish and subscribe, such as Redis, NATS or PostgreSQL. One backplane serves all hubs that
/// are mounted in one [`SignalR`](crate::SignalR) application ([`SignalRBuilder::backplane`](crate::SignalRBuilder::backplane)):
/// it is one server of the fleet.
///
/// # What an implementation promises
///
/// - **Order.** What one server does takes effect in the order in which it was called, without anything being awaited: a
///   payload that is published after a subscription reaches that subscription, and two payloads on one channel arrive in the
///   order in which they were published.
/// - **Everybody.** A published payload reaches every server that has subscribed, the publishing one among them.
/// - **At most once.** A payload that cannot be carried is an error of its own publishing and nothing else. What is published
///   while a server is away is lost for that server: nothing is replayed.
/// - **It comes back.** When the engine was away, the backplane connects again by itself, as long as it exists, and restores
///   every subscription that was made and not taken back, those made meanwhile among them. It tells the world by its log.
/// - **Bounds.** What waits to be published is bounded: [`BackplaneError::Full`].
///
/// None of the methods may block or wait: they begin something, and the returned future tells how it went. It need not be
/// polled or kept for the thing to happen.
///
/// Names of channels may contain any character, and are as long as the application lets the names of groups and users be, which
/// are part of them: usually some hundred bytes at most. An implementation must keep them apart by their bytes, case included.
/// Where an engine has a limit, what is above it is an error of that call and harms no other.
///
/// [`testing::backplane`](crate::testing::backplane) has the tests that each implementation passes.
pub trait Backplane: fmt::Debug + Send + Sync + 'static {
    /// Publishes a payload on a channel. The future gives the number of servers that it was handed to, as far as the engine
    /// knows.
    ///
    /// # Errors
    /// [`Away`](BackplaneError::Away) and [`Full`](BackplaneError::Full) at once, when the payload will not be sent; others by
    /// the future, when nobody knows who has got it.
    fn publish(&self, channel: &str, payload: Bytes) -> Result<Told<Option<usize>>, BackplaneError>;

    /// Subscribes to a channel: from now on `receiver` is [given](BackplaneReceiver::receive) what is published there. Several
    /// receivers may subscribe to one channel; one that does so twice still gets each payload once. The future ends when the
    /// subscription is in force.
    ///
    /// # Errors
    /// When the engine is away or refuses. The subscription is kept, and comes in force when it can.
    fn subscribe(&self, channel: &str, receiver: &Arc<BackplaneReceiver>) -> Told<()>;

    /// Takes a subscription back. A payload that was under way may still arrive.
    fn unsubscribe(&self, channel: &str, receiver: &Arc<BackplaneReceiver>);

    /// How many servers have subscribed to a channel, if the engine can tell: then answers of a fleet say how many servers are
    /// missing. By default nobody knows.
    ///
    /// # Errors
    /// When the engine is away.
    fn subscribers(&self, channel: &str) -> Told<Option<usize>> {
        let _ = channel;
        Box::pin(std::future::ready(Ok(None)))
    }

    /// Whether the engine can be reached, as far as is known now.
    fn is_connected(&self) -> bool;
}

impl<B: Backplane + ?Sized> Backplane for Arc<B> {
    fn publish(&self, channel: &str, payload: Bytes) -> Result<Told<Option<usize>>, BackplaneError> {
        (**self).publish(channel, payload)
    }

    fn subscribe(&self, channel: &str, receiver: &Arc<BackplaneReceiver>) -> Told<()> {
        (**self).subscribe(channel, receiver)
    }

    fn unsubscribe(&self, channel: &str, receiver: &Arc<BackplaneReceiver>) {
        (**self).unsubscribe(channel, receiver);
    }

    fn subscribers(&self, channel: &str) -> Told<Option<usize>> {
        (**self).subscribers(channel)
    }

    fn is_connected(&self) -> bool {
        (**self).is_connected()
    }
}

/// What became of something that was begun.
pub type Told<T> = Pin<Box<dyn Future<Output = Result<T, BackplaneError>> + Send>>;

/// Why a backplane has not carried something.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BackplaneError {
    /// The engine cannot be reached. Nothing was sent.
    #[error("the backplane cannot be reached: {0}")]
    Away(String),
    /// Too much waits to be sent already. Nothing was sent.
    #[error("the backplane has too much to send")]
    Full,
    /// The connection to the engine was lost before it confirmed: nobody knows whether it has happened.
    #[error("the backplane was lost before it confirmed: {0}")]
    Lost(String),
    /// The engine has refused; the text is its own.
    #[error("the backplane has refused: {0}")]
    Refused(String),
}
