//! The bounds of a hub, each at its edge.

use crate::support::{Client, Connect, Event, Server};
use serde_json::json;
use signalr::{Context, Groups, Hub, HubOptions, Limits, SignalR, TooManyGroups, hub};

struct Rooms;

#[hub]
impl Rooms {
    fn join(&self, ctx: Context<Self>, group: String) -> Result<(), TooManyGroups> {
        ctx.join(group).map(drop)
    }

    fn add(&self, ctx: Context<Self>, group: String) -> Result<bool, TooManyGroups> {
        let groups: Groups = ctx.groups();
        Ok(groups.add(ctx.connection_id(), group)?.is_here())
    }

    fn leave(&self, ctx: Context<Self>, group: String) {
        ctx.leave(group);
    }

    fn echo(&self, text: String) -> String {
        text
    }
}

fn serve(change: impl FnOnce(Limits) -> Limits) -> Server {
    Server::with(&Hub::new("Rooms", Rooms), HubOptions::default().detailed_errors(true).limits_with(change))
}

#[tokio::test]
async fn a_connection_joins_no_more_groups_than_it_may() {
    let server = serve(|limits| limits.maximum_groups(2));
    let mut client = Client::connect(&server).await;
    for group in ["one", "two", "two"] {
        assert_eq!(client.call("Join", json!([group])).await, Ok(json!(null)), "{group}");
    }
    for (method, group) in [("Join", "three"), ("Add", "three"), ("Join", "four")] {
        let error = client.call(method, json!([group])).await.unwrap_err();
        assert!(error.ends_with("a connection may be in 2 groups at once (Limits::maximum_groups)"), "{error}");
    }
    client.result("Leave", json!(["one"])).await;
    assert_eq!(client.call("Add", json!(["three"])).await, Ok(json!(true)));
}

#[tokio::test]
async fn a_handshake_may_have_a_bound_of_its_own() {
    let shake = |padding: usize| format!("{{\"protocol\":\"json\",\"version\":1,\"x\":\"{}\"}}", "x".repeat(padding));
    let server = serve(|limits| limits.maximum_handshake_size(100));
    let fits = 99 - shake(0).len();
    for (padding, accepted) in [(fits, true), (fits + 1, false)] {
        let mut client = Connect::default().upgrade(&server).await;
        client.text(&shake(padding)).await;
        let answer = client.next().await;
        assert_eq!(answer == json!({}), accepted, "{padding}: {answer}");
    }
    // What follows it is measured by the other bound.
    let mut client = Client::connect(&server).await;
    let text = "x".repeat(1000);
    assert_eq!(client.result("Echo", json!([text])).await, text);
}

#[tokio::test]
async fn a_frame_above_its_bound_ends_the_connection() {
    let server = serve(|limits| limits.maximum_message_size(500).maximum_frame_size(1000));
    let calls = |count: u32| -> Vec<_> {
        let text = "x".repeat(80);
        (0..count).map(|id| crate::support::invocation(&id.to_string(), "Echo", json!([text]))).collect()
    };
    let mut client = Client::connect(&server).await;
    client.send_all(&calls(5)).await;
    for id in 0..5 {
        assert!(client.answer(&id.to_string()).await.is_ok());
    }
    client.send_all(&calls(10)).await;
    loop {
        match client.event().await {
            Event::Closed(code) => break assert_eq!(code, 1009),
            Event::Message(_) => {}
            Event::Lost => panic!("without a close frame"),
        }
    }
}

#[tokio::test]
async fn promised_connections_are_bounded_and_live_ones_do_not_count() {
    let server = serve(|limits| limits.pending_connections(1));
    let _live = Client::connect(&server).await;
    assert_eq!(server.status("POST", "/hub/negotiate", &[]).await, 200);
    assert_eq!(server.status("POST", "/hub/negotiate", &[]).await, 503);
}

#[test]
fn options_that_cannot_hold_are_found_when_the_hubs_are_put_together() {
    let hub = Hub::new("Rooms", Rooms);
    let wrong = HubOptions::default().limits(Limits::default().maximum_frame_size(10));
    let error = SignalR::builder().hub("/good", &hub).options(wrong).hub("/bad", &hub).try_build().unwrap_err();
    assert_eq!((error.path(), error.option()), ("/bad", "Limits::maximum_frame_size"));

    let error = SignalR::builder().hub_with("/bad", &hub, |options| options.protocols([])).try_build().unwrap_err();
    assert_eq!(error.option(), "HubOptions::protocols");

    for (one, other, path) in [("/chat", "/chat", "/chat"), ("/chat", "/chat/", "/chat/"), ("/", "chat", "chat")] {
        let error = SignalR::builder().hub(one, &hub).hub(other, &hub).try_build().unwrap_err();
        assert_eq!((error.path(), error.option()), (path, "path"));
    }
}

#[test]
#[should_panic(
    expected = r#"hub at "/chat": HubOptions::allowed_origins is "https://example.com/"; write scheme, host"#
)]
fn build_panics_with_the_text_of_the_error() {
    let hub = Hub::new("Rooms", Rooms);
    SignalR::builder().hub_with("/chat", &hub, |options| options.allowed_origins(["https://example.com/"])).build();
}
