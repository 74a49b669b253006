//! Names, arguments, extractors, and hubs with type parameters.

use crate::support::{Client, Server, end, failure, item, notification, streaming};
use futures_util::{Stream, stream};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use signalr::{Context, FromInvocation, Hub, HubError, HubMethods, HubOptions, Invocation, SignalR, hub};
use std::collections::BTreeMap;
use std::sync::Mutex;

struct Names;

#[hub(rename_all = "snake_case")]
impl Names {
    fn two_words(&self) -> &'static str {
        "two words"
    }

    #[hub(name = "Größe.v2")]
    fn size(&self) -> &'static str {
        "size"
    }

    fn r#type(&self) -> &'static str {
        "type"
    }

    #[hub(skip)]
    #[allow(clippy::unused_self)]
    fn skipped(&self) -> &'static str {
        "skipped"
    }

    fn uses_skipped(&self) -> &'static str {
        self.skipped()
    }
}

fn missing(name: &str) -> String {
    format!("Failed to invoke '{name}' due to an error on the server. HubException: Method does not exist.")
}

#[tokio::test]
async fn methods_are_found_whatever_the_case_and_the_underscores() {
    let server = Server::of(&Hub::new("Names", Names));
    let mut client = Client::connect(&server).await;
    for name in ["two_words", "TwoWords", "twoWords", "TWOWORDS", "two__words_"] {
        assert_eq!(client.result(name, json!([])).await, "two words", "{name}");
    }
    for name in ["Größe.v2", "größe.V2", "GRÖSSE.v2"] {
        let expected = if name == "GRÖSSE.v2" { Err(missing(name)) } else { Ok(json!("size")) };
        assert_eq!(client.call(name, json!([])).await, expected);
    }
    assert_eq!(client.result("type", json!([])).await, "type");
    assert_eq!(client.result("UsesSkipped", json!([])).await, "skipped");
    for name in ["skipped", "Skipped", "size", "two words", "", "on_connected", "OnDisconnected"] {
        assert_eq!(client.call(name, json!([])).await, Err(missing(name)));
    }
}

struct Lender {
    words: Vec<String>,
}

#[hub]
impl Lender {
    fn first(&self) -> Option<&str> {
        self.words.first().map(String::as_str)
    }

    async fn all(&self) -> Result<Vec<&str>, HubError> {
        Ok(self.words.iter().map(String::as_str).collect())
    }

    fn each(&self) -> impl Stream<Item = &String> {
        stream::iter(&self.words)
    }
}

#[tokio::test]
async fn what_is_returned_may_borrow_from_the_hub() {
    let words = vec!["one".to_owned(), "two".to_owned()];
    let server = Server::of(&Hub::new("Lender", Lender { words }));
    let mut client = Client::connect(&server).await;
    assert_eq!(client.result("First", json!([])).await, "one");
    assert_eq!(client.result("All", json!([])).await, json!(["one", "two"]));
    client.send(&streaming("1", "Each", json!([]))).await;
    assert_eq!([client.next().await, client.next().await], [item("1", "one"), item("1", "two")]);
    assert_eq!(client.next().await, end("1"));
}

/// A user by the query of the connection.
#[derive(Serialize)]
struct User {
    name: String,
}

impl<H: HubMethods> FromInvocation<H> for User {
    fn from_invocation(invocation: &mut Invocation<'_, H>) -> Result<Self, HubError> {
        let name = invocation
            .context()
            .query("name")
            .ok_or_else(|| HubError::public(format!("{} is for members", invocation.method().name())))?;
        Ok(User { name: name.into_owned() })
    }
}

/// Always out of order.
struct Database;

impl FromInvocation<Arguments> for Database {
    fn from_invocation(_: &mut Invocation<'_, Arguments>) -> Result<Self, HubError> {
        Err(std::io::Error::other("the secret of the database"))?
    }
}

#[derive(Default)]
struct Arguments {
    ran: Mutex<Vec<&'static str>>,
}

#[hub]
impl Arguments {
    fn optional(&self, first: String, second: Option<u32>, third: Option<String>) -> Value {
        json!([first, second, third])
    }

    fn middle(&self, first: Option<u32>, second: u32) -> Value {
        json!([first, second])
    }

    fn all_optional(&self, first: Option<u32>) -> Option<u32> {
        first
    }

