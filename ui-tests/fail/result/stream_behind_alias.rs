#![allow(unused)]

type Numbers = futures_util::stream::Iter<std::ops::Range<u32>>;

struct ChatHub;

#[signalr::hub]
impl ChatHub {
    fn numbers(&self) -> Numbers {
        futures_util::stream::iter(0..3)
    }

    async fn maybe_numbers(&self) -> Result<Numbers, signalr::HubError> {
        Ok(futures_util::stream::iter(0..3))
    }
}

fn main() {}
