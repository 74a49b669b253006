//! What stands beside the text of an error: a code and data for programs.

use crate::support::{Client, Connect, Server, failure, item, streaming};
use futures_util::{Stream, stream};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use signalr::{
    Answer, Caller, FromInvocation, Hub, HubCall, HubError, HubFilter, HubMethods, HubOptions, Invocation, Naming,
    Next, PublicError, hub,
};

#[derive(Debug, PartialEq, Serialize)]
struct Stock {
    items_left: u32,
}

/// Data that are not as they should be.
#[derive(Clone, Copy)]
enum Bad {
    Fails,
    Panics,
}

impl Serialize for Bad {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        match self {
            Bad::Fails => Err(serde::ser::Error::custom("the secret of the data")),
            Bad::Panics => panic!("the secret of the data"),
        }
    }
}

fn sold_out() -> HubError {
    HubError::public("sold out").code("out_of_stock").data(Stock { items_left: 3 })
}

fn bad(how: &str) -> HubError {
    let bad = if how == "panics" { Bad::Panics } else { Bad::Fails };
    HubError::public("bad").code("bad").data(bad)
}

struct SoldOut;

impl PublicError for SoldOut {
    fn to_hub_error(&self) -> HubError {
        sold_out()
    }
}

fn never(_: &Caller) -> Result<(), HubError> {
    Err(sold_out())
}

async fn never_later(_: &Caller) -> Result<(), HubError> {
    tokio::task::yield_now().await;
    Err(sold_out())
}

fn badly(_: &Caller) -> Result<(), HubError> {
    Err(bad("panics"))
}

/// A parameter that cannot be made.
struct Unmakeable;

impl<H: HubMethods> FromInvocation<H> for Unmakeable {
    fn from_invocation(invocation: &mut Invocation<'_, H>) -> Result<Self, HubError> {
        Err(if invocation.method().name() == "InjectBadly" { bad("panics") } else { sold_out() })
    }
}

struct Shop;

#[hub]
impl Shop {
    fn echo(&self, text: String) -> String {
        text
    }

    fn plain(&self) -> Result<u32, HubError> {
        Err(sold_out())
    }

    async fn later(&self) -> Result<u32, SoldOut> {
        tokio::task::yield_now().await;
        Err(SoldOut)
    }

    #[hub(spawn)]
    async fn spawned(&self) -> Result<u32, HubError> {
        Err(sold_out())
    }

    #[hub(blocking)]
    fn blocking(&self) -> Result<u32, HubError> {
        Err(sold_out())
    }

    #[hub(authorize = never)]
    fn refused(&self) {}

    #[hub(authorize = never_later)]
    fn refused_later(&self) {}

    #[hub(authorize = badly)]
    fn refused_badly(&self) {}

