#![allow(unused)]

struct ChatHub;

#[signalr::hub]
impl ChatHub {
    async fn on_connected(&mut self) -> Result<bool, signalr::HubError> {
        Ok(true)
    }

    #[hub(spawn)]
    fn on_disconnected() {}
}

fn main() {}
