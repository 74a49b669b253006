//! What is counted.

use crate::capture::capture;
use crate::counting::numbers;
use crate::support::{Client, Connect, Server, events, notification, soon};
use metrics::Unit;
use serde_json::json;
use signalr::{CancellationToken, Context, Hub, HubError, HubOptions, Limits, Overflow, hub};
use std::sync::Arc;
use tokio::sync::Semaphore;

#[derive(Clone)]
struct Counted(Arc<Semaphore>);

impl Default for Counted {
    fn default() -> Self {
        Counted(Arc::new(Semaphore::new(0)))
    }
}

#[hub]
impl Counted {
    fn echo(&self, text: String) -> String {
        text
    }

    fn nan(&self) -> f64 {
        f64::NAN
    }

    fn public(&self) -> Result<(), HubError> {
        Err(HubError::public("no"))
    }

    async fn hidden(&self) -> Result<u32, HubError> {
        Ok("x".parse()?)
    }

    fn panics(&self) {
        panic!("on purpose");
    }

    #[hub(cancel = drop)]
    async fn forever(&self) {
        std::future::pending::<()>().await;
    }

    async fn held(&self) {
        self.0.acquire().await.expect("open").forget();
    }

    fn group(&self, ctx: Context<Self>, name: String) -> Result<(), HubError> {
        ctx.join(name)?;
        Ok(())
    }

    fn leave(&self, ctx: Context<Self>, name: String) {
        ctx.leave(name);
    }
}

fn calls(hub: &str, method: &str, outcome: &str) -> String {
    let labels = format!("rpc.method={method:?},signalr.hub={hub:?},signalr.outcome={outcome:?}");
    format!("signalr.server.invocations{{{labels}}}")
}

fn of_transport(name: &str, hub: &str) -> String {
    format!("signalr.server.{name}{{signalr.hub={hub:?},signalr.transport=\"web_sockets\"}}")
}

fn of_hub(name: &str, hub: &str) -> String {
    format!("signalr.server.{name}{{signalr.hub={hub:?}}}")
}

#[tokio::test]
async fn calls_are_counted_by_method_and_outcome() {
    let numbers = numbers();
    let server = Server::of(&Hub::new("Calls", Counted::default()));
    let mut client = Client::connect(&server).await;
    client.result("Echo", json!(["a"])).await;
    client.send(&notification("Echo", json!(["b"]))).await;
    for method in ["Public", "Hidden", "Panics", "Echo", "Nan", "Nobody", "NobodyEither"] {
        client.call(method, json!([])).await.unwrap_err();
    }
    client.send(&notification("Panics", json!([]))).await;
    let id = client.begin("Forever", json!([])).await;
    client.send(&crate::support::cancel(&id)).await;
    client.answer(&id).await.unwrap_err();
    for (method, outcome, count) in [
        ("Echo", "ok", 2.0),
        ("Echo", "rejected", 1.0),
        ("Public", "public_error", 1.0),
        ("Hidden", "hidden_error", 1.0),
        ("Nan", "hidden_error", 1.0),
        ("Panics", "panic", 2.0),
        ("_OTHER", "rejected", 2.0),
        ("Forever", "canceled", 1.0),
    ] {
        let name = calls("Calls", method, outcome);
        assert_eq!(numbers.sum(&name), count, "{method} {outcome}");
        let durations = numbers.recorded(&name.replace("invocations", "invocation.duration"));
        assert_eq!(durations.len() as f64, count, "{method} {outcome}");
    }
    assert_eq!(numbers.unit("signalr.server.invocation.duration"), Some(Unit::Seconds));
    assert!(numbers.names().iter().all(|name| !name.contains("Nobody")), "clients make no series");
}

#[tokio::test]
async fn bytes_and_messages_are_counted_both_ways() {
    let numbers = numbers();
    let server = Server::of(&Hub::new("Bytes", Counted::default()));
    let mut client = Client::connect(&server).await;
    let long = "x".repeat(1000);
    for _ in 0..3 {
        client.result("Echo", json!([long])).await;
    }
    client.call("Nan", json!([])).await.unwrap_err();
    assert_eq!(numbers.sum(&of_transport("received.messages", "Bytes")), 4.0);
    let received = numbers.sum(&of_transport("received.bytes", "Bytes"));
    assert!((3000.0..4000.0).contains(&received), "{received}");
    // The answer to the handshake is the first.
    assert_eq!(numbers.sum(&of_transport("sent.messages", "Bytes")), 5.0);
    let sent = numbers.sum(&of_transport("sent.bytes", "Bytes"));
    assert!((3000.0..4000.0).contains(&sent), "{sent}");
    let buffered = numbers.recorded(&of_transport("outbound.buffered", "Bytes"));
    assert_eq!(buffered.len(), 5);
    assert_eq!(buffered.iter().sum::<f64>(), sent);
}

