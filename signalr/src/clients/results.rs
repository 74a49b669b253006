//! Client results: the server asks one client and waits for its answer.

use crate::hub::error::short_type_name;
use crate::protocol::codec::InvocationHead;
use crate::protocol::{Arguments, EncodeError, WireArguments};
use crate::session::inbox::{Origin, Pushed};
use crate::session::invocations::Answer;
use crate::session::peer::Peer;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::sync::oneshot;

/// How long a client may take, unless [`ClientResult::timeout`] says otherwise.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// A question that was sent to one client. Awaiting it gives the client's answer; dropping it ends the wait, and a late
/// answer is ignored. The client has 30 seconds, or what [`timeout`](Self::timeout) says.
///
/// Matches `Clients.Client(id).InvokeAsync<T>` of ASP.NET Core, which has no limit of its own.
///
/// ```
/// # use signalr::{Context, HubError, hub, receiver};
/// # use std::time::Duration;
/// #[receiver]
/// trait ShopClient {
///     async fn confirm(&self, question: String) -> bool;
/// }
///
/// # struct Shop;
/// #[hub(receiver = ShopClient)]
/// impl Shop {
///     async fn buy(&self, ctx: Context<Self>, item: String) -> Result<bool, HubError> {
///         let question = ctx.clients().caller().confirm(format!("Buy {item}?"));
///         Ok(question.timeout(Duration::from_secs(60)).await?)
///     }
/// }
/// ```
#[must_use = "the client's answer is lost unless this is awaited"]
#[derive(Debug)]
pub struct ClientResult<T> {
    asked: Result<Asked, ClientResultError>,
    timeout: Duration,
    result: PhantomData<fn() -> T>,
}

/// Why a client gave no result. As the error of a hub method, [`Client`](Self::Client), [`Result`](Self::Result) and
/// [`NoResult`](Self::NoResult) are public: they say what the client itself did. The others are hidden.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ClientResultError {
    /// No connection has that id.
    #[error("Connection '{0}' does not exist.")]
    NotConnected(String),
    /// The connection ended before the client answered.
    #[error("Connection '{0}' disconnected.")]
    Disconnected(String),
    /// The client did not answer in time.
    #[error(
        "The client did not answer within {0:?}. \
         (Its answer also waits while reading from it pauses: see Limits::waiting_limit.)"
    )]
    TimedOut(Duration),
    /// The client answered with this error. Microsoft's clients also answer so when they have no handler.
    #[error("{0}")]
    Client(String),
    /// The client answered with something that cannot be read as the expected type.
    #[error("Error trying to deserialize result to {expected}. {cause}")]
    Result {
        /// The type that was expected.
        expected: &'static str,
        /// Why it cannot be read.
        cause: String,
    },
    /// The client answered without a result.
    #[error("The client answered without a result.")]
    NoResult,
    /// An argument of the question cannot be serialised.
    #[error("The question cannot be serialised: {0}")]
    Question(EncodeError),
    /// The hub's [`send_filter`](crate::Hub::send_filter) has dropped the question.
    #[error("The question was dropped before it was sent.")]
    Dropped,
    /// Nobody can be asked from `on_connected`: the client is not ready to answer.
    #[error("Client results inside OnConnectedAsync Hub methods are not allowed.")]
    WhileConnecting,
}

impl ClientResultError {
    /// Whether it tells what the client itself said or did.
    pub(crate) fn is_of_the_client(&self) -> bool {
        matches!(self, Self::Client(_) | Self::Result { .. } | Self::NoResult)
    }
}

/// An open question; dropping it closes it.
#[derive(Debug)]
struct Asked {
    peer: Arc<Peer>,
    call: u64,
    answer: oneshot::Receiver<Answer>,
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.peer.invocations.forget(self.call);
    }
}

impl<T> ClientResult<T> {
    fn new(asked: Result<Asked, ClientResultError>) -> Self {
        ClientResult { asked, timeout: DEFAULT_TIMEOUT, result: PhantomData }
    }

    pub(crate) fn refused_while_connecting() -> Self {
        Self::new(Err(ClientResultError::WhileConnecting))
    }

    pub(crate) fn dropped() -> Self {
        Self::new(Err(ClientResultError::Dropped))
    }

    pub(crate) fn nobody(id: &str) -> Self {
        Self::new(Err(ClientResultError::NotConnected(id.to_owned())))
    }

    /// Encodes and queues the question.
    pub(crate) fn ask<W: WireArguments>(peer: Arc<Peer>, method: &str, arguments: &W) -> Self {
        let Some((call, answer)) = peer.invocations.open() else { return Self::nobody(peer.id.as_str()) };
        let asked = Asked { peer, call, answer };
        let id = asked.peer.invocations.wire_id(call);
        let head = InvocationHead { id: Some(&id), target: method, ..InvocationHead::default() };
        let mut message = Vec::with_capacity(96);
        if let Err(error) = asked.peer.codec().encode_invocation(&mut message, head, arguments) {
            return Self::new(Err(ClientResultError::Question(error)));
        }
        match asked.peer.inbox.push(message.into(), Origin::OwnCall, None) {
            Pushed::Gone => Self::nobody(asked.peer.id.as_str()),
            Pushed::Queued | Pushed::QueuedAbove | Pushed::Dropped => Self::new(Ok(asked)),
        }
    }

    /// Sets how long the client may take, from when this is awaited.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

impl<T: DeserializeOwned> IntoFuture for ClientResult<T> {
    type Output = Result<T, ClientResultError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let ClientResult { asked, timeout, .. } = self;
        Box::pin(async move {
            let mut asked = asked?;
            let answer = match tokio::time::timeout(timeout, &mut asked.answer).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(_gone)) => return Err(ClientResultError::Disconnected(asked.peer.id.as_str().to_owned())),
                Err(_elapsed) => return Err(ClientResultError::TimedOut(timeout)),
            };
            match answer {
                Answer::Error(text) => Err(ClientResultError::Client(text)),
                // `()` and `Option` can be read from nothing, other types cannot.
                Answer::Void => {
                    Arguments::new(asked.peer.codec(), &[], 0).next().map_err(|_| ClientResultError::NoResult)
                }
                Answer::Result(codec, bytes) => Answer::payload(codec, &bytes).decode().map_err(|error| {
                    ClientResultError::Result { expected: short_type_name::<T>(), cause: error.to_string() }
                }),
            }
        })
    }
}
