//! What clients see when their server ends, and what it waits for.

use crate::support::{Client, Connect, Event, Events, Server, Tell, TellOnDrop, end, events, soon, streaming};
use serde_json::{Value, json};
use signalr::{CloseReason, Context, Hub, HubOptions, Limits, SignalR, Upload, hub};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

const LONG: Duration = Duration::from_secs(3600);

#[derive(Debug, Clone, PartialEq)]
enum Told {
    Running,
    Over(&'static str),
    Gone(CloseReason),
}

struct Office {
    tell: Tell<Told>,
    gate: Arc<Notify>,
}

#[hub]
impl Office {
    async fn on_disconnected(&self, ctx: Context<Self>, reason: CloseReason) {
        if ctx.query("lingers").is_some() {
            self.gate.notified().await;
        }
        let _ = self.tell.send(Told::Gone(reason));
    }

    async fn hold(&self) -> &'static str {
        let _ = self.tell.send(Told::Running);
        self.gate.notified().await;
        "held"
    }

    async fn hang(&self) {
        let _over = TellOnDrop(self.tell.clone(), Told::Over("hang"));
        let _ = self.tell.send(Told::Running);
        std::future::pending::<()>().await;
    }

    fn endless(&self) -> impl futures_util::Stream<Item = u32> + use<> {
        let over = TellOnDrop(self.tell.clone(), Told::Over("stream"));
        let _ = self.tell.send(Told::Running);
        futures_util::stream::unfold(over, async |_over| std::future::pending().await)
    }

    async fn total(&self, mut numbers: Upload<u32>) -> u32 {
        use futures_util::StreamExt;
        let _ = self.tell.send(Told::Running);
        let mut total = 0;
        while let Some(Ok(number)) = numbers.next().await {
            total += number;
        }
        total
    }

    fn id(&self, ctx: Context<Self>) -> String {
        ctx.connection_id().to_owned()
    }
}

struct Served {
    hubs: SignalR,
    server: Server,
    gate: Arc<Notify>,
    told: Events<Told>,
}

fn serve(options: HubOptions) -> Served {
    let (tell, told) = events();
    let gate = Arc::new(Notify::new());
    let hub = Hub::new("Office", Office { tell, gate: gate.clone() });
    let hubs = SignalR::builder().options(options).hub("/hub", &hub).hub("/again", &hub).build();
    let server = Server::start(hubs.router());
    Served { hubs, server, gate, told }
}

/// Drains in the background.
fn drain(hubs: &SignalR, deadline: Duration, spread: Duration) -> tokio::task::JoinHandle<signalr::DrainReport> {
    let hubs = hubs.clone();
    tokio::spawn(async move { hubs.drain(deadline, spread).await })
}

async fn expect_come_again(client: &mut Client) {
    assert_eq!(client.next().await, json!({"type": 7, "allowReconnect": true}));
    assert_eq!(client.event().await, Event::Closed(1001));
}

#[tokio::test]
async fn a_call_whose_client_leaves_meanwhile_is_cut_at_the_deadline_too() {
    let limits = Limits::default().parallel_invocations(2);
    let mut served = serve(HubOptions::default().limits(limits).call_grace(LONG));
    let mut client = Client::connect(&served.server).await;
    client.begin("Hang", json!([])).await;
    assert_eq!(served.told.next().await, Told::Running);
    let drained = drain(&served.hubs, Duration::from_secs(2), Duration::ZERO);
    // Until it has been told.
    while client.call("Id", json!([])).await.is_ok() {}
    drop(client);
    assert_eq!(served.told.next().await, Told::Over("hang"));
    assert!(matches!(served.told.next().await, Told::Gone(CloseReason::TransportLost(_))));
    assert_eq!(soon(drained).await.unwrap().cut, 1);
}

