//! Whom a message reaches.

use crate::support::{Client, Connect, Server, soon};
use axum::Router;
use serde_json::{Value, json};
use signalr::{
    Clients, Context, Hub, HubError, HubHandle, HubOptions, Many, Receipt, SignalR, Single, Target, TooManyGroups, hub,
};

/// Sends on behalf of the test, which says to whom.
struct Post;

type Selected = Result<Target<Many>, Target<Single>>;

/// The selectors, by name, with what they take.
fn select(clients: &Clients<Post>, selector: &str, names: &[String]) -> Selected {
    let first = || names[0].clone();
    Ok(match selector {
        "all" => clients.all(),
        "all_except" => clients.all_except(names),
        "others" => clients.others(),
        "clients" => clients.clients(names),
        "group" => clients.group(first()),
        "groups" => clients.groups(names),
        "group_except" => clients.group_except(first(), &names[1..]),
        "others_in_group" => clients.others_in_group(first()),
        "user" => clients.user(first()),
        "users" => clients.users(names),
        "caller" => return Err(clients.caller()),
        "client" => return Err(clients.client(&names[0])),
        _ => panic!("no selector {selector}"),
    })
}

async fn send(selected: Selected, text: &str) -> Receipt {
    match selected {
        Ok(many) => many.send("Post", (text,)).await,
        Err(single) => single.send("Post", (text,)).await,
    }
}

#[hub]
impl Post {
    fn on_connected(&self, ctx: Context<Self>) -> Result<(), HubError> {
        for group in ctx.query("groups").unwrap_or_default().split(' ').filter(|group| !group.is_empty()) {
            ctx.join(group)?;
        }
        Ok(())
    }

    fn id(&self, ctx: Context<Self>) -> String {
        ctx.connection_id().to_owned()
    }

    async fn send(&self, ctx: Context<Self>, selector: String, names: Vec<String>, text: String) -> usize {
        send(select(&ctx.clients(), &selector, &names), &text).await.connections
    }

    fn join(&self, ctx: Context<Self>, group: String) -> Result<(), TooManyGroups> {
        ctx.join(group).map(drop)
    }

    fn leave(&self, ctx: Context<Self>, group: String) {
        ctx.leave(group);
    }

    fn move_over(&self, ctx: Context<Self>, id: String, from: String, to: String) -> [bool; 2] {
        [ctx.groups().remove(&id, from).is_here(), ctx.groups().add(id, to).expect("a place").is_here()]
    }
}

fn options() -> HubOptions {
    HubOptions::default().user_id(|request| {
        let user = request.headers.get("x-user")?.to_str().ok()?;
        Some(user.to_owned())
    })
}

/// Ann twice, in one and in two groups; Bob; and somebody without a name.
struct Crowd {
    hub: Hub<Post>,
    clients: Vec<Client>,
    ids: Vec<String>,
}

impl Crowd {
    async fn new() -> Self {
        let hub = Hub::new("Post", Post);
        let server = Server::with(&hub, options());
        let mut crowd = Crowd { hub, clients: Vec::new(), ids: Vec::new() };
        for (groups, user) in [("red", Some("ann")), ("red+blue", Some("ann")), ("blue", Some("bob")), ("", None)] {
            let (path, headers) = (format!("/hub?groups={groups}"), user.map(|user| ("x-user", user)));
            let connect = Connect { path: &path, headers: headers.as_slice(), ..Connect::default() };
            let mut client = connect.to(&server).await;
            crowd.ids.push(client.result("Id", json!([])).await.as_str().unwrap().to_owned());
            crowd.clients.push(client);
        }
        crowd
    }

    /// The ids of members by their numbers.
    fn ids(&self, numbers: &[usize]) -> Value {
        numbers.iter().map(|number| self.ids[*number].clone()).collect()
    }

    /// Sends as the first member does; says how many get it.
    async fn send(&mut self, selector: &str, names: Value, expected: [usize; 4]) {
        let first = &mut self.clients[0];
        let id = first.begin("Send", json!([selector, names, selector])).await;
        let count = expected.iter().sum::<usize>();
        self.expect(selector, expected).await;
        assert_eq!(self.clients[0].answer(&id).await, Ok(json!(count)), "{selector}");
    }

