//! Streams that the client sends with a call. Each is read by a task of its own, as long as the call goes on.

use super::invocations::Invocations;
use crate::protocol::{Codec, EncodeError};
use crate::session::BoxFuture;
use futures_util::{FutureExt, Stream, StreamExt};
use serde::Serialize;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use tokio::task::AbortHandle;

/// After so many items other tasks have their turn.
const ITEMS_PER_TURN: usize = 128;
/// What the server is told of a stream that has panicked.
const PANICKED: &str = "The stream panicked.";

/// Encodes one item as a message of the stream with that id. An error is what the server is told of it.
type Encode<I> = fn(Codec, &mut Vec<u8>, &str, I) -> Result<(), String>;

/// A stream that will be sent with a call.
pub(super) struct Upload(Box<dyn FnOnce(Sender) -> BoxFuture<()> + Send>);

/// Where the items of one stream go.
struct Sender {
    invocations: Arc<Invocations>,
    owner: u64,
    stream: u64,
}

impl Upload {
    /// Every item is sent as it is.
    pub(super) fn new<S>(stream: S) -> Self
    where
        S: Stream + Send + 'static,
        S::Item: Serialize,
    {
        fn encode<T: Serialize>(codec: Codec, out: &mut Vec<u8>, id: &str, item: T) -> Result<(), String> {
            codec.encode_stream_item(out, id, &item).map_err(cannot_encode)
        }
        Upload::encoding(stream, encode)
    }

    /// The first error ends the stream, and the server is told its text.
    pub(super) fn fallible<S, T, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<T, E>> + Send + 'static,
        T: Serialize,
        E: std::fmt::Display,
    {
        fn encode<T: Serialize, E: std::fmt::Display>(
            codec: Codec,
            out: &mut Vec<u8>,
            id: &str,
            item: Result<T, E>,
        ) -> Result<(), String> {
            let item = item.map_err(|error| error.to_string())?;
            codec.encode_stream_item(out, id, &item).map_err(cannot_encode)
        }
        Upload::encoding(stream, encode)
    }

    fn encoding<S: Stream + Send + 'static>(stream: S, encode: Encode<S::Item>) -> Self {
        Upload(Box::new(move |sender| Box::pin(sender.send_all(stream, encode))))
    }

    /// Begins to send the stream, which belongs to the call `owner`.
    pub(super) fn start(self, invocations: &Arc<Invocations>, owner: u64, stream: u64) {
        let (begin, begun) = tokio::sync::oneshot::channel();
        let sending = (self.0)(Sender { invocations: invocations.clone(), owner, stream });
        let task = tokio::spawn(async move {
            // Not before this task is known, so that it ends with the call.
            if begun.await.is_ok() {
                sending.await;
            }
        });
        invocations.uploading(stream, task.abort_handle());
        // It fails if the call has ended already.
        let _ = begin.send(());
    }
}

fn cannot_encode(error: EncodeError) -> String {
    format!("An item cannot be serialised: {error}")
}

impl Sender {
    async fn send_all<S: Stream>(self, stream: S, encode: Encode<S::Item>) {
        let codec = self.invocations.codec();
        let id = self.stream.to_string();
        let mut stream = pin!(stream);
        let mut message = Vec::new();
        let mut sent = 0;
        loop {
            message.clear();
            let step = async {
                match stream.next().await {
                    None => {
                        codec.protocol.encode_end(&mut message, &id);
                        Ok(true)
                    }
                    Some(item) => encode(codec, &mut message, &id, item).map(|()| false),
                }
            };
            // Whoever reads the stream waits for its end, whatever happens here.
            let step = AssertUnwindSafe(step).catch_unwind().await;
            let ended = step.unwrap_or_else(|_panic| Err(PANICKED.to_owned())).unwrap_or_else(|error| {
                codec.protocol.encode_error(&mut message, &id, &error);
                true
            });
            let queued = poll_fn(|cx| self.invocations.poll_upload(cx, self.owner, self.stream, &message, ended)).await;
            if ended || !queued {
                return;
            }
            sent += 1;
            if sent % ITEMS_PER_TURN == 0 {
                tokio::task::yield_now().await;
            }
        }
    }
}

/// The streams of one client that are being sent.
#[derive(Default)]
pub(super) struct Uploads(Vec<Active>);

struct Active {
    owner: u64,
    stream: u64,
    /// Once it is there.
    task: Option<AbortHandle>,
}

impl Uploads {
    /// A stream of that call will be sent.
    pub(super) fn begin(&mut self, owner: u64, stream: u64) {
        self.0.push(Active { owner, stream, task: None });
    }

    /// The task that reads a stream; it is ended if the stream is no longer to be sent.
    pub(super) fn run(&mut self, stream: u64, task: AbortHandle) {
        match self.0.iter_mut().find(|active| active.stream == stream) {
            Some(active) => active.task = Some(task),
            None => task.abort(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn has(&self, stream: u64) -> bool {
        self.0.iter().any(|active| active.stream == stream)
    }

    pub(super) fn ended(&mut self, stream: u64) {
        self.0.retain(|active| active.stream != stream);
    }

    /// Ends the streams of a call. Gives those that had not ended.
    pub(super) fn abort(&mut self, owner: u64) -> Vec<u64> {
        let mut aborted = Vec::new();
        self.retain_active(|active| {
            let ends = active.owner == owner;
            if ends {
                aborted.push(active.stream);
            }
            !ends
        });
        aborted
    }

    /// Keeps only the streams of some calls.
    pub(super) fn retain(&mut self, keep: impl Fn(u64) -> bool) {
        self.retain_active(|active| keep(active.owner));
    }

    fn retain_active(&mut self, mut keep: impl FnMut(&Active) -> bool) {
        self.0.retain(|active| {
            let kept = keep(active);
            if let Some(task) = active.task.as_ref().filter(|_| !kept) {
                task.abort();
            }
            kept
        });
    }
}
