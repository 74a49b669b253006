#![allow(unused)]

struct ChatHub;

#[signalr::hub]
impl ChatHub {
    fn length(&self, text: String) -> Result<u32, String> {
        Err(text)
    }

    async fn count(&self) -> Result<u32, &'static str> {
        Err("no")
    }
}

fn main() {}
