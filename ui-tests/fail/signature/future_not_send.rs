#![allow(unused)]

use std::rc::Rc;

struct ChatHub;

#[signalr::hub]
impl ChatHub {
    async fn send(&self, text: String) -> usize {
        let shared = Rc::new(text);
        std::future::ready(()).await;
        shared.len()
    }
}

fn main() {}
