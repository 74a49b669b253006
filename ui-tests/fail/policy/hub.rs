#![allow(unused)]

use signalr::Caller;

struct ChatHub;

fn by_caller(caller: &Caller) -> bool {
    true
}

#[signalr::hub(authorize = by_caller)]
impl ChatHub {}

fn main() {}
