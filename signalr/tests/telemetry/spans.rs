//! Spans of connections and calls.

use crate::capture::{SpanSeen, capture};
use crate::support::{Client, Connect, Event, Server, streaming};
use futures_util::{Stream, StreamExt, stream};
use serde_json::json;
use signalr::{Context, Hub, HubError, hub};
use tracing::{Level, info};

pub(crate) struct Told;

#[hub]
impl Told {
    fn on_connected(&self) {
        info!(place = "on_connected");
    }

    async fn on_disconnected(&self) {
        tokio::task::yield_now().await;
        info!(place = "on_disconnected");
    }

    fn plain(&self, number: u32) -> u32 {
        info!(place = "Plain");
        number
    }

    async fn waits(&self) {
        tokio::task::yield_now().await;
        info!(place = "Waits");
    }

    fn items(&self) -> impl Stream<Item = u32> + use<> {
        stream::iter([1, 2]).then(async |item| {
            tokio::task::yield_now().await;
            info!(place = "Items");
            item
        })
    }

    #[hub(spawn)]
    async fn spawned(&self) {
        tokio::task::yield_now().await;
        info!(place = "Spawned");
    }

    #[hub(blocking)]
    fn blocking(&self) {
        info!(place = "Blocking");
    }

    fn public(&self) -> Result<(), HubError> {
        Err(HubError::public("no"))
    }

    fn hidden(&self) -> Result<u32, HubError> {
        Ok("x".parse()?)
    }

    async fn panics(&self) {
        tokio::task::yield_now().await;
        panic!("on purpose");
    }

    fn ends(&self, ctx: Context<Self>) {
        ctx.close("enough");
    }
}

/// A hub that turns everybody away.
struct Closed;

#[hub]
impl Closed {
    fn on_connected(&self) -> Result<(), HubError> {
        Err(HubError::public("nobody is let in"))
    }
}

fn field<'a>(span: &'a SpanSeen, name: &str) -> &'a str {
    span.fields.get(name).unwrap_or("-")
}

#[tokio::test]
async fn a_connection_has_a_span_from_its_request_to_its_end() {
    let capture = capture();
    let server = Server::of(&Hub::new("Whole", Told));
    let connect = Connect { protocol: "messagepack", ..Connect::default() };
    let mut client = connect.to(&server).await;
    client.result("Plain", json!([1])).await;
    client.socket.close(None).await.unwrap();
    drop(client);
    let end = capture.until(|seen| seen.end("Whole").cloned()).await;
    assert_eq!((end.level, end.fields.get("reason")), (Level::DEBUG, Some("ClientClosed")));
    assert!(end.fields.get("duration").is_some());

    let seen = capture.lock();
    let [(connection, span)] = seen.of_hub("connection", "Whole")[..] else { panic!("one connection") };
    assert_eq!(field(span, "signalr.transport"), "web_sockets");
    assert_eq!(field(span, "signalr.protocol"), "messagepack");
    assert_eq!(field(span, "signalr.close_reason"), "ClientClosed");
    assert_eq!(field(span, "signalr.connection.id").len(), 22);
    assert_eq!(span.parent, None);
    for (name, method) in [("on_connected", "OnConnectedAsync"), ("on_disconnected", "OnDisconnectedAsync")] {
        let [(number, lifecycle)] = seen.of_hub(name, "Whole")[..] else { panic!("one {name}") };
        assert_eq!((lifecycle.parent, field(lifecycle, "rpc.method")), (Some(connection), method));
        let inside =
            seen.events.iter().find(|event| event.fields.get("place") == Some(name) && event.scope[0] == number);
        assert!(inside.is_some(), "{name}");
    }
    let ends = seen.events.iter().filter(|event| event.message() == "connection ended");
    assert_eq!(ends.filter(|event| event.scope.contains(&connection)).count(), 1);
}

#[tokio::test]
async fn spans_end_with_what_they_are_about() {
    let capture = capture();
    let server = Server::of(&Hub::new("Ending", Told));
    let mut client = Client::connect(&server).await;
    client.result("Waits", json!([])).await;
    capture.until(|seen| seen.call("Ending", "Waits").filter(|(_, span)| span.is_closed).map(drop)).await;
    assert!(!capture.lock().of_hub("connection", "Ending")[0].1.is_closed);
    drop(client);
    capture.until(|seen| seen.of_hub("connection", "Ending")[0].1.is_closed.then_some(())).await;
}