    /// Each member gets it so many times, and nothing else.
    async fn expect(&mut self, text: &str, expected: [usize; 4]) {
        for (client, count) in self.clients.iter_mut().zip(expected) {
            for _ in 0..count {
                assert_eq!(client.called("Post").await, json!([text]));
            }
        }
        for client in &mut self.clients[1..] {
            client.result("Id", json!([])).await;
        }
    }
}

#[tokio::test]
async fn each_selector_reaches_whom_it_names() {
    let mut crowd = Crowd::new().await;
    let nobody = json!(["nobody"]);
    crowd.send("all", json!([]), [1, 1, 1, 1]).await;
    crowd.send("all_except", crowd.ids(&[1, 3]), [1, 0, 1, 0]).await;
    crowd.send("all_except", nobody.clone(), [1, 1, 1, 1]).await;
    crowd.send("others", json!([]), [0, 1, 1, 1]).await;
    crowd.send("caller", json!([]), [1, 0, 0, 0]).await;
    crowd.send("client", crowd.ids(&[2]), [0, 0, 1, 0]).await;
    crowd.send("client", nobody.clone(), [0, 0, 0, 0]).await;
    crowd.send("clients", crowd.ids(&[0, 3]), [1, 0, 0, 1]).await;
    crowd.send("clients", crowd.ids(&[3, 3]), [0, 0, 0, 1]).await;
    crowd.send("clients", json!([]), [0, 0, 0, 0]).await;
    crowd.send("group", json!(["red"]), [1, 1, 0, 0]).await;
    crowd.send("group", json!(["Red"]), [0, 0, 0, 0]).await;
    crowd.send("groups", json!(["red", "blue"]), [1, 2, 1, 0]).await;
    crowd.send("groups", json!(["blue", "nobody"]), [0, 1, 1, 0]).await;
    crowd.send("group_except", json!(["red", crowd.ids[1]]), [1, 0, 0, 0]).await;
    crowd.send("others_in_group", json!(["red"]), [0, 1, 0, 0]).await;
    crowd.send("others_in_group", json!(["blue"]), [0, 1, 1, 0]).await;
    crowd.send("user", json!(["ann"]), [1, 1, 0, 0]).await;
    crowd.send("user", json!(["Ann"]), [0, 0, 0, 0]).await;
    crowd.send("users", json!(["ann", "bob", "cleo"]), [1, 1, 1, 0]).await;
    crowd.send("users", json!(["bob", "bob"]), [0, 0, 1, 0]).await;
}

#[tokio::test]
async fn a_handle_has_the_same_selectors() {
    let mut crowd = Crowd::new().await;
    let handle: HubHandle<Post> = crowd.hub.handle();
    assert_eq!(handle.connections(), 4);
    let ids = crowd.ids.clone();
    let receipts = [
        (handle.all(), [1, 1, 1, 1]),
        (handle.all_except(&ids[..2]), [0, 0, 1, 1]),
        (handle.clients([&ids[0], &ids[0], &ids[2]]), [1, 0, 1, 0]),
        (handle.group("red"), [1, 1, 0, 0]),
        (handle.groups(["red", "blue"]), [1, 2, 1, 0]),
        (handle.group_except("blue", [&ids[1]]), [0, 0, 1, 0]),
        (handle.user("ann"), [1, 1, 0, 0]),
        (handle.users(["ann", "ann", "bob"]), [1, 1, 1, 0]),
    ];
    for (target, expected) in receipts {
        assert_eq!(target.send("Post", ("handle",)).await.connections, expected.iter().sum::<usize>());
        crowd.expect("handle", expected).await;
    }
    assert_eq!(handle.client(&ids[1]).send("Post", ("one",)).await.connections, 1);
    crowd.expect("one", [0, 1, 0, 0]).await;
    assert_eq!(handle.client("nobody").send("Post", ("one",)).await.connections, 0);
    // Outside of any call there is nobody else and no caller.
    assert_eq!(handle.add_to_group(&ids[3], "red").expect("a place").await, Ok(true));
    assert_eq!(handle.remove_from_group(&ids[0], "red").await, Ok(true));
    handle.group("red").send("Post", ("changed",));
    crowd.expect("changed", [0, 1, 0, 1]).await;
    assert_eq!(handle.add_to_group("nobody", "red").expect("no limit").await, Ok(false));
    assert_eq!(handle.remove_from_group("nobody", "red").await, Ok(false));
    assert_eq!(handle.close("nobody", "reason").await, Ok(false));
    assert_eq!(handle.abort("nobody").await, Ok(false));
    assert_eq!(handle.close(&ids[3], "enough").await, Ok(true));
    assert_eq!(crowd.clients[3].closed().await["error"], "enough");
    assert_eq!(handle.abort(&ids[2]).await, Ok(true));
    assert_eq!(crowd.clients[2].closed().await, json!({"type": 7}));
    assert_eq!(handle.connections(), 2);
}

