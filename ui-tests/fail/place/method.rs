#![allow(unused)]

struct ChatHub;

impl ChatHub {
    #[signalr::hub(name = "Send")]
    fn send(&self, text: String) {}
}

fn main() {}
