//! The renewal of the user's authentication, where somebody asks for it.

use super::error::ClientError;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};

type Answer = oneshot::Sender<Result<(), ClientError>>;

/// Between those who ask for a renewal and the connection's task.
#[derive(Debug, Default)]
pub(super) struct Refresher {
    asking: Mutex<Vec<Answer>>,
    asked: Notify,
}

/// Those who are to be told.
#[derive(Debug)]
pub(super) struct Asking(Vec<Answer>);

impl Asking {
    pub(super) fn answer(self, answer: Result<(), ClientError>) {
        for asking in self.0 {
            // Whoever asked may not wait any more.
            let _ = asking.send(answer.clone());
        }
    }
}

impl Refresher {
    fn take(&self) -> Vec<Answer> {
        std::mem::take(&mut *self.asking.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks for a renewal and waits for it.
    pub(super) async fn ask(&self) -> Result<(), ClientError> {
        let (sender, receiver) = oneshot::channel();
        self.asking.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        self.asked.notify_one();
        receiver.await.unwrap_or(Err(ClientError::NotConnected))
    }

    /// Waits until a renewal is due, or is asked for.
    pub(super) async fn wanted(&self, due: Option<Duration>) -> Asking {
        let asked = self.asked.notified();
        match due {
            Some(due) => {
                let _ = tokio::time::timeout(due, asked).await;
            }
            None => asked.await,
        }
        Asking(self.take())
    }

    /// Nobody will answer.
    pub(super) fn clear(&self) {
        drop(self.take());
    }
}
