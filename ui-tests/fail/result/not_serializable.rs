#![allow(unused)]

struct Line {
    text: String,
}

struct ChatHub;

#[signalr::hub]
impl ChatHub {
    fn first(&self) -> Line {
        Line { text: String::new() }
    }

    async fn all(&self) -> Result<Vec<Line>, signalr::HubError> {
        Ok(Vec::new())
    }
}

fn main() {}
