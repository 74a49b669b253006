#![allow(unused)]

use signalr::Context;

struct OtherHub;

#[signalr::hub]
impl OtherHub {}

struct ChatHub;

#[signalr::hub]
impl ChatHub {
    fn send(&self, ctx: Context<OtherHub>, text: String) {}
}

fn main() {}
