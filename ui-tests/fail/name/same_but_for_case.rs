#![allow(unused, non_snake_case)]

struct ChatHub;

#[signalr::hub]
impl ChatHub {
    fn send_message(&self, text: String) {}
    fn sendmessage(&self, text: String) {}
    #[hub(name = "SEND_message")]
    fn third(&self) {}
}

fn main() {}
