//! What handles and the task of a [`Redis`](super::Redis) share.

use super::builder::Options;
use super::link::Reply;
use crate::backplane::{BackplaneError, BackplaneReceiver};
use crate::telemetry::backplane::BackplaneMeters;
use bytes::Bytes;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, oneshot, watch};

/// Why nothing is sent any more when the task has ended, which only happens with its runtime.
pub(super) const ENDED: &str = "the task of the backplane has ended";

/// What one batch may hold: more commands than this, or more bytes unless it is one command, wait for the next.
const BATCH_COMMANDS: usize = 512;
const BATCH_BYTES: usize = 256 * 1024;

/// What a command costs beside its channel and its payload, roughly.
const OVERHEAD: usize = 64;

pub(super) struct Shared {
    pub(super) options: Options,
    pub(super) connected: watch::Sender<bool>,
    pub(super) meters: BackplaneMeters,
    /// Something has been put into the lane.
    wake: Notify,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Who wants what: also what is restored.
    channels: HashMap<Box<str>, Receivers>,
    /// What is to be sent, in order.
    lane: VecDeque<Command>,
    /// The bytes of all commands that are not answered, those that were sent among them.
    unanswered: usize,
    /// Why nothing is sent now. Then the lane is empty.
    away: Option<Arc<str>>,
}

type Receivers = Arc<[Arc<BackplaneReceiver>]>;

/// Something for Redis to do.
pub(super) struct Command {
    pub(super) verb: Verb,
    pub(super) channel: Box<str>,
    waiter: Waiter,
}

pub(super) enum Verb {
    Publish(Bytes),
    Subscribe,
    Unsubscribe,
    Count,
}

/// Who is told what has become of a command.
pub(super) enum Waiter {
    Nobody,
    Done(oneshot::Sender<Result<(), BackplaneError>>),
    Count(oneshot::Sender<Result<Option<usize>, BackplaneError>>),
}

impl Command {
    pub(super) fn new(verb: Verb, channel: &str, waiter: Waiter) -> Self {
        Command { verb, channel: channel.into(), waiter }
    }

    fn size(&self) -> usize {
        let payload = if let Verb::Publish(payload) = &self.verb { payload.len() } else { 0 };
        OVERHEAD + self.channel.len() + payload
    }

    fn is_publish(&self) -> bool {
        matches!(self.verb, Verb::Publish(_))
    }
}

impl Waiter {
    fn tell(self, outcome: Result<Option<usize>, BackplaneError>) {
        // Whoever waited may have gone.
        match self {
            Waiter::Nobody => {}
            Waiter::Done(waiter) => drop(waiter.send(outcome.map(drop))),
            Waiter::Count(waiter) => drop(waiter.send(outcome)),
        }
    }
}

impl State {
    fn push(&mut self, command: Command) {
        self.unanswered += command.size();
        self.lane.push_back(command);
    }

    fn is_reachable(&self) -> Result<(), BackplaneError> {
        self.away.as_ref().map_or(Ok(()), |cause| Err(BackplaneError::Away(cause.to_string())))
    }
}

