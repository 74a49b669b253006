//! Calls of a typed client are checked.
use futures_util::stream;
use signalr::{Call, Upload, hub};

struct ChatHub;

#[hub(client)]
impl ChatHub {
    fn send(&self, user: String, count: u32) {
        let _ = (user, count);
    }

    async fn sum(&self, numbers: Upload<i64>) -> i64 {
        drop(numbers);
        0
    }
}

fn call(chat: &ChatHubClient) {
    let _ = chat.send("ann", "three");
    let _ = chat.send("ann");
    let _ = chat.sum(stream::iter(["a"]));
    let _: Call<'_, u32> = chat.sum(stream::iter([1]));
}

fn main() {
    let _ = call;
}
