#![allow(unused)]

#[signalr::hub]
struct ChatHub;

fn main() {}
