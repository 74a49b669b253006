//! The connections of a hub in this process, by id, group and user.
//!
//! Everything is spread over shards with a lock each. A send costs what its audience costs, a disconnect what the
//! connection's own groups cost; nothing ever walks over all connections but a send to all.

use super::Told;
use super::envelope::Envelope;
use super::node::Node;
use crate::clients::groups::TooManyGroups;
use crate::clients::outgoing::SendFilter;
use crate::clients::target::Audience;
use crate::hub::context::Connection;
use crate::protocol::{Naming, Protocol};
use crate::session::close::CloseReason;
use crate::session::inbox::{Origin, Pushed};
use crate::session::peer::Peer;
use crate::telemetry::meters::HubMeters;
use smol_str::SmolStr;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::sync::Semaphore;

const SHARDS: usize = 16;
/// How many `#[hub(blocking)]` methods of one hub run at once.
const BLOCKING_PLACES: usize = 64;
/// Why a connection ends that cannot read what another server has sent.
const NO_PROTOCOL: &str =
    "This message was received from another server that did not have the requested protocol available.";

/// The part of a hub that does not depend on its type.
pub(crate) struct HubCore {
    pub(crate) name: String,
    /// What other servers know the hub by, if that is not its name.
    pub(crate) channel_name: OnceLock<String>,
    pub(crate) registry: Registry,
    pub(crate) blocking: Arc<Semaphore>,
    naming: OnceLock<Naming>,
    /// What the application wants to see of what is sent.
    pub(crate) send_filter: OnceLock<SendFilter>,
    pub(crate) meters: HubMeters,
}

impl fmt::Debug for HubCore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubCore").field("name", &self.name).finish_non_exhaustive()
    }
}

impl HubCore {
    pub(crate) fn new(name: String) -> Arc<Self> {
        let blocking = Arc::new(Semaphore::new(BLOCKING_PLACES));
        Arc::new(HubCore {
            meters: HubMeters::new(&name),
            name,
            channel_name: OnceLock::new(),
            registry: Registry::default(),
            blocking,
            naming: OnceLock::new(),
            send_filter: OnceLock::new(),
        })
    }

    /// What other servers know the hub by.
    pub(crate) fn channel_name(&self) -> &str {
        self.channel_name.get().unwrap_or(&self.name)
    }

    /// How members are named in the values of this hub. From now on that stays so.
    pub(crate) fn naming(&self) -> Naming {
        *self.naming.get_or_init(Naming::default)
    }

    /// Sets the naming, and says whether it was not settled before.
    pub(crate) fn set_naming(&self, naming: Naming) -> bool {
        self.naming.set(naming).is_ok()
    }

    /// The hub's part in its fleet, if it is in one.
    pub(crate) fn node(&self) -> Option<&Arc<Node>> {
        self.registry.node.get().and_then(Option::as_ref)
    }

    /// Whether it is known whether the hub is in a fleet.
    pub(crate) fn is_settled(&self) -> bool {
        self.registry.node.get().is_some()
    }

    /// Puts the hub into a fleet, or settles that it is in none, and gives back what is settled.
    pub(crate) fn settle(&self, make: impl FnOnce() -> Option<Arc<Node>>) -> Option<&Arc<Node>> {
        self.registry.node.get_or_init(make).as_ref()
    }
}

/// A map that is spread over shards by the hash of its string keys.
#[derive(Debug)]
struct Sharded<K, V> {
    hasher: RandomState,
    shards: [RwLock<HashMap<K, V>>; SHARDS],
}

impl<K, V> Default for Sharded<K, V> {
    fn default() -> Self {
        Sharded { hasher: RandomState::new(), shards: std::array::from_fn(|_| RwLock::default()) }
    }
}

impl<K, V> Sharded<K, V> {
    fn shard(&self, key: &str) -> Option<&RwLock<HashMap<K, V>>> {
        let hash = self.hasher.hash_one(key);
        self.shards.get(usize::try_from(hash).unwrap_or_default() % SHARDS)
    }

