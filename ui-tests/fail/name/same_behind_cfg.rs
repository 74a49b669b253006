#![allow(unused)]

struct ChatHub;

#[signalr::hub]
impl ChatHub {
    fn send(&self, text: String) {}

    #[cfg(all())]
    #[hub(name = "SEND")]
    fn send_with_user(&self, user: String, text: String) {}
}

fn main() {}
