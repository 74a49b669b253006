#![allow(unused)]

use futures_util::Stream;
use signalr::Upload;

struct Line {
    text: String,
}

struct ChatHub;

#[signalr::hub]
impl ChatHub {
    async fn send(&self, lines: Upload<Line>) {}
    async fn send_plain(&self, lines: impl Stream<Item = Line>) {}
}

fn main() {}
