#![allow(unused)]

use futures_util::{Stream, stream};

struct ChatHub;

#[signalr::hub]
impl ChatHub {
    #[hub(blocking)]
    async fn send(&self, text: String) {}

    #[hub(blocking, spawn)]
    fn both(&self, text: String) {}

    #[hub(blocking)]
    fn numbers(&self) -> impl Stream<Item = u32> {
        stream::iter([1, 2])
    }

    #[hub(blocking)]
    fn sum(&self, numbers: impl Stream<Item = i64>) {}
}

fn main() {}
