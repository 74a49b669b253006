#![allow(unused)]

use futures_util::Stream;
use signalr::Upload;

#[signalr::receiver]
trait ChatClient {
    async fn receive(&self, lines: impl Stream<Item = String>);
    async fn upload(&self, lines: Upload<String>);
    async fn numbers(&self) -> impl Stream<Item = u32>;
}

fn main() {}
