//! An audience that can be called: what every proxy is made of.

use super::outgoing::{Outgoing, SendDecision};
use super::results::{Asked, ClientResult, ClientResultError};
use super::sent::Sent;
use crate::backplane::envelope::Envelope;
use crate::backplane::node::Node;
use crate::backplane::registry::{Deliveries, HubCore};
use crate::hub::context::Connection;
use crate::protocol::payload::AnyArguments;
use crate::protocol::{Protocol, WireArguments};
use crate::session::peer::Peer;
use serde::de::DeserializeOwned;
use smol_str::SmolStr;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// What a hub may call on its clients: implemented by `#[receiver]` for the trait object type of the trait.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a receiver",
    label = "this trait has no `#[receiver]`",
    note = "put `#[signalr::receiver]` on the trait, and name it as `#[hub(receiver = Trait)]`"
)]
pub trait Receiver: 'static {
    /// The typed proxy for an audience.
    type Proxy<A>: From<Target<A>>;
}

/// For hubs that declare no receiver: every selector gives an untyped proxy.
#[derive(Debug, Clone, Copy)]
pub struct NoReceiver;

impl Receiver for NoReceiver {
    type Proxy<A> = Target<A>;
}

/// An audience of any number of clients: the `A` of a proxy such as `ChatClientProxy<Many>`.
#[derive(Debug, Clone, Copy)]
pub struct Many;

/// An audience of exactly one client, which can be asked for a result: the `A` of a proxy such as
/// `ChatClientProxy<Single>`.
#[derive(Debug, Clone, Copy)]
pub struct Single;

/// An audience that can be asked for a result.
#[diagnostic::on_unimplemented(
    message = "a result can be asked of one client only",
    label = "this addresses several clients",
    note = "select one client with `caller()` or `client(id)`"
)]
pub trait SingleClient {}

impl SingleClient for Single {}

/// Who is addressed.
#[derive(Debug, Clone)]
pub(crate) enum Audience {
    All,
    AllExcept(Vec<SmolStr>),
    Peer(Arc<Peer>),
    Connections(Vec<SmolStr>),
    Groups(Vec<String>),
    GroupExcept(String, Vec<SmolStr>),
    Users(Vec<String>),
}

impl Audience {
    #[inline(never)]
    pub(crate) fn group(name: String) -> Self {
        Audience::Groups(vec![name])
    }

    #[inline(never)]
    pub(crate) fn connection(id: &str) -> Self {
        Audience::Connections(vec![id.into()])
    }

    #[inline(never)]
    pub(crate) fn user(id: String) -> Self {
        Audience::Users(vec![id])
    }
}

/// On whose behalf something is sent: a caller's, or nobody's.
#[derive(Clone)]
pub(crate) enum Sender {
    Caller(Arc<Connection>),
    Hub(Arc<HubCore>),
}

impl Sender {
    pub(crate) fn core(&self) -> &Arc<HubCore> {
        match self {
            Sender::Caller(caller) => &caller.core,
            Sender::Hub(core) => core,
        }
    }

    pub(crate) fn caller(&self) -> Option<&Arc<Connection>> {
        match self {
            Sender::Caller(caller) => Some(caller),
            Sender::Hub(_) => None,
        }
    }

    #[inline(never)]
    pub(crate) fn others(&self) -> Audience {
        Audience::AllExcept(self.ids())
    }

    #[inline(never)]
    pub(crate) fn others_in_group(&self, name: String) -> Audience {
        Audience::GroupExcept(name, self.ids())
    }

    fn ids(&self) -> Vec<SmolStr> {
        self.caller().into_iter().map(|caller| caller.peer.id.clone()).collect()
    }
}

/// An audience, on behalf of a caller or of nobody. Typed proxies wrap it; without a receiver it is the proxy.
pub struct Target<A> {
    addressed: Addressed,
    kind: PhantomData<fn() -> A>,
}

impl<A> Target<A> {
    pub(crate) fn new(sender: Sender, audience: Audience) -> Self {
        Target { addressed: Addressed { sender, audience }, kind: PhantomData }
    }

    /// Calls a method of the clients by its name, without waiting for anything. `arguments` is a tuple, such as
    /// `("ann", 3)`, or `()`. The message is encoded and queued when this is called; what is returned can be awaited. When
    /// an argument cannot be serialised nobody gets the message, which is logged and told by
    /// [`Receipt::error`](crate::Receipt::error).
    pub fn send<W: WireArguments>(&self, method: &str, arguments: W) -> Sent {
        self.addressed.send(method, &arguments, None)
    }

    /// As [`send`](Self::send), for a method of which only the newest message matters: where a client's buffer is full, the
    /// waiting ones of the same method make room.
    pub fn send_latest<W: WireArguments>(&self, method: &'static str, arguments: W) -> Sent {
        self.addressed.send(method, &arguments, Some(method))
    }
}

impl<A: SingleClient> Target<A> {
    /// Asks the client for the result of one of its methods, by its name. The question is encoded and queued when this is
    /// called.
    pub fn invoke<T: DeserializeOwned>(&self, method: &str, arguments: impl WireArguments) -> ClientResult<T> {
        ClientResult::new(self.addressed.ask(method, &arguments))
    }
}

/// What a target is whatever its kind, so that it is compiled once.
#[derive(Clone)]
struct Addressed {
    sender: Sender,
    audience: Audience,
}

