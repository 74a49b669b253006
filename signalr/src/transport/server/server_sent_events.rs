//! Server-Sent Events: one response that does not end, as a [`Duplex`]; POSTs bring the other direction.

use super::event_socket::{CHUNK_HEAD, EventSocket, chunk};
use super::handover::{Handover, Taker};
use super::inlet::Inlet;
use super::outlet::Outlet;
use super::pending::Place;
use crate::protocol::TransferFormat;
use crate::session::outbound::Outbound;
use crate::transport::{Duplex, Received, wake};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, header};
use hyper::body::{Body as HttpBody, Frame};
use memchr::memchr2;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use tokio::net::TcpStream;

/// A comment, so that browsers see at once that the connection is open.
const GREETING: &[u8] = b":\r\n";
const FIELD: &[u8] = b"data: ";
const LINE_END: &[u8] = b"\r\n";

/// Opens the stream of events: the response, and the session's end of it, which takes the socket itself where there is a
/// `handover`.
pub(crate) fn open(inlet: Arc<Inlet>, place: Place, handover: Option<Handover>) -> (Response, ServerSentEvents) {
    let shared = Arc::new(Shared { state: Mutex::default(), inlet });
    shared.lock().outlet.push(Bytes::from_static(GREETING));
    let taken = handover.is_some();
    let events = Events { shared: shared.clone(), handover };
    let mut response = Response::new(Body::new(events));
    let headers = response.headers_mut();
    if taken {
        // No request can follow on a socket that is no longer the HTTP server's. A client that is not told would send its
        // next one into the end of this one.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    for (name, value) in [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache,no-store"),
        (header::PRAGMA, "no-cache"),
        (header::CONTENT_ENCODING, "identity"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    (response, ServerSentEvents { shared, socket: None, _place: place })
}

/// What the session and the response's body share.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    inlet: Arc<Inlet>,
}

#[derive(Debug, Default)]
struct State {
    outlet: Outlet,
    /// The session has said everything.
    ended: bool,
    /// The body is gone: it was sent to its end, or the client has left.
    gone: bool,
    session: Option<Waker>,
    body: Option<Waker>,
    /// Whether the session sends without the body from now on.
    handed_over: bool,
    /// Until the session takes it.
    socket: Option<TcpStream>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        let mut state = self.lock();
        state.ended = true;
        let body = state.body.take();
        drop(state);
        wake(body);
    }
}

impl Taker for Shared {
    fn take(&self, tcp: TcpStream) {
        let mut state = self.lock();
        state.handed_over = true;
        state.socket = Some(tcp);
        let session = state.session.take();
        drop(state);
        wake(session);
        self.inlet.wake_reader();
    }
}

/// The body of the response.
struct Events {
    shared: Arc<Shared>,
    handover: Option<Handover>,
}

impl HttpBody for Events {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let mut state = self.shared.lock();
        if state.handed_over {
            // The HTTP server has no socket any more to send an end to.
            return Poll::Ready(Some(Err(io::ErrorKind::NotConnected.into())));
        }
        if state.outlet.is_empty() {
            let ended = state.ended;
            if !ended {
                state.body = Some(cx.waker().clone());
            }
            drop(state);
            return match &self.handover {
                Some(handover) if ended => {
                    handover.withdraw();
                    Poll::Ready(None)
                }
                Some(handover) => {
                    // The head and the greeting are on their way: nothing else needs the HTTP server.
                    handover.wish(self.shared.clone());
                    Poll::Pending
                }
                None if ended => Poll::Ready(None),
                None => Poll::Pending,
            };
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
        if let Some(handover) = &self.handover {
            handover.withdraw();
        }
        let mut state = self.shared.lock();
        state.body = None;
        if state.handed_over {
            return;
        }
        drop(state);
        // Reading ends first: to leave is how a client ends the connection.
        self.shared.inlet.close();
        let mut state = self.shared.lock();
        state.gone = true;
        state.outlet.take();
        let session = state.session.take();
        drop(state);
        wake(session);
    }
}

/// The session's end.
pub(crate) struct ServerSentEvents {
    shared: Arc<Shared>,
    /// Once the HTTP server has handed it over.
    socket: Option<EventSocket>,
    _place: Place,
}

