#![allow(unused)]

struct ChatHub;

#[signalr::hub(rename_all = "CamelCase")]
impl ChatHub {}

fn main() {}
