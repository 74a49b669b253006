#![allow(unused)]

use signalr::Caller;

struct ChatHub;

fn count(caller: &Caller) -> u32 {
    1
}

async fn text(caller: &Caller) -> Result<(), String> {
    Ok(())
}

#[signalr::hub]
impl ChatHub {
    #[hub(authorize = count)]
    fn number(&self) {}

    #[hub(authorize = text)]
    fn text_as_error(&self) {}
}

fn main() {}
