//! Long polling: each response ends as soon as there is something to say, as a [`Duplex`]; POSTs bring the other direction.

use super::inlet::Inlet;
use super::outlet::Outlet;
use super::pending::Place;
use crate::protocol::TransferFormat;
use crate::session::outbound::Outbound;
use crate::transport::{Duplex, Received, wake};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// How much of an answer the HTTP server gets at once: by what it takes the connection sees that its client still reads.
const PIECE: usize = 64 * 1024;

/// How long polls last, and how long there may be none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PollTimes {
    /// A poll is answered after this time even if there is nothing to say.
    pub(crate) poll: Duration,
    /// A connection ends when no poll is there for this time.
    pub(crate) gap: Duration,
}

/// One connection, for its requests.
#[derive(Debug)]
pub(crate) struct Polls {
    inlet: Arc<Inlet>,
    times: PollTimes,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    outlet: Outlet,
    /// What the newest poll is being answered, until the HTTP server has got all of it.
    taken: Option<(u64, Bytes)>,
    /// The number of the newest poll; it takes the place of older ones.
    newest: u64,
    /// Whether the newest poll waits for something to say.
    is_there: bool,
    /// Since when it waits, or since when there is none and nobody has taken anything of an answer.
    since: Instant,
    /// Whether it is to be answered although there is nothing to say.
    timed_out: bool,
    end: End,
    /// The token is worth nothing any more as soon as the end is over.
    place: Option<Place>,
    session: Option<Waker>,
    poll: Option<Waker>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    No,
    /// The session has said everything; the client is still to be told.
    Ended,
    /// Nothing more is to be said.
    Over,
}

impl State {
    /// The newest poll does not wait any more.
    fn leave(&mut self) {
        self.is_there = false;
        self.timed_out = false;
        self.poll = None;
        self.since = Instant::now();
    }

    /// What is being sent is to be sent anew.
    fn take_back(&mut self) {
        if let Some((_, data)) = self.taken.take()
            && self.end != End::Over
        {
            self.outlet.put_back(data);
        }
    }

    fn is_being_sent(&self, number: u64) -> bool {
        self.taken.as_ref().is_some_and(|(taken, _)| *taken == number)
    }
}

impl Polls {
    /// The connection whose first poll has come, and the session's end of it.
    pub(crate) fn new(inlet: Arc<Inlet>, times: PollTimes) -> Arc<Self> {
        let state = State {
            outlet: Outlet::default(),
            taken: None,
            newest: 0,
            is_there: false,
            since: Instant::now(),
            timed_out: false,
            end: End::No,
            place: None,
            session: None,
            poll: None,
        };
        Arc::new(Polls { inlet, times, state: Mutex::new(state) })
    }

    pub(crate) fn inlet(&self) -> &Arc<Inlet> {
        &self.inlet
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new poll, which takes the place of the one that may be there.
    pub(crate) fn begin(self: Arc<Self>) -> PollRequest {
        let mut state = self.lock();
        state.newest += 1;
        let number = state.newest;
        // Whoever polls again has not got all of the last answer.
        state.take_back();
        let older = state.poll.take();
        state.is_there = true;
        state.timed_out = false;
        state.since = Instant::now();
        drop(state);
        wake(older);
        PollRequest { polls: self, number, is_answered: false }
    }

    /// The client ends the connection.
    pub(crate) fn delete(&self) {
        self.leave();
        self.end(End::Over);
    }

    /// Nothing more is said to the client. Why is for the session to know, which ends the connection.
    pub(crate) fn leave(&self) {
        let mut state = self.lock();
        state.end = End::Over;
        state.outlet.take();
        let wakers = [state.poll.take(), state.session.take()];
        drop(state);
        wakers.into_iter().for_each(wake);
    }

    fn end(&self, end: End) {
        let mut state = self.lock();
        if state.end != End::Over {
            state.end = end;
        }
        let place = if state.end == End::Over { state.place.take() } else { None };
        let poll = state.poll.take();
        drop(state);
        drop(place);
        self.inlet.close();
        wake(poll);
    }
}

/// The answer to the first poll, which only opens the connection.
pub(crate) fn opened() -> Response {
    octets(Body::empty())
}

fn octets(body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    response
}

fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

/// A poll that waits for its answer.
pub(crate) struct PollRequest {
    polls: Arc<Polls>,
    number: u64,
    is_answered: bool,
}

impl Future for PollRequest {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        let mut state = self.polls.lock();
        let is_newest = self.number == state.newest;
        let answer = if !is_newest {
            empty(StatusCode::NO_CONTENT)
        } else if !state.outlet.is_empty() {
            let data = state.outlet.take();
            state.taken = Some((self.number, data.clone()));
            octets(Body::new(Taken { left: data, number: self.number, polls: self.polls.clone() }))
        } else if state.end != End::No {
            state.end = End::Over;
            empty(StatusCode::NO_CONTENT)
        } else if state.timed_out {
            empty(StatusCode::OK)
        } else {
            state.poll = Some(cx.waker().clone());
            return Poll::Pending;
        };
        let place = if state.end == End::Over { state.place.take() } else { None };
        let session = if is_newest {
            state.leave();
            state.session.take()
        } else {
            None
        };
        drop(state);
        drop(place);
        wake(session);
        self.is_answered = true;
        Poll::Ready(answer)
    }
}

