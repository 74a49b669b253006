//! A hub of one method of each kind, to compare with: it has everything of the library that the hub of a hundred has, which no
//! further method adds again.

use futures_util::{Stream, StreamExt, stream};
use serde::{Deserialize, Serialize};
use signalr::{CancellationToken, Context, HubError, Upload, hub, receiver};
use size::serve;
use std::collections::BTreeMap;

#[derive(Default, Serialize, Deserialize)]
struct Place {
    x: f64,
    y: f32,
}

#[receiver]
trait EachClient {
    async fn told(&self, text: String);
    #[receiver(latest)]
    async fn moved(&self, place: Place);
    async fn asked(&self) -> bool;
}

struct EachHub;

#[hub(receiver = EachClient)]
impl EachHub {
    fn echo(&self, text: String) -> String {
        text
    }

    async fn count(&self, words: Vec<String>) -> Result<BTreeMap<u64, usize>, HubError> {
        Ok(words.iter().map(|word| (word.len() as u64, 1)).collect())
    }

    async fn tell(&self, ctx: Context<Self>, group: String, text: Option<String>) -> Result<(), HubError> {
        ctx.join(&group)?;
        ctx.clients().others_in_group(&group).told(text.unwrap_or_default()).await;
        ctx.leave(&group);
        Ok(())
    }

    fn follow(&self, ctx: Context<Self>, place: Place) {
        ctx.clients().all().moved(place);
    }

    async fn ask(&self, ctx: Context<Self>, connection: String) -> Result<bool, HubError> {
        Ok(ctx.clients().client(connection).asked().await?)
    }

    fn numbers(&self, count: usize) -> impl Stream<Item = Result<usize, HubError>> + use<> {
        stream::iter((0..count).map(Ok))
    }

    async fn upload(&self, mut parts: Upload<String>) -> Result<usize, HubError> {
        let mut size = 0;
        while let Some(part) = parts.next().await {
            size += part?.len();
        }
        Ok(size)
    }

    async fn sum(&self, numbers: impl Stream<Item = f64> + Send + 'static) -> f64 {
        numbers.fold(0.0, |sum, number| std::future::ready(sum + number)).await
    }

    async fn wait(&self, cancelled: CancellationToken) {
        cancelled.cancelled().await;
    }

    #[hub(spawn)]
    async fn elsewhere(&self, letter: char) -> char {
        letter
    }

    #[hub(blocking)]
    fn slowly(&self, number: i32) -> i32 {
        number
    }
}

fn main() -> std::io::Result<()> {
    serve(EachHub)
}
