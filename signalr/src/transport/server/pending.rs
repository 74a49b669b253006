//! The connections of one endpoint by their secret tokens: promised ones until they are picked up, live ones until they end.

use super::inlet::Inlet;
use super::long_polling::Polls;
use crate::protocol::Transport;
use crate::protocol::negotiate::new_connection_id;
use crate::session::mailbox::Mailbox;
use crate::session::owner::{Identity, Owner};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::time::Instant;

/// A connection that nobody has picked up after this time is removed.
const PICK_UP_TIME: Duration = Duration::from_secs(15);

/// The table of one endpoint. A request costs one lock and one look-up, however many connections there are.
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
    /// Whether a task removes those whose time is over.
    is_swept: bool,
}

#[derive(Debug)]
enum Entry {
    Promised(Promised),
    Live(Live, Arc<Owner>),
}

#[derive(Debug)]
struct Promised {
    id: Box<str>,
    until: Instant,
    /// Whether it may go on over another socket.
    resumable: bool,
    /// What was posted already.
    inlet: Option<Arc<Inlet>>,
    /// Whoever has posted.
    poster: Option<Identity>,
}

/// What is known by a token.
#[derive(Debug)]
pub(crate) enum Known {
    /// A promised connection of this id.
    Promised(Box<str>),
    /// A connection that was picked up, and whose it is.
    Live(Live, Arc<Owner>),
}

/// Where the POSTs of a connection go.
#[derive(Debug)]
pub(crate) enum Posts {
    To(Arc<Inlet>),
    /// It takes none.
    Nowhere,
    /// It is not the user's who posts.
    Forbidden,
}

/// How requests reach a connection that was picked up.
#[derive(Debug, Clone)]
pub(crate) enum Live {
    /// By its socket only; with stateful reconnect by another one too.
    WebSockets(Option<Arc<Mailbox>>),
    ServerSentEvents(Arc<Inlet>),
    LongPolling(Arc<Polls>),
}

impl Live {
    pub(crate) fn transport(&self) -> Transport {
        match self {
            Live::WebSockets(_) => Transport::WebSockets,
            Live::ServerSentEvents(_) => Transport::ServerSentEvents,
            Live::LongPolling(_) => Transport::LongPolling,
        }
    }

    /// Where POSTs go.
    pub(crate) fn inlet(&self) -> Option<&Arc<Inlet>> {
        match self {
            Live::WebSockets(_) => None,
            Live::ServerSentEvents(inlet) => Some(inlet),
            Live::LongPolling(polls) => Some(polls.inlet()),
        }
    }
}

/// The two names of a new connection.
#[derive(Debug)]
pub(crate) struct Promise {
    pub(crate) id: String,
    /// `None` before version 1 of the negotiation: there the id is the token.
    pub(crate) token: Option<String>,
}

/// Why a connection cannot be picked up.
#[derive(Debug)]
pub(crate) enum PickUpError {
    /// The token is unknown, or its time is over.
    Unknown,
    /// Another user has posted to it.
    Forbidden,
    /// The connection lives already.
    Live(Live, Arc<Owner>),
}

/// A live connection's place in the table; dropping it gives the place back.
#[derive(Debug)]
pub(crate) struct Place {
    pending: Arc<Pending>,
    token: Arc<str>,
    /// Whether stateful reconnect was agreed on.
    pub(crate) resumable: bool,
}

impl Place {
    /// From now on other sockets with the token go into this mailbox.
    pub(crate) fn resume_by(&self, mailbox: Arc<Mailbox>) {
        if let Some(Entry::Live(live, _)) = self.pending.lock().entries.get_mut(&self.token) {
            *live = Live::WebSockets(Some(mailbox));
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.pending.remove(&self.token);
    }
}

impl Pending {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Pending { table: Mutex::default(), limit })
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Promises a connection, with stateful reconnect if `resumable`. `None` when there are too many promises already.
    pub(crate) fn promise(self: &Arc<Self>, with_token: bool, resumable: bool) -> io::Result<Option<Promise>> {
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
        let promised = Promised { id: id.as_str().into(), until, resumable, inlet: None, poster: None };
        table.entries.insert(key, Entry::Promised(promised));
        if !std::mem::replace(&mut table.is_swept, true) {
            tokio::spawn(Sweep(Arc::downgrade(self)).run());
        }
        Ok(Some(Promise { id, token }))
    }