impl ServerSentEvents {
    /// The socket, if the HTTP server has no part in this any more.
    fn socket(&mut self) -> Option<&mut EventSocket> {
        if self.socket.is_none() {
            let mut state = self.shared.lock();
            let tcp = state.socket.take()?;
            let unsent = state.outlet.take();
            let unsent = if unsent.is_empty() { unsent } else { chunk([&[0; CHUNK_HEAD], &unsent[..]].concat()) };
            self.socket = Some(EventSocket::new(tcp, unsent));
        }
        self.socket.as_mut()
    }
}

impl Duplex for ServerSentEvents {
    fn poll_receive(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Received> {
        // A client that leaves ends the response: there is no other farewell.
        if self.socket().is_some_and(|socket| socket.poll_left(cx)) {
            self.shared.inlet.close();
        }
        self.shared.inlet.poll_receive(cx, buffer)
    }

    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        data: &mut Outbound,
        _format: TransferFormat,
    ) -> Poll<io::Result<()>> {
        if let Some(socket) = self.socket() {
            ready!(socket.poll_flush(cx));
            if !data.is_empty() {
                if socket.has_left() {
                    // Reading has had its chance to say so; a session that is held back does not read.
                    return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
                }
                socket.put(chunk(event(data, CHUNK_HEAD)));
                data.clear();
                ready!(socket.poll_flush(cx));
            }
            if socket.has_left() {
                self.shared.inlet.close();
            }
            return Poll::Ready(Ok(()));
        }
        if data.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let mut state = self.shared.lock();
        if state.gone {
            // Reading says so too, once everything was read that came before; but a session that is held back does not read.
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if !state.outlet.has_room() {
            state.session = Some(cx.waker().clone());
            return Poll::Pending;
        }
        state.outlet.push(event(data, 0).into());
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
        self.shared.inlet.close();
        if let Some(socket) = self.socket() {
            return socket.poll_close(cx);
        }
        self.shared.end();
        let mut state = self.shared.lock();
        if state.gone {
            return Poll::Ready(());
        }
        state.session = Some(cx.waker().clone());
        if state.socket.is_some() {
            // It has come since.
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl Drop for ServerSentEvents {
    fn drop(&mut self) {
        self.shared.inlet.close();
        self.shared.end();
    }
}

/// Everything in `data` as one event: a field per line. What counts as the end of a line is what the client takes for one:
/// CR, LF, or both. In front of it are as many bytes of room as asked for, behind it some too.
fn event(data: &Outbound, room: usize) -> Vec<u8> {
    let mut event = Vec::with_capacity(room + FIELD.len() + data.len() + 3 * LINE_END.len());
    event.resize(room, 0);
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
    use crate::session::owner::{Identity, Owner};
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
            assert_eq!(String::from_utf8(event(&data, 0)).unwrap(), expected);
        }
    }

    fn connection() -> (Response, ServerSentEvents) {
        let pending = Pending::new(10);
        let token = pending.promise(true, false).unwrap().unwrap().token.unwrap();
        let owner = |id: &str| Owner::new(id, Identity::default(), None);
        let (_, place) = pending.pick_up(&token, owner, |_| Live::ServerSentEvents(Arc::default())).unwrap();
        open(Arc::default(), place, None)
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
    async fn a_client_that_leaves_ends_reading_and_can_be_sent_nothing() {
        let (response, mut duplex) = connection();
        drop(response);
        assert!(send(&mut duplex, "nobody reads it").unwrap().is_err());
        let mut buffer = [0; 10];
        assert!(matches!(poll_fn(|cx| duplex.poll_receive(cx, &mut buffer)).await, Received::Closed));
        poll_fn(|cx| duplex.poll_close(cx)).await;
    }

    #[tokio::test]
    async fn a_client_that_leaves_its_socket_can_be_sent_nothing_either() {
        let (response, mut duplex) = connection();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        duplex.shared.take(listener.accept().await.unwrap().0);
        drop(response);
        send(&mut duplex, "one").unwrap().unwrap();
        drop(client);
        // The session does not read, and the system knows only after some writes.
        let failed = async {
            while send(&mut duplex, "more").is_none_or(|sent| sent.is_ok()) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), failed).await.expect("an error");
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
        assert_eq!(String::from_utf8(event(&data, 0)).unwrap(), expected);
    }
}
