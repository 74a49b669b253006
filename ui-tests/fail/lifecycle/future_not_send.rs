#![allow(unused)]

use std::rc::Rc;

struct ChatHub;

#[signalr::hub]
impl ChatHub {
    async fn on_connected(&self) {
        let shared = Rc::new(3);
        std::future::ready(()).await;
        drop(shared);
    }
}

fn main() {}
