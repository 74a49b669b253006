//! What the server only writes, a client cannot read.
use serde::Serialize;
use signalr::{HubConnectionBuilder, hub, receiver};

#[derive(Serialize)]
struct Line {
    text: String,
}

#[receiver]
trait ChatClient {
    async fn said(&self, line: Line);
}

struct ChatHub;

#[hub(receiver = ChatClient, client)]
impl ChatHub {}

struct Console;

impl ChatClient for Console {
    async fn said(&self, line: Line) {
        drop(line.text);
    }
}

fn build(builder: HubConnectionBuilder<ChatHubClient>) {
    builder.receiver(Console);
}

fn main() {
    let _ = build;
}
