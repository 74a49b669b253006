//! The client's own function has this name.
use signalr::hub;

struct ChatHub;

#[hub(client)]
impl ChatHub {
    fn builder(&self) -> u32 {
        3
    }
}

fn main() {}
