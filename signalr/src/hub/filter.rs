//! Filters: code of the application around the calls, the beginnings and the ends of connections, whatever the hub.

use super::call::HubCall;
use super::caller::Caller;
use super::error::HubError;
use super::reply::Reply;
use crate::protocol::{Codec, DecodeError, EncodeError, Payload};
use crate::session::BoxFuture;
use crate::session::calls::CallFuture;
use crate::session::close::CloseReason;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Code around every call of a hub's methods, and around the beginning and the end of its connections: for logging,
/// validation, caching, retries. Matches `IHubFilter` of ASP.NET Core.
///
/// It is installed by [`HubOptions::filter`](crate::HubOptions::filter), or for several hubs by
/// [`SignalRBuilder::filter`](crate::SignalRBuilder::filter). The first one is the outermost. Each method passes on to what
/// is within (other filters, and at last the hub) by `next`, and does what it likes before and after; those that are not
/// written pass on.
///
/// ```
/// use signalr::{Answer, HubCall, HubError, HubFilter, Next};
/// use std::time::Instant;
///
/// struct Log;
///
/// impl HubFilter for Log {
///     async fn invoke_method(&self, call: &mut HubCall, next: Next<'_>) -> Result<Answer, HubError> {
///         let begin = Instant::now();
///         let answer = next.run(call).await;
///         println!("{} took {:?}", call.method(), begin.elapsed());
///         answer
///     }
/// }
/// ```
pub trait HubFilter: Send + Sync + 'static {
    /// A client calls a method. The name is that of a method which there is, and its policy has let the caller in; the
    /// arguments were not read yet, and can be replaced. The answer is what the method returned, before it is sent: an
    /// encoded value, an error, or a stream of which no item was sent yet.
    ///
    /// Errors of the method, and arguments that do not fit it, arrive as errors of `next`; so does a panic.
    ///
    /// # Errors
    /// The call fails with the error.
    fn invoke_method(
        &self,
        call: &mut HubCall,
        next: Next<'_>,
    ) -> impl Future<Output = Result<Answer, HubError>> + Send {
        async move { next.run(call).await }
    }

    /// A client has connected. Its calls wait until this has ended.
    ///
    /// # Errors
    /// The connection is closed; its client gets the text of a public error.
    fn on_connected(
        &self,
        caller: &Caller,
        next: NextConnected<'_>,
    ) -> impl Future<Output = Result<(), HubError>> + Send {
        async move { next.run(caller).await }
    }

    /// The connection of a client that was let in has ended, and all its calls too.
    ///
    /// # Errors
    /// The error is logged.
    fn on_disconnected(
        &self,
        caller: &Caller,
        reason: &CloseReason,
        next: NextDisconnected<'_>,
    ) -> impl Future<Output = Result<(), HubError>> + Send {
        async move { next.run(caller, reason).await }
    }
}

impl<F: HubFilter> HubFilter for Arc<F> {
    fn invoke_method(
        &self,
        call: &mut HubCall,
        next: Next<'_>,
    ) -> impl Future<Output = Result<Answer, HubError>> + Send {
        (**self).invoke_method(call, next)
    }

    fn on_connected(
        &self,
        caller: &Caller,
        next: NextConnected<'_>,
    ) -> impl Future<Output = Result<(), HubError>> + Send {
        (**self).on_connected(caller, next)
    }

    fn on_disconnected(
        &self,
        caller: &Caller,
        reason: &CloseReason,
        next: NextDisconnected<'_>,
    ) -> impl Future<Output = Result<(), HubError>> + Send {
        (**self).on_disconnected(caller, reason, next)
    }
}

type Borrowed<'a, T> = Pin<Box<dyn Future<Output = Result<T, HubError>> + Send + 'a>>;

/// A filter whose type is forgotten.
pub(crate) trait AnyFilter: Send + Sync {
    fn invoke_method<'a>(&'a self, call: &'a mut HubCall, next: Next<'a>) -> Borrowed<'a, Answer>;
    fn on_connected<'a>(&'a self, caller: &'a Caller, next: NextConnected<'a>) -> Borrowed<'a, ()>;
    fn on_disconnected<'a>(
        &'a self,
        caller: &'a Caller,
        reason: &'a CloseReason,
        next: NextDisconnected<'a>,
    ) -> Borrowed<'a, ()>;
}

impl<F: HubFilter> AnyFilter for F {
    fn invoke_method<'a>(&'a self, call: &'a mut HubCall, next: Next<'a>) -> Borrowed<'a, Answer> {
        Box::pin(HubFilter::invoke_method(self, call, next))
    }

    fn on_connected<'a>(&'a self, caller: &'a Caller, next: NextConnected<'a>) -> Borrowed<'a, ()> {
        Box::pin(HubFilter::on_connected(self, caller, next))
    }

    fn on_disconnected<'a>(
        &'a self,
        caller: &'a Caller,
        reason: &'a CloseReason,
        next: NextDisconnected<'a>,
    ) -> Borrowed<'a, ()> {
        Box::pin(HubFilter::on_disconnected(self, caller, reason, next))
    }
}

/// All filters of a hub where it is mounted, the outermost first.
pub(crate) type Filters = Arc<[Arc<dyn AnyFilter>]>;

