#![allow(unused)]

struct ChatHub;

#[signalr::hub]
impl ChatHub {
    fn send<T: serde::de::DeserializeOwned>(&self, value: T) {}
    fn print(&self, value: impl std::fmt::Display) {}
}

fn main() {}
