#![allow(unused)]

struct ChatHub;

#[signalr::hub(rename = "camelCase", reciever = ChatClient)]
impl ChatHub {
    #[hub(blokcing)]
    fn send(&self, text: String) {}

    #[hub(skp)]
    fn helper(&self) {}
}

#[signalr::receiver(renameall = "camelCase")]
trait ChatClient {
    #[receiver(lastest)]
    async fn position(&self, x: f64, y: f64);
}

fn main() {}
