//! Counts what happens, for the recorder of the `metrics` facade.
//!
//! Handles are asked for once, when they are first needed, and kept: what happens often costs an atomic operation and no
//! look-up. Docs: `docs/observability.md`.

use super::call::{Outcome, UNKNOWN_METHOD};
use super::connection::transport_label;
use crate::protocol::Transport;
use metrics::{Counter, Gauge, Histogram, Unit, counter, gauge, histogram};
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

const HUB: &str = "signalr.hub";
const TRANSPORT: &str = "signalr.transport";

/// What is counted for one hub.
pub(crate) struct HubMeters {
    hub: Arc<Shared>,
    transports: Mutex<Vec<Arc<TransportMeters>>>,
}

/// What is counted for one hub, whatever the transport.
struct Shared {
    name: Box<str>,
    /// By name.
    methods: OnceLock<Box<[MethodMeters]>>,
    unknown_method: MethodMeters,
    waiting: OnceLock<Gauge>,
    memberships: OnceLock<Gauge>,
    dropped: OnceLock<Counter>,
    discarded: OnceLock<Counter>,
}

struct MethodMeters {
    name: &'static str,
    outcomes: [OnceLock<(Counter, Histogram)>; Outcome::ALL.len()],
}

/// What is counted for the connections of one hub over one transport.
struct TransportMeters {
    hub: Arc<Shared>,
    transport: &'static str,
    active: Gauge,
    received_bytes: Counter,
    received_messages: Counter,
    sent_bytes: Counter,
    sent_messages: Counter,
    buffered: Histogram,
}

/// What one connection counts by.
#[derive(Clone, Default)]
pub(crate) struct Meters(Option<Arc<TransportMeters>>);

/// Runs from the beginning of a call.
#[derive(Debug)]
pub(crate) struct Stopwatch(Instant);

/// Messages that were put into a buffer since somebody asked.
#[derive(Debug, Default)]
pub(crate) struct Tally(u32);

/// A call that waits for its turn.
pub(crate) struct Waits(Meters);

impl HubMeters {
    pub(crate) fn new(hub: &str) -> Self {
        let hub = Shared {
            name: hub.into(),
            methods: OnceLock::new(),
            unknown_method: MethodMeters::new(UNKNOWN_METHOD),
            waiting: OnceLock::new(),
            memberships: OnceLock::new(),
            dropped: OnceLock::new(),
            discarded: OnceLock::new(),
        };
        HubMeters { hub: Arc::new(hub), transports: Mutex::default() }
    }

    /// The methods that the hub has.
    pub(crate) fn set_methods(&self, names: impl Iterator<Item = &'static str>) {
        let mut methods: Box<[_]> = names.map(MethodMeters::new).collect();
        methods.sort_unstable_by_key(|method| method.name);
        let _ = self.hub.methods.set(methods);
    }

    /// A payload of the backplane could not be read.
    pub(crate) fn discarded(&self) {
        let hub = &self.hub;
        let counter = || {
            describe();
            counter!("signalr.backplane.discarded", HUB => hub.name.to_string())
        };
        hub.discarded.get_or_init(counter).increment(1);
    }

    /// What a connection over this transport counts by.
    pub(crate) fn on(&self, transport: Transport) -> Meters {
        let label = transport_label(transport);
        let mut transports = self.transports.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = transports.iter().find(|known| known.transport == label) {
            return Meters(Some(known.clone()));
        }
        describe();
        let new = Arc::new(TransportMeters::new(&self.hub, label));
        transports.push(new.clone());
        Meters(Some(new))
    }
}

