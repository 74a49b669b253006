//! The task of a [`Redis`](super::Redis): it connects, restores, serves, and begins anew.

use super::delays::Delays;
use super::lane::{Command, ENDED, Refused, Shared};
use super::link::Link;
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

/// Batches that are under way at once: what is published now need not wait for the answers to what was published before.
const UNDER_WAY: usize = 8;

/// Ends when `dropped` does.
pub(super) async fn run(shared: Arc<Shared>, mut dropped: oneshot::Receiver<()>) {
    let _guard = Guard(shared.clone());
    let (min, max) = shared.options.backoff;
    let mut delays = Delays::new(min, max);
    let mut told = String::new();
    let mut first_node = 0;
    loop {
        let link = tokio::select! {
            link = Link::connect(&shared, &mut first_node) => link,
            _ = &mut dropped => return,
        };
        match link {
            Ok(link) => {
                let since = Instant::now();
                let mut handles = Handles { dropped: &mut dropped, are_gone: false };
                let cause = serve(&shared, link, &mut handles).await;
                // What could not be sent is lost: nobody is there any more to connect again for.
                let (Some(cause), false) = (cause, handles.are_gone) else { return };
                tracing::warn!(%cause, "Redis is lost, connecting again");
                shared.meters.lost();
                told = cause;
                if since.elapsed() > max {
                    delays.reset();
                }
            }
            Err(cause) => {
                shared.leave(&cause, std::iter::empty());
                // Once for each reason: this may go on for hours.
                if told == cause {
                    tracing::debug!(%cause, "Redis cannot be reached, trying on");
                } else {
                    tracing::warn!(%cause, "Redis cannot be reached, trying on");
                    told = cause;
                }
            }
        }
        tokio::select! {
            () = sleep(delays.next()) => {}
            _ = &mut dropped => return,
        }
    }
}

/// Whoever uses the link.
struct Handles<'a> {
    dropped: &'a mut oneshot::Receiver<()>,
    are_gone: bool,
}

/// Tells those who wait when the runtime drops the task.
struct Guard(Arc<Shared>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.leave(ENDED, std::iter::empty());
    }
}

/// Serves until the link is lost, and says why. `None` when the last handle was dropped and everything is sent.
async fn serve(shared: &Shared, link: Link, handles: &mut Handles<'_>) -> Option<String> {
    let mut unanswered = VecDeque::new();
    let cause = exchange(shared, &link, &mut unanswered, handles).await;
    let cause = cause.map(|cause| format!("{}: {cause}", link.address));
    shared.leave(cause.as_deref().unwrap_or(ENDED), unanswered.into_iter().flatten());
    cause
}

/// Sends what is in the lane and hands on what is answered.
async fn exchange(
    shared: &Shared,
    link: &Link,
    unanswered: &mut VecDeque<Vec<Command>>,
    handles: &mut Handles<'_>,
) -> Option<String> {
    let timeout = shared.options.response_timeout;
    let mut restoring = Restoring::begin(shared, link);
    let mut answers = FuturesOrdered::new();
    let mut silent_since = Instant::now();
    let mut watch = pin!(sleep(timeout));
    loop {
        tokio::select! {
            biased;
            Some(replies) = answers.next() => {
                let replies = match replies {
                    Ok(replies) => replies,
                    Err(cause) => return Some(cause),
                };
                silent_since = Instant::now();
                let batch = unanswered.pop_front().unwrap_or_default();
                let count = batch.len();
                restoring.advance(count, shared.answer(batch, replies), shared, link);
            }
            cause = link.pulse.ended() => return Some(cause),
            () = &mut watch => {
                let now = Instant::now();
                if link.pulse.was_heard() {
                    silent_since = now;
                } else if answers.is_empty() {
                    // An empty batch asks for a sign of life.
                    silent_since = now;
                    answers.push_back(link.send(&[]));
                    unanswered.push_back(Vec::new());
                } else if now >= silent_since + timeout {
                    return Some(format!("no answer within {timeout:?}"));
                }
                watch.as_mut().reset(silent_since + timeout);
            }
            batch = shared.batch(), if answers.len() < UNDER_WAY => {
                if answers.is_empty() {
                    silent_since = Instant::now();
                }
                answers.push_back(link.send(&batch));
                unanswered.push_back(batch);
            }
            _ = &mut *handles.dropped, if !handles.are_gone => handles.are_gone = true,
        }
        if handles.are_gone && answers.is_empty() && shared.is_idle() {
            return None;
        }
    }
}

/// Counts the subscriptions that are restored, which go out before all else.
struct Restoring {
    channels: usize,
    left: usize,
    is_done: bool,
    refused: Refused,
}

impl Restoring {
    fn begin(shared: &Shared, link: &Link) -> Self {
        let channels = shared.open();
        let mut restoring = Restoring { channels, left: channels, is_done: false, refused: Refused::default() };
        restoring.advance(0, Refused::default(), shared, link);
        restoring
    }

    /// So many commands more are answered.
    fn advance(&mut self, answered: usize, refused: Refused, shared: &Shared, link: &Link) {
        if self.is_done {
            return;
        }
        self.left = self.left.saturating_sub(answered);
        self.refused.count += refused.count;
        self.refused.error = self.refused.error.take().or(refused.error);
        if self.left == 0 {
            self.is_done = true;
            shared.set_connected(true);
            let (address, channels) = (&*link.address, self.channels);
            tracing::info!(address, channels, "connected to Redis");
            if let Some(error) = &self.refused.error {
                tracing::warn!(channels = self.refused.count, error, "Redis has refused to subscribe to channels");
            }
        }
    }
}
