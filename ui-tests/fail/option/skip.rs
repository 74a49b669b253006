#![allow(unused)]

struct ChatHub;

#[signalr::hub]
impl ChatHub {
    #[hub(skip, name = "Helper")]
    fn helper(&self) {}

    #[hub(skip)]
    fn other(&self, #[inject] number: u32) {}
}

fn main() {}
