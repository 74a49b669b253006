#![allow(unused)]

struct ChatHub;

#[signalr::hub]
impl ChatHub {
    unsafe fn send(&self, text: String) {}
    extern "C" fn call(&self, number: u32) {}
    fn maybe(&self, #[cfg(unix)] number: u32) {}
}

fn main() {}
