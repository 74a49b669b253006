#![allow(unused)]

struct Console;

#[signalr::receiver]
impl Console {
    async fn receive_message(&self, text: String) {}
}

fn main() {}
