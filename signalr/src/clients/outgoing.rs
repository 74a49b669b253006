//! What a hub sends, for the application to look at before it leaves.

use super::target::Audience;
use crate::hub::call::CallArguments;
use crate::hub::caller::Caller;
use crate::hub::context::Connection;
use crate::protocol::payload::AnyArguments;
use crate::protocol::{Codec, EncodeError, Naming, Protocol};
use std::fmt;
use std::sync::Arc;

/// A call of a client method, before it is encoded and queued: see [`Hub::send_filter`](crate::Hub::send_filter).
pub struct Outgoing<'a> {
    pub(crate) hub: &'a str,
    pub(crate) method: &'a str,
    pub(crate) audience: &'a Audience,
    pub(crate) caller: Option<&'a Arc<Connection>>,
    pub(crate) question: bool,
    pub(crate) naming: Naming,
    pub(crate) arguments: &'a dyn AnyArguments,
}

/// What becomes of an outgoing call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendDecision {
    /// It is sent.
    Deliver,
    /// It is not sent, to nobody of its audience: the [`Receipt`](crate::Receipt) says that it reached no connection, and a
    /// question fails with [`ClientResultError::Dropped`](crate::ClientResultError::Dropped).
    Discard,
}

/// Who only looks lets everything pass.
impl From<()> for SendDecision {
    fn from((): ()) -> Self {
        SendDecision::Deliver
    }
}

/// Whom an outgoing call addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recipients<'a> {
    /// Every connection.
    All,
    /// Every connection but those with these ids.
    AllExcept(Vec<&'a str>),
    /// The connections with these ids.
    Connections(Vec<&'a str>),
    /// The members of these groups.
    Groups(Vec<&'a str>),
    /// The members of a group but those with these ids.
    GroupExcept(&'a str, Vec<&'a str>),
    /// All connections of these users.
    Users(Vec<&'a str>),
}

pub(crate) type SendFilter = Box<dyn Fn(&Outgoing<'_>) -> SendDecision + Send + Sync>;

impl Outgoing<'_> {
    /// The name of the hub.
    pub fn hub(&self) -> &str {
        self.hub
    }

    /// The name of the client method on the wire.
    pub fn method(&self) -> &str {
        self.method
    }

    /// Whom it addresses.
    pub fn recipients(&self) -> Recipients<'_> {
        fn texts<T: AsRef<str>>(list: &[T]) -> Vec<&str> {
            list.iter().map(AsRef::as_ref).collect()
        }
        match self.audience {
            Audience::All => Recipients::All,
            Audience::AllExcept(ids) => Recipients::AllExcept(texts(ids)),
            Audience::Peer(peer) => Recipients::Connections(vec![peer.id.as_str()]),
            Audience::Connections(ids) => Recipients::Connections(texts(ids)),
            Audience::Groups(names) => Recipients::Groups(texts(names)),
            Audience::GroupExcept(name, ids) => Recipients::GroupExcept(name, texts(ids)),
            Audience::Users(names) => Recipients::Users(texts(names)),
        }
    }

    /// The client whose call or connection sends this. `None` for what a [`HubHandle`](crate::HubHandle) sends.
    pub fn caller(&self) -> Option<Caller> {
        self.caller.cloned().map(Caller::new)
    }

    /// Whether one client is asked for a result.
    pub fn is_question(&self) -> bool {
        self.question
    }

    /// The arguments, for reading. They are encoded as JSON for this, apart from what the clients get.
    ///
    /// # Errors
    /// Fails when one of them cannot be serialised.
    pub fn arguments(&self) -> Result<CallArguments, EncodeError> {
        CallArguments::encoded(Codec::new(Protocol::Json, self.naming), self.arguments)
    }
}

impl fmt::Debug for Outgoing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("hub", &self.hub)
            .field("method", &self.method)
            .field("recipients", &self.recipients())
            .finish_non_exhaustive()
    }
}
