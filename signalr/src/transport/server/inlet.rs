//! What the POSTs of one connection bring, until its session reads it.

use crate::transport::Received;
use axum::body::{Body, HttpBody};
use bytes::{Buf, Bytes};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::Read;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use tokio::task::coop::poll_proceed;

/// How many bytes wait here before the POSTs have to.
const CAPACITY: usize = 64 * 1024;
/// As long as nobody reads, because the connection is only promised, it is so many: enough for a handshake and first calls, and
/// little enough for very many promises.
const UNREAD: usize = 4 * 1024;

/// A pipe from the bodies of POSTs, one after the other, to a session.
#[derive(Debug, Default)]
pub(crate) struct Inlet {
    /// Whoever has it writes; the others queue.
    turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The first piece as it came. Later ones are copied, so that small pieces do not keep the HTTP server's buffers.
    first: Bytes,
    rest: VecDeque<u8>,
    /// Whether a session has ever looked.
    is_read: bool,
    closed: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// Why the body of a POST was not taken as a whole.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PostError {
    /// The connection has ended.
    Closed,
    /// The body broke off.
    Body,
}

/// The POST whose turn it is.
struct Post<'i> {
    inlet: &'i Inlet,
    body: Body,
    /// What there was no room for yet.
    piece: Bytes,
    /// Whether its waker was left behind.
    waits: bool,
}

impl Post<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), PostError>> {
        loop {
            if !self.pass_on(cx, false)? {
                return Poll::Pending;
            }
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Pending => {
                    // The connection may end while the client takes its time.
                    self.pass_on(cx, true)?;
                    return Poll::Pending;
                }
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Ready(Some(Ok(frame))) => self.piece = frame.into_data().unwrap_or_default(),
                Poll::Ready(Some(Err(_broken))) => return Poll::Ready(Err(PostError::Body)),
            }
        }
    }

    /// Puts in what there is room for, and says whether that was all. If not, or to `wait`, the waker is left behind.
    fn pass_on(&mut self, cx: &Context<'_>, wait: bool) -> Result<bool, PostError> {
        let mut state = self.inlet.lock();
        if state.closed {
            return Err(PostError::Closed);
        }
        let reader = if self.piece.is_empty() { None } else { state.reader.take() };
        state.push(&mut self.piece);
        if wait || !self.piece.is_empty() {
            self.waits = true;
            state.writer = Some(cx.waker().clone());
        }
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
        Ok(self.piece.is_empty())
    }
}

impl Drop for Post<'_> {
    fn drop(&mut self) {
        if self.waits {
            self.inlet.lock().writer = None;
        }
    }
}

impl State {
    fn len(&self) -> usize {
        self.first.len() + self.rest.len()
    }

    fn capacity(&self) -> usize {
        if self.is_read { CAPACITY } else { UNREAD }
    }

