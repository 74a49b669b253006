#![allow(unused)]

trait ChatClient {
    fn receive(&self, text: String);
}

struct ChatHub;

#[signalr::hub(receiver = ChatClient)]
impl ChatHub {
    fn send(&self, text: String) {}
}

fn main() {}
