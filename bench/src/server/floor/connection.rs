//! One connection: whatever is ready is read, then all answers are written.

use super::frame::Frame;
use super::json::Json;
use super::members::Members;
use super::msgpack::MessagePack;
use super::protocol::{Protocol, Request};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::sync::mpsc::UnboundedReceiver;

/// Serves a connection from its handshake to its end.
pub(super) async fn serve<S, M, E>(mut socket: S, members: Arc<Members<M>>)
where
    S: Stream<Item = Result<M, E>> + Sink<M, Error = E> + Unpin,
    M: Frame<Json> + Frame<MessagePack>,
{
    let Some(Ok(handshake)) = socket.next().await else { return };
    let handshake = Frame::<Json>::payload(&handshake).unwrap_or_default();
    if handshake.contains("\"messagepack\"") {
        talk::<_, _, _, MessagePack>(socket, &members).await;
    } else {
        talk::<_, _, _, Json>(socket, &members).await;
    }
}

async fn talk<S, M, E, P: Protocol>(mut socket: S, members: &Members<M>)
where
    S: Stream<Item = Result<M, E>> + Sink<M, Error = E> + Unpin,
    M: Frame<Json> + Frame<P>,
{
    // Who has the answer is reached by every broadcast.
    let (id, inbox) = members.join();
    if socket.send(Frame::<Json>::of("{}\x1e".to_owned())).await.is_ok() {
        let mut connection = Connection::<_, _, P> { socket, members, inbox, out: P::Buffer::default(), upload: None };
        poll_fn(|context| connection.poll(context)).await;
        // The client may be gone already.
        let _ = connection.socket.close().await;
    }
    members.leave(id);
}

struct Connection<'a, S, M, P: Protocol> {
    socket: S,
    members: &'a Members<M>,
    inbox: UnboundedReceiver<M>,
    out: P::Buffer,
    /// The id of its call, and the sum so far.
    upload: Option<(P::Buffer, u64)>,
}

impl<S, M, E, P: Protocol> Connection<'_, S, M, P>
where
    S: Stream<Item = Result<M, E>> + Sink<M, Error = E> + Unpin,
    M: Frame<P>,
{
    /// Is ready when the connection has ended.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while let Poll::Ready(received) = self.socket.poll_next_unpin(context) {
            match received {
                Some(Ok(frame)) if !frame.is_close() => {
                    if let Some(payload) = frame.payload() {
                        self.received(payload);
                    }
                }
                _ => return Poll::Ready(()),
            }
        }
        match self.poll_write(context) {
            Poll::Ready(Err(_)) => Poll::Ready(()),
            _ => Poll::Pending,
        }
    }

    /// Hands over what there is to send, and writes all of it at once.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<Result<(), E>> {
        let mut socket = Pin::new(&mut self.socket);
        ready!(socket.as_mut().poll_ready(context))?;
        if !P::is_empty(&self.out) {
            socket.as_mut().start_send(M::of(mem::take(&mut self.out)))?;
            ready!(socket.as_mut().poll_ready(context))?;
        }
        while let Poll::Ready(Some(message)) = self.inbox.poll_recv(context) {
            socket.as_mut().start_send(message)?;
            ready!(socket.as_mut().poll_ready(context))?;
        }
        socket.poll_flush(context)
    }

    fn received(&mut self, mut payload: &P::Slice) {
        while let Some(request) = P::next(&mut payload) {
            match request {
                Request::Echo { id, argument } => P::completion(&mut self.out, id, Some(argument)),
                Request::Broadcast { id, argument } => {
                    self.members.send(&M::of(P::invocation(argument)));
                    P::completion(&mut self.out, id, None);
                }
                Request::Counter { id, count } => {
                    (0..count).for_each(|item| P::item(&mut self.out, id, item));
                    P::completion(&mut self.out, id, None);
                }
                Request::Sum { id } => self.upload = Some((id.to_owned(), 0)),
                Request::Item(item) => {
                    if let Some((_, sum)) = &mut self.upload {
                        *sum += item;
                    }
                }
                Request::EndOfUpload => {
                    if let Some((id, sum)) = self.upload.take() {
                        P::completion(&mut self.out, &id, Some(&P::number(sum)));
                    }
                }
            }
        }
    }
}
