#![allow(unused)]

use signalr::Caller;
use std::rc::Rc;

struct ChatHub;

async fn local(caller: &Caller) -> bool {
    let local = Rc::new(1);
    std::future::ready(()).await;
    *local == 1
}

#[signalr::hub]
impl ChatHub {
    #[hub(authorize = local)]
    fn number(&self) {}
}

fn main() {}
