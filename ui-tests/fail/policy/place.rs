#![allow(unused)]

use signalr::{Caller, Context};

struct ChatHub;

fn admins(caller: &Caller) -> bool {
    true
}

#[signalr::hub(authorise = admins)]
impl ChatHub {
    #[hub(authorize = admins)]
    fn on_connected(&self, ctx: Context<Self>) {}

    #[hub(skip, authorize = admins)]
    fn helper(&self) {}

    #[hub(authorize)]
    fn nobody(&self) {}

    #[hub(authorize = "admins")]
    fn text(&self) {}

    #[hub(authorise = admins)]
    fn spelt(&self) {}
}

fn main() {}
