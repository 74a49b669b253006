//! One hub of this server in its fleet: what it publishes, what it listens to, and what it waits for.

use super::channels::Channels;
use super::envelope::Envelope;
use super::inbound;
use super::registry::HubCore;
use super::waiting::{Awaited, Waiting};
use super::wire::{self, Action, Ask, AskKind, GroupCommand, Question};
use super::{Backplane, BackplaneError, BackplaneOptions, BackplaneReceiver, Told, WhenAway};
use crate::clients::target::Audience;
use crate::protocol::Protocol;
use crate::session::invocations;
use bytes::Bytes;
use smol_str::SmolStr;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use tokio::sync::{mpsc, oneshot};

/// How many answers of other servers may wait to be looked at.
const ANSWERS: usize = 1024;

/// A hub of this server, as a member of its fleet. Everything that it publishes has the form that ASP.NET Core's servers
/// know, except what has a channel of its own.
pub(crate) struct Node {
    backplane: Arc<dyn Backplane>,
    pub(crate) channels: Channels,
    receiver: Arc<BackplaneReceiver>,
    options: BackplaneOptions,
    last_command: AtomicI32,
    last_question: AtomicU64,
    pub(super) acks: Arc<Waiting<i32, oneshot::Sender<()>>>,
    pub(super) results: Arc<Waiting<SmolStr, oneshot::Sender<invocations::Answer>>>,
    pub(super) answers: Arc<Waiting<u64, mpsc::Sender<Bytes>>>,
    /// Whether it was told that the backplane has too much to do, since it last had not.
    full: AtomicBool,
}

/// A message that was published for every part of its audience.
#[derive(Default)]
pub(crate) struct Published {
    pub(crate) told: Vec<Told<Option<usize>>>,
    /// The parts that were not published, and why.
    pub(crate) failed: Vec<Audience>,
    pub(crate) error: Option<BackplaneError>,
}

/// A confirmation that is awaited.
pub(crate) type AwaitedAck = (Awaited<i32, oneshot::Sender<()>>, oneshot::Receiver<()>);
/// The result of a client that is awaited.
pub(crate) type AwaitedResult =
    (Awaited<SmolStr, oneshot::Sender<invocations::Answer>>, oneshot::Receiver<invocations::Answer>);

/// What all servers were asked.
pub(crate) struct Asked {
    /// How many have got the question, this one among them.
    pub(crate) reached: Result<Told<Option<usize>>, BackplaneError>,
    /// Their answers, still encoded.
    pub(crate) answers: mpsc::Receiver<Bytes>,
    pub(crate) awaited: Awaited<u64, mpsc::Sender<Bytes>>,
}

impl Node {
    /// Puts a hub into a fleet.
    pub(crate) fn join(core: &Arc<HubCore>, backplane: Arc<dyn Backplane>, options: BackplaneOptions) -> Arc<Self> {
        let weak = Arc::downgrade(core);
        let receiver = Arc::new(BackplaneReceiver::new(move |channel, payload| {
            if let Some(core) = weak.upgrade() {
                inbound::receive(&core, channel, &payload);
            }
        }));
        let node = Node {
            backplane,
            channels: Channels::new(core.channel_name()),
            receiver,
            options,
            last_command: AtomicI32::new(0),
            last_question: AtomicU64::new(0),
            acks: Arc::default(),
            results: Arc::default(),
            answers: Arc::default(),
            full: AtomicBool::new(false),
        };
        for channel in node.own_channels() {
            // It comes in force when it can.
            drop(node.backplane.subscribe(&channel, &node.receiver));
        }
        Arc::new(node)
    }

    /// The channels that a server listens to whatever connections it has.
    fn own_channels(&self) -> [String; 6] {
        let (channels, server) = (&self.channels, self.channels.server());
        [
            channels.all(),
            channels.groups(),
            channels.ack(server),
            channels.returns(server),
            channels.ask(),
            channels.answer(server),
        ]
    }

    pub(crate) fn options(&self) -> &BackplaneOptions {
        &self.options
    }

    /// Whether it uses this very backplane.
    pub(crate) fn uses(&self, backplane: &Arc<dyn Backplane>) -> bool {
        Arc::ptr_eq(&self.backplane, backplane)
    }

    // ---- what is listened to ----

    pub(super) fn reach_connection(&self, id: &str) -> Told<()> {
        self.backplane.subscribe(&self.channels.connection(id), &self.receiver)
    }

    pub(super) fn forget_connection(&self, id: &str) {
        self.backplane.unsubscribe(&self.channels.connection(id), &self.receiver);
    }

    pub(super) fn reach_user(&self, user: &str) -> Told<()> {
        self.backplane.subscribe(&self.channels.user(user), &self.receiver)
    }

    pub(super) fn forget_user(&self, user: &str) {
        self.backplane.unsubscribe(&self.channels.user(user), &self.receiver);
    }

    pub(super) fn reach_group(&self, group: &str) -> Told<()> {
        self.backplane.subscribe(&self.channels.group(group), &self.receiver)
    }

    pub(super) fn forget_group(&self, group: &str) {
        self.backplane.unsubscribe(&self.channels.group(group), &self.receiver);
    }

    // ---- what is published ----

