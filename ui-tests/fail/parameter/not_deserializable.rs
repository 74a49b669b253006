#![allow(unused)]

struct Line {
    text: String,
}

struct ChatHub;

#[signalr::hub]
impl ChatHub {
    fn send(&self, to: String, line: Vec<Line>) {}
}

fn main() {}
