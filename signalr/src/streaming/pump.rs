//! Drives a stream that a hub method returned: each item becomes a stream item, its end the completion.

use crate::hub::error::HubError;
use crate::hub::reply::Reply;
use crate::session::BoxFuture;
use crate::session::inbox::Pushed;
use futures_util::{FutureExt, Stream};
use serde::Serialize;
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, ready};
use tokio::sync::oneshot;

/// After so many items the other work of the connection has its turn.
const ITEMS_PER_TURN: usize = 512;

/// Sends all items of `stream` and then its end. `convert` takes out the error of an item that has one.
pub(crate) async fn pump<S, T, F>(reply: &mut Reply<'static>, stream: S, mut convert: F)
where
    S: Stream,
    T: Serialize,
    F: FnMut(S::Item) -> Result<T, HubError>,
{
    let mut pump = Pump::new(reply);
    let mut stream = pin!(stream);
    poll_fn(|cx| {
        pump.poll(cx, &mut |cx, reply, head| {
            let item = stream.as_mut().poll_next(cx);
            item.map(|item| item.map(|item| reply.item(head, &convert(item)?)))
        })
    })
    .await;
}

/// Takes the next item of a stream and sends it behind the head that is given. All that a pump knows of its stream, so that it is
/// compiled once and not for each type.
type SendNext<'s> = dyn FnMut(&mut Context<'_>, &Reply<'static>, &[u8]) -> Poll<Option<Result<Pushed, HubError>>> + 's;

struct Pump<'r> {
    reply: &'r mut Reply<'static>,
    /// As long as filters have not let the stream pass.
    opening: Option<oneshot::Receiver<Reply<'static>>>,
    /// What each item begins with.
    head: Box<[u8]>,
    /// Only used by a stream that runs in a task of its own.
    room: Option<BoxFuture<()>>,
}

impl<'r> Pump<'r> {
    #[inline(never)]
    fn new(reply: &'r mut Reply<'static>) -> Self {
        let opening = reply.opening();
        Pump { opening, head: reply.item_head(), reply, room: None }
    }

    #[inline(never)]
    fn poll(&mut self, cx: &mut Context<'_>, send_next: &mut SendNext<'_>) -> Poll<()> {
        if let Some(opening) = &mut self.opening {
            let Ok(reply) = ready!(opening.poll_unpin(cx)) else { return Poll::Ready(()) };
            self.opening = None;
            self.head = reply.item_head();
            *self.reply = reply;
        }
        for _ in 0..ITEMS_PER_TURN {
            if let Some(room) = &mut self.room {
                ready!(room.as_mut().poll(cx));
                self.room = None;
            }
            if !self.reply.has_room() {
                self.reply.peer().stall(cx.waker());
                return Poll::Pending;
            }
            match ready!(send_next(cx, self.reply, &self.head)) {
                Some(Ok(Pushed::Queued | Pushed::Dropped)) => {}
                Some(Ok(Pushed::QueuedAbove)) => self.room = self.reply.room(),
                Some(Ok(Pushed::Gone)) => return Poll::Ready(()),
                Some(Err(error)) => {
                    self.reply.stream_error(&error);
                    return Poll::Ready(());
                }
                None => {
                    self.reply.end();
                    return Poll::Ready(());
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