/// What a call, a beginning or an end is at last: the hub's own part.
pub(crate) trait RunMethod: Send + Sync {
    fn run<'a>(&'a self, call: &'a mut HubCall) -> Borrowed<'a, Answer>;
}

/// The hub's own `on_connected`.
pub(crate) trait RunConnected: Send + Sync {
    fn run(&self) -> BoxFuture<Result<(), HubError>>;
}

/// The hub's own `on_disconnected`.
pub(crate) trait RunDisconnected: Send + Sync {
    fn run(&self, reason: CloseReason) -> BoxFuture<Result<(), HubError>>;
}

/// What is within a filter for a call: the next filter, or the method.
#[derive(Clone, Copy)]
pub struct Next<'a> {
    pub(crate) filters: &'a [Arc<dyn AnyFilter>],
    pub(crate) method: &'a dyn RunMethod,
}

impl Next<'_> {
    /// Goes on with the call. It can be done again, where a call that failed is to be repeated: but what the method did
    /// is done, the items of a stream that has begun to be sent are sent, and a method that takes streams from the client
    /// runs only once; its second run fails.
    ///
    /// # Errors
    /// What the method, or a filter within this one, failed with.
    pub async fn run(&self, call: &mut HubCall) -> Result<Answer, HubError> {
        match self.filters.split_first() {
            Some((first, filters)) => first.invoke_method(call, Next { filters, method: self.method }).await,
            None => self.method.run(call).await,
        }
    }
}

/// What is within a filter when a client has connected: the next filter, or the hub's `on_connected`.
#[derive(Clone, Copy)]
pub struct NextConnected<'a> {
    pub(crate) filters: &'a [Arc<dyn AnyFilter>],
    pub(crate) hub: &'a dyn RunConnected,
}

impl NextConnected<'_> {
    /// Goes on with the beginning of the connection.
    ///
    /// # Errors
    /// What the hub, or a filter within this one, failed with.
    pub async fn run(&self, caller: &Caller) -> Result<(), HubError> {
        match self.filters.split_first() {
            Some((first, filters)) => first.on_connected(caller, NextConnected { filters, hub: self.hub }).await,
            None => self.hub.run().await,
        }
    }
}

/// What is within a filter when a connection has ended: the next filter, or the hub's `on_disconnected`.
#[derive(Clone, Copy)]
pub struct NextDisconnected<'a> {
    pub(crate) filters: &'a [Arc<dyn AnyFilter>],
    pub(crate) hub: &'a dyn RunDisconnected,
}

impl NextDisconnected<'_> {
    /// Goes on with the end of the connection.
    ///
    /// # Errors
    /// What the hub, or a filter within this one, failed with.
    pub async fn run(&self, caller: &Caller, reason: &CloseReason) -> Result<(), HubError> {
        match self.filters.split_first() {
            Some((first, filters)) => {
                first.on_disconnected(caller, reason, NextDisconnected { filters, hub: self.hub }).await
            }
            None => self.hub.run(reason.clone()).await,
        }
    }
}

macro_rules! debug {
    ($($next:ident)+) => {$(
        impl fmt::Debug for $next<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($next)).field("filters", &self.filters.len()).finish_non_exhaustive()
            }
        }
    )+};
}

debug!(Next NextConnected NextDisconnected);

/// What a method has answered: an encoded value, or a stream that begins once all filters have let it pass. Dropping the
/// answer drops the stream.
pub struct Answer(Content);

pub(crate) enum Content {
    Value(Codec, Vec<u8>),
    Stream(Opened),
}

/// A stream that waits for its way to the client.
pub(crate) struct Opened {
    /// Sends the items, once `go` was used.
    pub(crate) future: CallFuture,
    pub(crate) go: oneshot::Sender<Reply<'static>>,
}

impl Answer {
    pub(crate) fn encoded(codec: Codec, value: Vec<u8>) -> Self {
        Answer(Content::Value(codec, value))
    }

    pub(crate) fn stream(stream: Opened) -> Self {
        Answer(Content::Stream(stream))
    }

    pub(crate) fn into_content(self) -> Content {
        self.0
    }

    /// Whether it is a stream, whose items filters do not see.
    pub fn is_stream(&self) -> bool {
        matches!(self.0, Content::Stream(_))
    }

    /// Reads the value. A method that returns nothing has answered with null: `()`.
    ///
    /// # Errors
    /// Fails when the value cannot be read as a `T`, and for a stream.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        match &self.0 {
            Content::Value(codec, bytes) => Payload::new(*codec, bytes).decode(),
            Content::Stream(_) => Err(DecodeError::new("the answer is a stream, not a value")),
        }
    }

    /// Replaces the value.
    ///
    /// # Errors
    /// Fails when the value cannot be serialised, and for a stream; then nothing changes.
    pub fn set<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        match &mut self.0 {
            Content::Value(codec, bytes) => *bytes = codec.value(&value)?,
            Content::Stream(_) => return Err(EncodeError::new("the answer is a stream, not a value")),
        }
        Ok(())
    }
}

/// What users say to each other does not belong into logs.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_stream() { "Answer(stream)" } else { "Answer(value)" })
    }
}
