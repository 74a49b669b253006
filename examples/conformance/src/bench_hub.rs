//! The hub that load generators are pointed at.

use futures_util::{Stream, StreamExt, stream};
use signalr::{Context, HubError, Upload, hub, receiver};

/// What the bench hub calls on its clients.
#[receiver(rename_all = "camelCase")]
pub(crate) trait BenchClient {
    /// A message for all or for a group.
    async fn receive(&self, text: String);
}

/// Does as little as possible per call.
pub(crate) struct BenchHub;

#[hub(receiver = BenchClient)]
impl BenchHub {
    fn echo(&self, text: String) -> String {
        text
    }

    fn add(&self, a: i64, b: i64) -> i64 {
        a.wrapping_add(b)
    }

    async fn broadcast(&self, ctx: Context<Self>, text: String) -> Result<(), HubError> {
        ctx.clients().all().receive(text).await.into_result()?;
        Ok(())
    }

    async fn join_group(&self, ctx: Context<Self>, group: String) -> Result<(), HubError> {
        ctx.join(group)?.await?;
        Ok(())
    }

    async fn send_to_group(&self, ctx: Context<Self>, group: String, text: String) -> Result<(), HubError> {
        ctx.clients().group(group).receive(text).await.into_result()?;
        Ok(())
    }

    fn counter(&self, count: u32) -> impl Stream<Item = u32> {
        stream::iter(0..count)
    }

    async fn sum(&self, mut numbers: Upload<i64>) -> Result<i64, HubError> {
        let mut total = 0i64;
        while let Some(number) = numbers.next().await {
            total = total.wrapping_add(number?);
        }
        Ok(total)
    }
}