impl TransportMeters {
    fn new(hub: &Arc<Shared>, transport: &'static str) -> Self {
        let name = || hub.name.to_string();
        TransportMeters {
            active: gauge!("signalr.server.active_connections", TRANSPORT => transport),
            received_bytes: counter!("signalr.server.received.bytes", HUB => name(), TRANSPORT => transport),
            received_messages: counter!("signalr.server.received.messages", HUB => name(), TRANSPORT => transport),
            sent_bytes: counter!("signalr.server.sent.bytes", HUB => name(), TRANSPORT => transport),
            sent_messages: counter!("signalr.server.sent.messages", HUB => name(), TRANSPORT => transport),
            buffered: histogram!("signalr.server.outbound.buffered", HUB => name(), TRANSPORT => transport),
            hub: hub.clone(),
            transport,
        }
    }
}

impl MethodMeters {
    fn new(name: &'static str) -> Self {
        MethodMeters { name, outcomes: std::array::from_fn(|_| OnceLock::new()) }
    }

    fn ended(&self, hub: &Shared, outcome: Outcome, duration: Option<Duration>) {
        let Some(handles) = self.outcomes.get(outcome as usize) else { return };
        let (count, durations) = handles.get_or_init(|| {
            let labels = [
                metrics::Label::new(HUB, hub.name.to_string()),
                metrics::Label::new("rpc.method", self.name),
                metrics::Label::new("signalr.outcome", outcome.name()),
            ];
            (
                counter!("signalr.server.invocations", labels.iter()),
                histogram!("signalr.server.invocation.duration", labels.iter()),
            )
        });
        count.increment(1);
        if let Some(duration) = duration {
            durations.record(duration.as_secs_f64());
        }
    }
}

impl Shared {
    fn method(&self, name: &str) -> &MethodMeters {
        let methods = self.methods.get().map(|methods| &**methods).unwrap_or_default();
        let place = methods.binary_search_by_key(&name, |method| method.name).ok();
        place.and_then(|place| methods.get(place)).unwrap_or(&self.unknown_method)
    }

    fn waiting(&self) -> &Gauge {
        self.waiting.get_or_init(|| gauge!("signalr.server.invocations.waiting", HUB => self.name.to_string()))
    }

    fn memberships(&self) -> &Gauge {
        self.memberships.get_or_init(|| gauge!("signalr.server.group_memberships", HUB => self.name.to_string()))
    }

    fn dropped(&self) -> &Counter {
        self.dropped.get_or_init(|| counter!("signalr.server.messages.dropped", HUB => self.name.to_string()))
    }
}

impl Meters {
    pub(crate) fn opened(&self) {
        if let Some(meters) = &self.0 {
            meters.active.increment(1.0);
        }
    }

    /// A connection has ended. `reason` is the name of its [`CloseReason`](crate::CloseReason).
    pub(crate) fn closed(&self, reason: &'static str, duration: Duration) {
        let Some(meters) = &self.0 else { return };
        meters.active.decrement(1.0);
        let status = match reason {
            "Timeout" => "timeout",
            "Drained" => "app_shutdown",
            _ => "normal_closure",
        };
        histogram!(
            "signalr.server.connection.duration",
            "signalr.connection.status" => status,
            TRANSPORT => meters.transport
        )
        .record(duration.as_secs_f64());
        counter!(
            "signalr.server.connections.closed",
            HUB => meters.hub.name.to_string(),
            TRANSPORT => meters.transport,
            "signalr.close_reason" => reason
        )
        .increment(1);
    }

    /// Once per read.
    pub(crate) fn received(&self, bytes: usize, messages: usize) {
        if let Some(meters) = &self.0 {
            meters.received_bytes.increment(bytes as u64);
            meters.received_messages.increment(messages as u64);
        }
    }

    /// Once per write: `waiting` bytes were there, and the transport has taken `bytes` of them.
    pub(crate) fn sent(&self, waiting: usize, bytes: usize, Tally(messages): Tally) {
        if let Some(meters) = self.0.as_ref().filter(|_| waiting > 0) {
            meters.sent_bytes.increment(bytes as u64);
            meters.sent_messages.increment(u64::from(messages));
            meters.buffered.record(waiting as f64);
        }
    }

