#![allow(unused)]

use futures_util::{Stream, stream};

struct ChatHub;

#[signalr::hub]
impl ChatHub {
    #[hub(cancel = drop)]
    fn send(&self, text: String) {}

    #[hub(cancel = drop)]
    fn numbers(&self) -> impl Stream<Item = u32> {
        stream::iter([1, 2])
    }
}

fn main() {}
