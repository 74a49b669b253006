//! `on_connected`: what comes before it, during it and after it.

use crate::support::{Client, Connect, Events, Server, Tell, completion, events, invocation, soon};
use serde_json::{Value, json};
use signalr::{CloseReason, Context, Hub, HubError, hub};
use std::io;
use std::sync::Arc;
use tokio::sync::Notify;

/// Lets clients in as the query says.
struct Door {
    gate: Arc<Notify>,
    told: Tell<String>,
}

impl Door {
    fn hub() -> (Hub<Self>, Arc<Notify>, Events<String>) {
        let (told, tells) = events();
        let gate = Arc::new(Notify::new());
        (Hub::new("Door", Door { gate: gate.clone(), told }), gate, tells)
    }

    fn tell(&self, text: impl Into<String>) {
        let _ = self.told.send(text.into());
    }
}

#[hub]
impl Door {
    async fn on_connected(&self, ctx: Context<Self>) -> Result<(), HubError> {
        let caller = ctx.clients().caller();
        let mode = ctx.query("mode").unwrap_or_default();
        match &*mode {
            "greet" => {
                caller.send("Hello", ("sent",));
                tokio::task::yield_now().await;
                caller.send("Hello", ("awaited",)).await;
            }
            "slow" | "slow refusal" => {
                self.tell(ctx.connection_id());
                self.gate.notified().await;
            }
            "ask" => {
                let error = caller.invoke::<String>("WhatsYourName", ()).await.expect_err("nobody can be asked yet");
                caller.send("Error", (error.to_string(),)).await;
            }
            "broken" => Err(io::Error::other("the secret of the database"))?,
            "panic" => panic!("the secret of the hub"),
            _ => {}
        }
        if mode.contains("refusal") {
            return Err(HubError::public("members only"));
        }
        self.tell("connected");
        Ok(())
    }

    fn on_disconnected(&self, ctx: Context<Self>, reason: CloseReason) {
        self.tell(format!("{} {reason}", ctx.query("mode").unwrap_or_default()));
    }

    fn note(&self, text: String) -> String {
        self.tell(&text);
        text
    }
}

async fn enter(server: &Server, mode: &str) -> Client {
    Client::connect_to(server, &format!("/hub?mode={mode}")).await
}

#[tokio::test]
async fn what_on_connected_sends_comes_after_the_handshake_and_before_replies() {
    let (hub, ..) = Door::hub();
    let server = Server::of(&hub);
    for protocol in ["json", "messagepack"] {
        let mut client = Connect { path: "/hub?mode=greet", protocol, ..Connect::default() }.open(&server).await;
        client.send(&invocation("1", "Note", json!(["a"]))).await;
        assert_eq!(client.next().await, json!({}));
        assert_eq!(client.called("Hello").await, json!(["sent"]));
        assert_eq!(client.called("Hello").await, json!(["awaited"]));
        assert_eq!(client.next().await, completion("1", "a"));
    }
}

#[tokio::test]
async fn calls_wait_for_on_connected_and_then_run_in_order() {
    let (hub, gate, mut told) = Door::hub();
    let handle = hub.handle();
    let server = Server::of(&hub);
    let mut client = enter(&server, "slow").await;
    let id = told.next().await;
    let calls: Vec<Value> = (0..50).map(|n| invocation(&n.to_string(), "Note", json!([n.to_string()]))).collect();
    client.send_all(&calls).await;
    // When its answer has come, the server has read the calls as well.
    let question = handle.client(&id).invoke::<bool>("AreYouThere", ());
    let asked = client.next().await;
    client.send(&completion(asked["invocationId"].as_str().unwrap(), true)).await;
    assert_eq!(soon(question.into_future()).await, Ok(true));
    assert_eq!(told.now(), None, "no call has run");
    gate.notify_one();
    assert_eq!(told.next().await, "connected");
    for n in 0..50 {
        assert_eq!(told.next().await, n.to_string());
        assert_eq!(client.answer(&n.to_string()).await, Ok(json!(n.to_string())));
    }
}

#[tokio::test]
async fn a_failed_on_connected_closes_that_connection_and_nothing_is_told_of_its_end() {
    let (hub, _, mut told) = Door::hub();
    let server = Server::of(&hub);
    let mut before = enter(&server, "ok").await;
    assert_eq!(told.next().await, "connected");
    for (mode, error) in [
        ("refusal", "Connection closed with an error. HubException: members only"),
        ("broken", "Connection closed with an error."),
        ("panic", "Connection closed with an error."),
    ] {
        let close = enter(&server, mode).await.closed().await;
        assert_eq!(close, json!({"type": 7, "error": error}), "{mode}");
    }
    assert_eq!(before.result("Note", json!(["still here"])).await, "still here");
    assert_eq!(told.next().await, "still here");
    drop(before);
    assert!(told.next().await.starts_with("ok TransportLost"));
    assert_eq!(hub.handle().connections(), 0);
}

#[tokio::test]
async fn who_leaves_during_on_connected_is_seen_off_after_it() {
    let (hub, gate, mut told) = Door::hub();
    let server = Server::of(&hub);
    let mut client = enter(&server, "slow").await;
    told.next().await;
    client.send_all(&[invocation("1", "Note", json!(["asked before"])), json!({"type": 7})]).await;
    client.closed().await;
    gate.notify_one();
    assert_eq!(told.next().await, "connected");
    assert_eq!(told.next().await, "asked before");
    assert_eq!(told.next().await, "slow ClientClosed");
}

#[tokio::test]
async fn calls_of_who_has_left_do_not_run_when_on_connected_fails_later() {
    let (hub, gate, mut told) = Door::hub();
    let server = Server::of(&hub);
    let mut client = enter(&server, "slow%20refusal").await;
    told.next().await;
    client.send_all(&[invocation("1", "Note", json!(["not a member"])), json!({"type": 7})]).await;
    client.closed().await;
    gate.notify_one();
    // The next connection is served after the first has come to its end.
    let mut next = enter(&server, "ok").await;
    next.result("Note", json!(["a member"])).await;
    assert_eq!(told.next().await, "connected");
    assert_eq!(told.next().await, "a member");
}

#[tokio::test]
async fn nobody_can_be_asked_from_on_connected() {
    let (hub, ..) = Door::hub();
    let server = Server::of(&hub);
    let mut client = enter(&server, "ask").await;
    let error = "Client results inside OnConnectedAsync Hub methods are not allowed.";
    assert_eq!(client.called("Error").await, json!([error]));
    assert_eq!(client.result("Note", json!(["ok"])).await, "ok");
}