    /// A message was dropped, as the client's buffer is full.
    pub(crate) fn dropped(&self) {
        if let Some(meters) = &self.0 {
            meters.hub.dropped().increment(1);
        }
    }

    /// The connection is in one more group.
    pub(crate) fn joined(&self) {
        if let Some(meters) = &self.0 {
            meters.hub.memberships().increment(1.0);
        }
    }

    /// The connection is in so many groups less.
    pub(crate) fn left(&self, groups: usize) {
        if let Some(meters) = self.0.as_ref().filter(|_| groups > 0) {
            meters.hub.memberships().decrement(groups as f64);
        }
    }

    /// A call waits, until what is returned is dropped.
    pub(crate) fn waits(&self) -> Waits {
        if let Some(meters) = &self.0 {
            meters.hub.waiting().increment(1.0);
        }
        Waits(self.clone())
    }

    /// A call was refused before anybody looked which method it is for.
    pub(crate) fn refused(&self) {
        if let Some(meters) = &self.0 {
            meters.hub.unknown_method.ended(&meters.hub, Outcome::Rejected, None);
        }
    }

    pub(crate) fn stopwatch(&self) -> Stopwatch {
        Stopwatch(Instant::now())
    }

    /// A call has ended. Without a method it is one that the hub does not have.
    pub(crate) fn invoked(&self, method: &'static str, Stopwatch(started): &Stopwatch, outcome: Outcome) {
        if let Some(meters) = &self.0 {
            meters.hub.method(method).ended(&meters.hub, outcome, Some(started.elapsed()));
        }
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        if let Some(meters) = &self.0.0 {
            meters.hub.waiting().decrement(1.0);
        }
    }
}

impl Tally {
    pub(crate) fn add(&mut self) {
        self.0 += 1;
    }

    /// What was to be a message could not be encoded.
    pub(crate) fn take_back(&mut self) {
        self.0 = self.0.saturating_sub(1);
    }
}

/// Units and meanings, for recorders that pass them on.
fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_histogram!("signalr.server.connection.duration", Unit::Seconds, "How long connections lasted.");
    describe_gauge!("signalr.server.active_connections", Unit::Count, "Connections that live.");
    describe_counter!("signalr.server.connections.closed", Unit::Count, "Connections that ended, by reason.");
    describe_counter!("signalr.server.invocations", Unit::Count, "Calls of hub methods that ended, by outcome.");
    describe_histogram!("signalr.server.invocation.duration", Unit::Seconds, "How long calls of hub methods lasted.");
    describe_gauge!("signalr.server.invocations.waiting", Unit::Count, "Calls that wait for their turn.");
    describe_counter!("signalr.server.received.bytes", Unit::Bytes, "Bytes of the hub protocol from clients.");
    describe_counter!("signalr.server.received.messages", Unit::Count, "Messages from clients.");
    describe_counter!(
        "signalr.server.sent.bytes",
        Unit::Bytes,
        "Bytes of the hub protocol that transports have taken."
    );
    describe_counter!("signalr.server.sent.messages", Unit::Count, "Messages that were given to transports.");
    describe_histogram!("signalr.server.outbound.buffered", Unit::Bytes, "Unsent bytes of a connection as it writes.");
    describe_counter!(
        "signalr.server.messages.dropped",
        Unit::Count,
        "Messages dropped for clients with full buffers."
    );
    describe_counter!("signalr.backplane.discarded", Unit::Count, "Payloads of the backplane that could not be read.");
    describe_gauge!("signalr.server.group_memberships", Unit::Count, "Groups that connections are in, summed up.");
}

impl fmt::Debug for HubMeters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubMeters").finish_non_exhaustive()
    }
}

impl fmt::Debug for Meters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meters").finish_non_exhaustive()
    }
}

impl fmt::Debug for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waits").finish_non_exhaustive()
    }
}
