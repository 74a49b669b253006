//! What a hub learns of its caller, and what it can keep of it.

use crate::support::{Client, Connect, Server, Tell, events};
use axum::middleware::Next;
use axum::{Router, middleware};
use serde_json::{Value, json};
use signalr::{Context, Hub, HubOptions, SignalR, hub};

/// What a layer of the application knows of a request.
#[derive(Clone)]
struct Tenant(&'static str);

struct Office {
    /// Contexts that outlive their connections.
    kept: Tell<Context<Office>>,
    told: Tell<String>,
}

#[hub]
impl Office {
    fn facts(&self, ctx: Context<Self>) -> Value {
        json!({
            "query": ctx.query("Name"),
            "missing": ctx.query("missing"),
            "header": ctx.header("X-Colour"),
            "user": ctx.user_id(),
            "tenant": ctx.extension::<Tenant>().map(|tenant| tenant.0),
            "number": ctx.extension::<u32>(),
            "transport": ctx.transport().name(),
            "raw": ctx.request().query_string(),
            "address": ctx.request().peer_address().is_some(),
        })
    }

    fn count(&self, ctx: Context<Self>) -> u32 {
        ctx.items().with(|count: &mut u32| {
            *count += 1;
            *count
        })
    }

    fn keep(&self, ctx: Context<Self>) -> String {
        let id = ctx.connection_id().to_owned();
        let _ = self.kept.send(ctx);
        id
    }

    fn watch(&self, ctx: Context<Self>) {
        let (closed, told) = (ctx.closed(), self.told.clone());
        tokio::spawn(async move {
            closed.cancelled().await;
            let _ = told.send("closed".to_owned());
        });
    }
}

#[tokio::test]
async fn it_shows_the_request_that_opened_the_connection() {
    let ((kept, _contexts), (told, _tells)) = (events(), events());
    let options = HubOptions::default().user_id(|request| request.uri.query().map(str::to_uppercase));
    let hubs = SignalR::builder().options(options).hub("/hub", &Hub::new("Office", Office { kept, told })).build();
    let tenant = middleware::from_fn(async |mut request: axum::extract::Request, next: Next| {
        request.extensions_mut().insert(Tenant("acme"));
        next.run(request).await
    });
    let server = Server::start(Router::new().merge(hubs.router()).layer(tenant));
    let connect = Connect { path: "/hub?name=J%C3%BCrgen+M", headers: &[("x-colour", "red")], ..Connect::default() };
    let facts = connect.to(&server).await.result("Facts", json!([])).await;
    let expected = json!({
        "query": "Jürgen M",
        "missing": null,
        "header": "red",
        "user": "NAME=J%C3%BCRGEN+M",
        "tenant": "acme",
        "number": null,
        "transport": "WebSockets",
        "raw": "name=J%C3%BCrgen+M",
        "address": false,
    });
    assert_eq!(facts, expected);
    let facts = Client::connect(&server).await.result("Facts", json!([])).await;
    assert_eq!((&facts["query"], &facts["header"], &facts["user"]), (&Value::Null, &Value::Null, &Value::Null));
}

fn office() -> (Server, crate::support::Events<Context<Office>>, crate::support::Events<String>) {
    let ((kept, contexts), (told, tells)) = (events(), events());
    (Server::of(&Hub::new("Office", Office { kept, told })), contexts, tells)
}

#[tokio::test]
async fn items_belong_to_one_connection() {
    let (server, ..) = office();
    let (mut first, mut second) = (Client::connect(&server).await, Client::connect(&server).await);
    for expected in 1..4 {
        assert_eq!(first.result("Count", json!([])).await, expected);
    }
    assert_eq!(second.result("Count", json!([])).await, 1);
}

#[tokio::test]
async fn it_can_be_kept_and_used_from_outside_and_reaches_nobody_after_the_end() {
    let (server, mut contexts, mut told) = office();
    let mut other = Client::connect(&server).await;
    other.result("Count", json!([])).await;
    let mut client = Client::connect(&server).await;
    let id = client.result("Keep", json!([])).await;
    client.result("Watch", json!([])).await;
    let ctx = contexts.next().await;
    assert_eq!(ctx.connection_id(), id);
    assert!(!ctx.closed().is_cancelled());
    assert_eq!(ctx.clients().caller().send("Hello", ("from outside",)).await.connections, 1);
    assert_eq!(client.called("Hello").await, json!(["from outside"]));
    ctx.join("group").expect("a place in a group");
    assert_eq!(ctx.clients().group("group").send("Hello", ("group",)).await.connections, 1);
    assert_eq!(client.called("Hello").await, json!(["group"]));
    assert_eq!(told.now(), None);
    drop(client);
    assert_eq!(told.next().await, "closed");
    // From now on, and whenever it is asked for.
    assert!(ctx.closed().is_cancelled());
    ctx.closed().cancelled().await;
    ctx.join("group").expect("a place in a group");
    let clients = ctx.clone().clients();
    assert_eq!(clients.caller().send("Hello", ("too late",)).await.connections, 0);
    assert_eq!(clients.client(ctx.connection_id()).send("Hello", ("too late",)).await.connections, 0);
    assert_eq!(clients.group("group").send("Hello", ("too late",)).await.connections, 0);
    assert!(clients.caller().invoke::<u32>("Age", ()).await.is_err());
    ctx.abort();
    ctx.close("again");
    // Others it still reaches.
    assert_eq!(clients.others().send("Hello", ("it is over",)).await.connections, 1);
    assert_eq!(other.called("Hello").await, json!(["it is over"]));
}