    fn read(&self, key: &str) -> Option<RwLockReadGuard<'_, HashMap<K, V>>> {
        self.shard(key).map(|shard| shard.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, key: &str) -> Option<RwLockWriteGuard<'_, HashMap<K, V>>> {
        self.shard(key).map(|shard| shard.write().unwrap_or_else(PoisonError::into_inner))
    }

    fn each(&self, mut run: impl FnMut(&V)) {
        for shard in &self.shards {
            shard.read().unwrap_or_else(PoisonError::into_inner).values().for_each(&mut run);
        }
    }
}

/// Members by the numbers of their connections.
type Members = HashMap<u64, Arc<Peer>>;

/// Named sets of connections: the groups, or the users.
#[derive(Debug, Default)]
struct Sets(Sharded<Box<str>, Members>);

impl Sets {
    /// Adds a member. `then` runs before anybody else can change the set.
    fn add<R>(&self, name: &str, peer: &Arc<Peer>, then: impl FnOnce() -> R) -> Option<R> {
        let mut shard = self.0.write(name)?;
        match shard.get_mut(name) {
            Some(members) => drop(members.insert(peer.number, peer.clone())),
            None => drop(shard.insert(name.into(), Members::from([(peer.number, peer.clone())]))),
        }
        Some(then())
    }

    /// Removes a member. `emptied` runs if it was the last, before anybody else can change the set.
    fn remove(&self, name: &str, number: u64, emptied: impl FnOnce()) {
        if let Some(mut shard) = self.0.write(name)
            && let Some(members) = shard.get_mut(name)
        {
            members.remove(&number);
            if members.is_empty() {
                shard.remove(name);
                emptied();
            }
        }
    }

    fn len(&self, name: &str) -> usize {
        self.0.read(name).and_then(|shard| shard.get(name).map(HashMap::len)).unwrap_or_default()
    }

    fn each(&self, name: &str, run: impl FnMut(&Arc<Peer>)) {
        if let Some(shard) = self.0.read(name)
            && let Some(members) = shard.get(name)
        {
            members.values().for_each(run);
        }
    }
}

/// The groups of one connection; `None` after its end.
#[derive(Debug)]
pub(crate) struct Memberships {
    groups: Mutex<Option<HashSet<Box<str>>>>,
    /// How many there may be.
    limit: usize,
}

impl Memberships {
    pub(crate) fn new(limit: usize) -> Self {
        Memberships { groups: Mutex::new(Some(HashSet::new())), limit }
    }

    fn lock(&self) -> MutexGuard<'_, Option<HashSet<Box<str>>>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All connections of a hub in this process.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    connections: Sharded<SmolStr, Arc<Connection>>,
    groups: Sets,
    users: Sets,
    /// Live connections of each protocol: a message is encoded for those in use only.
    in_use: [AtomicUsize; Protocol::ALL.len()],
    /// The protocols that clients of the hub may choose: a fleet is sent a message in all of them.
    offered: [AtomicBool; Protocol::ALL.len()],
    /// What other servers are told of: settled when the hub is mounted.
    node: OnceLock<Option<Arc<Node>>>,
}

/// What became of one message in this process.
#[derive(Debug, Default)]
pub(crate) struct Deliveries {
    pub(crate) delivered: usize,
    pub(crate) dropped: usize,
    /// Connections whose inbox is above its capacity, for senders that wait.
    pub(crate) above: Vec<Arc<Peer>>,
}

impl Deliveries {
    /// Counts others too.
    pub(crate) fn add(&mut self, others: Deliveries) {
        self.delivered += others.delivered;
        self.dropped += others.dropped;
        self.above.extend(others.above);
    }
}

impl Registry {
    fn count(&self, protocol: Protocol) -> Option<&AtomicUsize> {
        let place = Protocol::ALL.iter().position(|known| *known == protocol)?;
        self.in_use.get(place)
    }

