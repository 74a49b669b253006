#![allow(unused)]

struct ChatHub;

#[signalr::hub]
impl ChatHub {
    #[hub(stream)]
    fn numbers(&self) -> Vec<u32> {
        vec![1, 2]
    }
}

fn main() {}