    fn inject(&self, #[inject] _none: Unmakeable) {}

    fn inject_badly(&self, #[inject] _none: Unmakeable) {}

    fn items(&self) -> impl Stream<Item = Result<u32, SoldOut>> {
        stream::iter([Ok(7), Err(SoldOut)])
    }

    fn no_items(&self) -> Result<impl Stream<Item = u32> + use<>, HubError> {
        Err::<stream::Empty<u32>, _>(sold_out())
    }

    fn only_code(&self) -> Result<(), HubError> {
        Err(HubError::public("no").code("first").code(format!("{}nd", 2)))
    }

    fn only_data(&self) -> Result<(), HubError> {
        Err(HubError::public("no").data("lost").data(None::<u8>))
    }

    fn hidden(&self) -> Result<(), HubError> {
        Err(HubError::hidden("secret").code("secret").data("secret"))
    }

    fn bad(&self, how: String) -> Result<(), HubError> {
        Err(bad(&how))
    }

    fn bad_items(&self, how: String) -> impl Stream<Item = Result<u32, HubError>> {
        stream::iter([Err(bad(&how))])
    }
}

/// Connects; over MessagePack a client asks for it.
async fn connect(server: &Server, protocol: &str) -> Client {
    let mut client = Connect { protocol, ..Connect::default() }.upgrade(server).await;
    client.text(&json!({"protocol": protocol, "version": 1, "errorInfo": true}).to_string()).await;
    assert_eq!(client.next().await, json!({}));
    client
}

/// The text of the answer to a call, and what stands beside it.
async fn failed(client: &mut Client, method: &str, arguments: Value) -> (String, Value) {
    let id = client.begin(method, arguments).await;
    error_of(&client.next().await, &id)
}

fn error_of(message: &Value, id: &str) -> (String, Value) {
    assert_eq!((&message["type"], &message["invocationId"]), (&json!(3), &json!(id)), "{message}");
    (message["error"].as_str().expect("an error").to_owned(), message["errorInfo"].clone())
}

fn info() -> Value {
    json!({"code": "out_of_stock", "data": {"items_left": 3}})
}

#[tokio::test]
async fn a_failure_has_code_and_data_however_it_comes_about() {
    let server = Server::of(&Hub::new("Shop", Shop));
    for protocol in ["json", "messagepack"] {
        let mut client = connect(&server, protocol).await;
        for method in ["Plain", "Later", "Spawned", "Blocking", "Refused", "RefusedLater", "Inject"] {
            let text = format!("{} HubException: sold out", failure(method));
            assert_eq!(failed(&mut client, method, json!([])).await, (text, info()), "{protocol}");
        }
        client.send(&streaming("s", "Items", json!([]))).await;
        assert_eq!(client.next().await, item("s", 7));
        let text = "An error occurred on the server while streaming results. HubException: sold out";
        assert_eq!(error_of(&client.next().await, "s"), (text.to_owned(), info()));
        client.send(&streaming("s", "NoItems", json!([]))).await;
        assert_eq!(error_of(&client.next().await, "s").1, info());

        assert_eq!(failed(&mut client, "OnlyCode", json!([])).await.1, json!({"code": "2nd"}));
        assert_eq!(failed(&mut client, "OnlyData", json!([])).await.1, json!({"data": null}));
        let id = client.begin("Nowhere", json!([])).await;
        assert_eq!(client.next().await.as_object().map(serde_json::Map::len), Some(3), "{id} fails with a text alone");
    }
}

#[tokio::test]
async fn over_messagepack_it_reaches_only_those_who_ask() {
    let server = Server::of(&Hub::new("Shop", Shop));
    let mut client = Connect { protocol: "messagepack", ..Connect::default() }.to(&server).await;
    let text = format!("{} HubException: sold out", failure("Plain"));
    assert_eq!(failed(&mut client, "Plain", json!([])).await, (text, Value::Null));
    let mut client = Client::connect(&server).await;
    assert_eq!(failed(&mut client, "Plain", json!([])).await.1, info());
}

#[tokio::test]
async fn it_shows_only_where_the_text_does() {
    let hub = Hub::new("Shop", Shop);
    let server = Server::of(&hub);
    let detailed = Server::with(&hub, HubOptions::default().detailed_errors(true));
    for protocol in ["json", "messagepack"] {
        let mut client = connect(&server, protocol).await;
        assert_eq!(failed(&mut client, "Hidden", json!([])).await, (failure("Hidden"), Value::Null));
        let mut client = connect(&detailed, protocol).await;
        let text = format!("{} Error: secret", failure("Hidden"));
        assert_eq!(failed(&mut client, "Hidden", json!([])).await, (text, json!({"code": "secret", "data": "secret"})));
    }
}

#[tokio::test]
async fn its_members_are_named_as_those_of_all_values() {
    let server = Server::of(&Hub::new("Shop", Shop).naming(Naming::DotNet));
    for (protocol, name) in [("json", "itemsLeft"), ("messagepack", "ItemsLeft")] {
        let mut client = connect(&server, protocol).await;
        let expected = json!({"code": "out_of_stock", "data": {name: 3}});
        assert_eq!(failed(&mut client, "Plain", json!([])).await.1, expected);
        assert_eq!(failed(&mut client, "Inject", json!([])).await.1, expected);
    }
}

#[tokio::test]
async fn data_that_cannot_be_serialised_are_left_out() {
    let server = Server::of(&Hub::new("Shop", Shop));
    for protocol in ["json", "messagepack"] {
        let mut client = connect(&server, protocol).await;
        let text = format!("{} HubException: bad", failure("Bad"));
        assert_eq!(failed(&mut client, "Bad", json!(["fails"])).await, (text, json!({"code": "bad"})));
        // A panic is the error of its call, as that of a result is.
        let without = |method: &str| (failure(method), Value::Null);
        assert_eq!(failed(&mut client, "Bad", json!(["panics"])).await, without("Bad"));
        assert_eq!(failed(&mut client, "RefusedBadly", json!([])).await, without("RefusedBadly"));
        assert_eq!(failed(&mut client, "InjectBadly", json!([])).await, without("InjectBadly"));
        client.send(&streaming("s", "BadItems", json!(["panics"]))).await;
        assert_eq!(error_of(&client.next().await, "s").1, Value::Null);
        assert_eq!(client.result("Echo", json!(["alive"])).await, "alive");
    }
}

/// Looks at errors on their way, and changes some.
struct Shelf;

impl HubFilter for Shelf {
    async fn invoke_method(&self, call: &mut HubCall, next: Next<'_>) -> Result<Answer, HubError> {
        let error = match next.run(call).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        match call.method() {
            "Plain" => {
                assert_eq!(error.get_code(), Some("out_of_stock"));
                assert_eq!(error.get_data(), Some(&Stock { items_left: 3 }));
                assert_eq!(error.get_data::<String>(), None);
                Err(error.data(Stock { items_left: 4 }))
            }
            "Echo" => Err(error.code("made_by_a_filter")),
            _ => Err(error),
        }
    }
}

#[tokio::test]
async fn filters_see_it_and_may_change_it() {
    let hub = Hub::new("Shop", Shop);
    let server = Server::with(&hub, HubOptions::default().filter(Shelf));
    for protocol in ["json", "messagepack"] {
        let mut client = connect(&server, protocol).await;
        let changed = json!({"code": "out_of_stock", "data": {"items_left": 4}});
        assert_eq!(failed(&mut client, "Plain", json!([])).await.1, changed);
        assert_eq!(failed(&mut client, "Inject", json!([])).await.1, info());
        assert_eq!(failed(&mut client, "Echo", json!([])).await.1, json!({"code": "made_by_a_filter"}));
        assert_eq!(failed(&mut client, "InjectBadly", json!([])).await.1, Value::Null);
        client.send(&streaming("s", "Items", json!([]))).await;
        assert_eq!(client.next().await, item("s", 7));
        assert_eq!(error_of(&client.next().await, "s").1, info());
    }
}