    /// Takes as much of `piece` as there is room for.
    fn push(&mut self, piece: &mut Bytes) {
        if piece.is_empty() {
            return;
        }
        let part = piece.split_to(piece.len().min(self.capacity().saturating_sub(self.len())));
        if self.len() == 0 && self.is_read {
            self.first = part;
        } else {
            self.rest.extend(&part[..]);
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> usize {
        let count = self.first.len().min(buffer.len());
        let (front, behind) = buffer.split_at_mut(count);
        self.first.copy_to_slice(front);
        if self.first.is_empty() {
            self.first = Bytes::new();
        }
        let copied = self.rest.read(behind).unwrap_or_default();
        if self.rest.is_empty() {
            self.rest = VecDeque::new();
        }
        count + copied
    }
}

impl Inlet {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes a body on and returns when all of it is in the pipe.
    pub(crate) async fn post(&self, body: Body) -> Result<(), PostError> {
        let _turn = self.turn.lock().await;
        let mut post = Post { inlet: self, body, piece: Bytes::new(), waits: false };
        poll_fn(|cx| post.poll(cx)).await
    }

    // ---- for the session's end ----

    /// What a `Duplex` receives.
    pub(super) fn poll_receive(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Received> {
        self.poll_read(cx, buffer).map(|count| count.map_or(Received::Closed, Received::Data))
    }

    /// `None` when it was closed and everything was read.
    fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Option<usize>> {
        // A client that posts without end must not keep the session's thread for itself.
        let coop = ready!(poll_proceed(cx));
        let mut state = self.lock();
        let before = state.len();
        let was_full = before >= state.capacity();
        state.is_read = true;
        if before == 0 {
            if state.closed {
                return Poll::Ready(None);
            }
            state.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        coop.made_progress();
        let count = state.read(buffer);
        let writer = if was_full { state.writer.take() } else { None };
        drop(state);
        if let Some(writer) = writer {
            writer.wake();
        }
        Poll::Ready(Some(count))
    }

    /// Has the session look again, for something else than bytes.
    pub(super) fn wake_reader(&self) {
        let reader = self.lock().reader.take();
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Takes no bytes any more: POSTs that wait are refused. What was taken before can still be read.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let wakers = [state.reader.take(), state.writer.take()];
        drop(state);
        wakers.into_iter().flatten().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use futures_util::stream::{self, StreamExt};

    fn read(inlet: &Inlet) -> Option<Vec<u8>> {
        let mut all = Vec::new();
        let mut buffer = [0; 1000];
        while let Some(end) = poll_fn(|cx| inlet.poll_read(cx, &mut buffer)).now_or_never() {
            match end {
                Some(count) => all.extend_from_slice(&buffer[..count]),
                None => return None,
            }
        }
        Some(all)
    }

    #[tokio::test]
    async fn bodies_follow_each_other() {
        let inlet = Inlet::default();
        for text in ["one ", "", "two ", "three"] {
            inlet.post(Body::from(text)).await.unwrap();
        }
        assert_eq!(read(&inlet).unwrap(), b"one two three");
        inlet.post(Body::from("four")).await.unwrap();
        assert_eq!(read(&inlet).unwrap(), b"four");
    }

    #[tokio::test]
    async fn a_body_above_the_capacity_waits_and_those_behind_it_too() {
        let inlet = Inlet::default();
        let bytes: Vec<u8> = (0..200_000_u32).map(|number| number as u8).collect();
        let read = async {
            let mut all = Vec::new();
            while all.len() < bytes.len() + 6 {
                assert!(inlet.lock().len() <= CAPACITY);
                let mut buffer = [0; 1000];
                let count = poll_fn(|cx| inlet.poll_read(cx, &mut buffer)).await.unwrap();
                all.extend_from_slice(&buffer[..count]);
            }
            all
        };
        let (first, second, all) =
            tokio::join!(inlet.post(bytes.clone().into()), inlet.post(Body::from("behind")), read);
        assert_eq!((first, second), (Ok(()), Ok(())));
        assert_eq!(all, [&bytes[..], b"behind"].concat());
    }

    #[tokio::test]
    async fn little_is_kept_before_anybody_reads() {
        let inlet = Inlet::default();
        let bytes = vec![b'x'; 100_000];
        let mut post = Box::pin(inlet.post(bytes.clone().into()));
        assert!((&mut post).now_or_never().is_none());
        assert_eq!(inlet.lock().len(), UNREAD);
        let reading = async {
            let (mut all, mut buffer) = (Vec::new(), [0; 1000]);
            while all.len() < bytes.len() {
                let count = poll_fn(|cx| inlet.poll_read(cx, &mut buffer)).await.unwrap();
                all.extend_from_slice(&buffer[..count]);
            }
            all
        };
        let (posted, all) = tokio::join!(post, reading);
        assert_eq!((posted, all == bytes), (Ok(()), true));
    }

    #[tokio::test]
    async fn the_end_refuses_the_post_that_waits_for_its_body_and_those_behind_it() {
        let inlet = Inlet::default();
        let trickle = stream::once(async { Ok::<_, std::io::Error>("begun") }).chain(stream::pending());
        let mut first = Box::pin(inlet.post(Body::from_stream(trickle)));
        assert!((&mut first).now_or_never().is_none());
        let mut second = Box::pin(inlet.post(Body::from("behind")));
        assert!((&mut second).now_or_never().is_none());
        inlet.close();
        assert_eq!(first.await, Err(PostError::Closed));
        assert_eq!(second.await, Err(PostError::Closed));
        // What was taken is still read.
        let mut buffer = [0; 10];
        assert_eq!(poll_fn(|cx| inlet.poll_read(cx, &mut buffer)).await, Some(5));
        assert_eq!(read(&inlet), None);
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_or_is_dropped_lets_the_next_one_in() {
        let inlet = Inlet::default();
        let broken = stream::iter([Ok("half "), Err(std::io::Error::other("gone"))]);
        assert_eq!(inlet.post(Body::from_stream(broken)).await, Err(PostError::Body));
        let mut dropped =
            Box::pin(inlet.post(Body::from_stream(stream::pending::<Result<&'static str, std::io::Error>>())));
        assert!((&mut dropped).now_or_never().is_none());
        assert!(inlet.lock().writer.is_some());
        drop(dropped);
        assert!(inlet.lock().writer.is_none(), "nothing is kept of a request that has gone");
        inlet.post(Body::from("whole")).await.unwrap();
        assert_eq!(read(&inlet).unwrap(), b"half whole");
    }
}
