//! Cancellation of calls and connections.

use futures_util::task::AtomicWaker;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;

/// Tells a hub method that nobody waits for it any more: the client has cancelled the call, or the connection has ended.
///
/// As a parameter of a hub method it belongs to the call; [`Context::closed`](crate::Context::closed) gives one for the
/// whole connection. Cheap to clone; all clones are one token. Matches the `CancellationToken` parameter of ASP.NET Core hub
/// methods.
///
/// ```
/// # use signalr::{CancellationToken, hub};
/// # use std::time::Duration;
/// # struct Clock;
/// #[hub]
/// impl Clock {
///     async fn alarm(&self, seconds: u64, token: CancellationToken) -> bool {
///         tokio::select! {
///             () = tokio::time::sleep(Duration::from_secs(seconds)) => true,
///             () = token.cancelled() => false,
///         }
///     }
/// }
/// ```
#[derive(Debug, Clone, Default)]
pub struct CancellationToken(Arc<State>);

#[derive(Debug, Default)]
struct State {
    cancelled: AtomicBool,
    waiters: Notify,
    /// The future of the call itself, if it is to be dropped.
    call: AtomicWaker,
}

impl CancellationToken {
    /// A token that nobody has cancelled yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::Acquire)
    }

    /// Waits until it is cancelled. Can be awaited any number of times, by any number of tasks, and dropped at any time.
    pub async fn cancelled(&self) {
        loop {
            let notified = self.0.waiters.notified();
            if self.is_cancelled() {
                return;
            }
            notified.await;
        }
    }

    /// Cancels it, for all its clones. Doing so again changes nothing.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Release);
        self.0.waiters.notify_waiters();
        self.0.call.wake();
    }

    /// Whether both are clones of one token.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Wakes the call's own future when it is cancelled.
    pub(crate) fn register(&self, waker: &std::task::Waker) {
        self.0.call.register(waker);
    }
}

#[cfg(test)]
mod tests {
    use super::CancellationToken;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn every_waiter_of_every_clone_is_told() {
        let token = CancellationToken::new();
        let clone = token.clone();
        let mut waits = Box::pin(async { tokio::join!(token.cancelled(), clone.cancelled()) });
        assert!((&mut waits).now_or_never().is_none());
        token.clone().cancel();
        waits.await;
        assert!(clone.is_cancelled());
        clone.cancelled().await;
    }
}
