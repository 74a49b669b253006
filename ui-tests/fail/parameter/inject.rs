#![allow(unused)]

use futures_util::Stream;
use signalr::Context;

struct ChatHub;

#[signalr::hub]
impl ChatHub {
    fn options(&self, #[inject(maybe)] ctx: Context<Self>) {}
    fn twice(&self, #[inject] #[inject] ctx: Context<Self>) {}
    async fn stream(&self, #[inject] numbers: impl Stream<Item = u32>) {}
    async fn nothing(&self, numbers: impl Stream) {}
    async fn borrowed(&self, lines: impl Stream<Item = &str>) {}
}

fn main() {}
