#![allow(unused)]

macro_rules! methods {
    () => {
        fn send(&self, text: String) {}
    };
}

struct ChatHub;

#[signalr::hub]
impl ChatHub {
    methods!();
}

fn main() {}
