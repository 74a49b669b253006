//! Hubs: from a received invocation to the method, and from what it returns to the answer.
//!
//! [`method`] is the table that `#[hub]` fills, [`invocation`] a call whose parameters are collected, [`reply`] its answer,
//! [`context`] the caller, [`service`] what ties them to a session. [`policy`] and [`filter`] are what comes before and around
//! the method, where an application asks for it.

pub(crate) mod arg;
pub(crate) mod call;
pub(crate) mod caller;
pub(crate) mod context;
pub(crate) mod contract;
pub(crate) mod error;
pub(crate) mod filter;
mod filtered;
pub(crate) mod invocation;
pub(crate) mod items;
pub(crate) mod lifecycle;
pub(crate) mod method;
pub(crate) mod policy;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod returned;
pub(crate) mod service;
pub(crate) mod told;

use crate::backplane::registry::HubCore;
use crate::clients::handle::HubHandle;
use crate::clients::outgoing::{Outgoing, SendDecision, SendFilter};
use crate::protocol::Naming;
use context::Context;
use error::HubError;
use method::{HubMethods, Table};
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

/// A hub: a name, and the value whose methods clients call.
///
/// The same `Hub` can be mounted at several paths, with options of its own at each
/// ([`SignalR::builder`](crate::SignalR::builder)); all its connections belong together and reach each other. It is cheap to
/// clone.
///
/// ```
/// use signalr::{Hub, hub};
///
/// #[derive(Default)]
/// struct Calculator;
///
/// #[hub]
/// impl Calculator {
///     fn add(&self, a: i64, b: i64) -> i64 {
///         a.wrapping_add(b)
///     }
/// }
///
/// let calculator = Hub::new("Calculator", Calculator);
/// # let _ = calculator;
/// ```
pub struct Hub<H: HubMethods> {
    inner: Arc<HubInner<H>>,
}

pub(crate) struct HubInner<H: HubMethods> {
    pub(crate) core: Arc<HubCore>,
    pub(crate) source: Source<H>,
    pub(crate) table: Table<H>,
}

type Factory<H> = Box<dyn Fn(Context<H>) -> Pin<Box<dyn Future<Output = Result<H, HubError>> + Send>> + Send + Sync>;

/// Where the value comes from whose methods are called.
pub(crate) enum Source<H: HubMethods> {
    Shared(Arc<H>),
    PerConnection(Factory<H>),
    PerCall(Factory<H>),
}

impl<H: HubMethods> Source<H> {
    async fn make(&self, context: Context<H>) -> Result<Arc<H>, HubError> {
        match self {
            Source::Shared(hub) => Ok(hub.clone()),
            Source::PerConnection(factory) | Source::PerCall(factory) => factory(context).await.map(Arc::new),
        }
    }

    /// The value for one call: that of the connection, or one of its own.
    pub(crate) async fn value(&self, context: &Context<H>, instance: &OnceLock<Arc<H>>) -> Result<Arc<H>, HubError> {
        match instance.get() {
            Some(hub) => Ok(hub.clone()),
            None => self.make(context.clone()).await,
        }
    }

    /// What a new connection needs: its own value, or one for `on_connected`, or none.
    pub(crate) async fn make_connected(
        &self,
        context: &Context<H>,
        instance: &OnceLock<Arc<H>>,
    ) -> Result<Option<Arc<H>>, HubError> {
        let per_call = matches!(self, Source::PerCall(_));
        if per_call && H::ON_CONNECTED.is_none() {
            return Ok(None);
        }
        let made = self.make(context.clone()).await?;
        if !per_call {
            let _ = instance.set(made.clone());
        }
        Ok(Some(made))
    }
}

impl<H: HubMethods> Hub<H> {
    /// A hub whose value is shared by all connections. `name` names it in logs and towards other servers.
    pub fn new(name: impl Into<String>, hub: H) -> Self {
        Self::from_source(HubCore::new(name.into()), Source::Shared(Arc::new(hub)))
    }

    /// As [`new`](Self::new), for a value that needs the handle of its own hub, for instance for background work.
    ///
    /// ```
    /// use signalr::{Hub, HubHandle, hub};
    ///
    /// struct Stats {
    ///     handle: HubHandle<Stats>,
    /// }
    ///
    /// #[hub]
    /// impl Stats {
    ///     fn online(&self) -> usize {
    ///         self.handle.connections()
    ///     }
    /// }
    ///
    /// let stats = Hub::new_with("Stats", |handle| Stats { handle });
    /// # let _ = stats;
    /// ```
    pub fn new_with(name: impl Into<String>, make: impl FnOnce(HubHandle<H>) -> H) -> Self {
        let core = HubCore::new(name.into());
        let hub = make(HubHandle::new(core.clone()));
        Self::from_source(core, Source::Shared(Arc::new(hub)))
    }