#[tokio::test]
async fn clients_are_told_to_come_again_and_the_hub_why_they_went() {
    for protocol in ["json", "messagepack"] {
        let mut served = serve(HubOptions::default());
        let mut one = Connect { protocol, ..Connect::default() }.to(&served.server).await;
        let mut other = Connect { path: "/again", protocol, ..Connect::default() }.to(&served.server).await;
        let drained = drain(&served.hubs, LONG, Duration::ZERO);
        expect_come_again(&mut one).await;
        expect_come_again(&mut other).await;
        for _ in 0..2 {
            assert_eq!(served.told.next().await, Told::Gone(CloseReason::Drained));
        }
        drop((one, other));
        let report = soon(drained).await.unwrap();
        assert_eq!((report.connections, report.cut), (2, 0));
    }
}

#[tokio::test]
async fn without_connections_it_is_over_at_once() {
    let served = serve(HubOptions::default());
    let report = soon(served.hubs.shutdown()).await;
    assert_eq!((report.connections, report.cut), (0, 0));
}

#[tokio::test]
async fn running_calls_are_answered_first() {
    let mut served = serve(HubOptions::default());
    let mut client = Client::connect(&served.server).await;
    let id = client.begin("Hold", json!([])).await;
    assert_eq!(served.told.next().await, Told::Running);
    let drained = drain(&served.hubs, LONG, Duration::ZERO);
    // The refusal of a new call proves that the end has begun.
    let late = client.call("Id", json!([])).await;
    let late = match late {
        Ok(_) => loop {
            if let Err(error) = client.call("Id", json!([])).await {
                break error;
            }
        },
        Err(error) => error,
    };
    assert_eq!(late, "Failed to invoke 'Id' because the server is shutting down.");
    served.gate.notify_one();
    assert_eq!(client.answer(&id).await, Ok(json!("held")));
    expect_come_again(&mut client).await;
    drop(client);
    assert_eq!(soon(drained).await.unwrap().cut, 0);
}

#[tokio::test]
async fn an_upload_under_way_is_finished() {
    let mut served = serve(HubOptions::default());
    let mut client = Client::connect(&served.server).await;
    client.send(&crate::support::with_uploads("u", "Total", json!([]), &["s"])).await;
    assert_eq!(served.told.next().await, Told::Running);
    let _drained = drain(&served.hubs, LONG, Duration::ZERO);
    client.send(&crate::support::item("s", 3)).await;
    client.send(&crate::support::item("s", 4)).await;
    client.send(&end("s")).await;
    assert_eq!(client.answer("u").await, Ok(json!(7)));
    expect_come_again(&mut client).await;
}

#[tokio::test]
async fn streams_end_with_a_completion_that_says_why() {
    let mut served = serve(HubOptions::default());
    let mut client = Client::connect(&served.server).await;
    client.send(&streaming("s", "Endless", json!([]))).await;
    assert_eq!(served.told.next().await, Told::Running);
    let drained = drain(&served.hubs, LONG, Duration::ZERO);
    let error = client.answer("s").await.unwrap_err();
    assert_eq!(error, "Failed to invoke 'Endless' because the server is shutting down.");
    expect_come_again(&mut client).await;
    drop(client);
    assert_eq!(served.told.next().await, Told::Over("stream"));
    assert_eq!(soon(drained).await.unwrap().cut, 0);
}

#[tokio::test]
async fn what_runs_at_the_deadline_is_cut_and_counted() {
    let mut served = serve(HubOptions::default());
    let (mut hung, mut idle) = (Client::connect(&served.server).await, Client::connect(&served.server).await);
    let id = hung.begin("Hang", json!([])).await;
    assert_eq!(served.told.next().await, Told::Running);
    let drained = drain(&served.hubs, Duration::from_millis(300), Duration::ZERO);
    expect_come_again(&mut idle).await;
    drop(idle);
    let error = hung.answer(&id).await.unwrap_err();
    assert_eq!(error, "Failed to invoke 'Hang' because the server is shutting down.");
    expect_come_again(&mut hung).await;
    drop(hung);
    let report = soon(drained).await.unwrap();
    assert_eq!((report.connections, report.cut), (2, 1));
    assert_eq!(served.told.next().await, Told::Gone(CloseReason::Drained));
    assert_eq!(served.told.next().await, Told::Over("hang"));
    assert_eq!(served.told.next().await, Told::Gone(CloseReason::Drained));
}

