//! While a call runs the session goes on reading; what must wait is bounded, and then the client has to wait.

use crate::support::{
    Client, Connect, Event, Events, Server, Tell, answer, cancel, completion, end, events, invocation, item, soon,
    streaming, with_uploads,
};
use futures_util::{FutureExt, SinkExt, Stream, StreamExt, stream};
use serde_json::{Value, json};
use signalr::{CancellationToken, CloseReason, Context, Hub, HubError, HubOptions, Limits, Upload, hub};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Message;

struct Desk {
    gate: Arc<Notify>,
    told: Tell<String>,
}

impl Desk {
    fn hub() -> (Hub<Self>, Arc<Notify>, Events<String>) {
        let (told, tells) = events();
        let gate = Arc::new(Notify::new());
        (Hub::new("Desk", Desk { gate: gate.clone(), told }), gate, tells)
    }

    fn tell(&self, text: impl Into<String>) {
        let _ = self.told.send(text.into());
    }
}

#[hub]
impl Desk {
    fn on_disconnected(&self, reason: CloseReason) {
        self.tell(format!("gone: {}", reason.name()));
    }

    async fn hold(&self) {
        self.tell("holding");
        self.gate.notified().await;
    }

    /// Numbers with some weight.
    fn note(&self, number: usize, weight: String) -> usize {
        drop(weight);
        number
    }

    async fn ask(&self, ctx: Context<Self>, question: String) -> Result<String, HubError> {
        let caller = ctx.clients().caller();
        let first: String = caller.invoke("Answer", (question,)).await?;
        let second: String = caller.invoke("Answer", (&first,)).await?;
        Ok(second)
    }

    async fn until_cancelled(&self, token: CancellationToken) -> &'static str {
        self.tell("running");
        token.cancelled().await;
        "cancelled"
    }

    fn ticks(&self) -> impl Stream<Item = u32> {
        stream::iter([1]).chain(stream::pending())
    }

    async fn count(&self, numbers: Upload<String>) -> usize {
        self.tell("counting");
        self.gate.notified().await;
        numbers.filter(|number| std::future::ready(number.is_ok())).count().await
    }
}

#[tokio::test]
async fn a_method_may_ask_its_own_caller() {
    let (hub, ..) = Desk::hub();
    let server = Server::of(&hub);
    for protocol in ["json", "messagepack"] {
        let mut client = Connect { protocol, ..Connect::default() }.to(&server).await;
        client.send(&invocation("1", "Ask", json!(["red?"]))).await;
        client.send(&invocation("2", "Note", json!([2, ""]))).await;
        for (question, words) in [("red?", "green?"), ("green?", "blue")] {
            let asked = client.next().await;
            assert_eq!(asked["arguments"], json!([question]));
            client.send(&completion(asked["invocationId"].as_str().unwrap(), words)).await;
        }
        assert_eq!(client.next().await, completion("1", "blue"));
        assert_eq!(client.next().await, completion("2", 2), "the call behind it had to wait");
    }
}

#[tokio::test]
async fn streams_and_cancellations_go_on_beside_a_running_call() {
    let (hub, gate, mut told) = Desk::hub();
    let server = Server::of(&hub);
    let mut client = Client::connect(&server).await;
    client.send(&invocation("1", "UntilCancelled", json!([]))).await;
    assert_eq!(told.next().await, "running");
    // Streams have places of their own.
    client.send(&streaming("2", "Ticks", json!([]))).await;
    assert_eq!(client.next().await, item("2", 1));
    client.send(&with_uploads("3", "Count", json!([]), &["s"])).await;
    assert_eq!(told.next().await, "counting");
    client.send(&json!({"type": 6})).await;
    client.socket.send(Message::Ping("still there?".into())).await.unwrap();
    client.send_all(&[item("s", "a"), end("s"), cancel("2")]).await;
    assert_eq!(client.next().await, end("2"));
    gate.notify_one();
    assert_eq!(client.next().await, completion("3", 1));
    client.send(&cancel("1")).await;
    assert_eq!(client.next().await, completion("1", "cancelled"));
}

#[tokio::test]
async fn a_goodbye_is_seen_beside_a_running_call() {
    let (hub, _, mut told) = Desk::hub();
    let server = Server::of(&hub);
    let mut client = Client::connect(&server).await;
    client.send(&invocation("1", "UntilCancelled", json!([]))).await;
    assert_eq!(told.next().await, "running");
    client.socket.close(None).await.unwrap();
    assert_eq!(client.event().await, Event::Closed(1000));
    assert_eq!(told.next().await, "gone: ClientClosed");
}

