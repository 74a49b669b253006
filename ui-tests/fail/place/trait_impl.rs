#![allow(unused)]

struct ChatHub;

trait Chat {
    fn send(&self, text: String);
}

#[signalr::hub]
impl Chat for ChatHub {
    fn send(&self, text: String) {}
}

fn main() {}
