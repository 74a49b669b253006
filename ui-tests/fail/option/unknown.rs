#![allow(unused)]

struct ChatHub;

#[signalr::hub(timeout = 3)]
impl ChatHub {
    #[hub(priority = "high", spawn)]
    async fn send(&self, text: String) {}
}

fn main() {}
