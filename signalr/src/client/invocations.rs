//! The calls of this client that are on their way: what they have to say, and who waits for the answers. They outlive a
//! session, so that a call may wait for the next connection.

use super::error::ClientError;
use super::queue::Queue;
use super::upload::Uploads;
use crate::protocol::codec::InvocationHead;
use crate::protocol::{Codec, Completion, EncodeError, Outcome};
use crate::session::outbound::Outbound;
use crate::session::peer::Peer;
use crate::streaming::items::{ItemQueue, ItemReader};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// What is sent with each call besides, such as `traceparent`.
pub(super) type HeaderSource = Arc<dyn Fn() -> Vec<(String, String)> + Send + Sync>;

/// A call as it is encoded before it has a number.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) arguments: &'a [u8],
    pub(super) count: usize,
    /// How many streams are sent with it.
    pub(super) uploads: usize,
}

/// How the server answered a call.
#[derive(Debug)]
pub(super) enum Answer {
    Void,
    /// A value, still encoded.
    Result(Box<[u8]>),
}

/// All calls of one client.
pub(super) struct Invocations {
    codec: Codec,
    /// Bytes that may wait to be sent.
    capacity: usize,
    /// Items of a stream that are kept whatever their size.
    stream_buffer: usize,
    headers: Option<HeaderSource>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    link: Link,
    /// The number of the last call, or of the last stream that was sent with it.
    last: u64,
    /// The calls up to this number were handed to a session.
    sent: u64,
    pending: HashMap<u64, Pending, BuildHasherDefault<NumberHasher>>,
    queue: Queue,
    /// Those who wait for room in the queue.
    crowd: Vec<Waker>,
    uploads: Uploads,
}

/// Where calls go.
#[derive(Default)]
pub(super) enum Link {
    /// Nowhere: they fail.
    #[default]
    Closed,
    /// They wait for the next connection.
    Awaited,
    Open(Arc<Peer>),
}

