//! As many arguments as the contract says.
use signalr::{Context, hub};

#[hub]
trait Chat {
    async fn send_message(&self, user: String, text: String);
    fn leave(&self);
}

struct ChatHub;

#[hub(contract = Chat)]
impl ChatHub {
    async fn send_message(&self, ctx: Context<Self>, user: String) {
        let _ = (ctx, user);
    }

    fn leave(&self, reason: String) {
        drop(reason);
    }
}

fn main() {}
