//! What lies between a client and the server.

use super::clock::{default_limit, in_time};
use super::host::{Guest, Host, Taken};
use super::visit::Visit;
use super::wire::{End, Flow, Toward, Wire};
use crate::client::builder::{HubConnectionBuilder, Source};
use crate::client::connect::{ConnectError, Connector, Link, Negotiated, NegotiatedConnection, Wanted};
use crate::client::error::ClientError;
use crate::client::receiver::HubClient;
use crate::protocol::{Protocol, Transport};
use crate::session::BoxFuture;
use crate::session::close::CloseReason;
use crate::transport::Duplex;
use crate::transport::stream::ByteStream;
use crate::user::User;
use futures_util::future::ready;
use http::{HeaderName, HeaderValue, StatusCode};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// What lies between a client and a [`TestServer`](super::TestServer): who comes over it, and what goes wrong on the way. Made
/// by [`TestServer::line`](super::TestServer::line).
///
/// A client that connects again does so over the same line. What goes wrong holds for the connection that there is and for
/// those that follow, until it is changed. Clones are the same line. A line can carry several clients, but most tests
/// are clearer with one for each.
///
/// ```
/// use signalr::testing::TestServer;
/// use signalr::{CloseReason, ConnectionState, Hub, HubConnection, RetryPolicy, User, hub};
///
/// struct Desk;
///
/// #[hub]
/// impl Desk {
///     fn echo(&self, text: String) -> String {
///         text
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), signalr::ClientError> {
/// let server = TestServer::new(&Hub::new("Desk", Desk));
/// let line = server.line().user(User::new("ann"));
/// line.split_every(1); // every message arrives byte by byte
/// let ann: HubConnection = line.client().reconnect(RetryPolicy::forever()).connect().await?;
/// assert_eq!(ann.invoke::<String>("Echo", ("hi",)).await?, "hi");
///
/// line.cut();
/// assert!(matches!(line.ended().await, CloseReason::TransportLost(_)));
/// ann.wait_for(ConnectionState::Connected).await;
/// assert_eq!(ann.invoke::<String>("Echo", ("again",)).await?, "again");
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct TestLine(Arc<Shared>);

struct Shared {
    host: Arc<dyn Host>,
    protocol: Protocol,
    limit: Option<Duration>,
    state: Mutex<State>,
    /// Told of every end.
    ended: Notify,
}

#[derive(Default)]
struct State {
    guest: Guest,
    to_server: Flow,
    to_client: Flow,
    wires: Vec<Wire>,
    /// Whether nobody gets through.
    down: bool,
    /// The latest connection.
    visit: Option<Arc<Visit>>,
    /// How connections have ended, as far as nobody has asked for it.
    ends: VecDeque<CloseReason>,
}

impl TestLine {
    pub(super) fn new(host: Arc<dyn Host>, protocol: Protocol, limit: Option<Duration>) -> Self {
        TestLine(Arc::new(Shared { host, protocol, limit, state: Mutex::default(), ended: Notify::new() }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }

    /// Sets the user, as the application's layer would have found it out; hubs find it with
    /// [`Context::user`](crate::Context::user). By default clients are anonymous. Like all that is known of a client, it counts
    /// for connections that are made from now on.
    pub fn user(self, user: User) -> Self {
        self.lock().guest.user = Some(user);
        self
    }

    /// Adds a value that hub methods read with [`Context::extension`](crate::Context::extension), one of each type.
    pub fn extension<T: Clone + Send + Sync + 'static>(self, value: T) -> Self {
        self.lock().guest.extensions.insert(value);
        self
    }

    /// Sets the query string of the request that would have opened the connection, without the question mark; hub methods read
    /// it with [`Context::query`](crate::Context::query).
    pub fn query(self, query: impl Into<String>) -> Self {
        self.lock().guest.query = query.into();
        self
    }

    /// Adds a header to the request that would have opened the connection; hub methods read it with
    /// [`Context::header`](crate::Context::header).
    ///
    /// # Panics
    /// When it cannot be a header.
    #[track_caller]
    pub fn header(self, name: &str, value: &str) -> Self {
        let parsed = name.parse::<HeaderName>().ok().zip(value.parse::<HeaderValue>().ok());
        let Some((name, value)) = parsed else { panic!("'{name}: {value}' cannot be a header") };
        self.lock().guest.headers.append(name, value);
        self
    }

    /// The builder of a client over this line: a typed one, or a [`HubConnection`](crate::HubConnection). It has the protocol of
    /// the [server](super::TestServer::protocol), and the hub's naming of members.
    ///
    /// Its connection counts as made when `on_connected` of the hub has ended, unlike one over a real network, where nothing
    /// tells clients of that; so what the hub does there needs no waiting for. Where `on_connected` fails, so does the
    /// connecting. The client knows its [id](crate::HubConnection::connection_id).
    pub fn client<C: HubClient + 'static>(&self) -> HubConnectionBuilder<C> {
        let dialer = Dialer { line: self.0.clone(), visit: Arc::default() };
        let (visit, limit) = (dialer.visit.clone(), self.0.limit);
        HubConnectionBuilder::from_source(Source::Connector(Box::new(dialer)))
            .protocol(self.0.protocol)
            .naming(self.0.host.naming())
            .on_connected(move |_| let_in(visit.clone(), limit))
    }

    /// Connects a client without a receiver: `client().connect()`.
    ///
    /// # Errors
    /// As [`HubConnection::start`](crate::HubConnection::start).
    pub async fn connect<C: HubClient + 'static>(&self) -> Result<C, ClientError> {
        self.client().connect().await
    }

    /// The public id of the connection that was made last, also after its end; `None` before the first one.
    pub fn connection_id(&self) -> Option<String> {
        self.lock().visit.as_ref().map(|visit| visit.id().to_owned())
    }

    /// Waits until a connection over this line has ended on the server, after `on_disconnected`, and tells why. Each end is
    /// told once, the oldest first.
    ///
    /// # Panics
    /// When none ends in [time](super::TestServer::time_limit).
    #[track_caller]
    pub fn ended(&self) -> impl Future<Output = CloseReason> + Send + use<> {
        let line = self.0.clone();
        let missing = || "no connection over the line has ended on the server".to_owned();
        in_time(self.0.limit, missing, async move {
            loop {
                let mut told = std::pin::pin!(line.ended.notified());
                told.as_mut().enable();
                if let Some(reason) = line.lock().ends.pop_front() {
                    return reason;
                }
                told.await;
            }
        })
    }

    fn change(&self, directions: &[Toward], change: impl Fn(&mut Flow)) {
        let mut state = self.lock();
        let State { to_server, to_client, wires, .. } = &mut *state;
        for toward in directions {
            change(match toward {
                Toward::Server => to_server,
                Toward::Client => to_client,
            });
            wires.iter().for_each(|wire| wire.change(*toward, &change));
        }
    }

    /// Cuts the connection: both ends find it broken, and what was on its way is lost. Another one can be made at once.
    pub fn cut(&self) {
        let wires = std::mem::take(&mut self.lock().wires);
        wires.iter().for_each(Wire::cut);
    }

    /// Cuts the connection, and lets nobody through until [`up`](Self::up): attempts to connect fail.
    pub fn down(&self) {
        self.lock().down = true;
        self.cut();
    }

    /// Lets clients connect again after [`down`](Self::down).
    pub fn up(&self) {
        self.lock().down = false;
    }

    /// Stalls both directions: nothing arrives any more, and neither end learns why. What is sent waits on the way, until that is
    /// [full](Self::capacity).
    pub fn stall(&self) {
        self.change(BOTH, |flow| flow.stalled = true);
    }

    /// Stalls what the client sends.
    pub fn stall_to_server(&self) {
        self.change(&[Toward::Server], |flow| flow.stalled = true);
    }

    /// Stalls what the server sends: the client does not read.
    pub fn stall_to_client(&self) {
        self.change(&[Toward::Client], |flow| flow.stalled = true);
    }

    /// Lets what was stalled go on; nothing of it is lost.
    pub fn resume(&self) {
        self.change(BOTH, |flow| flow.stalled = false);
    }

    /// Lets at most `bytes` arrive at once, in both directions, so that messages come in pieces; with 1, byte by byte.
    ///
    /// # Panics
    /// When `bytes` is zero.
    pub fn split_every(&self, bytes: usize) {
        assert!(bytes > 0, "nothing would ever arrive; that is `stall`");
        self.change(BOTH, |flow| flow.chunk = bytes);
    }

    /// Splits what is sent next, in each direction: the first `bytes` arrive for themselves, and what follows does after them.
    /// Over a line that nothing was sent over yet, they are counted from the handshake on.
    pub fn split_at(&self, bytes: usize) {
        self.change(BOTH, |flow| flow.split = Some(bytes).filter(|bytes| *bytes > 0));
    }

    /// Makes both directions slow: at most `bytes` arrive, and nothing more before `every` has passed.
    ///
    /// # Panics
    /// When `bytes` is zero.
    pub fn slow(&self, bytes: usize, every: Duration) {
        assert!(bytes > 0, "nothing would ever arrive; that is `stall`");
        self.change(BOTH, |flow| {
            flow.chunk = bytes;
            flow.pause = Some(every);
        });
    }

    /// Makes only what the client receives slow, as [`slow`](Self::slow) does: a slow reader.
    ///
    /// # Panics
    /// When `bytes` is zero.
    pub fn slow_to_client(&self, bytes: usize, every: Duration) {
        assert!(bytes > 0, "nothing would ever arrive; that is `stall_to_client`");
        self.change(&[Toward::Client], |flow| {
            flow.chunk = bytes;
            flow.pause = Some(every);
        });
    }

    /// Sets how many bytes may be on their way in each direction before their sender has to wait; by default 64 KiB.
    ///
    /// # Panics
    /// When `bytes` is zero.
    pub fn capacity(&self, bytes: usize) {
        assert!(bytes > 0, "nothing could ever be sent");
        self.change(BOTH, |flow| flow.capacity = bytes);
    }

    /// Ends all that goes wrong: what is stalled goes on, at full speed and as it is sent, and clients can connect. What was
    /// cut stays cut.
    pub fn repair(&self) {
        self.up();
        self.change(BOTH, |flow| *flow = Flow { capacity: flow.capacity, ..Flow::default() });
    }
}

