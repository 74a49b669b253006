#![allow(unused)]

use futures_util::{Stream, stream};

struct ChatHub;

#[signalr::hub]
impl ChatHub {
    fn numbers(&self) -> Result<impl Stream<Item = u32>, String> {
        Ok(stream::iter([1, 2]))
    }

    fn maybe_numbers(&self) -> impl Stream<Item = Result<u32, String>> {
        stream::iter([Ok(1), Err("no".to_owned())])
    }
}

fn main() {}
