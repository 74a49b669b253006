//! A panic in the user's code is an error of that call, and of nothing else.

use crate::support::{
    Client, Connect, Server, Tell, TellOnDrop, completion, end, events, failure, invocation, item, streaming,
    with_uploads,
};
use futures_util::{Stream, StreamExt, stream};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};
use signalr::{
    CancellationToken, Context, FromInvocation, Hub, HubError, HubMethods, HubOptions, Invocation, Limits, PublicError,
    Upload, hub,
};
use std::time::Duration;

/// Panics when it is read, written or dropped, as its name says.
struct Mine(&'static str);

const SECRET: &str = "the secret of the panic";

impl Serialize for Mine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq;
        let mut list = serializer.serialize_seq(Some(2))?;
        list.serialize_element("half")?;
        assert_ne!(self.0, "serialize", "{SECRET}");
        list.serialize_element("whole")?;
        list.end()
    }
}

impl<'de> Deserialize<'de> for Mine {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        assert_ne!(name, "deserialize", "{SECRET}");
        Ok(Mine("read"))
    }
}

impl Drop for Mine {
    fn drop(&mut self) {
        assert_ne!(self.0, "drop", "{SECRET}");
    }
}

impl PublicError for Mine {
    fn to_hub_error(&self) -> HubError {
        panic!("{SECRET}")
    }
}

struct Injected;

impl<H: HubMethods> FromInvocation<H> for Injected {
    fn from_invocation(_: &mut Invocation<'_, H>) -> Result<Self, HubError> {
        panic!("{SECRET}")
    }
}

struct Mines(Tell<u32>);

fn mines() -> Hub<Mines> {
    Hub::new("Mines", Mines(events().0))
}

#[hub]
impl Mines {
    fn echo(&self, text: String) -> String {
        text
    }

    fn plain(&self) -> u32 {
        panic!("{SECRET}")
    }

    async fn at_once(&self) -> u32 {
        panic!("{SECRET}")
    }

    async fn later(&self) -> u32 {
        tokio::task::yield_now().await;
        panic!("{SECRET}")
    }

    #[hub(spawn)]
    async fn spawned(&self) -> u32 {
        panic!("{SECRET}")
    }

    #[hub(blocking)]
    fn blocking(&self) -> u32 {
        panic!("{SECRET}")
    }

    async fn upload(&self, mut numbers: Upload<u32>) -> Result<u32, HubError> {
        panic!("{SECRET} {}", numbers.next().await.is_some())
    }

    fn argument(&self, mine: Mine) {
        drop(mine);
    }

    fn injected(&self, #[inject] injected: Injected) {
        let _ = injected;
    }

    fn result(&self) -> Mine {
        Mine("serialize")
    }

    async fn later_result(&self) -> Mine {
        tokio::task::yield_now().await;
        Mine("serialize")
    }

    #[hub(spawn)]
    async fn spawned_result(&self) -> Mine {
        Mine("serialize")
    }

    fn error(&self) -> Result<(), Mine> {
        Err(Mine("error"))
    }

    async fn send(&self, ctx: Context<Self>) {
        ctx.clients().caller().send("Half", (1, Mine("serialize"))).await;
    }

    fn dropped_argument(&self) -> &'static str {
        let _mine = Mine("drop");
        "the method has returned"
    }

    #[hub(cancel = drop)]
    async fn dropped_future(&self) {
        let _mine = Mine("drop");
        std::future::pending::<()>().await;
    }

    /// Ends only with the grace period.
    async fn stuck(&self, number: u32) {
        let _told = TellOnDrop(self.0.clone(), number);
        let _mine = Mine(if number == 0 { "drop" } else { "fine" });
        std::future::pending::<()>().await;
    }

    async fn waits(&self, token: CancellationToken) {
        token.cancelled().await;
        panic!("{SECRET}")
    }

    // ---- streams ----

    fn no_stream(&self) -> impl Stream<Item = u32> {
        if true {
            panic!("{SECRET}")
        }
        stream::empty()
    }

    fn second_item(&self) -> impl Stream<Item = u32> {
        stream::iter(1..).map(|number| if number < 2 { number } else { panic!("{SECRET}") })
    }

    fn item(&self) -> impl Stream<Item = Mine> {
        stream::iter([Mine("fine"), Mine("serialize")])
    }

    #[hub(spawn)]
    fn spawned_item(&self) -> impl Stream<Item = Mine> {
        stream::iter([Mine("fine"), Mine("serialize")])
    }

    fn dropped_stream(&self) -> impl Stream<Item = u32> {
        let mine = Mine("drop");
        stream::pending().map(move |number| {
            let _ = &mine;
            number
        })
    }
}

