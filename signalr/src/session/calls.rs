//! The calls of the peer that this end runs: one in its own place, more in a set, the rest waiting for their turn.

use super::cancel::CancellationToken;
use crate::streaming::upload::UploadHandle;
use crate::telemetry::meters::Waits;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use smol_str::SmolStr;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// The future of a running call. It answers the peer by itself, also when it is dropped or panics.
pub(crate) type CallFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A call that did not finish at once.
pub(crate) struct Call {
    pub(crate) future: CallFuture,
    /// What CancelInvocation finds it by, if it can be cancelled.
    pub(crate) id: Option<SmolStr>,
    /// Cancels the call; made only if somebody listens.
    pub(crate) cancel: Option<CancellationToken>,
    /// Drops the future (of streams and with `cancel = drop` the same token as `cancel`).
    pub(crate) drop: Option<CancellationToken>,
    /// Whether it counts against the limit of parallel invocations.
    pub(crate) limited: bool,
    /// Whether it answers with a stream.
    pub(crate) streaming: bool,
}

/// What is left of a call that has ended.
pub(crate) struct Ended {
    cancel: Option<CancellationToken>,
    limited: bool,
}

impl Future for Call {
    type Output = Ended;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(token) = &self.drop {
            token.register(cx.waker());
            if token.is_cancelled() {
                return Poll::Ready(self.end());
            }
        }
        match catch_unwind(AssertUnwindSafe(|| self.future.poll_unpin(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(())) | Err(_) => Poll::Ready(self.end()),
        }
    }
}

impl Call {
    /// Drops the future within reach of `catch_unwind`: it is the user's code.
    fn end(&mut self) -> Ended {
        // Of no size, so that its box is no allocation.
        let over = Box::pin(std::future::pending());
        let future = std::mem::replace(&mut self.future, over);
        let _ = catch_unwind(AssertUnwindSafe(|| drop(future)));
        Ended { cancel: self.cancel.take(), limited: self.limited }
    }
}

/// A call that waits for its turn, still encoded, with its upload streams already open.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) message: Box<[u8]>,
    pub(crate) id: Option<SmolStr>,
    pub(crate) uploads: Vec<UploadHandle>,
    pub(crate) cancelled: bool,
    /// Whether it answers with a stream.
    pub(crate) streaming: bool,
    /// Counts it.
    pub(crate) _waits: Waits,
}

impl Waiting {
    /// Whether it counts against the limit of parallel calls.
    pub(crate) fn is_limited(&self) -> bool {
        !self.streaming && self.uploads.is_empty()
    }

    /// About what it takes in memory.
    fn bytes(&self) -> usize {
        self.message.len() + size_of::<Self>() + self.uploads.len() * UPLOAD_BYTES
    }
}

/// About what an upload stream takes before its first item.
const UPLOAD_BYTES: usize = 256;

/// How a running call can be cancelled.
struct Cancellable {
    /// By which the peer can cancel it; calls that want no answer have none.
    id: Option<SmolStr>,
    token: CancellationToken,
    streaming: bool,
}

/// All calls of one connection.
#[derive(Default)]
pub(crate) struct Calls {
    /// The usual single call, polled with the connection's own waker.
    single: Option<Call>,
    many: Option<Box<FuturesUnordered<Call>>>,
    limited: usize,
    cancellable: Vec<Cancellable>,
    waiting: VecDeque<Waiting>,
    waiting_bytes: usize,
    waiting_streams: usize,
}

impl Calls {
    pub(crate) fn is_empty(&self) -> bool {
        self.single.is_none() && self.many.is_none()
    }

    /// How many running calls count against the limit.
    pub(crate) fn limited(&self) -> usize {
        self.limited
    }

    /// How many streams and other cancellable calls run, or wait for their turn.
    pub(crate) fn streams(&self) -> usize {
        self.cancellable.iter().filter(|call| call.id.is_some()).count() + self.waiting_streams
    }

    /// How many calls of any kind run.
    pub(crate) fn running(&self) -> usize {
        usize::from(self.single.is_some()) + self.many.as_ref().map_or(0, |many| many.len())
    }

