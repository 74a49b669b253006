//! Authentication that expires, and that is renewed while the connection goes on.

use crate::support::{Client, Events, Server, Tell, events};
use crate::users::{Plain, Polling, negotiate, reconnect, request, resumable, serve};
use serde_json::{Value, json};
use signalr::{CloseReason, Context, Hub, HubOptions, User, hub};

/// Tells what happens to its connections.
struct Gate(Tell<String>);

#[hub]
impl Gate {
    async fn on_authentication_refreshed(&self, ctx: Context<Self>) {
        let user = ctx.user();
        let role = user.as_ref().and_then(|user| user.claim("role")).unwrap_or_default();
        let _ = self.0.send(format!("refreshed {role}"));
    }

    fn on_disconnected(&self, reason: CloseReason) {
        let _ = self.0.send(reason.to_string());
    }

    fn role(&self, ctx: Context<Self>) -> Option<String> {
        ctx.user()?.claim("role").map(str::to_owned)
    }

    fn user(&self, ctx: Context<Self>) -> Value {
        json!([ctx.user_id(), ctx.user().as_ref().and_then(User::id)])
    }
}

fn gate(options: HubOptions) -> (Server, Events<String>) {
    let (tell, told) = events();
    (serve(&Hub::new("Gate", Gate(tell)), options.allow_stateful_reconnects(true)), told)
}

/// Lets nobody become an outlaw.
fn strict() -> HubOptions {
    HubOptions::default()
        .on_authentication_refresh(async |refresh| refresh.renewed.is_none_or(|user| !user.has_claim("role", "outlaw")))
}

/// Asks for a renewal of the connection at `path`.
async fn refresh(server: &Server, path: &str, token: &str) -> Plain {
    let query = path.split_once('?').map_or("", |(_, query)| query);
    request(server, "POST", &format!("/hub/refresh?{query}"), token, "").await
}

fn is(answer: &Plain, status: u16, body: &str) {
    assert_eq!((answer.status, answer.body.as_str()), (status, body), "{answer:?}");
    assert!(answer.head.contains("content-type: application/json"), "{answer:?}");
}

#[tokio::test]
async fn connections_end_with_the_authentication_if_that_is_wanted() {
    let (server, mut told) = gate(HubOptions::default().close_on_authentication_expiration(true));
    let mut client = Client::connect_to(&server, "/hub?access_token=ann,left=0").await;
    assert_eq!(client.closed().await, json!({"type": 7, "allowReconnect": true}));
    assert_eq!(told.next().await, "AuthenticationExpired");
    let mut lasting = Client::connect_to(&server, "/hub?access_token=ann,left=3600").await;
    assert_eq!(lasting.result("User", json!([])).await, json!(["ann", "ann"]));

    let (server, _told) = gate(HubOptions::default());
    let mut client = Client::connect_to(&server, "/hub?access_token=ann,left=0").await;
    assert_eq!(client.result("User", json!([])).await, json!(["ann", "ann"]));
}

#[tokio::test]
async fn the_negotiation_tells_how_long_the_token_lives() {
    let path = "/hub/negotiate?negotiateVersion=1";
    let (server, _told) = gate(HubOptions::default().authentication_refresh(true));
    for (token, lives) in [("ann,left=3600", true), ("ann,left=0", false), ("ann", false), ("", false)] {
        let answer: Value = serde_json::from_str(&request(&server, "POST", path, token, "").await.body).expect("JSON");
        let seconds = answer.get("tokenLifetimeSeconds").and_then(Value::as_u64);
        assert_eq!(seconds.is_some_and(|seconds| (3500..3600).contains(&seconds)), lives, "{token}: {answer}");
        assert_eq!(answer.get("tokenLifetimeSeconds").is_some(), lives);
    }
    let (server, _told) = gate(HubOptions::default());
    assert!(!request(&server, "POST", path, "ann,left=3600", "").await.body.contains("tokenLifetime"));
}

