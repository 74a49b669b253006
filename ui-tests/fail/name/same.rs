#![allow(unused)]

struct ChatHub;

#[signalr::hub]
impl ChatHub {
    fn send(&self, text: String) {}

    #[hub(name = "Send")]
    fn send_with_user(&self, user: String, text: String) {}
}

fn main() {}