    /// The protocols that live connections use.
    pub(crate) fn protocols(&self) -> impl Iterator<Item = Protocol> + '_ {
        let counted = Protocol::ALL.iter().zip(&self.in_use);
        counted.filter(|(_, count)| count.load(Ordering::Acquire) > 0).map(|(protocol, _)| *protocol)
    }

    /// Clients of the hub may choose these protocols from now on.
    pub(crate) fn offer(&self, protocols: &[Protocol]) {
        for (protocol, is_offered) in Protocol::ALL.iter().zip(&self.offered) {
            is_offered.fetch_or(protocols.contains(protocol), Ordering::Release);
        }
    }

    /// The protocols that clients of the hub may choose.
    pub(crate) fn offered(&self) -> impl Iterator<Item = Protocol> + '_ {
        let offered = Protocol::ALL.iter().zip(&self.offered);
        offered.filter(|(_, is_offered)| is_offered.load(Ordering::Acquire)).map(|(protocol, _)| *protocol)
    }

    /// How many connections there are.
    pub(crate) fn len(&self) -> usize {
        self.in_use.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    fn node(&self) -> Option<&Node> {
        self.node.get()?.as_deref()
    }

    /// Lets a connection be reached. In a fleet other servers reach it when what is returned ends.
    pub(crate) fn register(&self, connection: &Arc<Connection>) -> Option<Told<()>> {
        if let Some(count) = self.count(connection.peer.protocol) {
            count.fetch_add(1, Ordering::AcqRel);
        }
        let mut user = None;
        if let Some(name) = &connection.user {
            user = self.users.add(name, &connection.peer, || self.node().map(|node| node.reach_user(name))).flatten();
        }
        let id = &connection.peer.id;
        let mut shard = self.connections.write(id.as_str())?;
        shard.insert(id.clone(), connection.clone());
        let reached = self.node().map(|node| node.reach_connection(id))?;
        Some(match user {
            None => reached,
            Some(user) => Box::pin(async move {
                user.await?;
                reached.await
            }),
        })
    }

    /// Forgets a connection and takes it out of its groups. Doing so again changes nothing.
    pub(crate) fn unregister(&self, connection: &Connection) {
        let peer = &connection.peer;
        let Some(groups) = connection.memberships.lock().take() else { return };
        peer.telemetry.meters.left(groups.len());
        for group in groups {
            self.groups.remove(&group, peer.number, || self.forget_group(&group));
        }
        if let Some(user) = &connection.user {
            self.users.remove(user, peer.number, || {
                if let Some(node) = self.node() {
                    node.forget_user(user);
                }
            });
        }
        // Ids that the application gives may be less unique than it thinks.
        let is_own = |known: &Arc<Connection>| known.peer.number == peer.number;
        let removed = self.connections.write(peer.id.as_str()).and_then(|mut shard| {
            let is_known = shard.get(peer.id.as_str()).is_some_and(is_own);
            if !is_known {
                return None;
            }
            if let Some(node) = self.node() {
                node.forget_connection(&peer.id);
            }
            shard.remove(peer.id.as_str())
        });
        // Not under the lock: it may be the last that keeps what the application has stored there.
        drop(removed);
        if let Some(count) = self.count(peer.protocol) {
            count.fetch_sub(1, Ordering::AcqRel);
        }
    }

    pub(crate) fn get(&self, id: &str) -> Option<Arc<Connection>> {
        self.connections.read(id)?.get(id).cloned()
    }

    /// Calls `run` for each connection.
    pub(crate) fn each(&self, mut run: impl FnMut(&Arc<Peer>)) {
        self.connections.each(|connection| run(&connection.peer));
    }

    fn forget_group(&self, group: &str) {
        if let Some(node) = self.node() {
            node.forget_group(group);
        }
    }

    /// Adds a connection to a group. In a fleet what others send to the group reaches it when what is returned ends.
    pub(crate) fn join(&self, connection: &Connection, group: &str) -> Result<Option<Told<()>>, TooManyGroups> {
        // The connection's own lock is held, so that its end cannot come in between and leave a ghost in the group.
        let mut memberships = connection.memberships.lock();
        let Some(groups) = memberships.as_mut() else { return Ok(None) };
        if groups.contains(group) {
            if self.node().is_none() {
                return Ok(None);
            }
        } else {
            let limit = connection.memberships.limit;
            if groups.len() >= limit {
                return Err(TooManyGroups { limit });
            }
            groups.insert(group.into());
            connection.peer.telemetry.meters.joined();
        }
        // Even who is in it already may not be reached by others yet.
        let reached = self.groups.add(group, &connection.peer, || self.node().map(|node| node.reach_group(group)));
        Ok(reached.flatten())
    }

    pub(crate) fn leave(&self, connection: &Connection, group: &str) {
        let mut memberships = connection.memberships.lock();
        if let Some(groups) = memberships.as_mut()
            && groups.remove(group)
        {
            self.groups.remove(group, connection.peer.number, || self.forget_group(group));
            connection.peer.telemetry.meters.left(1);
        }
    }

    /// Puts the message into the inbox of everybody in the audience. `own` is the connection on whose behalf it is sent.
    pub(crate) fn deliver(&self, audience: &Audience, own: Option<u64>, envelope: &Envelope) -> Deliveries {
        let mut deliveries = Deliveries::default();
        self.each_peer(audience, |peer| {
            // Who has connected with a new protocol since the encoding was not there yet when this was sent.
            let Some(message) = envelope.message(peer.protocol) else {
                if envelope.lacking.contains(&peer.protocol) {
                    peer.close(CloseReason::ServerError(NO_PROTOCOL.to_owned()));
                }
                return;
            };
            let origin = if own == Some(peer.number) { Origin::OwnCall } else { Origin::Others };
            match peer.inbox.push(message, origin, envelope.latest.as_ref()) {
                Pushed::Queued => deliveries.delivered += 1,
                Pushed::QueuedAbove => {
                    deliveries.delivered += 1;
                    deliveries.above.push(peer.clone());
                }
                Pushed::Dropped => {
                    deliveries.dropped += 1;
                    peer.telemetry.meters.dropped();
                }
                Pushed::Gone => {}
            }
        });
        deliveries
    }

    /// The ids of the members of a group.
    pub(crate) fn members(&self, group: &str) -> Vec<SmolStr> {
        let mut ids = Vec::new();
        self.groups.each(group, |peer| ids.push(peer.id.clone()));
        ids
    }

    /// How many members a group has.
    pub(crate) fn member_count(&self, group: &str) -> usize {
        self.groups.len(group)
    }

    /// How many connections a user has.
    pub(crate) fn user_connections(&self, user: &str) -> usize {
        self.users.len(user)
    }

    /// Calls `run` for each member of the audience. Who is in two of several groups counts twice, as with ASP.NET Core.
    fn each_peer(&self, audience: &Audience, mut run: impl FnMut(&Arc<Peer>)) {
        let excluded = |peer: &Peer, ids: &[SmolStr]| ids.contains(&peer.id);
        match audience {
            Audience::All => self.connections.each(|connection| run(&connection.peer)),
            Audience::AllExcept(ids) => self.connections.each(|connection| {
                if !excluded(&connection.peer, ids) {
                    run(&connection.peer);
                }
            }),
            Audience::Peer(peer) => run(peer),
            Audience::Connections(ids) => {
                for id in ids {
                    if let Some(connection) = self.get(id.as_str()) {
                        run(&connection.peer);
                    }
                }
            }
            Audience::Groups(names) => names.iter().for_each(|name| self.groups.each(name, &mut run)),
            Audience::GroupExcept(name, ids) => self.groups.each(name, |peer| {
                if !excluded(peer, ids) {
                    run(peer);
                }
            }),
            Audience::Users(names) => names.iter().for_each(|name| self.users.each(name, &mut run)),
        }
    }
}
