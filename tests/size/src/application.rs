//! A stand-in for an application's own code: next to nothing, so that what is measured is the hub.

use crate::types::{Id, Missing};
use futures_util::{Stream, stream};

/// Where everything is kept, if this were more than a measurement.
#[derive(Debug, Default)]
pub struct Store;

impl Store {
    /// Finds one of a kind.
    ///
    /// # Errors
    /// Nothing has the id 0.
    pub fn find<T: Default>(&self, id: Id) -> Result<T, Missing> {
        if id == 0 { Err(Missing) } else { Ok(T::default()) }
    }

    /// Finds one of a kind, elsewhere.
    ///
    /// # Errors
    /// Nothing has the id 0.
    pub async fn fetch<T: Default>(&self, id: Id) -> Result<T, Missing> {
        tokio::task::yield_now().await;
        self.find(id)
    }

    /// Finds all of a kind.
    pub fn all<T: Default>(&self) -> Vec<T> {
        vec![T::default()]
    }

    /// Finds all of a kind, elsewhere.
    pub async fn fetch_all<T: Default>(&self) -> Vec<T> {
        tokio::task::yield_now().await;
        self.all()
    }

    /// Finds some of a kind, one after the other.
    pub fn each<T: Default + Send>(&self, count: usize) -> impl Stream<Item = T> + Send + use<T> {
        stream::iter((0..count).map(|_| T::default()))
    }

    /// Keeps what is given.
    pub fn keep<T>(&self, value: T) -> Id {
        drop(value);
        1
    }
}