    fn injected(&self, #[inject] user: User, text: String, ctx: Context<Self>) -> Value {
        self.ran.lock().unwrap().push("injected");
        json!([user, text, ctx.query("name")])
    }

    async fn broken(&self, text: String, #[inject] database: Database) -> String {
        let _ = database;
        self.ran.lock().unwrap().push("broken");
        text
    }

    fn ran(&self) -> Vec<&'static str> {
        self.ran.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn trailing_options_may_be_missing_and_others_not() {
    let server =
        Server::with(&Hub::new("Arguments", Arguments::default()), HubOptions::default().detailed_errors(true));
    let mut client = Client::connect(&server).await;
    assert_eq!(client.result("Optional", json!(["a"])).await, json!(["a", null, null]));
    assert_eq!(client.result("Optional", json!(["a", 1])).await, json!(["a", 1, null]));
    assert_eq!(client.result("Optional", json!(["a", null, "c"])).await, json!(["a", null, "c"]));
    assert_eq!(client.result("AllOptional", json!([])).await, json!(null));
    assert_eq!(client.result("Middle", json!([null, 2])).await, json!([null, 2]));
    for (method, arguments, count, expected) in [
        ("Optional", json!([]), 0, 3),
        ("Optional", json!(["a", 1, "c", 4]), 4, 3),
        ("Middle", json!([1]), 1, 2),
        ("AllOptional", json!([1, 2]), 2, 1),
    ] {
        let error = format!(
            "Failed to invoke '{method}' due to an error on the server. InvalidDataException: \
             Invocation provides {count} argument(s) but target expects {expected}."
        );
        assert_eq!(client.call(method, arguments).await, Err(error));
    }
}

#[tokio::test]
async fn what_is_injected_is_made_for_each_call_and_its_error_is_that_of_the_call() {
    let server = Server::of(&Hub::new("Arguments", Arguments::default()));
    let mut member = Client::connect_to(&server, "/hub?name=ann").await;
    let mut stranger = Client::connect(&server).await;
    assert_eq!(member.result("Injected", json!(["hi"])).await, json!([{"name": "ann"}, "hi", "ann"]));
    let error = failure("Injected") + " HubException: Injected is for members";
    assert_eq!(stranger.call("Injected", json!(["hi"])).await, Err(error));
    assert_eq!(member.call("Broken", json!(["hi"])).await, Err(failure("Broken")));
    // The argument is read first.
    let binding = "Failed to invoke 'Broken' due to an error on the server.".to_owned();
    assert_eq!(member.call("Broken", json!([1])).await, Err(binding));
    stranger.send(&notification("Injected", json!(["nobody asked"]))).await;
    assert_eq!(stranger.result("Ran", json!([])).await, json!(["injected"]));
}

/// A store of anything.
struct Store<K, V>(Mutex<BTreeMap<K, V>>);

#[hub]
impl<K, V> Store<K, V>
where
    K: Ord + DeserializeOwned + Send + 'static,
    V: Clone + Serialize + DeserializeOwned + Send + 'static,
{
    fn put(&self, key: K, value: V) -> Option<V> {
        self.0.lock().unwrap().insert(key, value)
    }

    async fn get(&self, key: K) -> Option<V> {
        self.0.lock().unwrap().get(&key).cloned()
    }
}

#[tokio::test]
async fn a_hub_can_have_type_parameters() {
    let (texts, numbers) = (Store::<u32, String>(Mutex::default()), Store::<String, f64>(Mutex::default()));
    let hubs = SignalR::builder()
        .hub("/texts", &Hub::new("Texts", texts))
        .hub("/numbers", &Hub::new("Numbers", numbers))
        .build();
    let server = Server::start(hubs.router());
    let mut texts = Client::connect_to(&server, "/texts").await;
    let mut numbers = Client::connect_to(&server, "/numbers").await;
    assert_eq!(texts.result("Put", json!([1, "one"])).await, json!(null));
    assert_eq!(texts.result("Get", json!([1])).await, "one");
    assert_eq!(numbers.result("Put", json!(["pi", 2.5])).await, json!(null));
    assert_eq!(numbers.result("Put", json!(["pi", 3.5])).await, json!(2.5));
    assert!(texts.call("Put", json!(["pi", 2.5])).await.is_err());
}
