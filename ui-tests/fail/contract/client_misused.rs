//! The client of a contract.
use signalr::hub;

#[hub]
trait Chat {
    async fn send_message(&self, user: String, text: String);
}

fn call(chat: &ChatHubClient) {
    let _ = chat.send_message("ann", 3);
    let _ = chat.leave();
}

fn main() {
    let _ = call;
}
