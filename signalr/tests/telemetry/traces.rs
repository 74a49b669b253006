//! Traces that begin at the client.

use crate::capture::{capture, set_parent};
use crate::support::{Client, Server};
use serde_json::{Value, json};
use signalr::{Hub, HubOptions, hub};
use std::sync::Arc;
use tokio::sync::Semaphore;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

struct Slow(Arc<Semaphore>);

impl Default for Slow {
    fn default() -> Self {
        Slow(Arc::new(Semaphore::new(0)))
    }
}

#[hub]
impl Slow {
    async fn held(&self) {
        self.0.acquire().await.expect("open").forget();
    }

    fn quick(&self) {}
}

fn options() -> HubOptions {
    HubOptions::default().on_invocation_span(|span, headers| {
        if let Some(parent) = headers.get("TraceParent") {
            set_parent(span, parent);
        }
        assert!(headers.get("explode").is_none(), "on purpose");
    })
}

fn call(id: &str, target: &str, headers: Value) -> Value {
    json!({"type": 1, "invocationId": id, "target": target, "arguments": [], "headers": headers})
}

fn context() -> Value {
    json!({"traceparent": PARENT, "tracestate": "vendor=1", "baggage": "user=7"})
}

#[tokio::test]
async fn the_context_of_a_message_becomes_the_parent_of_its_span() {
    let capture = capture();
    let server = Server::with(&Hub::new("Traced", Slow::default()), options());
    let mut client = Client::connect(&server).await;
    client.send(&call("1", "Quick", context())).await;
    client.answer("1").await.unwrap();
    let seen = capture.lock();
    let (_, span) = seen.call("Traced", "Quick").unwrap();
    assert_eq!(span.remote_parent.as_deref(), Some(PARENT));
    assert_eq!((span.fields.get("traceparent"), span.fields.get("tracestate")), (Some(PARENT), Some("vendor=1")));
    assert!(!seen.text("Traced").contains("user=7"));
}

#[tokio::test]
async fn without_a_context_there_is_no_parent_and_a_panic_harms_nothing() {
    let capture = capture();
    let server = Server::with(&Hub::new("Untraced", Slow::default()), options());
    let mut client = Client::connect(&server).await;
    client.result("Quick", json!([])).await;
    client.send(&call("x", "Quick", json!({"explode": "yes"}))).await;
    client.answer("x").await.unwrap();
    let seen = capture.lock();
    assert_eq!(seen.of_hub("invocation", "Untraced").len(), 2);
    for (_, span) in seen.of_hub("invocation", "Untraced") {
        assert_eq!((span.remote_parent.as_deref(), span.fields.get("traceparent")), (None, None));
    }
}

#[tokio::test]
async fn a_call_that_waited_for_its_turn_keeps_its_headers() {
    let capture = capture();
    let gate = Arc::new(Semaphore::new(0));
    let server = Server::with(&Hub::new("Queued", Slow(gate.clone())), options());
    let mut client = Client::connect(&server).await;
    client.send_all(&[call("1", "Held", json!({})), call("2", "Quick", context())]).await;
    gate.add_permits(1);
    client.answer("1").await.unwrap();
    client.answer("2").await.unwrap();
    let seen = capture.lock();
    let (_, span) = seen.call("Queued", "Quick").unwrap();
    assert_eq!(span.remote_parent.as_deref(), Some(PARENT));
}
