//! Where the value comes from whose methods are called.

use crate::support::{Client, Connect, Event, Server, events, failure, soon};
use serde_json::json;
use signalr::{CloseReason, Context, Hub, HubError, HubHandle, HubOptions, hub};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::Notify;

/// Counts what it is asked, and tells its number at its end.
struct Counter {
    number: u32,
    calls: AtomicU32,
    ended: crate::support::Tell<(u32, u32)>,
}

#[hub]
impl Counter {
    fn count(&self) -> u32 {
        self.calls.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn number(&self) -> u32 {
        self.number
    }

    fn on_disconnected(&self) {
        let _ = self.ended.send((self.number, self.calls.load(Ordering::Relaxed)));
    }
}

fn numbered(ended: &crate::support::Tell<(u32, u32)>) -> impl Fn() -> Counter + Send + Sync + 'static {
    let (made, ended) = (AtomicU32::new(0), ended.clone());
    move || Counter { number: made.fetch_add(1, Ordering::Relaxed), calls: AtomicU32::new(0), ended: ended.clone() }
}

#[tokio::test]
async fn a_shared_hub_is_one_value_for_all_connections() {
    let (ended, _ends) = events();
    let server = Server::of(&Hub::new("Counter", numbered(&ended)()));
    let (mut first, mut second) = (Client::connect(&server).await, Client::connect(&server).await);
    assert_eq!(first.result("Count", json!([])).await, 1);
    assert_eq!(second.result("Count", json!([])).await, 2);
    assert_eq!(first.result("Count", json!([])).await, 3);
}

#[tokio::test]
async fn a_hub_per_connection_lives_from_its_beginning_to_on_disconnected() {
    let (ended, mut ends) = events();
    let make = numbered(&ended);
    let server = Server::of(&Hub::per_connection("Counter", move |_| std::future::ready(Ok(make()))));
    let mut first = Client::connect(&server).await;
    assert_eq!(first.result("Count", json!([])).await, 1);
    let mut second = Client::connect(&server).await;
    assert_eq!(second.result("Count", json!([])).await, 1);
    assert_eq!(first.result("Count", json!([])).await, 2);
    assert_eq!(first.result("Number", json!([])).await, 0);
    assert_eq!(second.result("Number", json!([])).await, 1);
    drop(first);
    assert_eq!(ends.next().await, (0, 2), "the value that took the calls");
}

#[tokio::test]
async fn a_hub_per_call_is_new_each_time_and_for_the_end() {
    let (ended, mut ends) = events();
    let make = numbered(&ended);
    let server = Server::of(&Hub::per_call("Counter", move |_| std::future::ready(Ok(make()))));
    let mut client = Client::connect(&server).await;
    assert_eq!(client.result("Count", json!([])).await, 1);
    assert_eq!(client.result("Count", json!([])).await, 1);
    assert_eq!(client.result("Number", json!([])).await, 2);
    drop(client);
    assert_eq!(ends.next().await, (3, 0));
}

/// Sends from a task of its own.
struct Ticker {
    go: Arc<Notify>,
}

#[hub]
impl Ticker {
    fn go(&self) {
        self.go.notify_one();
    }
}

#[tokio::test]
async fn a_hub_can_be_made_with_its_own_handle() {
    let hub = Hub::new_with("Ticker", |handle: HubHandle<Ticker>| {
        let go = Arc::new(Notify::new());
        let gone = go.clone();
        tokio::spawn(async move {
            gone.notified().await;
            handle.all().send("Tick", (handle.connections(),)).await;
        });
        Ticker { go }
    });
    let server = Server::of(&hub);
    let mut client = Client::connect(&server).await;
    client.result("Go", json!([])).await;
    assert_eq!(client.called("Tick").await, json!([1]));
}

/// Made for a name in the query, after a while.
struct Named(String);

#[hub]
impl Named {
    fn name(&self) -> String {
        self.0.clone()
    }
}

