#![allow(unused)]

use signalr::{Caller, HubCall};

struct ChatHub;

fn by_name(name: String) -> bool {
    name == "admin"
}

fn of_two(caller: &Caller, call: &HubCall) -> bool {
    true
}

#[signalr::hub]
impl ChatHub {
    #[hub(authorize = by_name)]
    fn name(&self) {}

    #[hub(authorize = of_two)]
    fn two(&self) {}
}

fn main() {}