    /// Whether a stream or a cancellable call of that id runs.
    pub(crate) fn is_active(&self, id: &str) -> bool {
        self.cancellable.iter().any(|known| known.id.as_deref() == Some(id))
    }

    /// Takes over a call that has just begun and polls it for the first time.
    pub(crate) fn start(&mut self, mut call: Call, cx: &mut Context<'_>) {
        if self.single.is_none() {
            if call.poll_unpin(cx).is_ready() {
                return;
            }
            self.admit(&call);
            self.single = Some(call);
        } else {
            self.admit(&call);
            self.many.get_or_insert_default().push(call);
        }
    }

    fn admit(&mut self, call: &Call) {
        self.limited += usize::from(call.limited);
        if let Some(token) = &call.cancel {
            let (id, token) = (call.id.clone(), token.clone());
            self.cancellable.push(Cancellable { id, token, streaming: call.streaming });
        }
    }

    fn ended(&mut self, Ended { cancel, limited }: Ended) {
        self.limited -= usize::from(limited);
        if let Some(token) = cancel
            && let Some(place) = self.cancellable.iter().position(|known| known.token.is_same(&token))
        {
            self.cancellable.swap_remove(place);
        }
    }

    /// Polls what runs; says whether a call has ended.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        let mut any = false;
        if let Some(call) = &mut self.single
            && let Poll::Ready(end) = call.poll_unpin(cx)
        {
            self.single = None;
            self.ended(end);
            any = true;
        }
        while let Some(many) = &mut self.many {
            match many.poll_next_unpin(cx) {
                Poll::Ready(Some(end)) => {
                    self.ended(end);
                    any = true;
                }
                Poll::Ready(None) => self.many = None,
                Poll::Pending => break,
            }
        }
        any
    }

    /// Cancels what has that id; an unknown id changes nothing.
    pub(crate) fn cancel(&mut self, id: &str) {
        if let Some(known) = self.cancellable.iter().find(|known| known.id.as_deref() == Some(id)) {
            known.token.cancel();
        } else if let Some(waiting) = self.waiting.iter_mut().find(|waiting| waiting.id.as_deref() == Some(id)) {
            waiting.cancelled = true;
        }
    }

    /// Cancels everything that runs.
    pub(crate) fn cancel_all(&self) {
        self.cancellable.iter().for_each(|known| known.token.cancel());
    }

    /// Ends the streams to the peer.
    pub(crate) fn cancel_streams(&self) {
        self.cancellable.iter().filter(|known| known.streaming).for_each(|known| known.token.cancel());
    }

    // ---- those that wait ----

    pub(crate) fn wait(&mut self, waiting: Waiting) {
        self.waiting_bytes += waiting.bytes();
        self.waiting_streams += usize::from(waiting.streaming);
        self.waiting.push_back(waiting);
    }

    pub(crate) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub(crate) fn waiting_bytes(&self) -> usize {
        self.waiting_bytes
    }

    /// The next one, if it has a place.
    pub(crate) fn next_waiting(&mut self, has_place: impl FnOnce(&Self, &Waiting) -> bool) -> Option<Waiting> {
        self.waiting.front().filter(|next| has_place(self, next))?;
        let next = self.waiting.pop_front()?;
        self.waiting_bytes -= next.bytes();
        self.waiting_streams -= usize::from(next.streaming);
        if self.waiting.is_empty() {
            self.waiting = VecDeque::new();
        }
        Some(next)
    }

    pub(crate) fn forget_waiting(&mut self) {
        self.waiting = VecDeque::new();
        self.waiting_bytes = 0;
        self.waiting_streams = 0;
    }

    /// Forgets those that wait and drops those that run.
    pub(crate) fn clear(&mut self) {
        self.forget_waiting();
        let many = self.many.take().into_iter().flat_map(|many| *many);
        // Each for itself: a panic in one must not keep the others.
        for mut call in self.single.take().into_iter().chain(many) {
            call.end();
        }
        self.limited = 0;
        self.cancellable.clear();
    }
}
