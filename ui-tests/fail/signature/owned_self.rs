#![allow(unused)]

struct ChatHub;

#[signalr::hub]
impl ChatHub {
    fn send(self, text: String) {}
    fn send_all(self: Box<Self>, text: String) {}
}

fn main() {}
