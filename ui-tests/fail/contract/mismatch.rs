//! A hub is checked against its contract.
use futures_util::Stream;
use signalr::hub;

#[hub]
trait Chat {
    async fn send_message(&self, user: String, text: String);
    fn count(&self) -> u32;
    fn counter(&self, count: u32) -> impl Stream<Item = u32>;
    async fn sum(&self, numbers: impl Stream<Item = i64>) -> i64;
}

struct ChatHub;

#[hub(contract = Chat)]
impl ChatHub {
    async fn send_message(&self, user: String, text: u32) {
        let _ = (user, text);
    }

    fn count(&self) -> Result<String, std::io::Error> {
        Ok(String::new())
    }

    fn counter(&self, count: u32) -> u32 {
        count
    }

    async fn sum(&self, numbers: Vec<i64>) -> i64 {
        numbers.into_iter().sum()
    }
}

fn main() {}