impl Addressed {
    #[inline(never)]
    fn send(&self, method: &str, arguments: &dyn AnyArguments, latest: Option<&'static str>) -> Sent {
        if self.is_dropped(method, arguments, false) {
            return Sent::to_nobody();
        }
        let core = self.sender.core();
        let Way { audience, node } = self.way();
        let encode = |protocols: &mut dyn Iterator<Item = Protocol>| {
            Envelope::encode(protocols, core.naming(), method, None, arguments)
        };
        let encoded = match (&*audience, node) {
            (Audience::Peer(peer), _) => encode(&mut std::iter::once(peer.protocol)),
            (_, None) => encode(&mut core.registry.protocols()),
            (_, Some(_)) => encode(&mut core.registry.offered()),
        };
        let mut envelope = match encoded {
            Ok(envelope) => envelope,
            Err(error) => {
                tracing::error!(hub = core.name, method, %error, "message cannot be serialised; nobody gets it");
                return Sent::failed(error.into());
            }
        };
        envelope.latest = latest.map(SmolStr::new_static);
        let deliver = |audience: &Audience| {
            let own = self.sender.caller().map(|caller| caller.peer.number);
            core.registry.deliver(audience, own, &envelope)
        };
        let Some(node) = node else { return Sent::new(deliver(&audience)) };
        let published = node.publish(&audience, &envelope);
        let mut deliveries = Deliveries::default();
        if node.delivers_locally() {
            published.failed.iter().for_each(|part| deliveries.add(deliver(part)));
        }
        Sent::published(deliveries, published)
    }

    /// Who is addressed, and by way of which fleet. A connection of this process needs none.
    fn way(&self) -> Way<'_> {
        let direct = |audience| Way { audience, node: None };
        let core = self.sender.core();
        let Some(node) = core.node() else { return direct(Cow::Borrowed(&self.audience)) };
        match &self.audience {
            Audience::Peer(_) => return direct(Cow::Borrowed(&self.audience)),
            Audience::Connections(ids) => {
                if let [id] = &ids[..]
                    && let Some(connection) = core.registry.get(id)
                {
                    return direct(Cow::Owned(Audience::Peer(connection.peer.clone())));
                }
            }
            _ => {}
        }
        Way { audience: Cow::Borrowed(&self.audience), node: Some(node) }
    }

    /// Whether the application does not want this sent.
    fn is_dropped(&self, method: &str, arguments: &dyn AnyArguments, question: bool) -> bool {
        let core = self.sender.core();
        core.send_filter.get().is_some_and(|filter| {
            let outgoing = Outgoing {
                hub: &core.name,
                method,
                audience: &self.audience,
                caller: self.sender.caller(),
                question,
                naming: core.naming(),
                arguments,
            };
            filter(&outgoing) == SendDecision::Discard
        })
    }

    /// Sends a question to the one client that is addressed.
    #[inline(never)]
    fn ask(&self, method: &str, arguments: &dyn AnyArguments) -> Result<Asked, ClientResultError> {
        if self.sender.caller().is_some_and(|caller| !caller.is_connected()) {
            return Err(ClientResultError::WhileConnecting);
        }
        if self.is_dropped(method, arguments, true) {
            return Err(ClientResultError::Dropped);
        }
        let core = self.sender.core();
        let (peer, id) = match &self.audience {
            Audience::Peer(peer) => (Some(peer.clone()), peer.id.as_str()),
            Audience::Connections(ids) => {
                let id = ids.first().map(SmolStr::as_str).unwrap_or_default();
                (core.registry.get(id).map(|connection| connection.peer.clone()), id)
            }
            _ => (None, ""),
        };
        match (peer, core.node()) {
            (Some(peer), _) => Asked::ask(peer, method, arguments),
            (None, Some(node)) if !id.is_empty() => Asked::ask_elsewhere(core, node, id, method, arguments),
            (None, _) => Err(ClientResultError::NotConnected(id.to_owned())),
        }
    }
}

/// How an audience is reached: through a fleet, or directly.
struct Way<'a> {
    audience: Cow<'a, Audience>,
    node: Option<&'a Arc<Node>>,
}

impl<A> Clone for Target<A> {
    fn clone(&self) -> Self {
        Target { addressed: self.addressed.clone(), kind: PhantomData }
    }
}

impl<A> AsRef<Target<A>> for Target<A> {
    fn as_ref(&self) -> &Target<A> {
        self
    }
}

impl<A> fmt::Debug for Target<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Addressed { sender, audience } = &self.addressed;
        f.debug_struct("Target").field("hub", &sender.core().name).field("audience", audience).finish()
    }
}

/// Untyped calls, for every proxy: methods of clients that no `#[receiver]` trait declares.
///
/// A receiver method of the same name comes first; `Untyped::send(&proxy, …)` reaches this one.
///
/// ```
/// # use signalr::{Context, hub};
/// use signalr::Untyped;
///
/// # struct Chat;
/// #[hub]
/// impl Chat {
///     async fn shout(&self, ctx: Context<Self>, text: String) {
///         ctx.clients().all().send("ReceiveMessage", ("someone", text.to_uppercase())).await;
///     }
/// }
/// ```
pub trait Untyped<A>: AsRef<Target<A>> {
    /// Calls a method of the clients by its name: see [`Target::send`].
    fn send<W: WireArguments>(&self, method: &str, arguments: W) -> Sent {
        self.as_ref().send(method, arguments)
    }

    /// Asks one client for the result of a method, by its name: see [`Target::invoke`].
    fn invoke<T: DeserializeOwned>(&self, method: &str, arguments: impl WireArguments) -> ClientResult<T>
    where
        A: SingleClient,
    {
        self.as_ref().invoke(method, arguments)
    }
}

impl<A, P: AsRef<Target<A>>> Untyped<A> for P {}
