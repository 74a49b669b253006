#![allow(unused)]

use futures_util::{Stream, stream};
use std::rc::Rc;

struct ChatHub;

#[signalr::hub]
impl ChatHub {
    fn numbers(&self) -> impl Stream<Item = usize> {
        let shared = Rc::new(3);
        stream::iter((0..3).map(move |number| number * *shared))
    }
}

fn main() {}
