//! Streams that the peer sends as a part of a call.

use super::items::{ItemQueue, ItemReader, Items};
use crate::protocol::DecodeError;
use crate::session::peer::Peer;
use futures_util::Stream;
use serde::de::DeserializeOwned;
use smol_str::SmolStr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use thiserror::Error;

/// A stream that the client sends with a call, as a parameter of a hub method.
///
/// Each item is decoded when it is asked for. The stream ends after the client has completed it, and it fails, once and
/// for all, as [`UploadError`] says: a broken upload never looks like a finished one. Items that nobody asks for yet are
/// kept up to [a limit](crate::Limits::waiting_limit); then reading from the client pauses. Dropping it ignores what the
/// client still sends.
///
/// Matches the `IAsyncEnumerable<T>` and `ChannelReader<T>` parameters of ASP.NET Core.
///
/// ```
/// # use signalr::{HubError, Upload, hub};
/// use futures_util::StreamExt;
///
/// # struct Words;
/// #[hub]
/// impl Words {
///     async fn join(&self, mut words: Upload<String>) -> Result<String, HubError> {
///         let mut text = String::new();
///         while let Some(word) = words.next().await {
///             text += &word?;
///         }
///         Ok(text)
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Upload<T> {
    items: Items<T, UploadError>,
}

/// Why an upload stream ended before the client completed it. As the error of a hub method it is public.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UploadError {
    /// The client ended the stream with this error.
    #[error("{0}")]
    Client(String),
    /// An item cannot be read as the type that the method expects; the text says why.
    #[error("Failed to bind Stream message.")]
    Item(String),
    /// The client has begun another stream under the same id.
    #[error("The id of the stream was used for another one.")]
    Replaced,
    /// The connection has ended.
    #[error("The underlying connection was closed.")]
    ConnectionClosed,
}

impl UploadError {
    #[cold]
    fn undecodable(error: &DecodeError) -> Self {
        UploadError::Item(error.to_string())
    }
}

impl<T> Upload<T> {
    pub(crate) fn new(handle: UploadHandle) -> Self {
        Upload { items: Items::new(handle) }
    }
}

impl<T: DeserializeOwned> Stream for Upload<T> {
    type Item = Result<T, UploadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().items.poll_next(cx, |error, _| UploadError::undecodable(&error))
    }
}

/// The reading end of an upload; dropping it abandons the stream.
pub(crate) type UploadHandle = ItemReader<UploadError>;

/// The upload streams of one connection that have not ended, by the ids that the peer gave them.
#[derive(Debug, Default)]
pub(crate) struct Uploads(Vec<(SmolStr, Arc<ItemQueue<UploadError>>)>);

impl Uploads {
    /// Begins the streams of a call. `None` when there would be more than `limit` at once.
    pub(crate) fn open<S: AsRef<str>>(
        &mut self,
        peer: &Arc<Peer>,
        ids: &[S],
        capacity: usize,
        limit: usize,
    ) -> Option<Vec<UploadHandle>> {
        self.0.retain(|(_, queue)| !queue.is_abandoned());
        if self.0.len() + ids.len() > limit {
            return None;
        }
        Some(ids.iter().map(|id| self.open_one(peer, id.as_ref(), capacity)).collect())
    }

    fn open_one(&mut self, peer: &Arc<Peer>, id: &str, capacity: usize) -> UploadHandle {
        self.end(id, Err(UploadError::Replaced));
        let queue = ItemQueue::new(peer.codec(), capacity);
        queue.attach(peer);
        self.0.push((id.into(), queue.clone()));
        ItemReader::new(queue)
    }

    /// One item has come. Says whether it belongs to one of the streams.
    pub(crate) fn push(&self, id: &str, item: &[u8]) -> bool {
        let Some((_, queue)) = self.0.iter().find(|(known, _)| known.as_str() == id) else { return false };
        queue.push(item);
        true
    }

    /// Ends a stream, and says whether there was one.
    pub(crate) fn end(&mut self, id: &str, end: Result<(), UploadError>) -> bool {
        let Some(place) = self.0.iter().position(|(known, _)| known.as_str() == id) else { return false };
        self.0.swap_remove(place).1.end(end);
        true
    }

    /// The connection has ended.
    pub(crate) fn fail_all(&mut self) {
        for (_, queue) in self.0.drain(..) {
            queue.end(Err(UploadError::ConnectionClosed));
        }
    }
}
