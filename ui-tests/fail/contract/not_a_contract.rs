//! The trait has no `#[hub]`.
use signalr::hub;

trait Chat {}

struct ChatHub;

#[hub(contract = Chat)]
impl ChatHub {}

fn main() {}