    /// Makes a promised connection live; `owner` says whose it is, `live` how requests reach it, which gets what POSTs have
    /// brought already.
    pub(crate) fn pick_up(
        self: &Arc<Self>,
        token: &str,
        owner: impl FnOnce(&str) -> Arc<Owner>,
        live: impl FnOnce(Option<Arc<Inlet>>) -> Live,
    ) -> Result<(Arc<Owner>, Place), PickUpError> {
        let now = Instant::now();
        let mut table = self.lock();
        let (key, owner) = match table.entries.get_key_value(token) {
            Some((key, Entry::Promised(promised))) if promised.until > now => {
                let owner = owner(&promised.id);
                if promised.poster.as_ref().is_some_and(|poster| !owner.is(poster)) {
                    return Err(PickUpError::Forbidden);
                }
                (key.clone(), owner)
            }
            Some((_, Entry::Live(live, owner))) => return Err(PickUpError::Live(live.clone(), owner.clone())),
            _ => return Err(PickUpError::Unknown),
        };
        let Some(Entry::Promised(promised)) = table.entries.remove(token) else { return Err(PickUpError::Unknown) };
        table.pending -= 1;
        let live = live(promised.inlet);
        table.entries.insert(key.clone(), Entry::Live(live, owner.clone()));
        Ok((owner, Place { pending: self.clone(), token: key, resumable: promised.resumable }))
    }

    /// What is known by a token.
    pub(crate) fn find(&self, token: &str) -> Option<Known> {
        match self.lock().entries.get(token)? {
            Entry::Live(live, owner) => Some(Known::Live(live.clone(), owner.clone())),
            Entry::Promised(promised) => {
                (promised.until > Instant::now()).then(|| Known::Promised(promised.id.clone()))
            }
        }
    }

    /// Where the POSTs of a user to a connection go, which need not be picked up yet.
    pub(crate) fn posts(&self, token: &str, poster: Identity) -> Option<Posts> {
        let (inlet, is_owner) = match self.lock().entries.get_mut(token)? {
            Entry::Live(live, owner) => match live.inlet() {
                Some(inlet) => (inlet.clone(), owner.is(&poster)),
                None => return Some(Posts::Nowhere),
            },
            Entry::Promised(promised) if promised.until > Instant::now() => {
                let inlet = promised.inlet.get_or_insert_default().clone();
                let is_owner = *promised.poster.get_or_insert_with(|| poster.clone()) == poster;
                (inlet, is_owner)
            }
            Entry::Promised(_) => return None,
        };
        Some(if is_owner { Posts::To(inlet) } else { Posts::Forbidden })
    }

    /// Forgets a live connection, whose token is worth nothing from now on.
    fn remove(&self, token: &str) {
        let mut table = self.lock();
        if let Some(Entry::Live(..)) = table.entries.get(token) {
            let removed = table.entries.remove(token);
            // Whatever goes with it may take its time.
            drop(table);
            drop(removed);
        }
    }
}

impl Table {
    /// Removes the promises whose time is over; says when to look again.
    fn expire(&mut self, now: Instant) -> Option<Instant> {
        while let Some((until, token)) = self.order.front() {
            if *until > now {
                return Some(*until);
            }
            if let Some(Entry::Promised(promised)) = self.entries.get(token)
                && promised.until <= now
            {
                if let Some(inlet) = &promised.inlet {
                    inlet.close();
                }
                self.entries.remove(token);
                self.pending -= 1;
            }
            self.order.pop_front();
        }
        None
    }
}

/// The task that removes promises in time: POSTs may wait for them. It ends when there are none.
struct Sweep(Weak<Pending>);

impl Sweep {
    async fn run(self) {
        while let Some(until) = self.next() {
            tokio::time::sleep_until(until).await;
        }
    }