const BOTH: &[Toward] = &[Toward::Server, Toward::Client];

/// Waits until the hub has let a client in.
async fn let_in(visit: Arc<Mutex<Option<Arc<Visit>>>>, limit: Option<Duration>) -> Result<(), ClientError> {
    let latest = visit.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let Some(visit) = latest else { return Ok(()) };
    let limit = limit.unwrap_or_else(default_limit);
    let too_late = |_| ClientError::ConnectionLost(format!("`on_connected` of the hub has not ended within {limit:?}"));
    tokio::time::timeout(limit, visit.connected()).await.map_err(too_late)
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The two ends of another wire.
    fn wire(&self) -> Result<(End, End), ConnectError> {
        let mut state = self.lock();
        if state.down {
            return Err(ConnectError::Transport("the test has taken the line down".to_owned()));
        }
        let (wire, client, server) = Wire::new(state.to_server.clone(), state.to_client.clone());
        state.wires.retain(|wire| !wire.is_over());
        state.wires.push(wire);
        Ok((client, server))
    }

    /// Opens a connection.
    fn open(self: &Arc<Self>, stateful: bool) -> Result<(Link, Arc<Visit>), ConnectError> {
        let (client, server) = self.wire()?;
        let guest = self.lock().guest.clone();
        let Taken { visit, served, token } =
            self.host.take(server, guest, stateful).map_err(|error| ConnectError::Transport(error.to_string()))?;
        self.lock().visit = Some(visit.clone());
        let (line, ending) = (self.clone(), visit.clone());
        tokio::spawn(async move {
            let reason = served.await;
            ending.end();
            line.lock().ends.push_back(reason);
            line.ended.notify_waiters();
        });
        let link = Link {
            duplex: Box::new(ByteStream::new(client)),
            transport: if token.is_some() { Transport::WebSockets } else { Transport::Stream },
            id: Some(visit.id().to_owned()),
            negotiated: token.map(|token| Negotiated {
                stateful: true,
                authenticated_for: None,
                connection: Arc::new(Resumable { line: self.clone(), token }),
            }),
        };
        Ok((link, visit))
    }
}

