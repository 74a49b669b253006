#![allow(unused)]

struct Full;

type Counted = Result<u32, Full>;

struct ChatHub;

#[signalr::hub]
impl ChatHub {
    fn length(&self) -> Result<u32, Full> {
        Err(Full)
    }

    fn count(&self) -> Counted {
        Err(Full)
    }
}

fn main() {}
