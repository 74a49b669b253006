#![allow(unused)]

use signalr::Context;

#[signalr::receiver]
trait ChatClient {
    async fn receive(&self, user: String, count: u32);
}

struct ChatHub;

#[signalr::hub(receiver = ChatClient)]
impl ChatHub {
    fn send(&self, ctx: Context<Self>) {
        ctx.clients().all().receive("ann");
    }
}

fn main() {}
