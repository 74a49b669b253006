#![allow(unused)]

struct ChatHub {
    lines: Vec<String>,
}

#[signalr::hub]
impl ChatHub {
    fn send(&mut self, text: String) {
        self.lines.push(text);
    }
}

fn main() {}
