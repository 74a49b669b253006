//! Drives a stream that a hub method returned: each item becomes a stream item, its end the completion.

use crate::hub::error::HubError;
use crate::hub::reply::Reply;
use crate::session::inbox::Pushed;
use futures_util::Stream;
use serde::Serialize;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

/// After so many items the other work of the connection has its turn.
const ITEMS_PER_TURN: usize = 512;

/// Sends all items of `stream` and then its end. `convert` takes out the error of an item that has one.
pub(crate) async fn pump<S, T, F>(reply: Reply<'static>, stream: S, convert: F)
where
    S: Stream,
    T: Serialize,
    F: Fn(S::Item) -> Result<T, HubError>,
{
    // Boxed, as it is rare, and other streams should not carry its size.
    let reply = if reply.is_captured() { Box::pin(reply.opened()).await } else { Some(reply) };
    let Some(reply) = reply else { return };
    let mut pump = Pump { head: reply.item_head(), reply: Some(reply), room: None, convert };
    let mut stream = pin!(stream);
    poll_fn(|cx| pump.poll(cx, stream.as_mut())).await;
}

struct Pump<F> {
    /// What each item begins with.
    head: Box<[u8]>,
    reply: Option<Reply<'static>>,
    /// Only used by a stream that runs in a task of its own.
    room: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    convert: F,
}

impl<F> Pump<F> {
    fn poll<S, T>(&mut self, cx: &mut Context<'_>, mut stream: Pin<&mut S>) -> Poll<()>
    where
        S: Stream,
        T: Serialize,
        F: Fn(S::Item) -> Result<T, HubError>,
    {
        for _ in 0..ITEMS_PER_TURN {
            if let Some(room) = &mut self.room {
                ready!(room.as_mut().poll(cx));
                self.room = None;
            }
            let Some(reply) = &self.reply else { return Poll::Ready(()) };
            if !reply.has_room() {
                reply.peer().stall(cx.waker());
                return Poll::Pending;
            }
            let item = ready!(stream.as_mut().poll_next(cx));
            let sent = match item.map(&self.convert) {
                None => {
                    self.reply.take().into_iter().for_each(Reply::end);
                    return Poll::Ready(());
                }
                Some(Ok(item)) => reply.item(&self.head, &item).map_err(HubError::from),
                Some(Err(error)) => Err(error),
            };
            match sent {
                Ok(Pushed::QueuedAbove) => self.room = reply.room(),
                Ok(Pushed::Gone) => {
                    self.reply = None;
                    return Poll::Ready(());
                }
                Ok(Pushed::Queued | Pushed::Dropped) => {}
                Err(error) => {
                    self.reply.take().into_iter().for_each(|reply| reply.stream_error(&error));
                    return Poll::Ready(());
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
