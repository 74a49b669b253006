//! In which order messages arrive.

use crate::support::{Client, Server, completion, invocation, soon};
use serde_json::json;
use signalr::{Context, Hub, HubOptions, Limits, hub, receiver};

#[receiver]
trait Listener {
    async fn number(&self, sender: String, number: u32);
}

struct Talk;

#[hub(receiver = Listener)]
impl Talk {
    /// Sends without waiting.
    fn to_caller(&self, ctx: Context<Self>, count: u32) -> &'static str {
        let caller = ctx.clients().caller();
        for number in 0..count {
            caller.number("me", number);
        }
        "sent"
    }

    async fn to_client(&self, ctx: Context<Self>, id: String, count: u32) -> &'static str {
        for number in 0..count {
            ctx.clients().client(&id).number("other", number).await;
            if number % 7 == 0 {
                tokio::task::yield_now().await;
            }
        }
        "sent"
    }

    async fn to_all(&self, ctx: Context<Self>, name: String, count: u32) -> &'static str {
        for number in 0..count {
            ctx.clients().all().number(&name, number).await;
        }
        "sent"
    }

    #[hub(spawn)]
    async fn spawned(&self, ctx: Context<Self>, count: u32) -> &'static str {
        for number in 0..count {
            ctx.clients().caller().number("me", number);
        }
        "sent"
    }

    #[hub(blocking)]
    fn blocking(&self, ctx: Context<Self>, count: u32) -> &'static str {
        for number in 0..count {
            ctx.clients().caller().number("me", number);
        }
        "sent"
    }

    fn id(&self, ctx: Context<Self>) -> String {
        ctx.connection_id().to_owned()
    }

    async fn slow(&self, number: u32) -> u32 {
        for _ in 0..number % 5 {
            tokio::task::yield_now().await;
        }
        number
    }
}

/// Everything of one sender has come, in order; messages of others may come in between.
async fn expect(client: &mut Client, senders: &[&str], count: u32) {
    let mut next = vec![0; senders.len()];
    while next.iter().any(|next| *next < count) {
        let said = client.called("Number").await;
        let place = senders.iter().position(|sender| said[0] == *sender).expect("a known sender");
        assert_eq!(said[1], next[place]);
        next[place] += 1;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_method_sends_arrives_in_order_and_before_its_reply() {
    let server = Server::of(&Hub::new("Talk", Talk));
    let mut client = Client::connect(&server).await;
    for method in ["ToCaller", "Spawned", "Blocking"] {
        client.send(&invocation("1", method, json!([500]))).await;
        expect(&mut client, &["me"], 500).await;
        assert_eq!(client.next().await, completion("1", "sent"), "{method}");
    }
    client.send(&invocation("1", "ToAll", json!(["me", 500]))).await;
    expect(&mut client, &["me"], 500).await;
    assert_eq!(client.next().await, completion("1", "sent"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_client_sends_to_another_arrives_in_order() {
    let server = Server::of(&Hub::new("Talk", Talk));
    let (mut sender, mut receiver) = (Client::connect(&server).await, Client::connect(&server).await);
    let id = receiver.result("Id", json!([])).await;
    sender.send(&invocation("1", "ToClient", json!([id, 500]))).await;
    expect(&mut receiver, &["other"], 500).await;
    assert_eq!(sender.next().await, completion("1", "sent"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broadcasts_of_one_sender_are_in_order_everywhere() {
    const SENDERS: [&str; 3] = ["ann", "bob", "cleo"];
    let hub = Hub::new("Talk", Talk);
    let handle = hub.handle();
    let server = Server::of(&hub);
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(Client::connect(&server).await);
        clients.last_mut().unwrap().result("Id", json!([])).await;
    }
    for (client, name) in clients.iter_mut().zip(SENDERS.iter().skip(1)) {
        client.send(&json!({"type": 1, "target": "ToAll", "arguments": [name, 300]})).await;
    }
    // One of them is no client.
    let outside = tokio::spawn(async move {
        for number in 0..300 {
            handle.all().number("ann", number).await;
            tokio::task::yield_now().await;
        }
    });
    for client in &mut clients {
        expect(client, &SENDERS, 300).await;
    }
    soon(outside).await.unwrap();
}

#[tokio::test]
async fn calls_finish_in_the_order_in_which_they_were_sent_unless_more_may_run_at_once() {
    let server = Server::of(&Hub::new("Talk", Talk));
    let mut client = Client::connect(&server).await;
    let calls: Vec<_> = (0..100).map(|n| invocation(&n.to_string(), "Slow", json!([n]))).collect();
    client.send_all(&calls).await;
    for n in 0..100 {
        assert_eq!(client.next().await, completion(&n.to_string(), n));
    }
    let parallel =
        Server::with(&Hub::new("Talk", Talk), HubOptions::default().limits(Limits::default().parallel_invocations(3)));
    let mut client = Client::connect(&parallel).await;
    client.send_all(&calls).await;
    let mut answered = Vec::new();
    for _ in 0..100 {
        answered.push(client.next().await["result"].as_u64().unwrap());
    }
    assert!(!answered.is_sorted(), "the quick ones overtake the slow ones");
    answered.sort_unstable();
    assert!(answered.into_iter().eq(0..100));
}
