//! What a hub sends, as its send filter sees it.

use crate::support::{Client, Events, Server, Tell, events};
use serde_json::{Value, json};
use signalr::{ClientResultError, Context, Hub, Outgoing, Recipients, SendDecision, hub};

struct Post;

#[hub]
impl Post {
    async fn send_around(&self, ctx: Context<Self>, text: String) -> usize {
        ctx.join("room").expect("a place");
        let clients = ctx.clients();
        let mut reached = clients.caller().send("ToCaller", (&text,)).await.connections;
        reached += clients.group("room").send("ToGroup", (&text, 1)).await.connections;
        reached + clients.others_in_group("room").send("ToOthers", ()).await.connections
    }

    async fn ask(&self, ctx: Context<Self>) -> String {
        let answer = ctx.clients().caller().invoke::<String>("Forbidden", ()).await;
        answer.expect_err("it is not asked").to_string()
    }
}

fn audited(told: Tell<String>) -> impl Fn(&Outgoing<'_>) -> SendDecision {
    move |message| {
        let arguments: Vec<Value> = match message.arguments() {
            Ok(arguments) => (0..arguments.len()).map(|index| arguments.get(index).expect("a value")).collect(),
            Err(error) => vec![json!(error.to_string())],
        };
        let recipients = match message.recipients() {
            Recipients::Connections(_) => "one".to_owned(),
            Recipients::GroupExcept(name, _) => format!("others in {name}"),
            Recipients::Groups(names) => names.join(","),
            other => format!("{other:?}"),
        };
        let by = if message.caller().is_some() { "a caller" } else { "the server" };
        let kind = if message.is_question() { "asks" } else { "sends" };
        let _ = told.send(format!("{by} {kind} {} {} to {recipients}", message.method(), json!(arguments)));
        if message.method() == "Forbidden" { SendDecision::Discard } else { SendDecision::Deliver }
    }
}

fn hub() -> (Hub<Post>, Events<String>) {
    let (told, tells) = events();
    (Hub::new("Post", Post).send_filter(audited(told)), tells)
}

#[tokio::test]
async fn a_send_filter_sees_what_is_sent_to_whom() {
    let (hub, mut told) = hub();
    let server = Server::of(&hub);
    let mut client = Client::connect(&server).await;
    let id = client.begin("SendAround", json!(["hi"])).await;
    assert_eq!(client.called("ToCaller").await, json!(["hi"]));
    assert_eq!(client.called("ToGroup").await, json!(["hi", 1]));
    assert_eq!(client.answer(&id).await, Ok(json!(2)));
    for text in [
        "a caller sends ToCaller [\"hi\"] to one",
        "a caller sends ToGroup [\"hi\",1] to room",
        "a caller sends ToOthers [] to others in room",
    ] {
        assert_eq!(told.next().await, text);
    }
    hub.handle().all().send("FromOutside", ([1, 2],)).await;
    assert_eq!(client.called("FromOutside").await, json!([[1, 2]]));
    assert_eq!(told.next().await, "the server sends FromOutside [[1,2]] to All");
    hub.handle().user("ann").send("Broken", (f64::NAN,)).await;
    assert!(told.next().await.starts_with("the server sends Broken"));
}

#[tokio::test]
async fn what_it_drops_reaches_nobody() {
    let (hub, mut told) = hub();
    let server = Server::of(&hub);
    let mut client = Client::connect(&server).await;
    let receipt = hub.handle().all().send("Forbidden", ("x",)).await;
    assert_eq!((receipt.connections, receipt.dropped, receipt.error), (0, 0, None));
    assert_eq!(told.next().await, "the server sends Forbidden [\"x\"] to All");
    assert_eq!(client.result("Ask", json!([])).await, ClientResultError::Dropped.to_string());
    assert_eq!(told.next().await, "a caller asks Forbidden [] to one");
}

#[test]
#[should_panic(expected = "hub 'Post' has a send filter already")]
fn there_is_one_send_filter() {
    let _ = Hub::new("Post", Post).send_filter(|_| ()).send_filter(|_| ());
}
