#![allow(unused)]

struct ChatHub;

#[signalr::hub]
impl ChatHub {
    pub fn new() -> Self {
        ChatHub
    }
}

fn main() {}
