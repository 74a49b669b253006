//! Whom a server addresses, and how: selectors, proxies, groups and client results.

pub(crate) mod change;
pub(crate) mod fleet;
pub(crate) mod groups;
pub(crate) mod handle;
pub(crate) mod outgoing;
pub(crate) mod results;
pub(crate) mod sent;
pub(crate) mod target;
pub(crate) mod wire;

use crate::hub::method::HubMethods;
use smol_str::SmolStr;
use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;
use target::{Audience, Many, Receiver, Sender, Single, Target};

/// The proxy of the hub's receiver for an audience.
pub(crate) type ProxyOf<H, A> = <<H as HubMethods>::Receiver as Receiver>::Proxy<A>;

/// Whom a hub method can address. Each selector gives the typed proxy of the hub's `#[receiver]` trait; untyped sends are in
/// [`Untyped`](crate::Untyped).
///
/// Matches `IHubCallerClients` of ASP.NET Core. Selecting costs nothing; a send costs what its audience costs. Those that are
/// not connected are left out without an error: the [`Receipt`](crate::Receipt) says how many were reached.
///
/// ```
/// # use signalr::{Context, hub, receiver};
/// #[receiver]
/// trait ChatClient {
///     async fn receive_message(&self, text: String);
/// }
///
/// # struct Chat;
/// #[hub(receiver = ChatClient)]
/// impl Chat {
///     async fn shout(&self, ctx: Context<Self>, text: String) -> usize {
///         let receipt = ctx.clients().others().receive_message(text).await;
///         receipt.connections
///     }
/// }
/// ```
pub struct Clients<H: HubMethods> {
    sender: Sender,
    hub: crate::hub::invocation::Of<H>,
}

fn ids(ids: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<SmolStr> {
    ids.into_iter().map(|id| id.as_ref().into()).collect()
}

fn names(names: impl IntoIterator<Item = impl Into<String>>) -> Vec<String> {
    names.into_iter().map(Into::into).collect()
}

/// Who is named twice still gets one message.
fn unique<T: Clone + Eq + Hash>(mut list: Vec<T>) -> Vec<T> {
    if list.len() > 1 {
        let mut seen = HashSet::with_capacity(list.len());
        list.retain(|name| seen.insert(name.clone()));
    }
    list
}

impl<H: HubMethods> Clients<H> {
    pub(crate) fn new(sender: Sender) -> Self {
        Clients { sender, hub: std::marker::PhantomData }
    }

    #[inline(never)]
    fn target<A>(&self, audience: Audience) -> ProxyOf<H, A> {
        Target::new(self.sender.clone(), audience).into()
    }

    /// Every connection of the hub.
    pub fn all(&self) -> ProxyOf<H, Many> {
        self.target(Audience::All)
    }

    /// Every connection but those with the given ids.
    pub fn all_except(&self, excluded: impl IntoIterator<Item = impl AsRef<str>>) -> ProxyOf<H, Many> {
        self.target(Audience::AllExcept(ids(excluded)))
    }

    /// The connection that called.
    pub fn caller(&self) -> ProxyOf<H, Single> {
        self.target(match self.sender.caller() {
            Some(caller) => Audience::Peer(caller.peer.clone()),
            None => Audience::Connections(Vec::new()),
        })
    }

    /// Every connection but the one that called.
    pub fn others(&self) -> ProxyOf<H, Many> {
        self.target(self.sender.others())
    }

    /// One connection, by its id. An id that is not connected reaches nobody.
    pub fn client(&self, connection_id: impl AsRef<str>) -> ProxyOf<H, Single> {
        self.target(Audience::connection(connection_id.as_ref()))
    }

    /// Several connections, by their ids.
    pub fn clients(&self, connection_ids: impl IntoIterator<Item = impl AsRef<str>>) -> ProxyOf<H, Many> {
        self.target(Audience::Connections(unique(ids(connection_ids))))
    }

    /// The members of a group. Names are case-sensitive.
    pub fn group(&self, name: impl Into<String>) -> ProxyOf<H, Many> {
        self.target(Audience::group(name.into()))
    }

    /// The members of several groups. Who is in two of them gets the message twice, as with ASP.NET Core.
    pub fn groups(&self, group_names: impl IntoIterator<Item = impl Into<String>>) -> ProxyOf<H, Many> {
        self.target(Audience::Groups(names(group_names)))
    }

    /// The members of a group but those with the given ids.
    pub fn group_except(
        &self,
        name: impl Into<String>,
        excluded: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> ProxyOf<H, Many> {
        self.target(Audience::GroupExcept(name.into(), ids(excluded)))
    }

    /// The members of a group but the one that called.
    pub fn others_in_group(&self, name: impl Into<String>) -> ProxyOf<H, Many> {
        self.target(self.sender.others_in_group(name.into()))
    }

    /// All connections of a user.
    pub fn user(&self, user_id: impl Into<String>) -> ProxyOf<H, Many> {
        self.target(Audience::user(user_id.into()))
    }

    /// All connections of several users.
    pub fn users(&self, user_ids: impl IntoIterator<Item = impl Into<String>>) -> ProxyOf<H, Many> {
        self.target(Audience::Users(unique(names(user_ids))))
    }
}

impl<H: HubMethods> Clients<H> {
    /// How many connections a user has, on all servers: whether the user is online.
    pub async fn user_connections(&self, user_id: impl AsRef<str>) -> fleet::FleetAnswer<usize> {
        fleet::user_connections(self.sender.core(), user_id.as_ref()).await
    }
}

impl<H: HubMethods> Clone for Clients<H> {
    fn clone(&self) -> Self {
        Clients::new(self.sender.clone())
    }
}

impl<H: HubMethods> fmt::Debug for Clients<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients").field("hub", &self.sender.core().name).finish_non_exhaustive()
    }
}
