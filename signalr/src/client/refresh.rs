//! The renewal of the user's authentication, where somebody asks for it.

use super::error::ClientError;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};

type Answer = oneshot::Sender<Result<(), ClientError>>;

/// Between those who ask for a renewal and the connection's task.
#[derive(Debug, Default)]
pub(super) struct Refresher {
    /// `None` while nobody would answer.
    asking: Mutex<Option<Vec<Answer>>>,
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
    fn lock(&self) -> MutexGuard<'_, Option<Vec<Answer>>> {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Vec<Answer> {
        self.lock().as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// From now on those who ask are answered.
    pub(super) fn open(&self) {
        self.lock().get_or_insert_default();
    }

    /// Asks for a renewal and waits for it.
    pub(super) async fn ask(&self) -> Result<(), ClientError> {
        let (sender, receiver) = oneshot::channel();
        match &mut *self.lock() {
            Some(asking) => asking.push(sender),
            None => return Err(ClientError::NotConnected),
        }
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
    pub(super) fn close(&self) {
        *self.lock() = None;
    }
}
