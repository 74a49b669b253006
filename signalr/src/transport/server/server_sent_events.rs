//! Server-Sent Events: one response that does not end, as a [`Duplex`]; POSTs bring the other direction.

use super::inlet::Inlet;
use super::outlet::Outlet;
use super::pending::Place;
use crate::protocol::TransferFormat;
use crate::session::outbound::Outbound;
use crate::transport::{Duplex, Received};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, header};
use hyper::body::{Body as HttpBody, Frame};
use memchr::memchr2;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// A comment, so that browsers see at once that the connection is open.
const GREETING: &[u8] = b":\r\n";
const FIELD: &[u8] = b"data: ";
const LINE_END: &[u8] = b"\r\n";

/// Opens the stream of events: the response, and the session's end of it.
pub(crate) fn open(inlet: Arc<Inlet>, place: Place) -> (Response, ServerSentEvents) {
    let shared = Arc::new(Shared::default());
    shared.lock().outlet.push(Bytes::from_static(GREETING));
    let events = Events { shared: shared.clone(), inlet: inlet.clone() };
    let mut response = Response::new(Body::new(events));
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache,no-store"),
        (header::PRAGMA, "no-cache"),
        (header::CONTENT_ENCODING, "identity"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    (response, ServerSentEvents { shared, inlet, _place: place })
}

/// What the session and the response's body share.
#[derive(Debug, Default)]
struct Shared(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    outlet: Outlet,
    /// The session has said everything.
    ended: bool,
    /// The body is gone: it was sent to its end, or the client has left.
    gone: bool,
    session: Option<Waker>,
    body: Option<Waker>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        let mut state = self.lock();
        state.ended = true;
        let body = state.body.take();
        drop(state);
        wake(body);
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// The body of the response.
struct Events {
    shared: Arc<Shared>,
    inlet: Arc<Inlet>,
}

impl HttpBody for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let mut state = self.shared.lock();
        if state.outlet.is_empty() {
            if state.ended {
                return Poll::Ready(None);
            }
            state.body = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let events = state.outlet.take();
        let session = state.session.take();
        drop(state);
        wake(session);
        Poll::Ready(Some(Ok(Frame::data(events))))
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.gone = true;
        state.outlet.take();
        state.body = None;
        let session = state.session.take();
        drop(state);
        wake(session);
        self.inlet.close();
    }
}

/// The session's end.
pub(crate) struct ServerSentEvents {
    shared: Arc<Shared>,
    inlet: Arc<Inlet>,
    _place: Place,
}

impl Duplex for ServerSentEvents {
    fn poll_receive(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Received> {
        // A client that leaves ends the response: there is no other farewell.
        self.inlet.poll_read(cx, buffer).map(|count| count.map_or(Received::Closed, Received::Data))
    }

    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        data: &mut Outbound,
        _format: TransferFormat,
    ) -> Poll<io::Result<()>> {
        if data.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let mut state = self.shared.lock();
        if state.gone {
            // Reading says so too, once everything was read that came before.
            data.clear();
            return Poll::Ready(Ok(()));
        }
        if !state.outlet.has_room() {
            state.session = Some(cx.waker().clone());
            return Poll::Pending;
        }
        state.outlet.push(event(data).into());
        data.clear();
        let body = state.body.take();
        drop(state);
        wake(body);
        Poll::Ready(Ok(()))
    }

    fn carries_binary(&self) -> bool {
        false
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.inlet.close();
        self.shared.end();
        let mut state = self.shared.lock();
        if state.gone {
            return Poll::Ready(());
        }
        state.session = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for ServerSentEvents {
    fn drop(&mut self) {
        self.inlet.close();
        self.shared.end();
    }
}

/// Everything in `data` as one event: a field per line. What counts as the end of a line is what the client takes for one:
/// CR, LF, or both.
fn event(data: &Outbound) -> Vec<u8> {
    let mut event = Vec::with_capacity(FIELD.len() + data.len() + 2 * LINE_END.len());
    event.extend_from_slice(FIELD);
    let mut after_cr = false;
    for mut piece in data.pieces() {
        if after_cr && let [b'\n', behind @ ..] = piece {
            piece = behind;
        }
        after_cr = piece.last() == Some(&b'\r');
        while let Some(at) = memchr2(b'\n', b'\r', piece) {
            let (line, rest) = piece.split_at(at);
            event.extend_from_slice(line);
            event.extend_from_slice(LINE_END);
            event.extend_from_slice(FIELD);
            piece = rest.strip_prefix(LINE_END).or_else(|| rest.get(1..)).unwrap_or_default();
        }
        event.extend_from_slice(piece);
    }
    event.extend_from_slice(LINE_END);
    event.extend_from_slice(LINE_END);
    event
}

#[cfg(test)]
mod tests {
    use super::super::pending::{Live, Pending};
    use super::*;
    use crate::session::caller::{Caller, Identity};
    use futures_util::FutureExt;
    use std::future::poll_fn;

    #[test]
    fn each_line_is_a_field_however_it_ends() {
        for (payload, expected) in [
            ("{}\x1e", "data: {}\x1e\r\n\r\n"),
            ("a\nb", "data: a\r\ndata: b\r\n\r\n"),
            ("a\r\nb\n", "data: a\r\ndata: b\r\ndata: \r\n\r\n"),
            ("a\rb\n\rc", "data: a\r\ndata: b\r\ndata: \r\ndata: c\r\n\r\n"),
        ] {
            let mut data = Outbound::default();
            data.encode_buffer().extend_from_slice(payload.as_bytes());
            assert_eq!(String::from_utf8(event(&data)).unwrap(), expected);
        }
    }

    fn connection() -> (Response, ServerSentEvents) {
        let pending = Pending::new(10);
        let token = pending.promise(true, false).unwrap().unwrap().token.unwrap();
        let caller = |id: &str| Caller::new(id, Identity::default(), None);
        let (_, place) = pending.pick_up(&token, caller, |_| Live::ServerSentEvents(Arc::default())).unwrap();
        open(Arc::default(), place)
    }

    fn send(duplex: &mut ServerSentEvents, text: &str) -> Option<io::Result<()>> {
        let mut data = Outbound::default();
        data.encode_buffer().extend_from_slice(text.as_bytes());
        poll_fn(|cx| duplex.poll_send(cx, &mut data, TransferFormat::Text)).now_or_never()
    }

    #[tokio::test]
    async fn a_client_that_does_not_read_stops_its_session_only_when_it_has_to() {
        let (response, mut duplex) = connection();
        let text = "x".repeat(30_000);
        for _ in 0..3 {
            send(&mut duplex, &text).unwrap().unwrap();
        }
        assert!(send(&mut duplex, &text).is_none());
        let mut body = response.into_body();
        let frame = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap().len(), GREETING.len() + 3 * (FIELD.len() + 30_000 + 4));
        send(&mut duplex, &text).unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_client_that_leaves_ends_reading_and_is_sent_nothing() {
        let (response, mut duplex) = connection();
        drop(response);
        send(&mut duplex, "nobody reads it").unwrap().unwrap();
        let mut buffer = [0; 10];
        assert!(matches!(poll_fn(|cx| duplex.poll_receive(cx, &mut buffer)).await, Received::Closed));
        poll_fn(|cx| duplex.poll_close(cx)).await;
    }

    #[tokio::test]
    async fn the_end_waits_until_the_body_was_read() {
        let (response, mut duplex) = connection();
        send(&mut duplex, "last").unwrap().unwrap();
        let mut close = Box::pin(poll_fn(|cx| duplex.poll_close(cx)));
        assert!((&mut close).now_or_never().is_none());
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        assert_eq!(&body[..], b":\r\ndata: last\r\n\r\n");
        close.await;
    }

    #[test]
    fn a_line_end_may_lie_between_two_pieces() {
        let mut data = Outbound::default();
        data.encode_buffer().extend_from_slice(b"a\r");
        data.push_shared(Bytes::from([b"\n".as_slice(), &[b'x'; 5000]].concat()));
        data.encode_buffer().extend_from_slice(b"\nb");
        let expected = format!("data: a\r\ndata: {}\r\ndata: b\r\n\r\n", "x".repeat(5000));
        assert_eq!(String::from_utf8(event(&data)).unwrap(), expected);
    }
}
