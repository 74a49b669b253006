#![allow(unused)]

#[signalr::receiver]
trait ChatClient {
    async fn receive(&self, text: String);
    #[receiver(name = "receive")]
    async fn receive_from(&self, user: String, text: String);
}

fn main() {}