async fn named(ctx: Context<Named>) -> Result<Named, HubError> {
    tokio::task::yield_now().await;
    match ctx.query("name").as_deref() {
        None => Err(HubError::public("who are you?")),
        Some("broken") => Err(io::Error::other("the secret of the database"))?,
        Some("panic") => panic!("the secret of the factory"),
        Some(name) => Ok(Named(format!("{name} from {}", ctx.header("x-town").unwrap_or("nowhere")))),
    }
}

const TOWN: Connect<'static> =
    Connect { path: "/hub?name=ann", headers: &[("x-town", "Rome")], protocol: "json", narrow: false };

#[tokio::test]
async fn a_factory_that_fails_costs_only_its_connection() {
    let server = Server::of(&Hub::per_connection("Named", named));
    let mut before = TOWN.to(&server).await;
    for (path, error) in [
        ("/hub", "Connection closed with an error. HubException: who are you?"),
        ("/hub?name=broken", "Connection closed with an error."),
        ("/hub?name=panic", "Connection closed with an error."),
    ] {
        let close = Client::connect_to(&server, path).await.closed().await;
        assert_eq!(close, json!({"type": 7, "error": error}), "{path}");
    }
    assert_eq!(before.result("Name", json!([])).await, "ann from Rome");
    assert_eq!(TOWN.to(&server).await.result("Name", json!([])).await, "ann from Rome");
}

#[tokio::test]
async fn a_factory_that_fails_costs_only_its_call() {
    let fail = Arc::new(AtomicU32::new(0));
    let failing = fail.clone();
    let hub = Hub::per_call("Named", move |ctx: Context<Named>| {
        let failing = failing.load(Ordering::Relaxed);
        async move {
            match failing {
                0 => named(ctx).await,
                1 => Err(HubError::public("closed for lunch")),
                2 => Err(HubError::hidden("the secret of the database")),
                _ => panic!("the secret of the factory"),
            }
        }
    });
    let server = Server::of(&hub);
    let mut client = TOWN.to(&server).await;
    assert_eq!(client.result("Name", json!([])).await, "ann from Rome");
    for (state, error) in
        [(1, failure("Name") + " HubException: closed for lunch"), (2, failure("Name")), (3, failure("Name"))]
    {
        fail.store(state, Ordering::Relaxed);
        assert_eq!(client.call("Name", json!([])).await, Err(error));
    }
    fail.store(0, Ordering::Relaxed);
    assert_eq!(client.result("Name", json!([])).await, "ann from Rome");
}

#[tokio::test]
async fn detailed_errors_show_what_a_factory_hides() {
    let hub = Hub::per_connection("Named", named);
    let server = Server::with(&hub, HubOptions::default().detailed_errors(true));
    let close = Client::connect_to(&server, "/hub?name=broken").await.closed().await;
    assert_eq!(close["error"], "Connection closed with an error. Error: the secret of the database");
}

#[tokio::test]
async fn calls_wait_for_a_slow_factory_and_its_connection_can_leave_meanwhile() {
    let (gate, reasons) = (Arc::new(Notify::new()), events::<CloseReason>());
    struct Slow(crate::support::Tell<CloseReason>);
    #[hub]
    impl Slow {
        fn echo(&self, text: String) -> String {
            text
        }
        fn on_disconnected(&self, reason: CloseReason) {
            let _ = self.0.send(reason);
        }
    }
    let (tell, mut told) = reasons;
    let open = gate.clone();
    let hub = Hub::per_connection("Slow", move |_| {
        let (open, tell) = (open.clone(), tell.clone());
        async move {
            open.notified().await;
            Ok(Slow(tell))
        }
    });
    let server = Server::of(&hub);
    let mut client = Client::connect(&server).await;
    let id = client.begin("Echo", json!(["waited"])).await;
    gate.notify_one();
    assert_eq!(client.answer(&id).await, Ok(json!("waited")));
    let mut leaving = Client::connect(&server).await;
    soon(leaving.socket.close(None)).await.expect("a goodbye");
    assert_eq!(leaving.event().await, Event::Closed(1000));
    gate.notify_one();
    assert_eq!(told.next().await, CloseReason::ClientClosed, "the value was made, so it is told");
}
