//! Values that cannot be written: no half message leaves, in either protocol.

use crate::support::{Client, Connect, Server, failure, item, notification, streaming};
use futures_util::{Stream, stream};
use serde::ser::{Error as _, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::json;
use signalr::{Context, Hub, HubOptions, Receipt, Untyped, hub, receiver};

/// Writes half of itself and then fails.
#[derive(Clone, Copy)]
struct Half {
    fails: bool,
}

impl Serialize for Half {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        list.serialize_element("half")?;
        if self.fails {
            return Err(S::Error::custom("the secret of the other half"));
        }
        list.serialize_element("whole")?;
        list.end()
    }
}

/// Typed proxies take values by reference.
#[receiver]
trait HalfClient {
    async fn typed(&self, number: u32, half: Half);
}

struct Halves;

fn both() -> [Half; 2] {
    [Half { fails: false }, Half { fails: true }]
}

#[hub(receiver = HalfClient)]
impl Halves {
    fn echo(&self, text: String) -> String {
        text
    }

    fn plain(&self) -> Half {
        Half { fails: true }
    }

    async fn later(&self) -> Half {
        tokio::task::yield_now().await;
        Half { fails: true }
    }

    #[hub(spawn)]
    async fn spawned(&self) -> Half {
        Half { fails: true }
    }

    fn nested(&self) -> Vec<Half> {
        both().to_vec()
    }

    fn items(&self) -> impl Stream<Item = Half> {
        stream::iter(both())
    }

    #[hub(spawn)]
    fn spawned_items(&self) -> impl Stream<Item = Half> {
        stream::iter(both())
    }

    fn number(&self, name: String) -> f64 {
        match &*name {
            "nan" => f64::NAN,
            "infinity" => f64::INFINITY,
            _ => 0.5,
        }
    }

    /// Sends good and bad messages in turn, and says whom each has reached.
    async fn send(&self, ctx: Context<Self>) -> Vec<(usize, bool)> {
        let (all, [good, bad]) = (ctx.clients().all(), both());
        let receipts: [Receipt; 5] = [
            all.typed(1, good).await,
            all.typed(2, bad).await,
            all.send("Untyped", (bad, 3)).await,
            ctx.clients().caller().send("Untyped", (4, bad)).await,
            all.send("Untyped", (5, good)).await,
        ];
        receipts.iter().map(|receipt| (receipt.connections, receipt.error.is_some())).collect()
    }

    async fn ask(&self, ctx: Context<Self>) -> String {
        let asked = ctx.clients().caller().invoke::<u32>("HowMany", (Half { fails: true },)).await;
        asked.map_or_else(|error| error.to_string(), |_| "an answer".to_owned())
    }
}

async fn connect(server: &Server, protocol: &str) -> Client {
    Connect { protocol, ..Connect::default() }.to(server).await
}

#[tokio::test]
async fn a_result_that_fails_half_way_becomes_an_error() {
    let server = Server::of(&Hub::new("Halves", Halves));
    for protocol in ["json", "messagepack"] {
        let mut client = connect(&server, protocol).await;
        for method in ["Plain", "Later", "Spawned", "Nested"] {
            assert_eq!(client.call(method, json!([])).await, Err(failure(method)), "{protocol}");
        }
        assert_eq!(client.result("Echo", json!(["alive"])).await, "alive");
    }
}

#[tokio::test]
async fn a_stream_item_that_fails_half_way_ends_the_stream() {
    let server = Server::of(&Hub::new("Halves", Halves));
    for protocol in ["json", "messagepack"] {
        let mut client = connect(&server, protocol).await;
        for method in ["Items", "SpawnedItems"] {
            client.send(&streaming("s", method, json!([]))).await;
            assert_eq!(client.next().await, item("s", json!(["half", "whole"])));
            let error = "An error occurred on the server while streaming results.";
            assert_eq!(client.answer("s").await, Err(error.to_owned()));
        }
    }
}

#[tokio::test]
async fn a_message_that_fails_half_way_reaches_nobody_and_the_receipt_says_so() {
    let server = Server::of(&Hub::new("Halves", Halves));
    let mut other = connect(&server, "messagepack").await;
    let mut caller = connect(&server, "json").await;
    // Both are there once they were answered.
    other.result("Echo", json!(["here"])).await;
    let id = caller.begin("Send", json!([])).await;
    for client in [&mut caller, &mut other] {
        assert_eq!(client.called("Typed").await, json!([1, ["half", "whole"]]));
        assert_eq!(client.called("Untyped").await, json!([5, ["half", "whole"]]));
    }
    let receipts = json!([[2, false], [0, true], [0, true], [0, true], [2, false]]);
    assert_eq!(caller.answer(&id).await, Ok(receipts));
    assert_eq!(other.result("Echo", json!(["nothing came between"])).await, "nothing came between");
}

#[tokio::test]
async fn a_question_that_fails_half_way_is_not_asked() {
    let server = Server::of(&Hub::new("Halves", Halves));
    let mut client = Client::connect(&server).await;
    let error = "The question cannot be serialised: the secret of the other half";
    assert_eq!(client.result("Ask", json!([])).await, error);
}

#[tokio::test]
async fn numbers_that_json_does_not_have_are_errors_there_only() {
    let server = Server::with(&Hub::new("Halves", Halves), HubOptions::default().detailed_errors(true));
    let mut json = connect(&server, "json").await;
    let mut pack = connect(&server, "messagepack").await;
    for name in ["nan", "infinity"] {
        let error = json.call("Number", json!([name])).await.expect_err("JSON has no such number");
        assert!(error.starts_with(&failure("Number")) && error.contains("EncodeError"), "{error}");
        // The test reads it as JSON, which knows no better than null.
        assert_eq!(pack.result("Number", json!([name])).await, json!(null));
    }
    assert_eq!(json.result("Number", json!(["half"])).await, 0.5);
    assert_eq!(pack.result("Number", json!(["half"])).await, 0.5);
    json.send(&notification("Number", json!(["nan"]))).await;
    assert_eq!(json.result("Echo", json!(["nobody asked"])).await, "nobody asked");
}