    fn next(&self) -> Option<Instant> {
        let pending = self.0.upgrade()?;
        let mut table = pending.lock();
        let next = table.expire(Instant::now());
        table.is_swept = next.is_some();
        next
    }
}

/// Another runtime may go on with the table when the task's own has ended.
impl Drop for Sweep {
    fn drop(&mut self) {
        if let Some(pending) = self.0.upgrade() {
            pending.lock().is_swept = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn token(pending: &Arc<Pending>) -> String {
        pending.promise(true, false).unwrap().unwrap().token.unwrap()
    }

    fn pick_up(pending: &Arc<Pending>, token: &str) -> Result<(Arc<Owner>, Place), PickUpError> {
        pick_up_as(pending, token, Identity::default())
    }

    fn pick_up_as(pending: &Arc<Pending>, token: &str, who: Identity) -> Result<(Arc<Owner>, Place), PickUpError> {
        pending.pick_up(token, |id| Owner::new(id, who, None), |_| Live::WebSockets(None))
    }

    fn inlet(pending: &Pending, token: &str) -> Arc<Inlet> {
        let Some(Posts::To(inlet)) = pending.posts(token, Identity::default()) else { panic!("it takes POSTs") };
        inlet
    }

    #[tokio::test(start_paused = true)]
    async fn a_promise_is_picked_up_once() {
        let pending = Pending::new(10);
        let token = token(&pending);
        assert!(matches!(pending.find(&token), Some(Known::Promised(_))));
        let (_, place) = pick_up(&pending, &token).unwrap();
        assert!(matches!(pick_up(&pending, &token), Err(PickUpError::Live(Live::WebSockets(None), _))));
        drop(place);
        assert!(matches!(pick_up(&pending, &token), Err(PickUpError::Unknown)));
        assert_eq!(pending.lock().pending, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn promises_that_nobody_picks_up_are_removed_and_live_connections_are_not() {
        let pending = Pending::new(10);
        let (stale, taken) = (token(&pending), token(&pending));
        let _place = pick_up(&pending, &taken).unwrap();
        tokio::time::sleep(PICK_UP_TIME + Duration::from_millis(1)).await;
        assert!(pending.find(&stale).is_none());
        assert!(matches!(pending.find(&taken), Some(Known::Live(Live::WebSockets(_), _))));
        let table = pending.lock();
        assert_eq!((table.entries.len(), table.order.len(), table.pending, table.is_swept), (1, 0, 0, false));
    }

    #[tokio::test(start_paused = true)]
    async fn a_post_that_waits_for_a_promise_ends_with_it() {
        let pending = Pending::new(10);
        let token = token(&pending);
        let inlet = inlet(&pending, &token);
        inlet.post(Body::from("kept")).await.unwrap();
        assert!(inlet.post(Body::from(vec![0; 100_000])).await.is_err());
        assert!(pending.posts(&token, Identity::default()).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_promise_belongs_to_whoever_posts_first() {
        let pending = Pending::new(10);
        let token = token(&pending);
        let who = |id: &str| Identity { is_known: true, id: Some(id.into()) };
        assert!(matches!(pending.posts(&token, who("ann")), Some(Posts::To(_))));
        assert!(matches!(pending.posts(&token, who("bob")), Some(Posts::Forbidden)));
        assert!(matches!(pick_up_as(&pending, &token, who("bob")), Err(PickUpError::Forbidden)));
        assert!(pick_up_as(&pending, &token, who("ann")).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn the_id_is_not_the_token() {
        let pending = Pending::new(10);
        let promise = pending.promise(true, false).unwrap().unwrap();
        assert_ne!(Some(promise.id), promise.token);
        assert!(pending.promise(false, false).unwrap().unwrap().token.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn only_those_that_nobody_has_picked_up_count_against_the_limit() {
        let pending = Pending::new(2);
        let (one, _two) = (token(&pending), token(&pending));
        assert!(pending.promise(true, false).unwrap().is_none());
        let _place = pick_up(&pending, &one).unwrap();
        token(&pending);
        assert!(pending.promise(true, false).unwrap().is_none());
        tokio::time::advance(PICK_UP_TIME).await;
        token(&pending);
    }
}
