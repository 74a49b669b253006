//! A `Result` behind an alias cannot be told from a value.
use signalr::{HubError, hub};

struct ChatHub;

type Answer = Result<u32, HubError>;

#[hub(client)]
impl ChatHub {
    fn count(&self) -> Answer {
        Ok(3)
    }
}

fn main() {}