/// The client has dropped its poll.
impl Drop for PollRequest {
    fn drop(&mut self) {
        if !self.is_answered {
            let mut state = self.polls.lock();
            if self.number == state.newest {
                state.leave();
            }
        }
    }
}

/// The body of an answer. If it breaks off, all of it goes back, to be taken by the next poll.
struct Taken {
    left: Bytes,
    /// The number of its poll.
    number: u64,
    polls: Arc<Polls>,
}

impl HttpBody for Taken {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.left.len().min(PIECE);
        let piece = self.left.split_to(length);
        let mut state = self.polls.lock();
        if !state.is_being_sent(self.number) {
            return Poll::Ready(Some(Err(io::Error::other("a newer poll gets what this one was to be answered"))));
        }
        if self.left.is_empty() {
            state.taken = None;
        }
        state.since = Instant::now();
        drop(state);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if self.left.is_empty() {
            return;
        }
        let mut state = self.polls.lock();
        if state.is_being_sent(self.number) {
            state.take_back();
            let poll = state.poll.take();
            drop(state);
            wake(poll);
        }
    }
}

/// The session's end.
pub(crate) struct LongPolling {
    polls: Arc<Polls>,
    /// The one clock for all polls. It looks once in a while, so that a poll itself needs none.
    timer: Pin<Box<Sleep>>,
    is_lost: bool,
}

const LOST: &str = "the client polls no more";

impl LongPolling {
    pub(crate) fn new(polls: Arc<Polls>, place: Place) -> Self {
        let timer = Box::pin(tokio::time::sleep(polls.times.poll.min(polls.times.gap)));
        polls.lock().place = Some(place);
        LongPolling { polls, timer, is_lost: false }
    }

    /// Keeps the times. Says whether the client has been away for too long.
    fn is_lost(&mut self, cx: &mut Context<'_>) -> bool {
        while !self.is_lost && self.timer.as_mut().poll(cx).is_ready() {
            let PollTimes { poll, gap } = self.polls.times;
            let now = Instant::now();
            // No poll that begins after this is over before.
            let mut next = now + poll.min(gap);
            let mut state = self.polls.lock();
            let until = state.since + if state.is_there { poll } else { gap };
            let mut waiting = None;
            if until > now {
                next = next.min(until);
            } else if state.is_there {
                state.timed_out = true;
                waiting = state.poll.take();
            } else {
                self.is_lost = true;
            }
            drop(state);
            wake(waiting);
            self.timer.as_mut().reset(next);
        }
        self.is_lost
    }
}

impl Duplex for LongPolling {
    fn poll_receive(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Received> {
        if self.is_lost(cx) {
            return Poll::Ready(Received::Lost(LOST.to_owned()));
        }
        self.polls.inlet.poll_receive(cx, buffer)
    }

    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        data: &mut Outbound,
        _format: TransferFormat,
    ) -> Poll<io::Result<()>> {
        if self.is_lost(cx) {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, LOST)));
        }
        if data.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let mut state = self.polls.lock();
        if state.end == End::Over {
            data.clear();
            return Poll::Ready(Ok(()));
        }
        if !state.outlet.has_room() {
            state.session = Some(cx.waker().clone());
            return Poll::Pending;
        }
        state.outlet.push(data.take());
        let poll = state.poll.take();
        drop(state);
        wake(poll);
        Poll::Ready(Ok(()))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.polls.end(End::Ended);
        let mut state = self.polls.lock();
        if state.end == End::Over {
            return Poll::Ready(());
        }
        state.session = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for LongPolling {
    fn drop(&mut self) {
        self.polls.end(End::Over);
    }
}

#[cfg(test)]
mod tests;
