//! What has no name outside of the hub.
use futures_util::stream::{self, Iter};
use serde::Serialize;
use signalr::hub;
use std::ops::Range;

struct ChatHub;

#[hub(client)]
impl ChatHub {
    fn anything(&self) -> impl Serialize {
        3
    }

    fn many(&self) -> Vec<impl Serialize> {
        vec![3]
    }

    #[hub(stream)]
    fn ticks(&self) -> Iter<Range<u32>> {
        stream::iter(0..3)
    }
}

fn main() {}