    pub(super) fn publish_payload(&self, channel: &str, payload: Bytes) -> Result<Told<Option<usize>>, BackplaneError> {
        let published = self.backplane.publish(channel, payload);
        let is_full = published.as_ref().is_err_and(|error| *error == BackplaneError::Full);
        if is_full && !self.full.swap(true, Ordering::Relaxed) {
            tracing::warn!(channel, "the backplane has too much to send; messages are lost until it has caught up");
        } else if !is_full && self.full.load(Ordering::Relaxed) {
            self.full.store(false, Ordering::Relaxed);
        }
        published
    }

    /// Publishes a message once for each part of its audience: each group, user or connection that is named.
    pub(crate) fn publish(&self, audience: &Audience, envelope: &Envelope) -> Published {
        let channels = &self.channels;
        let mut published = Published::default();
        let latest = envelope.latest.as_deref();
        let payload = |excluded: &[SmolStr]| wire::invocation(excluded, &envelope.encoded, latest, None);
        let mut send = |channel: String, payload: Bytes, part: &dyn Fn() -> Audience| match self
            .publish_payload(&channel, payload)
        {
            Ok(told) => published.told.push(told),
            Err(error) => {
                published.error = Some(error);
                published.failed.push(part());
            }
        };
        match audience {
            Audience::All => send(channels.all(), payload(&[]), &|| Audience::All),
            Audience::AllExcept(ids) => send(channels.all(), payload(ids), &|| audience.clone()),
            Audience::GroupExcept(name, ids) => send(channels.group(name), payload(ids), &|| audience.clone()),
            Audience::Peer(peer) => {
                send(channels.connection(&peer.id), payload(&[]), &|| audience.clone());
            }
            Audience::Connections(ids) => {
                let payload = payload(&[]);
                for id in ids.iter().filter(|id| !id.is_empty()) {
                    send(channels.connection(id), payload.clone(), &|| Audience::Connections(vec![id.clone()]));
                }
            }
            Audience::Groups(names) => {
                let payload = payload(&[]);
                for name in worth_sending_to(names) {
                    send(channels.group(name), payload.clone(), &|| Audience::Groups(vec![name.clone()]));
                }
            }
            Audience::Users(names) => {
                let payload = payload(&[]);
                for name in worth_sending_to(names) {
                    send(channels.user(name), payload.clone(), &|| Audience::Users(vec![name.clone()]));
                }
            }
        }
        published
    }

    /// Whether the connections of this server get what could not be published.
    pub(crate) fn delivers_locally(&self) -> bool {
        self.options.when_away == WhenAway::DeliverLocally
    }

    /// Begins to wait for the result of a client of another server: the id of the question, and where its answer comes.
    pub(crate) fn await_result(&self, id: SmolStr) -> AwaitedResult {
        let (sender, receiver) = oneshot::channel();
        (self.results.open(id, sender), receiver)
    }

    /// Asks a client of another server.
    pub(crate) fn ask_client(
        &self,
        connection: &str,
        id: &str,
        messages: &[(Protocol, Bytes)],
    ) -> Result<Told<Option<usize>>, BackplaneError> {
        let returns = self.channels.returns(self.channels.server());
        let payload = wire::invocation(&[""; 0], messages, None, Some(Question { id, return_channel: &returns }));
        self.publish_payload(&self.channels.connection(connection), payload)
    }

    /// Has the server that holds a connection add it to a group, or remove it.
    pub(crate) fn command(
        &self,
        action: Action,
        group: &str,
        connection: &str,
    ) -> Result<(Told<Option<usize>>, AwaitedAck), BackplaneError> {
        let id = self.last_command.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let (sender, receiver) = oneshot::channel();
        let awaited = self.acks.open(id, sender);
        let payload = GroupCommand { id, server: self.channels.server(), action, group, connection }.write();
        let told = self.publish_payload(&self.channels.groups(), payload)?;
        Ok((told, (awaited, receiver)))
    }

    /// Asks all servers of this crate what each of them knows.
    pub(crate) fn ask(&self, kind: AskKind<'_>) -> Asked {
        let id = self.last_question.fetch_add(1, Ordering::Relaxed);
        let (sender, answers) = mpsc::channel(ANSWERS);
        let awaited = self.answers.open(id, sender);
        let payload = Ask { id, server: self.channels.server(), kind }.write();
        let reached = self.publish_payload(&self.channels.ask(), payload);
        Asked { reached, answers, awaited }
    }

    /// How many confirmations, results and answers of other servers are awaited.
    #[cfg(feature = "testing")]
    pub(crate) fn awaited(&self) -> usize {
        self.acks.len() + self.results.len() + self.answers.len()
    }

    /// How many servers there are, of whichever make.
    pub(crate) fn servers(&self) -> Told<Option<usize>> {
        self.backplane.subscribers(&self.channels.all())
    }
}

/// As in ASP.NET Core an empty name is one like any other, but not in a list of several.
fn worth_sending_to(names: &[String]) -> impl Iterator<Item = &String> {
    names.iter().filter(|name| names.len() == 1 || !name.is_empty())
}

impl Drop for Node {
    fn drop(&mut self) {
        for channel in self.own_channels() {
            self.backplane.unsubscribe(&channel, &self.receiver);
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("backplane", &self.backplane).finish_non_exhaustive()
    }
}
