//! Client results: the server asks one client and waits for its answer.

use crate::backplane::envelope::Envelope;
use crate::backplane::inbound::DISCONNECTED;
use crate::backplane::node::Node;
use crate::backplane::registry::HubCore;
use crate::backplane::waiting::Awaited;
use crate::backplane::{BackplaneError, Told};
use crate::hub::error::short_type_name;
use crate::protocol::codec::InvocationHead;
use crate::protocol::negotiate::new_connection_id;
use crate::protocol::payload::AnyArguments;
use crate::protocol::{Arguments, Codec, DecodeError, EncodeError, Protocol};
use crate::session::BoxFuture;
use crate::session::inbox::{Origin, Pushed};
use crate::session::invocations::Answer;
use crate::session::peer::Peer;
use futures_util::future::{Either, select};
use serde::de::DeserializeOwned;
use smol_str::SmolStr;
use std::fmt;
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
    /// The question could not be brought to the server that holds the connection.
    #[error("The client cannot be asked: {0}")]
    Backplane(#[from] BackplaneError),
    /// The operating system gives no random numbers, which a question to a client of another server needs.
    #[error("The client cannot be asked: no random numbers")]
    Unasked,
    /// Nobody can be asked from `on_connected`: the client is not ready to answer.
    #[error("Client results inside OnConnectedAsync Hub methods are not allowed.")]
    WhileConnecting,
}

impl ClientResultError {
    /// Whether it tells what the client itself said or did.
    pub(crate) fn is_of_the_client(&self) -> bool {
        matches!(self, Self::Client(_) | Self::Result { .. } | Self::NoResult)
    }

    #[cold]
    fn undecodable(expected: &'static str, error: &DecodeError) -> Self {
        Self::Result { expected, cause: error.to_string() }
    }
}

/// An open question; dropping it closes it.
pub(crate) struct Asked {
    /// The id of the connection.
    connection: SmolStr,
    /// How the client would say nothing.
    codec: Codec,
    answer: oneshot::Receiver<Answer>,
    /// How many servers have the question, if it had to leave this one.
    told: Option<Told<Option<usize>>>,
    open: Open,
}

/// Where it is noted that somebody waits.
enum Open {
    Here { peer: Arc<Peer>, call: u64 },
    Elsewhere { _awaited: Awaited<SmolStr, oneshot::Sender<Answer>> },
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Open::Here { peer, call } = self {
            peer.invocations.forget(*call);
        }
    }
}

impl Asked {
    /// Encodes and queues the question.
    pub(crate) fn ask(peer: Arc<Peer>, method: &str, arguments: &dyn AnyArguments) -> Result<Self, ClientResultError> {
        let nobody = || ClientResultError::NotConnected(peer.id.to_string());
        let (call, answer) = peer.invocations.open().ok_or_else(nobody)?;
        let open = Open::Here { peer: peer.clone(), call };
        let id = peer.invocations.wire_id(call);
        let head = InvocationHead { id: Some(&id), target: method, ..InvocationHead::default() };
        let mut message = Vec::with_capacity(96);
        let written = peer.codec().write_invocation(&mut message, head, arguments);
        written.map_err(ClientResultError::Question)?;
        match peer.inbox.push(message.into(), Origin::OwnCall, None) {
            Pushed::Gone => Err(nobody()),
            Pushed::Queued | Pushed::QueuedAbove | Pushed::Dropped => {
                let (connection, codec) = (peer.id.clone(), peer.codec());
                Ok(Asked { connection, codec, answer, told: None, open })
            }
        }
    }

    /// Encodes the question and publishes it for the server that holds the connection.
    pub(crate) fn ask_elsewhere(
        core: &HubCore,
        node: &Node,
        connection: &str,
        method: &str,
        arguments: &dyn AnyArguments,
    ) -> Result<Self, ClientResultError> {
        // It has to be unique among the questions of all servers.
        let id: SmolStr = new_connection_id().map_err(|_error| ClientResultError::Unasked)?.into();
        let (mut protocols, naming) = (core.registry.offered(), core.naming());
        let envelope = Envelope::encode(&mut protocols, naming, method, Some(&id), arguments)
            .map_err(ClientResultError::Question)?;
        let (awaited, answer) = node.await_result(id.clone());
        let told = node.ask_client(connection, &id, &envelope.encoded)?;
        Ok(Asked {
            connection: connection.into(),
            codec: Codec::new(Protocol::Json, naming),
            answer,
            told: Some(told),
            open: Open::Elsewhere { _awaited: awaited },
        })
    }

    /// The client's answer.
    async fn answered(&mut self) -> Result<Answer, ClientResultError> {
        let Some(told) = self.told.take() else { return self.received().await };
        let told = match select(&mut self.answer, told).await {
            Either::Left((answer, _told)) => return answer.map_err(|_gone| self.disconnected()),
            Either::Right((told, _answer)) => told,
        };
        match told {
            Ok(Some(0)) => Err(ClientResultError::NotConnected(self.connection.to_string())),
            Ok(_) => self.received().await,
            Err(error) => Err(error.into()),
        }
    }

    async fn received(&mut self) -> Result<Answer, ClientResultError> {
        let received = (&mut self.answer).await;
        received.map_err(|_gone| self.disconnected())
    }

    fn is_elsewhere(&self) -> bool {
        matches!(self.open, Open::Elsewhere { .. })
    }

    fn disconnected(&self) -> ClientResultError {
        ClientResultError::Disconnected(self.connection.to_string())
    }
}

impl<T> ClientResult<T> {
    pub(crate) fn new(asked: Result<Asked, ClientResultError>) -> Self {
        ClientResult { asked, timeout: DEFAULT_TIMEOUT, result: PhantomData }
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
        let encoded = encoded(self.asked, self.timeout);
        Box::pin(async move {
            match encoded.await? {
                // `()` and `Option` can be read from nothing, other types cannot.
                (codec, None) => Arguments::new(codec, &[], 0).next().map_err(|_| ClientResultError::NoResult),
                (codec, Some(bytes)) => {
                    let decoded = Answer::payload(codec, &bytes).decode();
                    decoded.map_err(|error| ClientResultError::undecodable(short_type_name::<T>(), &error))
                }
            }
        })
    }
}

/// A result of the client, still encoded, or none. Whatever its type: that is why it is in a box of its own.
type Encoded = BoxFuture<Result<(Codec, Option<Box<[u8]>>), ClientResultError>>;

#[inline(never)]
fn encoded(asked: Result<Asked, ClientResultError>, timeout: Duration) -> Encoded {
    Box::pin(async move {
        let mut asked = asked?;
        let answer = match tokio::time::timeout(timeout, asked.answered()).await {
            Ok(answer) => answer?,
            Err(_elapsed) => return Err(ClientResultError::TimedOut(timeout)),
        };
        match answer {
            Answer::Error(text) if asked.is_elsewhere() && text == DISCONNECTED => Err(asked.disconnected()),
            Answer::Error(text) => Err(ClientResultError::Client(text)),
            Answer::Void => Ok((asked.codec, None)),
            Answer::Result(codec, bytes) => Ok((codec, Some(bytes))),
        }
    })
}

impl<T> fmt::Debug for ClientResult<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked = self.asked.as_ref().map(|asked| &asked.connection);
        f.debug_struct("ClientResult").field("asked", &asked).field("timeout", &self.timeout).finish()
    }
}