#[tokio::test]
async fn a_method_runs_within_the_span_of_its_call_wherever_it_runs() {
    let capture = capture();
    let server = Server::of(&Hub::new("Inside", Told));
    let mut client = Client::connect(&server).await;
    client.result("Plain", json!([1])).await;
    for method in ["Waits", "Spawned", "Blocking"] {
        client.result(method, json!([])).await;
    }
    client.send(&streaming("s", "Items", json!([]))).await;
    for _ in 0..3 {
        client.next().await;
    }
    let seen = capture.lock();
    let (connection, _) = seen.of_hub("connection", "Inside")[0];
    for method in ["Plain", "Waits", "Items", "Spawned", "Blocking"] {
        let (number, span) = seen.call("Inside", method).expect("a span");
        let inside =
            seen.events.iter().find(|event| event.fields.get("place") == Some(method) && event.scope == [number]);
        assert!(inside.is_some(), "{method}");
        assert_eq!((span.parent, &span.links[..]), (None, &[connection][..]), "{method}");
        for (name, value) in [
            ("otel.name", format!("Inside/{method}")),
            ("otel.kind", "server".into()),
            ("rpc.system", "signalr".into()),
            ("rpc.service", "Inside".into()),
            ("error.type", "-".into()),
            ("otel.status_code", "-".into()),
        ] {
            assert_eq!(field(span, name), value, "{method}");
        }
    }
}

#[tokio::test]
async fn the_span_of_a_failed_call_says_how_it_failed() {
    let capture = capture();
    let server = Server::of(&Hub::new("Failing", Told));
    let mut client = Client::connect(&server).await;
    for (method, shown, error) in [
        ("Public", "Public", "HubException"),
        ("Hidden", "Hidden", "ParseIntError"),
        ("Panics", "Panics", "Panic"),
        ("Plain", "Plain", "rejected"),
        ("Nonsense", "_OTHER", "rejected"),
    ] {
        client.call(method, json!([])).await.unwrap_err();
        let seen = capture.lock();
        let (_, span) = seen.call("Failing", shown).expect("a span");
        assert_eq!((field(span, "error.type"), field(span, "otel.status_code")), (error, "ERROR"), "{method}");
    }
    let seen = capture.lock();
    assert_eq!(field(seen.of_hub("connection", "Failing")[0].1, "error.type"), "-");
}

#[tokio::test]
async fn the_level_of_the_end_is_that_of_its_reason() {
    let capture = capture();
    let server = Server::of(&Hub::new("Kicking", Told));
    let mut client = Client::connect(&server).await;
    client.begin("Ends", json!([])).await;
    client.closed().await;
    drop(client);
    let end = capture.until(|seen| seen.end("Kicking").cloned()).await;
    assert_eq!((end.level, end.fields.get("detail")), (Level::DEBUG, Some("enough")));

    let server = Server::of(&Hub::new("Breaking", Told));
    let mut client = Client::connect(&server).await;
    client.text("nonsense").await;
    drop(client);
    let end = capture.until(|seen| seen.end("Breaking").cloned()).await;
    assert_eq!((end.level, end.fields.get("reason")), (Level::INFO, Some("ProtocolError")));

    let server = Server::of(&Hub::new("Closed", Closed));
    let mut client = Connect::default().open(&server).await;
    while !matches!(client.event().await, Event::Closed(_) | Event::Lost) {}
    drop(client);
    let end = capture.until(|seen| seen.end("Closed").cloned()).await;
    assert_eq!((end.level, end.fields.get("reason")), (Level::WARN, Some("ServerError")));
    let (_, span) =
        capture.lock().of_hub("on_connected", "Closed").first().map(|(at, span)| (*at, (*span).clone())).unwrap();
    assert_eq!(field(&span, "error.type"), "HubException");

    let server = Server::of(&Hub::new("Shaking", Told));
    let mut client = Connect { protocol: "klingon", ..Connect::default() }.open(&server).await;
    client.event().await;
    client.event().await;
    drop(client);
    let end = capture.until(|seen| seen.end("Shaking").cloned()).await;
    assert_eq!((end.level, end.fields.get("reason")), (Level::INFO, Some("ProtocolError")));
}
