//! Calls of the hub's methods that are answered with a stream.

use super::call::Draft;
use super::connection::HubConnection;
use super::error::ClientError;
use super::invocations::Invocations;
use super::upload::Upload;
use crate::streaming::items::Items;
use futures_util::Stream;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// A call of a hub method that answers with a stream. It is sent when this is awaited, which gives the stream.
///
/// Matches `StreamAsync` of .NET's `HubConnection`.
#[must_use = "nothing is sent unless this is awaited"]
pub struct StreamCall<'c, T> {
    connection: &'c HubConnection,
    draft: Draft,
    item: PhantomData<fn() -> T>,
}

impl<'c, T> StreamCall<'c, T> {
    pub(super) fn new(connection: &'c HubConnection, draft: Draft) -> Self {
        StreamCall { connection, draft, item: PhantomData }
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

    async fn begin(self) -> Result<ItemStream<T>, ClientError> {
        let StreamCall { connection, mut draft, .. } = self;
        let invocations = connection.invocations();
        let (number, reader) = poll_fn(|cx| draft.poll(|request| invocations.poll_stream(cx, request))).await?;
        let stream = ItemStream {
            invocations: invocations.clone(),
            number,
            method: draft.method.clone(),
            items: Items::new(reader),
        };
        draft.start_uploads(invocations, number);
        Ok(stream)
    }
}

impl<'c, T: 'c> IntoFuture for StreamCall<'c, T> {
    type Output = Result<ItemStream<T>, ClientError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'c>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.begin())
    }
}

/// The items that a hub method sends. Each is decoded when it is asked for. Dropping the stream cancels it on the server.
///
/// It ends after the method's own stream has ended, and it fails, once and for all, with the hub's error, with
/// [`ClientError::ConnectionLost`] when the connection is lost, and with [`ClientError::Decode`] when an item cannot be read.
/// Items that nobody asks for are kept up to a [limit](crate::HubConnectionBuilder::waiting_limit); then reading from
/// the server pauses.
#[must_use = "streams do nothing unless they are polled"]
pub struct ItemStream<T> {
    invocations: Arc<Invocations>,
    number: u64,
    method: Cow<'static, str>,
    items: Items<T, ClientError>,
}

impl<T: DeserializeOwned> Stream for ItemStream<T> {
    type Item = Result<T, ClientError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let (method, invocations, number) = (&this.method, &this.invocations, this.number);
        this.items.poll_next(cx, |cause, item| {
            // The server may well go on: nobody reads it any more.
            invocations.cancel(number);
            ClientError::undecodable::<T>(method, "item", &cause, &item)
        })
    }
}

impl<T> Drop for ItemStream<T> {
    fn drop(&mut self) {
        if !self.items.has_ended() {
            self.invocations.cancel(self.number);
        }
    }
}

impl<T> fmt::Debug for StreamCall<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamCall").field("method", &self.draft.method).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for ItemStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemStream").field("method", &self.method).finish_non_exhaustive()
    }
}
