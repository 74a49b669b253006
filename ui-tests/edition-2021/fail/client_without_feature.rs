//! A typed client needs the client.
struct ChatHub;

#[signalr::hub(client)]
impl ChatHub {
    fn count(&self) -> u32 {
        3
    }
}

fn main() {}