#[tokio::test]
async fn connections_are_counted_from_their_beginning_to_their_end() {
    let (numbers, capture) = (numbers(), capture());
    let closed = |reason: &str| {
        let labels = format!("signalr.close_reason={reason:?},signalr.hub=\"Ends\",signalr.transport=\"web_sockets\"");
        numbers.sum(&format!("signalr.server.connections.closed{{{labels}}}"))
    };
    let server = Server::of(&Hub::new("Ends", Counted::default()));
    let mut client = Client::connect(&server).await;
    assert!(numbers.sum("signalr.server.active_connections{signalr.transport=\"web_sockets\"}") >= 1.0);
    client.socket.close(None).await.unwrap();
    drop(client);
    capture.until(|seen| seen.end("Ends").map(drop)).await;
    let mut client = Connect { protocol: "klingon", ..Connect::default() }.open(&server).await;
    client.event().await;
    client.event().await;
    drop(client);
    capture.until(|seen| seen.of_hub("connection", "Ends").iter().all(|(_, span)| span.is_closed).then_some(())).await;
    assert_eq!((closed("ClientClosed"), closed("ProtocolError")), (1.0, 1.0));
    let labels = "signalr.connection.status=\"normal_closure\",signalr.transport=\"web_sockets\"";
    assert!(numbers.recorded(&format!("signalr.server.connection.duration{{{labels}}}")).len() >= 2);
    assert_eq!(numbers.unit("signalr.server.connection.duration"), Some(Unit::Seconds));
}

#[tokio::test]
async fn calls_that_wait_and_groups_go_up_and_down() {
    let (numbers, capture) = (numbers(), capture());
    let hub = Counted::default();
    let server = Server::of(&Hub::new("Gauges", hub.clone()));
    let mut client = Client::connect(&server).await;
    let waiting = of_hub("invocations.waiting", "Gauges");
    let ids = [client.begin("Held", json!([])).await, client.begin("Held", json!([])).await];
    let last = client.begin("Group", json!(["a"])).await;
    capture.until(|seen| seen.call("Gauges", "Held").map(drop)).await;
    soon(async {
        while numbers.sum(&waiting) < 2.0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    hub.0.add_permits(2);
    for id in ids.iter().chain([&last]) {
        client.answer(id).await.unwrap();
    }
    assert_eq!(numbers.sum(&waiting), 0.0);

    let memberships = of_hub("group_memberships", "Gauges");
    for (group, count) in [("a", 1.0), ("b", 2.0), ("c", 3.0)] {
        client.result("Group", json!([group])).await;
        assert_eq!(numbers.sum(&memberships), count);
    }
    client.result("Leave", json!(["b"])).await;
    client.result("Leave", json!(["b"])).await;
    assert_eq!(numbers.sum(&memberships), 2.0);
    client.begin("Held", json!([])).await;
    client.begin("Held", json!([])).await;
    drop(client);
    hub.0.add_permits(2);
    capture.until(|seen| seen.end("Gauges").map(drop)).await;
    assert_eq!((numbers.sum(&memberships), numbers.sum(&waiting)), (0.0, 0.0));
}

struct Feed(crate::support::Tell<CancellationToken>);

#[hub]
impl Feed {
    fn on_connected(&self, ctx: Context<Self>) {
        self.0.send(ctx.closed()).unwrap();
    }
}

#[tokio::test]
async fn messages_that_are_dropped_are_counted() {
    let numbers = numbers();
    let (tell, mut told) = events();
    let hub = Hub::new("Dropping", Feed(tell));
    let limits = Limits::default().outbound_capacity(8 * 1024);
    let options = HubOptions::default().limits(limits).overflow(Overflow::DropNewest);
    let server = Server::narrow(&hub, options);
    let _client = Connect { narrow: true, ..Connect::default() }.to(&server).await;
    told.next().await;
    let text = "x".repeat(7 * 1024);
    let mut dropped = 0;
    while dropped < 3 {
        dropped += hub.handle().all().send("News", (&text,)).await.dropped;
    }
    assert_eq!(numbers.sum(&of_hub("messages.dropped", "Dropping")), dropped as f64);
}

#[tokio::test]
async fn slow_clients_that_are_disconnected_are_counted() {
    let (numbers, capture) = (numbers(), capture());
    let (tell, mut told) = events();
    let hub = Hub::new("Slow", Feed(tell));
    let options = HubOptions::default().limits(Limits::default().outbound_capacity(8 * 1024));
    let server = Server::narrow(&hub, options.close_timeout(std::time::Duration::from_millis(1)));
    let _client = Connect { narrow: true, ..Connect::default() }.to(&server).await;
    let closed = told.next().await;
    let text = "x".repeat(7 * 1024);
    while !closed.is_cancelled() {
        hub.handle().all().send("News", (&text,)).await;
        tokio::task::yield_now().await;
    }
    capture.until(|seen| seen.end("Slow").map(drop)).await;
    let labels = "signalr.close_reason=\"SlowConsumer\",signalr.hub=\"Slow\",signalr.transport=\"web_sockets\"";
    assert_eq!(numbers.sum(&format!("signalr.server.connections.closed{{{labels}}}")), 1.0);
}