#[tokio::test]
async fn it_waits_for_on_disconnected() {
    let mut served = serve(HubOptions::default());
    let mut client = Client::connect_to(&served.server, "/hub?lingers").await;
    let drained = drain(&served.hubs, LONG, Duration::ZERO);
    expect_come_again(&mut client).await;
    drop(client);
    // Nobody else is left to drain, and still it is not over.
    tokio::task::yield_now().await;
    assert!(!drained.is_finished());
    served.gate.notify_one();
    assert_eq!(served.told.next().await, Told::Gone(CloseReason::Drained));
    assert_eq!(soon(drained).await.unwrap().cut, 0);
}

#[tokio::test]
async fn nothing_new_begins() {
    let served = serve(HubOptions::default());
    served.hubs.shutdown().await;
    for (method, path) in [("POST", "/hub/negotiate"), ("POST", "/again/negotiate?negotiateVersion=1")] {
        assert_eq!(served.server.status(method, path, &[]).await, 503, "{path}");
    }
    assert_eq!(served.server.status("GET", "/hub", UPGRADE).await, 503);
}

/// What makes a request ask for a WebSocket.
const UPGRADE: &[(&str, &str)] = &[
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

#[tokio::test]
async fn until_its_turn_a_connection_works() {
    let served = serve(HubOptions::default());
    let (mut one, mut other) = (Client::connect(&served.server).await, Client::connect(&served.server).await);
    let drained = drain(&served.hubs, LONG, LONG);
    // One of them is the first, and the turn of the other comes in half an hour.
    let (first, rest) = tokio::select! {
        event = one.event() => (event, &mut other),
        event = other.event() => (event, &mut one),
    };
    assert_eq!(first, Event::Message(json!({"type": 7, "allowReconnect": true})));
    assert!(rest.call("Id", json!([])).await.is_ok());
    drained.abort();
    expect_come_again(rest).await;
}

#[tokio::test]
async fn whoever_stops_waiting_cuts_what_is_left() {
    let mut served = serve(HubOptions::default());
    let mut client = Client::connect(&served.server).await;
    client.begin("Hang", json!([])).await;
    assert_eq!(served.told.next().await, Told::Running);
    let drained = drain(&served.hubs, LONG, LONG);
    tokio::task::yield_now().await;
    drained.abort();
    let error: Value = client.next().await;
    assert_eq!(error["error"], "Failed to invoke 'Hang' because the server is shutting down.");
    expect_come_again(&mut client).await;
}

#[tokio::test]
async fn axum_ends_when_the_hubs_have_ended() {
    let (tell, _told) = events();
    let hub = Hub::new("Office", Office { tell, gate: Arc::default() });
    let hubs = SignalR::builder().hub("/hub", &hub).build();
    let (signal, signalled) = tokio::sync::oneshot::channel::<()>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = axum::serve(listener, hubs.router::<()>())
        .with_graceful_shutdown(hubs.shutdown_on(async { drop(signalled.await) }));
    let serving = tokio::spawn(serving.into_future());
    let mut client = Client::connect(&Server::at(address)).await;
    signal.send(()).unwrap();
    expect_come_again(&mut client).await;
    drop(client);
    soon(serving).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_full_endpoint_lets_nobody_else_in_until_somebody_leaves() {
    let mut served = serve(HubOptions::default().limits(Limits::default().maximum_connections(2)));
    let one = Client::connect(&served.server).await;
    let _two = Client::connect(&served.server).await;
    assert_eq!(served.server.status("POST", "/hub/negotiate", &[]).await, 503);
    assert_eq!(served.server.status("GET", "/hub", UPGRADE).await, 503);
    assert_eq!(served.server.status("POST", "/again/negotiate", &[]).await, 200, "each path has its own limit");
    drop(one);
    assert!(matches!(served.told.next().await, Told::Gone(_)));
    while served.server.status("POST", "/hub/negotiate", &[]).await == 503 {
        tokio::task::yield_now().await;
    }
    Client::connect(&served.server).await;
}
