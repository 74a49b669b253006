//! Negotiated connections, by their secret tokens: promised ones until they are picked up, live ones until they end.

use crate::protocol::negotiate::new_connection_id;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A connection that nobody has picked up after this time is removed.
const PICK_UP_TIME: Duration = Duration::from_secs(15);

/// The table of one endpoint. A request costs one lock; expired promises are removed by those who make new ones.
#[derive(Debug)]
pub(crate) struct Pending {
    table: Mutex<Table>,
    /// More promised connections than this are refused.
    limit: usize,
}

#[derive(Debug, Default)]
struct Table {
    entries: HashMap<Arc<str>, Entry>,
    /// Tokens of promises, oldest first; some of them picked up meanwhile.
    order: VecDeque<(Instant, Arc<str>)>,
    pending: usize,
}

#[derive(Debug)]
enum Entry {
    Promised { id: Box<str>, until: Instant },
    Live,
}

/// The two names of a new connection.
#[derive(Debug)]
pub(crate) struct Promise {
    pub(crate) id: String,
    /// `None` before version 1 of the negotiation: there the id is the token.
    pub(crate) token: Option<String>,
}

/// Why a connection cannot be picked up.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PickUpError {
    /// The token is unknown, or its time is over.
    Unknown,
    /// The connection lives already.
    Live,
}

/// A live connection's place in the table; dropping it gives the place back.
#[derive(Debug)]
pub(crate) struct Place {
    pending: Arc<Pending>,
    token: Arc<str>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.pending.lock().entries.remove(&self.token);
    }
}

impl Pending {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Pending { table: Mutex::default(), limit })
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Promises a connection. `None` when there are too many promises already.
    pub(crate) fn promise(&self, with_token: bool) -> io::Result<Option<Promise>> {
        let id = new_connection_id()?;
        let token = if with_token { Some(new_connection_id()?) } else { None };
        let now = Instant::now();
        let mut table = self.lock();
        table.expire(now);
        if table.pending >= self.limit {
            return Ok(None);
        }
        let key: Arc<str> = token.as_deref().unwrap_or(&id).into();
        let until = now + PICK_UP_TIME;
        table.pending += 1;
        table.order.push_back((until, key.clone()));
        table.entries.insert(key, Entry::Promised { id: id.as_str().into(), until });
        Ok(Some(Promise { id, token }))
    }

    /// Makes a promised connection live and returns its id.
    pub(crate) fn pick_up(self: &Arc<Self>, token: &str) -> Result<(Box<str>, Place), PickUpError> {
        let mut table = self.lock();
        table.expire(Instant::now());
        let key = match table.entries.get_key_value(token) {
            None => return Err(PickUpError::Unknown),
            Some((_, Entry::Live)) => return Err(PickUpError::Live),
            Some((key, Entry::Promised { .. })) => key.clone(),
        };
        match table.entries.insert(key.clone(), Entry::Live) {
            Some(Entry::Promised { id, .. }) => {
                table.pending -= 1;
                Ok((id, Place { pending: self.clone(), token: key }))
            }
            _ => Err(PickUpError::Unknown),
        }
    }

    /// Whether there is a connection with that token, and whether it lives.
    pub(crate) fn find(&self, token: &str) -> Result<(), PickUpError> {
        let mut table = self.lock();
        table.expire(Instant::now());
        match table.entries.get(token) {
            None => Err(PickUpError::Unknown),
            Some(Entry::Live) => Err(PickUpError::Live),
            Some(Entry::Promised { .. }) => Ok(()),
        }
    }
}

impl Table {
    fn expire(&mut self, now: Instant) {
        while let Some((until, _)) = self.order.front()
            && *until <= now
            && let Some((_, token)) = self.order.pop_front()
        {
            if let Some(Entry::Promised { until, .. }) = self.entries.get(&token)
                && *until <= now
            {
                self.entries.remove(&token);
                self.pending -= 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(pending: &Pending) -> String {
        pending.promise(true).unwrap().unwrap().token.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_promise_is_picked_up_once() {
        let pending = Pending::new(10);
        let token = token(&pending);
        assert_eq!(pending.find(&token), Ok(()));
        let (_, place) = pending.pick_up(&token).unwrap();
        assert_eq!(pending.pick_up(&token).unwrap_err(), PickUpError::Live);
        drop(place);
        assert_eq!(pending.pick_up(&token).unwrap_err(), PickUpError::Unknown);
        assert_eq!(pending.lock().pending, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn promises_that_nobody_picks_up_are_removed_and_live_connections_are_not() {
        let pending = Pending::new(10);
        let (stale, taken) = (token(&pending), token(&pending));
        let _place = pending.pick_up(&taken).unwrap();
        tokio::time::advance(PICK_UP_TIME).await;
        assert_eq!(pending.pick_up(&stale).unwrap_err(), PickUpError::Unknown);
        assert_eq!(pending.find(&taken), Err(PickUpError::Live));
        let table = pending.lock();
        assert_eq!((table.entries.len(), table.order.len(), table.pending), (1, 0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn the_id_is_not_the_token() {
        let promise = Pending::new(10).promise(true).unwrap().unwrap();
        assert_ne!(Some(promise.id), promise.token);
        assert!(Pending::new(10).promise(false).unwrap().unwrap().token.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn only_those_that_nobody_has_picked_up_count_against_the_limit() {
        let pending = Pending::new(2);
        let (one, _two) = (token(&pending), token(&pending));
        assert!(pending.promise(true).unwrap().is_none());
        let _place = pending.pick_up(&one).unwrap();
        token(&pending);
        assert!(pending.promise(true).unwrap().is_none());
        tokio::time::advance(PICK_UP_TIME).await;
        token(&pending);
    }
}
