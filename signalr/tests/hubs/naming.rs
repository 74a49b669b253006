//! One set of types for clients of both protocols, named as .NET names them in each.

use crate::support::{Answer, Client, Connect, Server, completion, end, invocation, item, streaming, with_uploads};
use futures_util::{Stream, StreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use signalr::{Context, Hub, HubError, Naming, Upload, hub, receiver};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Score {
    user_name: String,
    best_of: u32,
}

#[receiver]
trait Player {
    async fn scored(&self, score: Score);
    async fn your_best(&self, question: Score) -> Score;
}

struct Game;

#[hub(receiver = Player)]
impl Game {
    fn echo(&self, score: Score) -> Score {
        score
    }

    fn tell_all(&self, ctx: Context<Self>, score: Score) {
        ctx.clients().all().scored(score);
    }

    async fn ask(&self, ctx: Context<Self>, score: Score) -> Result<Score, HubError> {
        Ok(ctx.clients().caller().your_best(score).await?)
    }

    fn twice(&self, score: Score) -> impl Stream<Item = Score> {
        stream::iter([score.clone(), score])
    }

    async fn last(&self, mut scores: Upload<Score>) -> Result<Option<Score>, HubError> {
        let mut last = None;
        while let Some(score) = scores.next().await {
            last = Some(score?);
        }
        Ok(last)
    }
}

/// A score as clients of a protocol write and read it.
fn score(protocol: &str, best: u32) -> Value {
    match protocol {
        "json" => json!({"userName": "ann", "bestOf": best}),
        _ => json!({"UserName": "ann", "BestOf": best}),
    }
}

const BOTH: [&str; 2] = ["json", "messagepack"];

async fn client(server: &Server, protocol: &str) -> Client {
    Connect { protocol, ..Connect::default() }.to(server).await
}

/// Everything that carries values: arguments, results, items both ways, questions and their answers.
async fn everything(server: &Server, protocol: &str) {
    let mut client = client(server, protocol).await;
    assert_eq!(client.result("Echo", json!([score(protocol, 1)])).await, score(protocol, 1));

    client.send(&streaming("s", "Twice", json!([score(protocol, 2)]))).await;
    for expected in [item("s", score(protocol, 2)), item("s", score(protocol, 2)), end("s")] {
        assert_eq!(client.next().await, expected);
    }

    client.send(&with_uploads("u", "Last", json!([]), &["1"])).await;
    client.send_all(&[item("1", score(protocol, 3)), item("1", score(protocol, 4)), end("1")]).await;
    assert_eq!(client.next().await, completion("u", score(protocol, 4)));

    client.send(&invocation("a", "Ask", json!([score(protocol, 5)]))).await;
    let question = client.next().await;
    assert_eq!((&question["target"], &question["arguments"]), (&json!("YourBest"), &json!([score(protocol, 5)])));
    client.send(&completion(question["invocationId"].as_str().unwrap(), score(protocol, 6))).await;
    assert_eq!(client.next().await, completion("a", score(protocol, 6)));
}

#[tokio::test]
async fn all_values_have_the_names_of_dotnet() {
    let server = Server::of(&Hub::new("Game", Game).naming(Naming::DotNet));
    for protocol in BOTH {
        everything(&server, protocol).await;
    }
}

#[tokio::test]
async fn calls_that_wait_for_their_hub_have_them_too() {
    let server = Server::of(&Hub::per_call("Game", async |_| Ok(Game)).naming(Naming::DotNet));
    for protocol in BOTH {
        everything(&server, protocol).await;
    }
}

#[tokio::test]
async fn clients_of_both_protocols_are_reached_by_one_send() {
    let hub = Hub::new("Game", Game).naming(Naming::DotNet);
    let server = Server::of(&hub);
    let (mut json, mut pack) = (client(&server, "json").await, client(&server, "messagepack").await);
    for client in [&mut json, &mut pack] {
        let _: Answer = client.call("Unknown", json!([])).await; // so that it is registered
    }
    json.begin("TellAll", json!([score("json", 7)])).await;
    assert_eq!(pack.called("Scored").await, json!([score("messagepack", 7)]));
    assert_eq!(json.called("Scored").await, json!([score("json", 7)]));
    let receipt = hub.handle().all().scored(Score { user_name: "ann".to_owned(), best_of: 8 }).await;
    assert_eq!(receipt.connections, 2);
    assert_eq!(pack.called("Scored").await, json!([score("messagepack", 8)]));
}

#[tokio::test]
async fn names_stay_as_they_are_declared_unless_a_hub_says_otherwise() {
    let server = Server::of(&Hub::new("Game", Game));
    for protocol in BOTH {
        let mut client = client(&server, protocol).await;
        let declared = json!({"user_name": "ann", "best_of": 1});
        assert_eq!(client.result("Echo", json!([declared])).await, declared);
        assert!(client.call("Echo", json!([score(protocol, 1)])).await.is_err());
    }
}

#[test]
#[should_panic(expected = "the naming of hub 'Game' is settled already")]
fn the_naming_of_a_hub_is_set_once() {
    let _ = Hub::new("Game", Game).naming(Naming::DotNet).naming(Naming::AsDeclared);
}