impl Shared {
    pub(super) fn new(options: Options) -> Self {
        Shared {
            options,
            connected: watch::Sender::new(false),
            meters: BackplaneMeters::new(),
            wake: Notify::new(),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn away(&self) -> Option<Arc<str>> {
        self.state().away.clone()
    }

    pub(super) fn publish(&self, command: Command) -> Result<(), BackplaneError> {
        let outcome = self.send(command);
        if outcome.is_err() {
            self.meters.publish_failed(1);
        }
        outcome
    }

    /// Puts a command into the lane unless too much is in it. One that is larger than the bound goes alone.
    pub(super) fn send(&self, command: Command) -> Result<(), BackplaneError> {
        let mut state = self.state();
        state.is_reachable()?;
        if state.unanswered > 0 && state.unanswered + command.size() > self.options.max_unsent_bytes {
            return Err(BackplaneError::Full);
        }
        state.push(command);
        drop(state);
        self.wake.notify_one();
        Ok(())
    }

    /// It is sent even if the channel is subscribed already, since the answer says that this is in force.
    pub(super) fn subscribe(&self, command: Command, receiver: &Arc<BackplaneReceiver>) -> Result<(), BackplaneError> {
        let mut state = self.state();
        if let Some(receivers) = state.channels.get_mut(&command.channel) {
            if !receivers.iter().any(|known| Arc::ptr_eq(known, receiver)) {
                *receivers = receivers.iter().chain([receiver]).cloned().collect();
            }
        } else {
            state.channels.insert(command.channel.clone(), Arc::new([receiver.clone()]));
        }
        state.is_reachable()?;
        state.push(command);
        drop(state);
        self.wake.notify_one();
        Ok(())
    }

    pub(super) fn unsubscribe(&self, channel: &str, receiver: &Arc<BackplaneReceiver>) {
        let mut state = self.state();
        let Some(receivers) = state.channels.get_mut(channel) else { return };
        *receivers = receivers.iter().filter(|known| !Arc::ptr_eq(known, receiver)).cloned().collect();
        if !receivers.is_empty() {
            return;
        }
        state.channels.remove(channel);
        if state.away.is_none() {
            state.push(Command::new(Verb::Unsubscribe, channel, Waiter::Nobody));
            drop(state);
            self.wake.notify_one();
        }
    }

    /// Hands a payload to those who want it. Redis is not read meanwhile.
    pub(super) fn deliver(&self, channel: &str, payload: Bytes) {
        let Some(receivers) = self.state().channels.get(channel).cloned() else { return };
        self.meters.received();
        for receiver in receivers.iter() {
            receiver.receive(channel, payload.clone());
        }
    }

    /// Commands are taken from now on, behind the subscriptions that are to be restored. Returns how many these are.
    pub(super) fn open(&self) -> usize {
        let mut guard = self.state();
        let state = &mut *guard;
        for channel in state.channels.keys() {
            let command = Command::new(Verb::Subscribe, channel, Waiter::Nobody);
            state.unanswered += command.size();
            state.lane.push_front(command);
        }
        state.away = None;
        state.channels.len()
    }

    /// Waits until there is something to send. May be dropped and called again.
    pub(super) async fn batch(&self) -> Vec<Command> {
        loop {
            let batch = self.take();
            if !batch.is_empty() {
                return batch;
            }
            self.wake.notified().await;
        }
    }

    fn take(&self) -> Vec<Command> {
        let mut state = self.state();
        let mut bytes = 0;
        let fits = |command: &&Command| {
            bytes += command.size();
            bytes <= BATCH_BYTES
        };
        let count = state.lane.iter().take(BATCH_COMMANDS).take_while(fits).count();
        let count = count.max(1).min(state.lane.len());
        state.lane.drain(..count).collect()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.state().lane.is_empty()
    }

    /// Tells what Redis has answered to a batch.
    pub(super) fn answer(&self, batch: Vec<Command>, replies: Vec<Reply>) -> Refused {
        self.state().unanswered -= batch.iter().map(Command::size).sum::<usize>();
        let mut refused = Refused::default();
        let (mut published, mut failed) = (0, 0);
        for (command, reply) in batch.into_iter().zip(replies) {
            let outcome = match reply {
                Reply::Done => Ok(None),
                Reply::Count(count) => Ok(count),
                Reply::Refused(error) => {
                    refused.see(&command, &error);
                    Err(BackplaneError::Refused(error))
                }
            };
            if command.is_publish() {
                *if outcome.is_ok() { &mut published } else { &mut failed } += 1;
            }
            command.waiter.tell(outcome);
        }
        self.meters.published(published);
        self.meters.publish_failed(failed);
        refused
    }

    /// Nothing can be sent from now on. Whoever waits is told: those whose commands were sent nobody knows more about.
    pub(super) fn leave(&self, cause: &str, sent: impl Iterator<Item = Command>) {
        let unsent = {
            let mut state = self.state();
            state.away = Some(cause.into());
            state.unanswered = 0;
            std::mem::take(&mut state.lane)
        };
        self.set_connected(false);
        let lost = sent.map(|command| (command, BackplaneError::Lost(cause.to_owned())));
        let away = unsent.into_iter().map(|command| (command, BackplaneError::Away(cause.to_owned())));
        for (command, error) in lost.chain(away) {
            self.meters.publish_failed(u64::from(command.is_publish()));
            command.waiter.tell(Err(error));
        }
    }

    pub(super) fn set_connected(&self, is_connected: bool) {
        let is_new = self.connected.send_if_modified(|known| std::mem::replace(known, is_connected) != is_connected);
        if is_new {
            self.meters.connected(is_connected);
        }
    }
}

/// Subscriptions that Redis has refused.
#[derive(Default)]
pub(super) struct Refused {
    pub(super) count: usize,
    /// Why the first of them.
    pub(super) error: Option<String>,
}

impl Refused {
    fn see(&mut self, command: &Command, error: &str) {
        if matches!(command.verb, Verb::Subscribe) {
            self.count += 1;
            self.error.get_or_insert_with(|| error.to_owned());
        }
    }
}
