use futures_util::{Stream, StreamExt, stream};

struct ChatHub {
    name: String,
}

#[signalr::hub]
impl ChatHub {
    fn names(&self) -> impl Stream<Item = String> {
        stream::iter(0..3).map(|number| format!("{} {number}", self.name))
    }
}

fn main() {}
