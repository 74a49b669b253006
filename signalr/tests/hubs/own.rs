//! What a connection's own calls send waits for its client, however slow that is.

use crate::slow::{options, page, settle, slow_client, text};
use crate::support::{Events, Server, Tell, completion, end, events, invocation, item, streaming};
use futures_util::{Stream, stream};
use serde_json::json;
use signalr::{CloseReason, Context, Hub, Overflow, hub};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

struct Press {
    told: Tell<String>,
    /// How many pages streams have produced.
    pages: Arc<AtomicUsize>,
}

impl Press {
    fn hub() -> (Hub<Self>, Events<String>) {
        let (told, tells) = events();
        (Hub::new("Press", Press { told, pages: Arc::default() }), tells)
    }
}

#[hub]
impl Press {
    fn on_disconnected(&self, ctx: Context<Self>, reason: CloseReason) {
        let _ = self.told.send(format!("{} {}", ctx.query("name").unwrap_or_default(), reason.name()));
    }

    fn id(&self, ctx: Context<Self>) -> String {
        ctx.connection_id().to_owned()
    }

    fn numbers(&self, count: u32) -> impl Stream<Item = u32> {
        stream::iter(0..count)
    }

    #[hub(spawn)]
    fn spawned_numbers(&self, count: u32) -> impl Stream<Item = u32> {
        stream::iter(0..count)
    }

    fn endless(&self) -> impl Stream<Item = String> {
        let pages = self.pages.clone();
        stream::repeat_with(move || {
            pages.fetch_add(1, Ordering::Relaxed);
            page()
        })
    }

    #[hub(spawn)]
    fn spawned_endless(&self) -> impl Stream<Item = String> {
        self.endless()
    }

    fn pages(&self) -> usize {
        self.pages.load(Ordering::Relaxed)
    }

    fn large(&self, number: u32) -> String {
        format!("{number}{}", "x".repeat(20_000))
    }

    #[hub(spawn)]
    async fn spawned_large(&self, number: u32) -> String {
        self.large(number)
    }

    #[hub(blocking)]
    fn blocking_large(&self, number: u32) -> String {
        self.large(number)
    }

    /// Far more than may wait, to the caller itself.
    async fn read_aloud(&self, ctx: Context<Self>, count: u32) -> usize {
        let mut reached = 0;
        for number in 0..count {
            reached += ctx.clients().caller().send("Text", (number, page())).await.connections;
        }
        let _ = self.told.send("read aloud".to_owned());
        reached
    }
}

#[tokio::test]
async fn a_slow_client_gets_all_of_its_own_streams() {
    const COUNT: u32 = 100_000;
    let (hub, mut told) = Press::hub();
    let server = Server::narrow(&hub, options(Overflow::Disconnect));
    for method in ["Numbers", "SpawnedNumbers"] {
        let (mut slow, _) = slow_client(&server, "slow").await;
        slow.send(&streaming("s", method, json!([COUNT]))).await;
        for number in 0..COUNT {
            if number % 10_000 == 0 {
                settle().await;
            }
            assert_eq!(slow.next().await, item("s", number), "{method}");
        }
        assert_eq!(slow.next().await, end("s"));
    }
    assert_eq!(told.next().await, "slow TransportLost", "the first has left");
}

#[tokio::test]
async fn a_stream_does_not_run_ahead_of_a_client_that_does_not_read() {
    let (hub, _told) = Press::hub();
    let server = Server::narrow(&hub, options(Overflow::Disconnect));
    let (mut quick, _) = slow_client(&server, "quick").await;
    for method in ["Endless", "SpawnedEndless"] {
        let before = quick.result("Pages", json!([])).await.as_u64().unwrap();
        let (mut slow, _) = slow_client(&server, "slow").await;
        slow.send(&streaming("s", method, json!([]))).await;
        assert_eq!(slow.next().await, item("s", page()));
        for _ in 0..100 {
            settle().await;
        }
        let produced = quick.result("Pages", json!([])).await.as_u64().unwrap() - before;
        assert!((10..300).contains(&produced), "{method}: {produced}");
    }
}

#[tokio::test]
async fn a_slow_client_gets_all_replies_wherever_their_methods_run() {
    let (hub, mut told) = Press::hub();
    let server =
        Server::narrow(&hub, options(Overflow::Disconnect).limits_with(|limits| limits.parallel_invocations(60)));
    for method in ["Large", "SpawnedLarge", "BlockingLarge"] {
        let (mut slow, _) = slow_client(&server, method).await;
        let calls: Vec<_> = (0..100).map(|n| invocation(&n.to_string(), method, json!([n]))).collect();
        slow.send_all(&calls).await;
        settle().await;
        let mut answered = Vec::new();
        for _ in 0..100 {
            let message = slow.next().await;
            assert!(message["result"].as_str().is_some_and(|text| text.len() > 20_000), "{method}: {message}");
            answered.push(message["invocationId"].as_str().unwrap().parse::<u32>().unwrap());
        }
        answered.sort_unstable();
        assert!(answered.into_iter().eq(0..100));
        assert_eq!(told.now(), None);
        slow.socket.close(None).await.unwrap();
        assert_eq!(told.next().await, format!("{method} ClientClosed"));
    }
}

#[tokio::test]
async fn a_method_waits_for_its_own_slow_caller() {
    let (hub, mut told) = Press::hub();
    let server = Server::narrow(&hub, options(Overflow::Disconnect));
    let (mut slow, _) = slow_client(&server, "slow").await;
    let (mut quick, _) = slow_client(&server, "quick").await;
    slow.send(&invocation("1", "ReadAloud", json!([200]))).await;
    settle().await;
    assert_eq!(quick.result("Large", json!([1])).await.as_str().map(str::len), Some(20_001));
    assert_eq!(told.now(), None, "the method waits");
    for number in 0..200 {
        assert_eq!(slow.called("Text").await, text(number));
    }
    assert_eq!(slow.next().await, completion("1", 200));
    assert_eq!(told.next().await, "read aloud");
}
