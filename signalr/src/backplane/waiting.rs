//! What is awaited from other servers, by the number or the id that it was asked under.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A table of what is awaited; `T` is where an answer goes.
#[derive(Debug)]
pub(super) struct Waiting<K, T>(Mutex<HashMap<K, T>>);

/// One entry; dropping it ends the wait.
#[derive(Debug)]
pub(crate) struct Awaited<K: Eq + Hash, T> {
    table: Arc<Waiting<K, T>>,
    key: K,
}

impl<K, T> Default for Waiting<K, T> {
    fn default() -> Self {
        Waiting(Mutex::default())
    }
}

impl<K: Eq + Hash + Clone, T> Waiting<K, T> {
    fn lock(&self) -> MutexGuard<'_, HashMap<K, T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to wait for what is asked under this key.
    pub(super) fn open(self: &Arc<Self>, key: K, answer: T) -> Awaited<K, T> {
        self.lock().insert(key.clone(), answer);
        Awaited { table: self.clone(), key }
    }

    /// How many are awaited.
    #[cfg(feature = "testing")]
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    /// The one and only answer has come.
    pub(super) fn take<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<T>
    where
        K: Borrow<Q>,
    {
        self.lock().remove(key)
    }

    /// One of several answers has come.
    pub(super) fn get(&self, key: &K) -> Option<T>
    where
        T: Clone,
    {
        self.lock().get(key).cloned()
    }
}

impl<K: Eq + Hash, T> Drop for Awaited<K, T> {
    fn drop(&mut self) {
        let mut open = self.table.0.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = open.remove(&self.key);
        drop(open);
        // It may wake somebody.
        drop(answer);
    }
}