/// Sends messages until the server has stopped reading; returns how many. The last of them are still on this side.
async fn fill(client: &mut Client, message: impl Fn(usize) -> Value) -> usize {
    for sent in 0..10_000 {
        let text = format!("{}\u{1e}", message(sent));
        client.socket.feed(Message::text(text)).await.unwrap();
        if !flushed(client).await {
            return sent + 1;
        }
    }
    panic!("the server never stops reading");
}

/// Whether everything can be written. In between the server has its turns, until nothing moves any more.
async fn flushed(client: &mut Client) -> bool {
    for _ in 0..200 {
        if let Some(flushed) = client.socket.flush().now_or_never() {
            flushed.unwrap();
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

#[tokio::test]
async fn calls_that_wait_are_bounded_and_none_is_lost() {
    let (hub, gate, mut told) = Desk::hub();
    let server = Server::narrow(&hub, HubOptions::default().limits(Limits::default().waiting_limit(20_000)));
    let mut client = Connect { narrow: true, ..Connect::default() }.to(&server).await;
    client.send(&invocation("hold", "Hold", json!([]))).await;
    assert_eq!(told.next().await, "holding");
    let weight = "x".repeat(1000);
    let sent = fill(&mut client, |n| invocation(&n.to_string(), "Note", json!([n, weight]))).await;
    // Besides what the sockets hold.
    assert!((20..1000).contains(&sent), "{sent}");
    gate.notify_one();
    assert_eq!(answer(client.next().await, "hold"), Ok(json!(null)));
    soon(client.socket.flush()).await.unwrap();
    for n in 0..sent {
        assert_eq!(client.next().await, completion(&n.to_string(), n));
    }
    assert_eq!(client.result("Note", json!([7, ""])).await, 7);
}

#[tokio::test]
async fn upload_items_that_nobody_reads_are_bounded_and_none_is_lost() {
    let (hub, gate, mut told) = Desk::hub();
    let server = Server::narrow(
        &hub,
        HubOptions::default().limits(Limits::default().waiting_limit(20_000).stream_buffer_capacity(3)),
    );
    let mut client = Connect { narrow: true, ..Connect::default() }.to(&server).await;
    client.send(&with_uploads("1", "Count", json!([]), &["s"])).await;
    assert_eq!(told.next().await, "counting");
    let weight = "x".repeat(1000);
    let sent = fill(&mut client, |_| item("s", weight.clone())).await;
    assert!((20..1000).contains(&sent), "{sent}");
    gate.notify_one();
    client.send(&end("s")).await;
    assert_eq!(client.next().await, completion("1", sent));
}

#[tokio::test]
async fn the_buffer_of_a_stream_does_not_count_against_the_limit() {
    let (hub, gate, mut told) = Desk::hub();
    let server =
        Server::with(&hub, HubOptions::default().limits(Limits::default().waiting_limit(0).stream_buffer_capacity(10)));
    let mut client = Client::connect(&server).await;
    client.send(&with_uploads("1", "Count", json!([]), &["s"])).await;
    assert_eq!(told.next().await, "counting");
    let items: Vec<_> = (0..10).map(|_| item("s", "x".repeat(5000))).collect();
    client.send_all(&items).await;
    client.send_all(&[end("s"), streaming("2", "Ticks", json!([]))]).await;
    assert_eq!(client.next().await, item("2", 1), "the server still reads");
    gate.notify_one();
    assert_eq!(client.next().await, completion("1", 10));
}

#[tokio::test]
async fn a_client_whose_reading_is_paused_does_not_time_out() {
    let (hub, gate, mut told) = Desk::hub();
    let options = HubOptions::default()
        .limits(Limits::default().waiting_limit(100))
        .client_timeout(Duration::from_millis(50))
        .websocket_ping_interval(Duration::from_millis(50))
        .keep_alive_interval(Duration::from_millis(20));
    let server = Server::with(&hub, options);
    let mut client = Client::connect(&server).await;
    let waits = invocation("2", "Note", json!([2, "x".repeat(200)]));
    client.send_all(&[json!({"type": 6}), invocation("1", "Hold", json!([])), waits]).await;
    assert_eq!(told.next().await, "holding");
    // So many pings of the server take several times the timeout.
    for _ in 0..10 {
        let ping = soon(client.socket.next()).await.unwrap().unwrap();
        assert!(ping.is_text() || ping.is_ping(), "{ping:?}");
    }
    gate.notify_one();
    assert_eq!(client.next().await, completion("1", json!(null)));
    assert_eq!(client.next().await, completion("2", 2));
}
