//! An engine in this process that is as slow as a real one: servers talk to it by queues, and it can go away. It finds what
//! a backplane hides that delivers at once, and shows what one for a real engine has to do.

use bytes::Bytes;
use signalr::testing::backplane::Fleet;
use signalr::{Backplane, BackplaneError, BackplaneReceiver, Told};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// How many payloads of a server may wait.
const QUEUE: usize = 512;

type Sender = mpsc::UnboundedSender<(String, Bytes)>;

/// The servers of an engine of their own.
pub(crate) struct Broker(Arc<Engine>);

/// The engine.
struct Engine {
    channels: Mutex<HashMap<String, HashMap<u64, Sender>>>,
    up: watch::Sender<bool>,
    last: AtomicU64,
    counts: bool,
}

impl Broker {
    /// An engine that counts who listens, or does not.
    pub(crate) fn new(counts: bool) -> Self {
        let (channels, up, last) = (Mutex::default(), watch::Sender::new(true), AtomicU64::new(0));
        Broker(Arc::new(Engine { channels, up, last, counts }))
    }
}

impl Engine {
    /// Does something if it is there.
    fn ask<T>(&self, run: impl FnOnce(&mut HashMap<String, HashMap<u64, Sender>>) -> T) -> Result<T, BackplaneError> {
        let mut channels = self.channels.lock().unwrap();
        if *self.up.borrow() { Ok(run(&mut channels)) } else { Err(lost()) }
    }

    fn counted(&self, count: usize) -> Option<usize> {
        self.counts.then_some(count)
    }
}

impl Fleet for Broker {
    async fn server(&self) -> Arc<dyn Backplane> {
        Arc::new(Connection::new(self.0.clone()))
    }

    async fn down(&self) -> bool {
        let mut channels = self.0.channels.lock().unwrap();
        self.0.up.send_replace(false);
        channels.clear();
        true
    }

    async fn up(&self) {
        self.0.up.send_replace(true);
    }
}

fn away() -> BackplaneError {
    BackplaneError::Away("the broker is down".to_owned())
}

fn lost() -> BackplaneError {
    BackplaneError::Lost("the broker went down".to_owned())
}

enum Command {
    Publish(String, Bytes, oneshot::Sender<Result<Option<usize>, BackplaneError>>),
    Subscribe(String, oneshot::Sender<Result<(), BackplaneError>>),
    Unsubscribe(String),
    Count(String, oneshot::Sender<Result<Option<usize>, BackplaneError>>),
}

/// The connection of one server.
#[derive(Debug)]
struct Connection {
    shared: Arc<Shared>,
    /// Closed when the backplane is dropped, which ends its tasks.
    commands: mpsc::UnboundedSender<Command>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// How many payloads wait to be published.
    waiting: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    connected: bool,
    /// What is wanted, whether the broker knows it or not.
    wanted: HashMap<String, Vec<Arc<BackplaneReceiver>>>,
}

impl Connection {
    fn new(broker: Arc<Engine>) -> Self {
        let shared = Arc::new(Shared::default());
        // Before the task runs, which would miss that the broker has gone by then.
        let mut up = broker.up.subscribe();
        shared.state.lock().unwrap().connected = *up.borrow_and_update();
        let (commands, received) = mpsc::unbounded_channel();
        let (sender, arriving) = mpsc::unbounded_channel();
        let number = broker.last.fetch_add(1, Ordering::Relaxed);
        let task = Task { broker, number, sender, shared: shared.clone(), dice: number };
        tokio::spawn(task.run(up, received));
        tokio::spawn(hand_over(arriving, shared.clone()));
        Connection { shared, commands }
    }

    /// Leaves a command to the task, if there is a broker. Whoever calls holds the lock, so that nothing is left behind when the
    /// broker goes.
    fn command<T: Send + 'static>(
        &self,
        state: &State,
        make: impl FnOnce(oneshot::Sender<Result<T, BackplaneError>>) -> Command,
    ) -> Result<Told<T>, BackplaneError> {
        if !state.connected {
            return Err(away());
        }
        let (sender, told) = oneshot::channel();
        self.commands.send(make(sender)).map_err(|_| away())?;
        Ok(Box::pin(async move { told.await.unwrap_or_else(|_| Err(lost())) }))
    }
}

fn failed<T: Send + 'static>(error: BackplaneError) -> Told<T> {
    Box::pin(std::future::ready(Err(error)))
}

impl Backplane for Connection {
    fn publish(&self, channel: &str, payload: Bytes) -> Result<Told<Option<usize>>, BackplaneError> {
        let state = self.shared.state.lock().unwrap();
        if self.shared.waiting.load(Ordering::Relaxed) >= QUEUE {
            return Err(BackplaneError::Full);
        }
        let told = self.command(&state, |told| Command::Publish(channel.to_owned(), payload, told))?;
        self.shared.waiting.fetch_add(1, Ordering::Relaxed);
        Ok(told)
    }

