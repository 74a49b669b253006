//! Calls of the hub's methods that are answered once.

use super::connection::HubConnection;
use super::error::ClientError;
use super::invocations::{Answer, Invocations, Request};
use super::upload::Upload;
use crate::protocol::{Arguments, EncodeError, Payload, WireArguments};
use futures_util::Stream;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Sleep;

/// A call that is not sent yet: the method, its encoded arguments and its streams.
pub(super) struct Draft {
    pub(super) method: Cow<'static, str>,
    arguments: Result<Vec<u8>, EncodeError>,
    count: usize,
    uploads: Vec<Upload>,
}

impl Draft {
    pub(super) fn new<A: WireArguments>(invocations: &Invocations, method: Cow<'static, str>, arguments: &A) -> Self {
        Draft {
            method,
            arguments: invocations.codec().arguments(arguments),
            count: arguments.count(),
            uploads: Vec::new(),
        }
    }

    pub(super) fn upload(&mut self, upload: Upload) {
        self.uploads.push(upload);
    }

    /// Queues the call by `queue`, which is given what is to be encoded.
    pub(super) fn poll<R>(
        &mut self,
        queue: impl FnOnce(&Request<'_>) -> Poll<Result<R, ClientError>>,
    ) -> Poll<Result<R, ClientError>> {
        match &self.arguments {
            Ok(arguments) => {
                queue(&Request { method: &self.method, arguments, count: self.count, uploads: self.uploads.len() })
            }
            Err(cause) => {
                Poll::Ready(Err(ClientError::Argument { method: self.method.to_string(), cause: cause.clone() }))
            }
        }
    }

    /// The call is queued under that number: its streams begin, which have the numbers behind it.
    pub(super) fn start_uploads(&mut self, invocations: &Arc<Invocations>, number: u64) {
        for (stream, upload) in (number + 1..).zip(std::mem::take(&mut self.uploads)) {
            upload.start(invocations, number, stream);
        }
    }
}

/// A call of a hub method, which is sent when this is awaited. It gives the result; dropping the future before it is there
/// cancels the call on the server.
///
/// Matches `InvokeAsync` and `SendAsync` of .NET's `HubConnection`.
#[must_use = "nothing is sent unless this is awaited"]
pub struct Call<'c, T> {
    connection: &'c HubConnection,
    draft: Draft,
    timeout: Option<Duration>,
    result: PhantomData<fn() -> T>,
}

impl<'c, T> Call<'c, T> {
    pub(super) fn new(connection: &'c HubConnection, draft: Draft, timeout: Option<Duration>) -> Self {
        Call { connection, draft, timeout, result: PhantomData }
    }

    /// Adds a stream that is sent with the call, after the arguments that are there. It is read on a task of its own until it
    /// ends, or the call does.
    pub fn upload<S>(mut self, stream: S) -> Self
    where
        S: Stream + Send + 'static,
        S::Item: Serialize,
    {
        self.draft.upload(Upload::new(stream));
        self
    }

    /// As [`upload`](Self::upload), for a stream that may fail: its first error ends it, and the server is told the text.
    pub fn try_upload<S, I, E>(mut self, stream: S) -> Self
    where
        S: Stream<Item = Result<I, E>> + Send + 'static,
        I: Serialize + 'static,
        E: fmt::Display + 'static,
    {
        self.draft.upload(Upload::fallible(stream));
        self
    }

    /// Sets how long the server may take, from when this is awaited; after that the call is cancelled. It takes the place of
    /// the connection's [`call_timeout`](crate::HubConnectionBuilder::call_timeout).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sends the call and asks for no answer: what becomes of it is not known. Done when it is queued; messages of one client
    /// are sent in the order in which they were queued.
    ///
    /// Matches `SendAsync` of .NET's `HubConnection`.
    ///
    /// # Errors
    /// [`ClientError::NotConnected`] and [`ClientError::QueueFull`] where it cannot be sent, [`ClientError::Argument`] where
    /// an argument cannot be serialised.
    pub async fn send(self) -> Result<(), ClientError> {
        let Call { connection, mut draft, .. } = self;
        let invocations = connection.invocations();
        let number = poll_fn(|cx| draft.poll(|request| invocations.poll_send(cx, request))).await?;
        draft.start_uploads(invocations, number);
        Ok(())
    }
}

impl<'c, T: DeserializeOwned> IntoFuture for Call<'c, T> {
    type Output = Result<T, ClientError>;
    type IntoFuture = CallFuture<'c, T>;

    fn into_future(self) -> CallFuture<'c, T> {
        let Call { connection, draft, timeout, .. } = self;
        let deadline = timeout.map(|timeout| (timeout, Box::pin(tokio::time::sleep(timeout))));
        CallFuture { connection, draft, deadline, number: None, result: PhantomData }
    }
}

/// A call that is being made. Dropping it cancels the call.
#[must_use = "futures do nothing unless they are awaited"]
pub struct CallFuture<'c, T> {
    connection: &'c HubConnection,
    draft: Draft,
    deadline: Option<(Duration, Pin<Box<Sleep>>)>,
    /// Once it is queued, until it is answered.
    number: Option<u64>,
    result: PhantomData<fn() -> T>,
}

impl<T> CallFuture<'_, T> {
    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Result<Answer, ClientError>> {
        let invocations = self.connection.invocations();
        if let Some(number) = self.number {
            let answer = ready!(invocations.poll_answer(number, cx));
            self.number = None;
            return Poll::Ready(answer);
        }
        let number = ready!(self.draft.poll(|request| invocations.poll_invoke(cx, request)))?;
        self.number = Some(number);
        self.draft.start_uploads(invocations, number);
        Poll::Pending
    }

    fn cancel(&mut self) {
        if let Some(number) = self.number.take() {
            self.connection.invocations().cancel(number);
        }
    }
}

impl<T: DeserializeOwned> Future for CallFuture<'_, T> {
    type Output = Result<T, ClientError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if let Poll::Ready(answer) = this.poll_answer(cx) {
            let codec = this.connection.invocations().codec();
            let method = &this.draft.method;
            return Poll::Ready(match answer? {
                Answer::Result(bytes) => {
                    let result = Payload::new(codec, &bytes);
                    result.decode().map_err(|cause| ClientError::undecodable::<T>(method, "result", &cause, &result))
                }
                // `()` and `Option` can be read from nothing, other types cannot.
                Answer::Void => Arguments::new(codec, &[], 0).next().map_err(|_| ClientError::Decode {
                    method: method.to_string(),
                    part: "result",
                    path: String::new(),
                    cause: "there is none".to_owned(),
                }),
            });
        }
        if let Some((timeout, deadline)) = &mut this.deadline {
            ready!(deadline.as_mut().poll(cx));
            let error = ClientError::TimedOut(*timeout);
            this.cancel();
            return Poll::Ready(Err(error));
        }
        Poll::Pending
    }
}

impl<T> Drop for CallFuture<'_, T> {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl<T> fmt::Debug for Call<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("method", &self.draft.method).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for CallFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallFuture").field("method", &self.draft.method).finish_non_exhaustive()
    }
}
