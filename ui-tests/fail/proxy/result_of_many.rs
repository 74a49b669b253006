#![allow(unused)]

use signalr::{Context, HubError};

#[signalr::receiver]
trait ChatClient {
    async fn confirm(&self, question: String) -> bool;
}

struct ChatHub;

#[signalr::hub(receiver = ChatClient)]
impl ChatHub {
    async fn ask(&self, ctx: Context<Self>) -> Result<bool, HubError> {
        Ok(ctx.clients().group("ops").confirm("Sure?").await?)
    }
}

fn main() {}