    fn subscribe(&self, channel: &str, receiver: &Arc<BackplaneReceiver>) -> Told<()> {
        let mut state = self.shared.state.lock().unwrap();
        let receivers = state.wanted.entry(channel.to_owned()).or_default();
        if !receivers.iter().any(|known| Arc::ptr_eq(known, receiver)) {
            receivers.push(receiver.clone());
        }
        // The broker does not mind hearing it again, and so the answer comes when it is in force.
        self.command(&state, |told| Command::Subscribe(channel.to_owned(), told)).unwrap_or_else(failed)
    }

    fn unsubscribe(&self, channel: &str, receiver: &Arc<BackplaneReceiver>) {
        let mut state = self.shared.state.lock().unwrap();
        let Some(receivers) = state.wanted.get_mut(channel) else { return };
        receivers.retain(|known| !Arc::ptr_eq(known, receiver));
        if receivers.is_empty() {
            state.wanted.remove(channel);
            drop(self.command::<()>(&state, |_| Command::Unsubscribe(channel.to_owned())));
        }
    }

    fn subscribers(&self, channel: &str) -> Told<Option<usize>> {
        let state = self.shared.state.lock().unwrap();
        self.command(&state, |told| Command::Count(channel.to_owned(), told)).unwrap_or_else(failed)
    }

    fn is_connected(&self) -> bool {
        self.shared.state.lock().unwrap().connected
    }
}

/// What talks to the broker for one server.
struct Task {
    broker: Arc<Engine>,
    number: u64,
    sender: Sender,
    shared: Arc<Shared>,
    dice: u64,
}

impl Task {
    async fn run(mut self, mut up: watch::Receiver<bool>, mut commands: mpsc::UnboundedReceiver<Command>) {
        loop {
            tokio::select! {
                biased;
                _ = up.changed() => self.reconnect(&mut up, &mut commands).await,
                command = commands.recv() => match command {
                    Some(command) => {
                        self.dawdle().await;
                        self.obey(command);
                    }
                    None => break,
                },
            }
        }
        // The server has gone.
        let _ = self.broker.ask(|channels| {
            channels.retain(|_, listening| {
                listening.remove(&self.number);
                !listening.is_empty()
            });
        });
    }

    /// Takes its time now and then, each server another.
    async fn dawdle(&mut self) {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        match self.dice >> 58 {
            0 => tokio::time::sleep(Duration::from_millis(1 + self.number % 3)).await,
            1..20 => tokio::task::yield_now().await,
            _ => {}
        }
    }

    fn obey(&self, command: Command) {
        let Self { broker, number, sender, shared, .. } = self;
        match command {
            Command::Publish(channel, payload, told) => {
                shared.waiting.fetch_sub(1, Ordering::Relaxed);
                let count = broker.ask(|channels| {
                    let Some(listening) = channels.get(&channel) else { return 0 };
                    let give = |sender: &Sender| sender.send((channel.clone(), payload.clone()));
                    listening.values().filter(|sender| give(sender).is_ok()).count()
                });
                let _ = told.send(count.map(|count| broker.counted(count)));
            }
            Command::Subscribe(channel, told) => {
                let subscribed = broker.ask(|channels| {
                    channels.entry(channel).or_default().insert(*number, sender.clone());
                });
                let _ = told.send(subscribed);
            }
            Command::Unsubscribe(channel) => {
                let _ = broker.ask(|channels| {
                    if let Some(listening) = channels.get_mut(&channel) {
                        listening.remove(number);
                        if listening.is_empty() {
                            channels.remove(&channel);
                        }
                    }
                });
            }
            Command::Count(channel, told) => {
                let count = broker.ask(|channels| channels.get(&channel).map_or(0, HashMap::len));
                let _ = told.send(count.map(|count| broker.counted(count)));
            }
        }
    }

    /// The broker has gone, or is back.
    async fn reconnect(&mut self, up: &mut watch::Receiver<bool>, commands: &mut mpsc::UnboundedReceiver<Command>) {
        self.shared.state.lock().unwrap().connected = false;
        loop {
            // Nobody is left who could bring it back.
            if up.wait_for(|up| *up).await.is_err() {
                return;
            }
            // What was not sent is lost, and its sender is told.
            while let Ok(command) = commands.try_recv() {
                if let Command::Publish(..) = command {
                    self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
                }
            }
            let mut state = self.shared.state.lock().unwrap();
            let subscribed = self.broker.ask(|channels| {
                for channel in state.wanted.keys() {
                    channels.entry(channel.clone()).or_default().insert(self.number, self.sender.clone());
                }
            });
            if subscribed.is_ok() {
                state.connected = true;
                return;
            }
        }
    }
}

/// Hands over what arrives at one server.
async fn hand_over(mut arriving: mpsc::UnboundedReceiver<(String, Bytes)>, shared: Arc<Shared>) {
    while let Some((channel, payload)) = arriving.recv().await {
        let receivers = shared.state.lock().unwrap().wanted.get(&channel).cloned().unwrap_or_default();
        for receiver in receivers {
            receiver.receive(&channel, payload.clone());
        }
    }
}
