//! What the contract says is not said again.
use signalr::{hub, receiver};

#[receiver]
trait ChatClient {}

#[hub(receiver = ChatClient)]
trait Chat {
    fn leave(&self);
}

struct ChatHub;

#[hub(contract = Chat, receiver = ChatClient, rename_all = "camelCase", client)]
impl ChatHub {
    #[hub(name = "go")]
    fn leave(&self) {}
}

fn main() {}
