#![allow(unused)]

#[signalr::receiver]
trait ChatClient {
    async fn receive(&self, user: &str, numbers: &[u32]);
    async fn name(&self) -> &str;
}

fn main() {}
