#![allow(unused)]

type Ctx = signalr::Context<ChatHub>;

struct ChatHub;

#[signalr::hub]
impl ChatHub {
    fn send(&self, ctx: Ctx, text: String) {}
}

fn main() {}