/// Opens the connections of one client.
struct Dialer {
    line: Arc<Shared>,
    /// The client's latest connection.
    visit: Arc<Mutex<Option<Arc<Visit>>>>,
}

impl Connector for Dialer {
    fn connect(&self, wanted: Wanted) -> BoxFuture<Result<Link, ConnectError>> {
        let opened = self.line.open(wanted.stateful).map(|(link, visit)| {
            *self.visit.lock().unwrap_or_else(PoisonError::into_inner) = Some(visit);
            link
        });
        Box::pin(ready(opened))
    }
}

/// A connection that can go on over another wire.
struct Resumable {
    line: Arc<Shared>,
    token: String,
}

impl NegotiatedConnection for Resumable {
    fn resume(&self) -> BoxFuture<Result<Box<dyn Duplex>, ConnectError>> {
        let resumed = self.line.wire().and_then(|(client, server)| {
            let mailbox = self.line.host.mailbox(&self.token);
            let taken = mailbox.is_some_and(|mailbox| mailbox.attach(Box::new(ByteStream::new(server))));
            if taken {
                Ok(Box::new(ByteStream::new(client)) as Box<dyn Duplex>)
            } else {
                Err(ConnectError::Refused { request: "the WebSocket", status: StatusCode::NOT_FOUND })
            }
        });
        Box::pin(ready(resumed))
    }

    fn refresh(&self) -> BoxFuture<Result<Option<Duration>, ConnectError>> {
        Box::pin(ready(Err(ConnectError::Transport("a line in memory renews no authentication".to_owned()))))
    }
}

impl fmt::Debug for TestLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        let connected = state.visit.as_ref().is_some_and(|visit| !visit.is_over());
        f.debug_struct("TestLine")
            .field("connected", &connected)
            .field("down", &state.down)
            .field("to_server", &state.to_server)
            .field("to_client", &state.to_client)
            .finish_non_exhaustive()
    }
}
