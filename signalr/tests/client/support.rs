//! A hub, and clients connected to it in memory.

use futures_util::{Stream, StreamExt};
use signalr::{
    CancellationToken, ClientError, Context, Hub, HubConnection, HubConnectionBuilder, HubError, HubOptions, HubServer,
    Upload, hub,
};
use std::sync::Arc;
use tokio::sync::Notify;

#[derive(Default)]
pub struct Desk {
    pub cancelled: Arc<Notify>,
}

#[hub]
impl Desk {
    fn echo(&self, text: String) -> String {
        text
    }

    fn fail(&self, text: String) -> Result<(), HubError> {
        Err(HubError::public(text))
    }

    async fn wait(&self, token: CancellationToken) -> &'static str {
        token.cancelled().await;
        self.cancelled.notify_one();
        "cancelled"
    }

    fn count(&self, to: u32) -> impl Stream<Item = u32> {
        futures_util::stream::iter(0..to)
    }

    fn endless(&self, token: CancellationToken) -> impl Stream<Item = u32> {
        let cancelled = self.cancelled.clone();
        tokio::spawn(async move {
            token.cancelled().await;
            cancelled.notify_one();
        });
        futures_util::stream::iter(0..)
    }

    fn broken(&self) -> impl Stream<Item = Result<u32, HubError>> {
        futures_util::stream::iter([Ok(1), Err(HubError::public("enough"))])
    }

    async fn sum(&self, start: i64, mut numbers: Upload<i64>) -> Result<i64, HubError> {
        let mut sum = start;
        while let Some(number) = numbers.next().await {
            sum += number?;
        }
        Ok(sum)
    }

    fn double(&self, numbers: Upload<i64>) -> impl Stream<Item = i64> {
        numbers.map(|number| number.unwrap_or_default() * 2)
    }

    fn leave(&self, ctx: Context<Self>) {
        ctx.abort();
    }
}

pub fn server() -> HubServer<Desk> {
    HubServer::new(&Hub::new("Desk", Desk::default()), &HubOptions::default()).unwrap()
}

/// A builder for clients of that server, each attempt over a stream of its own.
pub fn builder(server: &HubServer<Desk>) -> HubConnectionBuilder {
    let server = server.clone();
    HubConnectionBuilder::with_connector(move || {
        let (client, other) = tokio::io::duplex(64 * 1024);
        tokio::spawn(server.serve(other).into_future());
        async { Ok(client) }
    })
}

pub async fn connect() -> Result<HubConnection, ClientError> {
    builder(&server()).connect().await
}