#[tokio::test]
async fn there_is_no_route_where_it_is_not_enabled() {
    let (server, _told) = gate(HubOptions::default());
    let client = Polling::connect(&server, "ann").await;
    let answer = refresh(&server, &client.path, "ann").await;
    assert_eq!((answer.status, answer.body.as_str()), (404, ""));
}

#[tokio::test]
async fn what_cannot_be_renewed_is_refused() {
    let (server, _told) = gate(strict());
    let client = Polling::connect(&server, "ann").await;
    for method in ["GET", "PUT", "DELETE"] {
        let answer = request(&server, method, "/hub/refresh?id=x", "ann", "").await;
        assert_eq!((answer.status, answer.body.as_str()), (405, ""), "{method}");
        assert!(answer.head.contains("content-type: text/plain"), "{answer:?}");
    }
    is(&request(&server, "POST", "/hub/refresh", "ann", "").await, 400, r#"{"error":"missing_connection_token"}"#);
    is(&request(&server, "POST", "/hub/refresh?id=", "ann", "").await, 400, r#"{"error":"missing_connection_token"}"#);
    is(&refresh(&server, "/hub?id=unknown", "ann").await, 404, r#"{"error":"connection_not_found"}"#);
    is(&refresh(&server, &client.path, "").await, 401, r#"{"error":"invalid_token"}"#);
    is(&refresh(&server, &client.path, "ann,left=0").await, 401, r#"{"error":"invalid_token"}"#);
    is(&refresh(&server, &client.path, "ann,role=outlaw").await, 403, r#"{"error":"permission_change_rejected"}"#);
    let old = request(&server, "POST", "/hub/negotiate", "ann", "").await.body;
    let old: Value = serde_json::from_str(&old).expect("JSON");
    let path = format!("/hub?id={}", old["connectionId"].as_str().expect("an id"));
    let error = r#"{"error":"unsupported_negotiate_version"}"#;
    is(&refresh(&server, &path, "ann").await, 400, error);
    assert_eq!(request(&server, "GET", &path, "ann", "").await.status, 200);
    is(&refresh(&server, &path, "ann").await, 400, error);
}

#[tokio::test]
async fn a_renewal_replaces_the_user_and_the_hub_is_told() {
    let (server, mut told) = gate(strict());
    let (mut client, path) = resumable(&server, "ann,role=guest,left=60").await;
    is(&refresh(&server, &path, "ann,role=outlaw").await, 403, r#"{"error":"permission_change_rejected"}"#);
    assert_eq!(client.result("Role", json!([])).await, "guest");
    let answer = refresh(&server, &path, "ann,role=editor,left=600").await;
    let seconds = serde_json::from_str::<Value>(&answer.body).expect("JSON")["tokenLifetimeSeconds"].as_u64();
    assert!(answer.status == 200 && seconds.is_some_and(|seconds| (500..600).contains(&seconds)), "{answer:?}");
    assert_eq!(told.next().await, "refreshed editor");
    assert_eq!(client.result("Role", json!([])).await, "editor");
    // An older token is good, but changes nothing.
    let answer = refresh(&server, &path, "ann,role=late,left=60").await;
    let left = serde_json::from_str::<Value>(&answer.body).expect("JSON")["tokenLifetimeSeconds"].as_u64();
    assert!(answer.status == 200 && left.is_some_and(|left| left > 500), "what the newer one has: {answer:?}");
    assert_eq!(client.result("Role", json!([])).await, "editor");
    is(&refresh(&server, &path, "ann,role=admin").await, 200, "{}");
    assert_eq!(told.next().await, "refreshed admin");
    assert_eq!(client.result("Role", json!([])).await, "admin");
    let answer = refresh(&server, &path, "ann,role=chief,left=99999999999").await;
    is(&answer, 200, r#"{"tokenLifetimeSeconds":2147483647}"#);
}

#[tokio::test]
async fn a_connection_that_is_not_open_yet_has_nothing_to_renew() {
    let (server, mut told) = gate(HubOptions::default().authentication_refresh(true));
    let path = negotiate(&server, "ann", "").await;
    is(&refresh(&server, &path, "ann").await, 200, "{}");
    assert_eq!(request(&server, "GET", &path, "ann", "").await.status, 200);
    assert_eq!(told.now(), None);
}

#[tokio::test]
async fn a_renewal_puts_off_the_end() {
    let options = HubOptions::default().authentication_refresh(true).close_on_authentication_expiration(true);
    let (server, mut told) = gate(options);
    let (mut client, path) = resumable(&server, "ann,left=3600").await;
    is(&refresh(&server, &path, "ann,role=editor").await, 200, "{}");
    assert_eq!(told.next().await, "refreshed editor");
    assert_eq!(client.result("Role", json!([])).await, "editor");
}

#[tokio::test]
async fn who_may_become_another_is_for_the_application_to_say() {
    let (server, mut told) = gate(HubOptions::default().authentication_refresh(true));
    let (mut client, path) = resumable(&server, "ann").await;
    is(&refresh(&server, &path, "bob").await, 403, r#"{"error":"permission_change_rejected"}"#);
    assert_eq!(reconnect(&server, &path, "bob").await.0, 403);
    assert_eq!(client.result("User", json!([])).await, json!(["ann", "ann"]));
    assert_eq!(told.now(), None);

    let (server, mut told) = gate(strict());
    let (mut client, path) = resumable(&server, "ann").await;
    is(&refresh(&server, &path, "bob").await, 200, "{}");
    assert_eq!(told.next().await, "refreshed ");
    // The id by which the connection is addressed stays.
    assert_eq!(client.result("User", json!([])).await, json!(["ann", "bob"]));
}

#[tokio::test]
async fn polls_and_reconnects_renew_as_well() {
    for options in [strict(), HubOptions::default().authentication_refresh(true)] {
        let (server, mut told) = gate(options);
        let mut polling = Polling::connect(&server, "ann,role=guest").await;
        // The call comes before the poll that brings its answer.
        assert_eq!(polling.call("ann,role=editor", "Role").await, "guest");
        assert_eq!(told.next().await, "refreshed editor");
        assert_eq!(polling.call("ann,role=editor", "Role").await, "editor");
        assert_eq!(told.now(), None, "nothing has changed");

        let (_client, path) = resumable(&server, "ann,role=guest").await;
        assert_eq!(reconnect(&server, &path, "ann,role=editor").await.0, 101);
        assert_eq!(told.next().await, "refreshed editor");
    }
}

#[tokio::test]
async fn a_refused_poll_or_reconnect_ends_the_connection() {
    let (server, mut told) = gate(strict());
    let rejected = r#"{"error":"permission_change_rejected"}"#;

    let polling = Polling::connect(&server, "ann").await;
    is(&polling.poll("ann,role=outlaw").await, 403, rejected);
    assert_eq!(told.next().await, "AuthenticationRefused");
    assert!(matches!(polling.poll("ann").await.status, 204 | 404));

    let (mut client, path) = resumable(&server, "ann").await;
    let (status, answer, _) = reconnect(&server, &path, "ann,role=outlaw").await;
    assert!(status == 403 && answer.contains("application/json"), "{answer}");
    assert_eq!(client.closed().await, json!({"type": 7}));
    assert_eq!(told.next().await, "AuthenticationRefused");
    // Whoever comes now is too late, be the connection remembered or not.
    assert!(matches!(reconnect(&server, &path, "ann").await.0, 204 | 404));

    // Before the handshake there is nobody to tell.
    let path = negotiate(&server, "ann", "").await;
    assert_eq!(request(&server, "GET", &path, "ann", "").await.status, 200);
    is(&request(&server, "GET", &path, "ann,role=outlaw", "").await, 403, rejected);
    assert!(matches!(request(&server, "GET", &path, "ann", "").await.status, 204 | 404));
}
