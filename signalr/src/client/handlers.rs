//! What the server may call on this client, by name.

use super::builder::HubConnectionBuilder;
use super::callback::{Callback, CallbackStart, NotRun};
use super::connection::HubConnection;
use super::handler::Handler;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// How many names of calls without a handler are logged.
const LOGGED_NAMES: usize = 64;
/// How many characters of such a name are kept and logged: the server chooses it.
const LOGGED_LENGTH: usize = 100;

pub(crate) type Run = dyn Fn(&mut Callback<'_>) -> Result<CallbackStart, NotRun> + Send + Sync;

/// The handlers of one client. Clones are the same handlers.
#[derive(Debug, Clone, Default)]
pub struct Handlers(Arc<Mutex<Table>>);

#[derive(Default)]
struct Table {
    /// By name as first registered; no two differ only in case.
    names: HashMap<Box<str>, Named>,
    /// Handlers of every name, which run before its own.
    any: Vec<Registered>,
    last: u64,
    /// Names without a handler that were logged.
    unknown: HashSet<Box<str>>,
}

/// The handlers of one name in the order they were registered: copied to be changed, so that calls take them as they are.
type Named = Arc<[Registered]>;

/// One handler.
#[derive(Clone)]
pub(super) struct Registered {
    number: u64,
    pub(super) run: Arc<Run>,
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.names.iter().map(|(name, handlers)| (name, handlers.len()))).finish()
    }
}

/// Whether two names are the same for a server: in any case, as in Microsoft's clients.
pub(crate) fn is_same(a: &str, b: &str) -> bool {
    let lower = |text| str::chars(text).flat_map(char::to_lowercase);
    a == b || lower(a).eq(lower(b))
}

/// The beginning of a name that the server has chosen.
pub(super) fn shortened(name: &str) -> &str {
    name.char_indices().nth(LOGGED_LENGTH).and_then(|(end, _)| name.get(..end)).unwrap_or(name)
}

impl Table {
    /// The name as it is registered.
    fn known(&self, name: &str) -> Option<&str> {
        match self.names.get_key_value(name) {
            Some((known, _)) => Some(known),
            None => self.names.keys().map(|known| &**known).find(|known| is_same(known, name)),
        }
    }

    fn get(&self, name: &str) -> Option<&Named> {
        self.names.get(self.known(name)?)
    }

    fn set(&mut self, name: &str, handlers: Vec<Registered>) {
        let name: Box<str> = self.known(name).unwrap_or(name).into();
        if handlers.is_empty() {
            self.names.remove(&name);
        } else {
            self.names.insert(name, handlers.into());
        }
    }
}

impl Handlers {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a handler behind those that the name has.
    pub(super) fn add(&self, name: &str, run: Arc<Run>) -> Registration {
        let mut table = self.table();
        table.last += 1;
        let number = table.last;
        let mut handlers = table.get(name).map(|known| known.to_vec()).unwrap_or_default();
        handlers.push(Registered { number, run });
        table.set(name, handlers);
        Registration { handlers: Arc::downgrade(&self.0), name: name.into(), number }
    }

