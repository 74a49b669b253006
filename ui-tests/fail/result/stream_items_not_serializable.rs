#![allow(unused)]

use futures_util::{Stream, stream};
use signalr::HubError;

struct Line {
    text: String,
}

struct ChatHub;

#[signalr::hub]
impl ChatHub {
    fn lines(&self) -> impl Stream<Item = Line> {
        stream::empty()
    }

    fn maybe_lines(&self) -> impl Stream<Item = Result<Line, HubError>> {
        stream::empty()
    }
}

fn main() {}
