#![allow(unused)]

use std::rc::Rc;

struct ChatHub {
    name: Rc<str>,
}

#[signalr::hub]
impl ChatHub {
    fn name(&self) -> String {
        self.name.to_string()
    }
}

fn main() {}