#[tokio::test]
async fn groups_are_joined_once_and_left_by_oneself_by_others_and_at_the_end() {
    let mut crowd = Crowd::new().await;
    let handle = crowd.hub.handle();
    let [ref first, ref second, ..] = crowd.ids[..] else { panic!() };
    let (first, second) = (first.clone(), second.clone());
    for _ in 0..2 {
        crowd.clients[0].result("Join", json!(["green"])).await;
    }
    crowd.send("group", json!(["green"]), [1, 0, 0, 0]).await;
    let moved = crowd.clients[2].result("MoveOver", json!([second, "red", "green"])).await;
    assert_eq!(moved, json!([true, true]));
    crowd.send("group", json!(["green"]), [1, 1, 0, 0]).await;
    crowd.send("group", json!(["red"]), [1, 0, 0, 0]).await;
    crowd.clients[0].result("Leave", json!(["green"])).await;
    crowd.clients[0].result("Leave", json!(["never joined"])).await;
    crowd.send("group", json!(["green"]), [0, 1, 0, 0]).await;
    // Who has gone is in no group and no longer a user, however often it is added again.
    assert!(handle.abort(&first).is_here() && handle.abort(&second).is_here());
    for client in &mut crowd.clients[..2] {
        client.closed().await;
    }
    assert!(!handle.add_to_group(&first, "green").expect("no limit").is_here());
    let gone = crowd.clients[2].result("MoveOver", json!([second, "green", "red"])).await;
    assert_eq!(gone, json!([false, false]));
    for group in ["red", "green"] {
        assert_eq!(handle.group(group).send("Post", ("late",)).await.connections, 0);
    }
    assert_eq!(handle.group("blue").send("Post", ("late",)).await.connections, 1);
    assert_eq!(handle.user("ann").send("Post", ("late",)).await.connections, 0);
    assert_eq!(handle.users(["ann", "bob"]).send("Post", ("late",)).await.connections, 1);
}

#[tokio::test]
async fn paths_of_one_hub_share_their_clients_and_two_hubs_share_none() {
    let (post, other) = (Hub::new("Post", Post), Hub::new("Post", Post));
    let hubs =
        SignalR::builder().hub("/post", &post).hub_with("/mail/", &post, |_| options()).hub("/other", &other).build();
    let server = Server::start(Router::new().nest("/api", hubs.router()));
    let mut clients = Vec::new();
    for path in ["/api/post", "/api/mail?groups=g", "/api/other?groups=g"] {
        let mut client = Client::connect_to(&server, path).await;
        client.result("Id", json!([])).await;
        clients.push(client);
    }
    let [posted, mailed, others] = &mut clients[..] else { panic!() };
    assert_eq!(posted.result("Send", json!(["others", [], "hi"])).await, 1);
    assert_eq!(mailed.called("Post").await, json!(["hi"]));
    assert_eq!(posted.result("Send", json!(["group", ["g"], "group"])).await, 1);
    assert_eq!(mailed.called("Post").await, json!(["group"]));
    assert_eq!(post.handle().connections(), 2);
    assert_eq!(other.handle().connections(), 1);
    assert_eq!(others.result("Send", json!(["others", [], "hi"])).await, 0);
    let call = others.begin("Send", json!(["group", ["g"], "my own group"])).await;
    assert_eq!(others.called("Post").await, json!(["my own group"]));
    assert_eq!(others.answer(&call).await, Ok(json!(1)), "the other hub's group of that name is another");
    let id = posted.result("Id", json!([])).await;
    assert!(!other.handle().abort(id.as_str().unwrap()).is_here(), "it is another hub's");
    soon(mailed.socket.close(None)).await.unwrap();
}
