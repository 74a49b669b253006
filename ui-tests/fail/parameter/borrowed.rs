#![allow(unused)]

use signalr::Context;
use std::borrow::Cow;

struct ChatHub;

#[signalr::hub]
impl ChatHub {
    fn send(&self, user: &str, numbers: &[u32], text: Cow<'_, str>, more: Vec<Option<&str>>) {}
    fn leave(&self, ctx: &Context<Self>) {}
}

fn main() {}