    /// Adds a closure or a function.
    pub(super) fn on<K>(&self, name: &str, handler: impl Handler<K>) -> Registration {
        self.add(name, Arc::new(move |callback: &mut Callback<'_>| handler.call(callback)))
    }

    /// Adds a method of a receiver.
    pub fn method<R: Send + Sync + 'static>(
        &self,
        name: &str,
        receiver: &Arc<R>,
        run: fn(Arc<R>, &mut Callback<'_>) -> Result<CallbackStart, NotRun>,
    ) {
        let receiver = receiver.clone();
        self.add(name, Arc::new(move |callback: &mut Callback<'_>| run(receiver.clone(), callback)));
    }

    /// The handlers of a name.
    pub(super) fn get(&self, name: &str) -> Option<Named> {
        let table = self.table();
        let named = table.get(name);
        if table.any.is_empty() {
            return named.cloned();
        }
        Some(table.any.iter().chain(named.iter().flat_map(|named| named.iter())).cloned().collect())
    }

    /// Adds a handler of every name.
    #[cfg(feature = "testing")]
    pub(crate) fn add_to_all(&self, run: Arc<Run>) {
        let mut table = self.table();
        table.last += 1;
        let number = table.last;
        table.any.push(Registered { number, run });
    }

    /// Removes all handlers of a name; says whether there were any.
    pub(super) fn remove(&self, name: &str) -> bool {
        let mut table = self.table();
        let known = table.known(name).map(Box::from);
        let removed = known.and_then(|known: Box<str>| table.names.remove(&known));
        // User code may be dropped with it.
        drop(table);
        removed.is_some()
    }

    /// Whether a call without a handler is to be logged: once for each name, and not for ever more names.
    pub(super) fn is_news(&self, name: &str) -> bool {
        let name = shortened(name);
        let mut table = self.table();
        table.unknown.len() < LOGGED_NAMES && table.unknown.insert(name.into())
    }
}

/// A handler that was registered, to be removed by [`remove`](Self::remove). Dropping this changes nothing: the handler stays
/// for as long as its client.
#[derive(Clone)]
pub struct Registration {
    handlers: Weak<Mutex<Table>>,
    name: Box<str>,
    number: u64,
}

impl Registration {
    /// Removes the handler. A call of it that has begun goes on. Says whether it was still there.
    pub fn remove(self) -> bool {
        let Some(handlers) = self.handlers.upgrade().map(Handlers) else { return false };
        let mut table = handlers.table();
        let Some(before) = table.get(&self.name).cloned() else { return false };
        let after: Vec<Registered> =
            before.iter().filter(|registered| registered.number != self.number).cloned().collect();
        let removed = after.len() < before.len();
        table.set(&self.name, after);
        // User code may be dropped with `before`.
        drop(table);
        removed
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration").field("name", &self.name).finish_non_exhaustive()
    }
}

impl HubConnection {
    /// Has the server's calls of `name` run `handler`, at any time: before the connection is made as well, and across
    /// reconnects (`On`). The case of the name does not matter. Several handlers of one name run one after the other, in the
    /// order in which they were registered.
    ///
    /// The calls of one connection run one after the other, in the order in which the server has sent them. A handler that
    /// takes long delays the next call, but not the answers to what it asks of the server itself.
    ///
    /// See [`Handler`] for what a handler can be.
    pub fn on<K>(&self, name: &str, handler: impl Handler<K>) -> Registration {
        self.shared().handlers.on(name, handler)
    }

    /// Removes all handlers of a name (`Remove`). Says whether there were any.
    pub fn remove(&self, name: &str) -> bool {
        self.shared().handlers.remove(name)
    }
}

impl<C> HubConnectionBuilder<C> {
    /// Has the server's calls of `name` run `handler`: see [`HubConnection::on`].
    pub fn on<K>(self, name: &str, handler: impl Handler<K>) -> Self {
        self.handlers.on(name, handler);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(handlers: &Handlers, name: &str) -> Vec<u64> {
        handlers.get(name).iter().flat_map(|named| named.iter()).map(|registered| registered.number).collect()
    }

    #[test]
    fn names_are_found_in_any_case_and_handlers_keep_their_order() {
        let handlers = Handlers::default();
        handlers.on("Send", || ());
        handlers.on("SEND", |_: i64| ());
        handlers.on("Émile", async |text: String| text);
        assert_eq!(numbers(&handlers, "send"), [1, 2]);
        assert_eq!(numbers(&handlers, "émile"), [3]);
        assert!(handlers.get("sent").is_none());
    }

    #[test]
    fn one_handler_is_removed_by_its_registration_and_all_of_a_name_at_once() {
        let handlers = Handlers::default();
        let first = handlers.on("Send", || ());
        drop(handlers.on("Send", || ()));
        let third = handlers.on("send", || ());
        assert!(first.clone().remove());
        assert!(!first.remove());
        assert_eq!(numbers(&handlers, "Send"), [2, 3]);
        assert!(handlers.remove("SEND"));
        assert!(!handlers.remove("Send"));
        assert!(!third.remove());
        assert!(handlers.get("Send").is_none());
    }

    #[test]
    fn a_removed_handler_drops_what_it_has_captured() {
        let handlers = Handlers::default();
        let captured = Arc::new(());
        let kept = captured.clone();
        let registration = handlers.on("Send", move || drop(kept.clone()));
        registration.remove();
        assert_eq!(Arc::strong_count(&captured), 1);
    }

    #[test]
    fn names_without_a_handler_are_news_once_and_not_without_end() {
        let handlers = Handlers::default();
        assert!(handlers.is_news("a"));
        assert!(!handlers.is_news("a"));
        let news = (0..1000).filter(|number| handlers.is_news(&number.to_string())).count();
        assert_eq!(news, LOGGED_NAMES - 1);
        // Nor do they take more memory for being long.
        let handlers = Handlers::default();
        assert!(handlers.is_news(&"ä".repeat(100_000)));
        assert!(handlers.table().unknown.iter().all(|name| name.chars().count() == LOGGED_LENGTH));
    }
}