/// Spreads the numbers of calls, which nobody else chooses.
#[derive(Default)]
struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, number: u64) {
        // 2^64 divided by the golden ratio.
        self.0 = (self.0 ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

enum Pending {
    Call(Option<Waker>),
    Answered(Result<Answer, ClientError>),
    Stream(Arc<ItemQueue<ClientError>>),
}

impl State {
    fn is_open(&self) -> bool {
        matches!(self.link, Link::Open(_))
    }

    /// Whom to tell that the queue is no longer empty.
    fn listener(&self) -> Option<Arc<Peer>> {
        match &self.link {
            Link::Open(peer) => Some(peer.clone()),
            Link::Closed | Link::Awaited => None,
        }
    }

    /// Whether a message may be queued now; otherwise `cx` is woken when there may be room.
    fn poll_room(&mut self, capacity: usize, cx: &mut Context<'_>) -> Poll<Result<(), ClientError>> {
        let full = self.queue.is_full(capacity);
        match self.link {
            Link::Closed => Poll::Ready(Err(ClientError::NotConnected)),
            Link::Awaited if full => Poll::Ready(Err(ClientError::QueueFull)),
            Link::Open(_) if full => self.join_crowd(cx),
            Link::Awaited | Link::Open(_) => Poll::Ready(Ok(())),
        }
    }

    fn join_crowd<T>(&mut self, cx: &mut Context<'_>) -> Poll<T> {
        if !self.crowd.iter().any(|known| known.will_wake(cx.waker())) {
            self.crowd.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Those to be woken because there is room again, if there is.
    fn leave_crowd(&mut self, capacity: usize) -> Vec<Waker> {
        if self.queue.is_full(capacity) { Vec::new() } else { std::mem::take(&mut self.crowd) }
    }
}

/// Tells the session, after the lock is released, that there is something to send.
fn announce(peer: Option<Arc<Peer>>) {
    if let Some(peer) = peer {
        peer.inbox.announce();
    }
}

impl Invocations {
    pub(super) fn new(codec: Codec, capacity: usize, stream_buffer: usize, headers: Option<HeaderSource>) -> Self {
        Invocations { codec, capacity, stream_buffer, headers, state: Mutex::default() }
    }

    pub(super) fn codec(&self) -> Codec {
        self.codec
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How much is on its way.
    pub(super) fn describe(&self, debug: &mut fmt::DebugStruct<'_, '_>) {
        let state = self.lock();
        debug.field("calls", &state.pending.len()).field("uploads", &state.uploads.len());
        debug.field("queued_bytes", &state.queue.len());
    }

    // ---- for those who call ----

    /// Queues a call whose answer will be waited for. Gives its number.
    pub(super) fn poll_invoke(&self, cx: &mut Context<'_>, request: &Request<'_>) -> Poll<Result<u64, ClientError>> {
        let waker = cx.waker().clone();
        self.poll_queue(cx, request, Kind::Invocation).map_ok(|(number, mut state)| {
            state.pending.insert(number, Pending::Call(Some(waker)));
            number
        })
    }

    /// Queues a call that nobody waits for. Gives its number.
    pub(super) fn poll_send(&self, cx: &mut Context<'_>, request: &Request<'_>) -> Poll<Result<u64, ClientError>> {
        self.poll_queue(cx, request, Kind::Send).map_ok(|(number, _)| number)
    }

    /// Queues a call that is answered with a stream. Gives its number, and the stream.
    pub(super) fn poll_stream(
        &self,
        cx: &mut Context<'_>,
        request: &Request<'_>,
    ) -> Poll<Result<(u64, ItemReader<ClientError>), ClientError>> {
        self.poll_queue(cx, request, Kind::Stream).map_ok(|(number, mut state)| {
            let queue = ItemQueue::new(self.codec, self.stream_buffer);
            state.pending.insert(number, Pending::Stream(queue.clone()));
            (number, ItemReader::new(queue))
        })
    }

    fn poll_queue(
        &self,
        cx: &mut Context<'_>,
        request: &Request<'_>,
        kind: Kind,
    ) -> Poll<Result<(u64, MutexGuard<'_, State>), ClientError>> {
        // The application's code runs without the lock.
        let headers = self.headers.as_ref().map(|headers| headers()).unwrap_or_default();
        let mut state = self.lock();
        std::task::ready!(state.poll_room(self.capacity, cx))?;
        let number = state.last + 1;
        let was_empty = state.queue.is_empty();
        let written = state.queue.push(number, |out| self.encode(out, request, kind, number, &headers));
        if let Err(cause) = written {
            return Poll::Ready(Err(ClientError::Argument { method: request.method.to_owned(), cause }));
        }
        state.last = number + request.uploads as u64;
        // Under the same lock, so that the end of the call finds them however soon it comes.
        for stream in number + 1..=state.last {
            state.uploads.begin(number, stream);
        }
        if was_empty && let Link::Open(peer) = &state.link {
            peer.inbox.announce();
        }
        Poll::Ready(Ok((number, state)))
    }

    fn encode(
        &self,
        out: &mut Vec<u8>,
        request: &Request<'_>,
        kind: Kind,
        number: u64,
        headers: &[(String, String)],
    ) -> Result<(), EncodeError> {
        let mut buffer = itoa::Buffer::new();
        let id = (kind != Kind::Send).then(|| buffer.format(number));
        let mut head =
            InvocationHead { streaming: kind == Kind::Stream, id, target: request.method, ..InvocationHead::default() };
        if request.uploads == 0 && headers.is_empty() {
            return self.codec.encode_encoded_invocation(out, head, request.arguments, request.count);
        }
        let stream_ids: Vec<String> =
            (1..=request.uploads as u64).map(|stream| (number + stream).to_string()).collect();
        let stream_ids: Vec<&str> = stream_ids.iter().map(String::as_str).collect();
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        head.stream_ids = &stream_ids;
        head.headers = &headers;
        self.codec.encode_encoded_invocation(out, head, request.arguments, request.count)
    }

    /// The answer to a call, once it is there. After it the number means nothing.
    pub(super) fn poll_answer(&self, number: u64, cx: &mut Context<'_>) -> Poll<Result<Answer, ClientError>> {
        let mut state = self.lock();
        let Entry::Occupied(mut entry) = state.pending.entry(number) else {
            return Poll::Ready(Err(ClientError::NotConnected));
        };
        if let Pending::Call(waker) = entry.get_mut() {
            if !waker.as_ref().is_some_and(|known| known.will_wake(cx.waker())) {
                *waker = Some(cx.waker().clone());
            }
            return Poll::Pending;
        }
        match entry.remove() {
            Pending::Answered(answer) => Poll::Ready(answer),
            Pending::Call(_) | Pending::Stream(_) => Poll::Ready(Err(ClientError::NotConnected)),
        }
    }

    /// Nobody waits for the answer any more: the server is told, if it has heard of the call.
    pub(super) fn cancel(&self, number: u64) {
        let mut state = self.lock();
        let State { pending, queue, uploads, sent, .. } = &mut *state;
        let pending = pending.remove(&number);
        let streams = uploads.abort(number);
        let was_empty = queue.is_empty();
        if number > *sent {
            queue.retain(|owner| owner != number);
            let crowd = state.leave_crowd(self.capacity);
            drop(state);
            crowd.into_iter().for_each(Waker::wake);
        } else if !matches!(pending, None | Some(Pending::Answered(_))) && state.is_open() {
            let protocol = self.codec.protocol;
            let mut buffer = itoa::Buffer::new();
            // None of these can fail.
            let _ = state.queue.push(number, |out| {
                protocol.encode_cancel(out, buffer.format(number));
                for stream in streams {
                    protocol.encode_error(out, itoa::Buffer::new().format(stream), "The call was cancelled.");
                }
                Ok::<_, EncodeError>(())
            });
            if was_empty {
                announce(state.listener());
            }
        }
    }

    // ---- for uploads ----

    /// A stream of a call is read by that task, which is ended if the call is over already.
    pub(super) fn uploading(&self, stream: u64, task: tokio::task::AbortHandle) {
        self.lock().uploads.run(stream, task);
    }

    /// Queues a message of a stream that belongs to a call. Says whether the stream should go on.
    pub(super) fn poll_upload(
        &self,
        cx: &mut Context<'_>,
        owner: u64,
        stream: u64,
        message: &[u8],
        is_last: bool,
    ) -> Poll<bool> {
        let mut state = self.lock();
        if !state.uploads.has(stream) {
            return Poll::Ready(false);
        }
        if matches!(state.link, Link::Awaited) && state.queue.is_full(self.capacity) {
            // An item cannot fail by itself, as a call does here: its stream waits for the connection.
            return state.join_crowd(cx);
        }
        if std::task::ready!(state.poll_room(self.capacity, cx)).is_err() {
            return Poll::Ready(false);
        }
        let was_empty = state.queue.is_empty();
        let _ = state.queue.push(owner, |out| {
            out.extend_from_slice(message);
            Ok::<_, EncodeError>(())
        });
        if is_last {
            state.uploads.ended(stream);
        }
        if was_empty {
            announce(state.listener());
        }
        Poll::Ready(true)
    }

    // ---- for the session ----

    /// Calls go to this session from now on.
    pub(super) fn attach(&self, peer: &Arc<Peer>) {
        let mut state = self.lock();
        state.link = Link::Open(peer.clone());
        drop(state);
        peer.inbox.announce();
    }

    /// The session has ended, or there is none: calls that were sent fail, the others wait if `link` says so.
    pub(super) fn detach(&self, link: Link, lost: &ClientError) {
        let waits = matches!(link, Link::Awaited);
        let mut state = self.lock();
        state.link = link;
        let sent = state.sent;
        let State { pending, queue, uploads, crowd, .. } = &mut *state;
        let stays = |number: u64| waits && number > sent;
        queue.retain(stays);
        uploads.retain(stays);
        let mut wakers = std::mem::take(crowd);
        let mut streams = Vec::new();
        let mut answered = Vec::new();
        for (&number, call) in pending.iter_mut().filter(|(number, _)| !stays(**number)) {
            let error = if number > sent { ClientError::NotConnected } else { lost.clone() };
            match call {
                Pending::Call(waker) => {
                    wakers.extend(waker.take());
                    *call = Pending::Answered(Err(error));
                }
                Pending::Stream(queue) => {
                    streams.push((queue.clone(), error));
                    answered.push(number);
                }
                Pending::Answered(_) => {}
            }
        }
        for number in answered {
            pending.remove(&number);
        }
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        streams.into_iter().for_each(|(queue, error)| queue.end(Err(error)));
    }

    /// Moves what waits into the session's own bytes. Says whether something is left.
    pub(super) fn take(&self, outbound: &mut Outbound, all: bool) -> bool {
        let mut state = self.lock();
        if state.queue.is_empty() {
            return false;
        }
        state.sent = state.queue.take(outbound, all).max(state.sent);
        let left = !state.queue.is_empty();
        let crowd = state.leave_crowd(self.capacity);
        drop(state);
        crowd.into_iter().for_each(Waker::wake);
        left
    }

    /// The server has answered. Unknown ids are ignored: the answer may be late.
    pub(super) fn complete(&self, completion: Completion<'_>) {
        let Ok(number) = completion.id.parse::<u64>() else { return };
        let answer = match completion.outcome {
            Outcome::Void => Ok(Answer::Void),
            Outcome::Result(value) => Ok(Answer::Result(value.as_bytes().into())),
            Outcome::Error(error) => Err(ClientError::Hub(error.into())),
        };
        let mut state = self.lock();
        state.uploads.abort(number);
        let Entry::Occupied(mut entry) = state.pending.entry(number) else { return };
        match entry.get_mut() {
            Pending::Call(waker) => {
                let waker = waker.take();
                entry.insert(Pending::Answered(answer));
                drop(state);
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
            Pending::Stream(_) => {
                let stream = entry.remove();
                drop(state);
                if let Pending::Stream(queue) = stream {
                    queue.end(answer.map(drop));
                }
            }
            Pending::Answered(_) => {}
        }
    }

    /// The queue of a stream that the server sends.
    pub(super) fn items(&self, number: u64) -> Option<Arc<ItemQueue<ClientError>>> {
        match self.lock().pending.get(&number) {
            Some(Pending::Stream(queue)) => Some(queue.clone()),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Invocation,
    Send,
    Stream,
}

#[cfg(test)]
mod tests;
