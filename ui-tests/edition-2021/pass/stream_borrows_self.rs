use futures_util::{Stream, StreamExt, stream};
use signalr::{Context, HubError, HubMethods};

#[signalr::receiver]
trait ChatClient {
    async fn said(&self, text: String);
    async fn version(&self) -> u32 {
        1
    }
}

struct ChatHub {
    name: String,
}

#[signalr::hub(receiver = ChatClient)]
impl ChatHub {
    fn names(&self) -> impl Stream<Item = String> + use<'_> {
        stream::iter(0..3).map(|number| format!("{} {number}", self.name))
    }

    fn numbers(&self) -> Result<impl Stream<Item = u32>, HubError> {
        Ok(stream::iter(0..3))
    }

    async fn say(&self, ctx: Context<Self>, text: String) -> Result<u32, HubError> {
        ctx.clients().all().said(text).await;
        Ok(ctx.clients().caller().version().await?)
    }
}

fn main() {
    let hub = ChatHub { name: String::new() };
    assert!(hub.name.is_empty());
    assert_eq!(ChatHub::METHODS.len(), 3);
}
