#![allow(unused)]

struct ChatHub;

type Greeting = String;
type Done = Result<(), String>;

#[signalr::hub]
impl ChatHub {
    async fn on_connected(&self) -> Greeting {
        String::new()
    }

    async fn on_disconnected(&self) -> Done {
        Ok(())
    }
}

fn main() {}