    /// A hub with a value for every connection, made before `on_connected` runs. When `factory` fails, that connection is
    /// closed, and nothing else; its client gets the text of a public error.
    ///
    /// ```
    /// use signalr::{Hub, HubError, hub};
    ///
    /// struct Session {
    ///     name: String,
    /// }
    ///
    /// #[hub]
    /// impl Session {
    ///     fn name(&self) -> &str {
    ///         &self.name
    ///     }
    /// }
    ///
    /// let sessions = Hub::per_connection("Sessions", async |ctx| {
    ///     let name = ctx.query("name").ok_or_else(|| HubError::public("who are you?"))?;
    ///     Ok(Session { name: name.into_owned() })
    /// });
    /// # let _ = sessions;
    /// ```
    pub fn per_connection<F, R>(name: impl Into<String>, factory: F) -> Self
    where
        F: Fn(Context<H>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<H, HubError>> + Send + 'static,
    {
        let factory: Factory<H> = Box::new(move |context| Box::pin(factory(context)));
        Self::from_source(HubCore::new(name.into()), Source::PerConnection(factory))
    }

    /// A hub with a value for every call, and for `on_connected` and `on_disconnected`, as ASP.NET Core has. When `factory`
    /// fails, that call fails, and nothing else.
    pub fn per_call<F, R>(name: impl Into<String>, factory: F) -> Self
    where
        F: Fn(Context<H>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<H, HubError>> + Send + 'static,
    {
        let factory: Factory<H> = Box::new(move |context| Box::pin(factory(context)));
        Self::from_source(HubCore::new(name.into()), Source::PerCall(factory))
    }

    fn from_source(core: Arc<HubCore>, source: Source<H>) -> Self {
        core.meters.set_methods(method::methods::<H>().iter().map(method::Method::name));
        Hub { inner: Arc::new(HubInner { core, source, table: Table::new() }) }
    }

    /// Sets how the members of structs are named, in arguments, results and items of this hub and in what it sends, for all
    /// their types. It belongs to the hub, not to the place where it is mounted, as a message to all is encoded once for each
    /// protocol. The default is [`Naming::AsDeclared`], which costs nothing.
    ///
    /// ```
    /// use serde::{Deserialize, Serialize};
    /// use signalr::{Hub, Naming, hub};
    ///
    /// #[derive(Serialize, Deserialize)]
    /// struct Player {
    ///     user_name: String, // `userName` in JSON, `UserName` in MessagePack
    /// }
    ///
    /// struct Game;
    ///
    /// #[hub]
    /// impl Game {
    ///     fn join(&self, player: Player) -> Player {
    ///         player
    ///     }
    /// }
    ///
    /// let game = Hub::new("Game", Game).naming(Naming::DotNet);
    /// # let _ = game;
    /// ```
    ///
    /// # Panics
    /// When the naming of the hub was set before, or the hub is in use already.
    #[track_caller]
    #[must_use]
    pub fn naming(self, naming: Naming) -> Self {
        assert!(self.inner.core.set_naming(naming), "the naming of hub '{}' is settled already", self.name());
        self
    }

    /// Sets what is asked before every call of a client method, from the hub's methods and from its
    /// [handles](HubHandle): it sees the method, whom it addresses and, where it looks, the arguments. It returns `()` to
    /// let everything pass, or a [`SendDecision`].
    ///
    /// A message to many is encoded once, so it is seen once, before that, and can be sent or dropped as a whole: neither
    /// its arguments nor its recipients can be changed. Results and items of streams are no such calls. It runs where the
    /// hub sends, so it should be quick, and a panic in it is a panic there. Where none is set, sending costs nothing more.
    ///
    /// ```
    /// use signalr::{Hub, Outgoing, hub};
    ///
    /// struct Chat;
    ///
    /// #[hub]
    /// impl Chat {}
    ///
    /// let chat = Hub::new("Chat", Chat).send_filter(|message: &Outgoing<'_>| {
    ///     println!("{} to {:?}", message.method(), message.recipients());
    /// });
    /// # let _ = chat;
    /// ```
    ///
    /// # Panics
    /// When the hub has a send filter already.
    #[track_caller]
    #[must_use]
    pub fn send_filter<F, D>(self, filter: F) -> Self
    where
        F: Fn(&Outgoing<'_>) -> D + Send + Sync + 'static,
        D: Into<SendDecision>,
    {
        let filter: SendFilter = Box::new(move |outgoing| filter(outgoing).into());
        assert!(self.inner.core.send_filter.set(filter).is_ok(), "hub '{}' has a send filter already", self.name());
        self
    }

    /// Sets the name that other servers of a [fleet](crate::Backplane) know the hub by; by default it is the hub's
    /// [name](Self::name). For a fleet with servers of ASP.NET Core it is the full name of the hub's class there, as
    /// `My.App.ChatHub`, with a `+` before the name of a class within a class.
    ///
    /// # Panics
    /// When it was set before, or the hub is mounted already.
    #[track_caller]
    #[must_use]
    pub fn channel_name(self, name: impl Into<String>) -> Self {
        assert!(!self.inner.core.is_settled(), "hub '{}' is mounted already", self.name());
        assert!(
            self.inner.core.channel_name.set(name.into()).is_ok(),
            "hub '{}' has a channel name already",
            self.name()
        );
        self
    }

    /// The name that the hub was made with.
    pub fn name(&self) -> &str {
        &self.inner.core.name
    }

    /// A handle for code outside of the hub: background tasks, axum handlers.
    pub fn handle(&self) -> HubHandle<H> {
        HubHandle::new(self.inner.core.clone())
    }

    pub(crate) fn inner(&self) -> &Arc<HubInner<H>> {
        &self.inner
    }
}

impl<H: HubMethods> Clone for Hub<H> {
    fn clone(&self) -> Self {
        Hub { inner: self.inner.clone() }
    }
}

impl<H: HubMethods> fmt::Debug for Hub<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub")
            .field("name", &self.name())
            .field("methods", &method::methods::<H>())
            .finish_non_exhaustive()
    }
}
