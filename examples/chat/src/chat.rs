//! The hub: everything that happens in the rooms.

use async_stream::stream;
use futures_util::future::join_all;
use futures_util::{Stream, StreamExt};
use signalr::{CloseReason, Context, HubError, Upload, hub, receiver};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What the server calls in the browser.
#[receiver]
pub(crate) trait ChatClient {
    /// Somebody in the room has said something.
    async fn receive_message(&self, user: String, text: String);
    /// Who is in the room now.
    async fn members(&self, names: Vec<String>);
    /// So many bytes of an upload have arrived.
    async fn upload_progress(&self, bytes: u64);
    /// A question for the person in front of the browser.
    async fn confirm(&self, question: String) -> bool;
}

/// Where a connection is.
#[derive(Clone)]
struct Place {
    name: String,
    room: String,
}

/// The rooms and who is in them: connection ids and names.
#[derive(Default)]
pub(crate) struct ChatHub {
    rooms: Mutex<BTreeMap<String, BTreeMap<String, String>>>,
}

#[hub(receiver = ChatClient)]
impl ChatHub {
    async fn on_disconnected(&self, ctx: Context<Self>, _reason: CloseReason) {
        self.leave(ctx);
    }

    /// Enters a room and returns who is in it.
    fn join(&self, ctx: Context<Self>, name: String, room: String) -> Vec<String> {
        self.leave(ctx.clone());
        ctx.join(&room);
        ctx.items().insert(Place { name: name.clone(), room: room.clone() });
        self.change(&ctx, &room, |members| drop(members.insert(ctx.connection_id().to_owned(), name)))
    }

    fn leave(&self, ctx: Context<Self>) {
        if let Some(Place { room, .. }) = ctx.items().remove::<Place>() {
            ctx.leave(&room);
            self.change(&ctx, &room, |members| drop(members.remove(ctx.connection_id())));
        }
    }

    fn send(&self, ctx: Context<Self>, text: String) -> Result<(), HubError> {
        let Place { name, room } = self.place(&ctx)?;
        ctx.clients().group(room).receive_message(name, text);
        Ok(())
    }

    /// A made-up measurement, for as long as anybody looks at it.
    fn ticker(&self, interval_ms: u64) -> impl Stream<Item = f64> {
        stream! {
            for step in 0u32.. {
                let time = f64::from(step) / 6.0;
                yield 50.0 + 30.0 * time.sin() + 12.0 * (time * 2.7).cos();
                tokio::time::sleep(Duration::from_millis(interval_ms.max(10))).await;
            }
        }
    }

    /// Takes the sizes of the chunks that a browser sends, and tells it how far it got.
    async fn upload(&self, ctx: Context<Self>, mut chunks: Upload<u64>) -> Result<u64, HubError> {
        let mut total = 0u64;
        while let Some(bytes) = chunks.next().await {
            total = total.saturating_add(bytes?);
            ctx.clients().caller().upload_progress(total).await;
        }
        Ok(total)
    }

    /// Asks everybody else in the room, all at once, and counts who says yes.
    async fn ask_room(&self, ctx: Context<Self>, question: String) -> Result<usize, HubError> {
        let room = self.place(&ctx)?.room;
        let others = self.others(&ctx, &room);
        let clients = ctx.clients();
        let answers = others.iter().map(|id| clients.client(id).confirm(&question).into_future());
        Ok(join_all(answers).await.into_iter().filter(|answer| *answer == Ok(true)).count())
    }

    #[hub(skip)]
    fn place(&self, ctx: &Context<Self>) -> Result<Place, HubError> {
        ctx.items().get().ok_or_else(|| HubError::public("join a room first"))
    }

    #[hub(skip)]
    fn others(&self, ctx: &Context<Self>, room: &str) -> Vec<String> {
        let rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let members = rooms.get(room).into_iter().flat_map(BTreeMap::keys);
        members.filter(|id| *id != ctx.connection_id()).cloned().collect()
    }

    /// Changes who is in a room, and tells the room while it is locked, so that the last list that it gets is the right one.
    #[hub(skip)]
    fn change(
        &self,
        ctx: &Context<Self>,
        room: &str,
        change: impl FnOnce(&mut BTreeMap<String, String>),
    ) -> Vec<String> {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let members = rooms.entry(room.to_owned()).or_default();
        change(members);
        let names: Vec<String> = members.values().cloned().collect();
        if names.is_empty() {
            rooms.remove(room);
        }
        ctx.clients().group(room).members(&names);
        names
    }
}
