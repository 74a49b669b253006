//! Who can be called by the server.
use signalr::{HubConnection, HubConnectionBuilder, hub, receiver};

#[receiver]
trait ChatClient {
    async fn said(&self, text: String);
}

struct ChatHub;

#[hub(receiver = ChatClient, client)]
impl ChatHub {}

struct Console;

fn build(typed: HubConnectionBuilder<ChatHubClient>, untyped: HubConnectionBuilder<HubConnection>) {
    typed.receiver(Console);
    untyped.receiver(Console);
}

fn main() {
    let _ = build;
}
