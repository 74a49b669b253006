//! A hub to be tested.

use futures_util::{Stream, StreamExt, stream};
use signalr::{Context, Hub, HubError, Upload, hub, receiver};
use std::borrow::Cow;
use std::sync::Arc;
use tokio::sync::Notify;

#[receiver]
pub(crate) trait DeskClient {
    async fn said(&self, user: String, text: String);
    async fn confirm(&self, question: String) -> bool;
    async fn poked(&self);
}

#[derive(Default)]
pub(crate) struct Desk {
    /// What `on_connected` waits for.
    pub(crate) waits_for: Option<Arc<Notify>>,
    /// Whether it lets nobody in.
    pub(crate) refuses: bool,
}

#[hub(receiver = DeskClient, client = pub(crate))]
impl Desk {
    async fn on_connected(&self, ctx: Context<Self>) -> Result<(), HubError> {
        if let Some(event) = &self.waits_for {
            event.notified().await;
        }
        if self.refuses {
            return Err(HubError::public("closed today"));
        }
        ctx.join("everybody")?;
        Ok(())
    }

    async fn on_disconnected(&self) {
        tokio::task::yield_now().await;
    }

    fn echo(&self, text: String) -> String {
        text
    }

    fn say(&self, ctx: Context<Self>, text: String) {
        let user = ctx.user_id().unwrap_or("nobody").to_owned();
        ctx.clients().group("everybody").said(user, text);
    }

    fn tell_others(&self, ctx: Context<Self>, text: String) {
        ctx.clients().others().said("", text);
    }

    fn poke(&self, ctx: Context<Self>) {
        ctx.clients().caller().poked();
    }

    async fn ask(&self, ctx: Context<Self>, question: String) -> Result<bool, HubError> {
        Ok(ctx.clients().caller().confirm(question).await?)
    }

    fn count(&self, to: u32) -> impl Stream<Item = u32> {
        stream::iter(0..to)
    }

    async fn sum(&self, mut numbers: Upload<u64>) -> Result<u64, HubError> {
        let mut sum = 0;
        while let Some(number) = numbers.next().await {
            sum += number?;
        }
        Ok(sum)
    }

    /// What is known of the caller.
    fn who(&self, ctx: Context<Self>) -> Vec<Option<String>> {
        let text = |text: &str| text.to_owned();
        vec![
            ctx.user().and_then(|user| user.claim("role").map(text)),
            ctx.query("name").map(Cow::into_owned),
            ctx.header("X-Trace").map(text),
            ctx.extension::<u32>().map(u32::to_string),
        ]
    }
}

pub(crate) fn hub() -> Hub<Desk> {
    Hub::new("Desk", Desk::default())
}
