//! Every method of the contract, and no other.
use signalr::hub;

#[hub]
trait Chat {
    fn leave(&self);
    fn stay(&self);
}

struct First;

#[hub(contract = Chat)]
impl First {
    fn leave(&self) {}
}

struct Second;

#[hub(contract = Chat)]
impl Second {
    fn leave(&self) {}

    fn stay(&self) {}

    fn go(&self) {}

    #[hub(skip)]
    fn other(&self) {}
}

fn main() {
    let _ = Second::other;
}
