#![allow(unused)]

use serde::Serialize;

struct Store<T>(T);

#[signalr::hub]
impl<T: Clone + 'static> Store<T> {
    fn get(&self) -> T {
        self.0.clone()
    }
}

fn main() {}
