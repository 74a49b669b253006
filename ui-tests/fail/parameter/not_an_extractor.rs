#![allow(unused)]

struct ChatHub;

#[signalr::hub]
impl ChatHub {
    fn send(&self, #[inject] user: Option<String>, text: String) {}
}

fn main() {}