async fn connect(server: &Server, protocol: &str) -> Client {
    Connect { protocol, ..Connect::default() }.to(server).await
}

#[tokio::test]
async fn a_panic_in_a_call_is_an_error_of_that_call() {
    let server = Server::of(&mines());
    for protocol in ["json", "messagepack"] {
        let mut client = connect(&server, protocol).await;
        let methods = [
            "Plain",
            "AtOnce",
            "Later",
            "Spawned",
            "Blocking",
            "Injected",
            "Result",
            "LaterResult",
            "SpawnedResult",
            "Error",
            "Send",
            "DroppedArgument",
        ];
        for method in methods {
            assert_eq!(client.call(method, json!([])).await, Err(failure(method)), "{protocol}");
            assert_eq!(client.result("Echo", json!([method])).await, method);
        }
        assert_eq!(client.call("Argument", json!(["deserialize"])).await, Err(failure("Argument")));
        client.send_all(&[with_uploads("u", "Upload", json!([]), &["s"]), item("s", 1)]).await;
        assert_eq!(client.answer("u").await, Err(failure("Upload")));
        client.send_all(&[item("s", 2), end("s"), invocation("e", "Echo", json!(["alive"]))]).await;
        assert_eq!(client.next().await, completion("e", "alive"));
    }
}

#[tokio::test]
async fn a_panic_in_a_stream_ends_that_stream_and_leaves_no_half_item() {
    let server = Server::of(&mines());
    for protocol in ["json", "messagepack"] {
        let mut client = connect(&server, protocol).await;
        let whole = json!(["half", "whole"]);
        for (method, first) in [
            ("NoStream", None),
            ("SecondItem", Some(json!(1))),
            ("Item", Some(whole.clone())),
            ("SpawnedItem", Some(whole)),
        ] {
            client.send(&streaming("s", method, json!([]))).await;
            if let Some(first) = first {
                assert_eq!(client.next().await, item("s", first), "{protocol} {method}");
            }
            assert_eq!(client.answer("s").await, Err(failure(method)));
        }
        assert_eq!(client.result("Echo", json!(["alive"])).await, "alive");
    }
}

#[tokio::test]
async fn a_panic_while_a_cancelled_call_is_dropped_hurts_nobody() {
    let server = Server::of(&mines());
    let mut client = Client::connect(&server).await;
    client.send(&streaming("s", "DroppedStream", json!([]))).await;
    client.send(&crate::support::cancel("s")).await;
    assert!(client.answer("s").await.is_ok_and(|result| result == Value::Null), "a cancelled stream just ends");
    for method in ["DroppedFuture", "Waits"] {
        let id = client.begin(method, json!([])).await;
        client.send(&crate::support::cancel(&id)).await;
        assert_eq!(client.answer(&id).await, Err(failure(method)));
    }
    // The same at the end of the connection: the next one is served as ever.
    client.begin("DroppedFuture", json!([])).await;
    client.send(&streaming("s", "DroppedStream", json!([]))).await;
    drop(client);
    let mut next = Client::connect(&server).await;
    assert_eq!(next.result("Echo", json!(["alive"])).await, "alive");
}

#[tokio::test]
async fn calls_that_outlive_the_grace_period_are_all_dropped_whichever_of_them_panics() {
    let (told, mut tells) = events();
    let options = HubOptions::default().limits(Limits::default().parallel_invocations(4)).call_grace(Duration::ZERO);
    let server = Server::with(&Hub::new("Mines", Mines(told)), options);
    for panicking in 0..4 {
        let mut client = Client::connect(&server).await;
        let numbers: Vec<u32> = (0..4).map(|place| if place == panicking { 0 } else { place + 1 }).collect();
        for number in &numbers {
            client.begin("Stuck", json!([number])).await;
        }
        client.send(&json!({"type": 7})).await;
        client.closed().await;
        for _ in &numbers {
            let dropped = tells.next().await;
            assert!(numbers.contains(&dropped), "{dropped} is of the one before");
        }
        assert_eq!(tells.now(), None);
    }
}

#[tokio::test]
async fn detailed_errors_do_not_show_the_text_of_a_panic_either() {
    let hub = mines();
    let server = Server::with(&hub, HubOptions::default().detailed_errors(true));
    let mut client = Client::connect(&server).await;
    let error = failure("Plain") + " Panic: the method panicked";
    assert_eq!(client.call("Plain", json!([])).await, Err(error));
}
