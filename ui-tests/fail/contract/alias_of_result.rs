//! A `Result` behind an alias, on either side.
use signalr::{HubError, hub};

type Answer = Result<u32, HubError>;

#[hub]
trait Chat {
    fn count(&self) -> Answer;
}

#[hub]
trait Good {
    fn count(&self) -> u32;
}

struct ChatHub;

#[hub(contract = Good)]
impl ChatHub {
    fn count(&self) -> Answer {
        Ok(3)
    }
}

fn main() {}
