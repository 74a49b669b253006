use futures_util::future::join_all;
use futures_util::{Stream, StreamExt, stream};
use signalr::{Context, HubError, Upload, hub, receiver};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::sleep;

/// What the server calls on its clients.
#[receiver]
pub(crate) trait ChatClient {
    async fn receive_message(&self, user: String, text: String);
    async fn members(&self, names: Vec<String>);
    async fn upload_progress(&self, bytes: u64);
    async fn confirm(&self, question: String) -> bool; // a question: the client answers it
}

#[derive(Clone)]
struct Member {
    id: String,
    name: String,
    room: String,
}

/// What clients call on the server.
#[derive(Default)]
pub(crate) struct ChatHub {
    members: Mutex<Vec<Member>>,
}

#[hub(receiver = ChatClient)]
impl ChatHub {
    fn on_disconnected(&self, ctx: Context<Self>) {
        self.leave(ctx);
    }

    fn join(&self, ctx: Context<Self>, name: String, room: String) -> Result<Vec<String>, HubError> {
        self.leave(ctx.clone());
        ctx.join(&room)?;
        let id = ctx.connection_id().to_owned();
        Ok(self.change(&ctx, &room, |members| members.push(Member { id, name, room: room.clone() })))
    }

    fn leave(&self, ctx: Context<Self>) {
        if let Ok(Member { id, room, .. }) = self.me(&ctx) {
            ctx.leave(&room);
            self.change(&ctx, &room, |members| members.retain(|member| member.id != id));
        }
    }

    fn send(&self, ctx: Context<Self>, text: String) -> Result<(), HubError> {
        let me = self.me(&ctx)?;
        ctx.clients().group(me.room).receive_message(me.name, text); // typed: a wrong argument does not compile
        Ok(())
    }

    /// A stream to the client, until it is cancelled: a made-up measurement.
    fn ticker(&self, interval_ms: u64) -> impl Stream<Item = f64> {
        stream::unfold(0.0, move |time: f64| async move {
            sleep(Duration::from_millis(interval_ms.max(10))).await;
            Some((50.0 + 30.0 * time.sin() + 12.0 * (time * 2.7).cos(), time + 0.17))
        })
    }

    /// A stream from the client: the sizes of the chunks that it uploads.
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
        let me = self.me(&ctx)?;
        let others = self.in_room(&me.room).into_iter().filter(|other| other.id != me.id);
        let answers = others.map(|other| ctx.clients().client(other.id).confirm(&question).into_future());
        Ok(join_all(answers).await.into_iter().filter(|answer| *answer == Ok(true)).count())
    }
}

impl ChatHub {
    fn me(&self, ctx: &Context<Self>) -> Result<Member, HubError> {
        let members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        let me = members.iter().find(|member| member.id == ctx.connection_id());
        me.cloned().ok_or_else(|| HubError::public("join a room first"))
    }

    fn in_room(&self, room: &str) -> Vec<Member> {
        let members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        members.iter().filter(|member| member.room == room).cloned().collect()
    }

    /// Sends while the members are locked, so that the last list that a room gets is the right one.
    fn change(&self, ctx: &Context<Self>, room: &str, change: impl FnOnce(&mut Vec<Member>)) -> Vec<String> {
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut members);
        let in_room = members.iter().filter(|member| member.room == room);
        let names: Vec<String> = in_room.map(|member| member.name.clone()).collect();
        ctx.clients().group(room).members(&names);
        names
    }
}
