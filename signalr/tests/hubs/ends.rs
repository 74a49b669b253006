//! `on_disconnected`: that it runs once, when, and with which reason.

use crate::support::{Client, Event, Events, Server, Tell, TellOnDrop, events, soon};
use futures_util::{SinkExt, Stream, stream};
use serde_json::json;
use signalr::{CloseReason, Context, Hub, HubOptions, hub};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Message;

#[derive(Debug, Clone, PartialEq)]
enum Told {
    Running,
    /// A call has ended, or was dropped.
    Over(&'static str),
    /// How many got what on_disconnected sent to its own client, and to all.
    Reached(usize, usize),
    Gone(CloseReason),
}

struct Watched {
    told: Tell<Told>,
    gate: Arc<Notify>,
}

impl Watched {
    fn hub() -> (Hub<Self>, Arc<Notify>, Events<Told>) {
        let (told, tells) = events();
        let gate = Arc::new(Notify::new());
        (Hub::new("Watched", Watched { told, gate: gate.clone() }), gate, tells)
    }

    fn tell(&self, told: Told) {
        let _ = self.told.send(told);
    }
}

#[hub]
impl Watched {
    async fn on_disconnected(&self, ctx: Context<Self>, reason: CloseReason) {
        if ctx.query("send").is_some() {
            let own = ctx.clients().caller().send("TooLate", ()).await.connections;
            let all = ctx.clients().all().send("Left", (reason.name(),)).await.connections;
            self.tell(Told::Reached(own, all));
        }
        self.tell(Told::Gone(reason));
        assert!(ctx.query("panic").is_none(), "on_disconnected panics");
    }

    fn id(&self, ctx: Context<Self>) -> String {
        ctx.connection_id().to_owned()
    }

    fn abort(&self, ctx: Context<Self>) {
        ctx.abort();
    }

    fn close(&self, ctx: Context<Self>, reason: String) {
        ctx.close(reason);
    }

    /// Runs until the test lets it.
    async fn hold(&self) {
        self.tell(Told::Running);
        self.gate.notified().await;
        self.tell(Told::Over("hold"));
    }

    /// Never ends.
    async fn hang(&self) {
        let _told = TellOnDrop(self.told.clone(), Told::Over("hang"));
        self.tell(Told::Running);
        std::future::pending::<()>().await;
    }

    fn endless(&self) -> impl Stream<Item = u32> {
        let told = TellOnDrop(self.told.clone(), Told::Over("stream"));
        self.tell(Told::Running);
        stream::poll_fn(move |_| {
            let _ = &told;
            std::task::Poll::Pending
        })
    }
}

#[tokio::test]
async fn each_end_has_its_reason_and_is_told_once() {
    let (hub, _, mut told) = Watched::hub();
    let handle = hub.handle();
    let server = Server::of(&hub);
    let text = |text: &str| Message::text(format!("{text}\u{1e}"));
    let ways = [
        "message",
        "error",
        "frame",
        "cut",
        "reset",
        "abort",
        "close",
        "handle",
        "handle abort",
        "large",
        "violation",
        "half",
    ];
    for way in ways {
        let mut client = Client::connect(&server).await;
        let id = client.result("Id", json!([])).await;
        let id = id.as_str().unwrap();
        match way {
            "message" => client.send(&json!({"type": 7})).await,
            "error" => client.send(&json!({"type": 7, "error": "out of paper"})).await,
            "frame" => client.socket.close(None).await.unwrap(),
            "cut" => client = Client::connect(&server).await,
            "reset" => {
                client.socket.get_ref().set_zero_linger().unwrap();
                client = Client::connect(&server).await;
            }
            "abort" => drop(client.begin("Abort", json!([])).await),
            "close" => drop(client.begin("Close", json!(["enough"])).await),
            "handle" => assert!(handle.close(id, "kicked out").is_here()),
            "handle abort" => assert!(handle.abort(id).is_here()),
            "large" => client.socket.send(Message::text("x".repeat(40_000))).await.unwrap(),
            "violation" => client.socket.send(text("{")).await.unwrap(),
            _ => client.socket.send(Message::text("{\"type\":")).await.unwrap(),
        }
        if way == "half" {
            // An unfinished message, and then the goodbye.
            client.socket.close(None).await.unwrap();
        }
        let Told::Gone(reason) = told.next().await else { panic!("{way}") };
        let fits = match way {
            "message" | "frame" => reason == CloseReason::ClientClosed,
            "error" => reason == CloseReason::ClientError("out of paper".into()),
            "cut" | "reset" => matches!(reason, CloseReason::TransportLost(_)),
            "abort" | "handle abort" => reason == CloseReason::Aborted,
            "close" => reason == CloseReason::Kicked("enough".into()),
            "handle" => reason == CloseReason::Kicked("kicked out".into()),
            "large" => matches!(reason, CloseReason::TooLarge(_)),
            _ => matches!(reason, CloseReason::ProtocolError(_)),
        };
        assert!(fits, "{way}: {reason}");
        if !matches!(way, "cut" | "reset") {
            let closed = client.event().await;
            let error = match way {
                "close" => Some("enough"),
                "handle" => Some("kicked out"),
                "large" | "violation" => Some("Connection closed with an error."),
                _ => None,
            };
            match closed {
                Event::Message(close) => assert_eq!(close.get("error").and_then(|it| it.as_str()), error, "{way}"),
                end => assert!(matches!(way, "frame" | "half"), "{way}: {end:?}"),
            }
        } else {
            client.socket.close(None).await.unwrap();
            assert_eq!(told.next().await, Told::Gone(CloseReason::ClientClosed));
        }
        assert!(!handle.close(id, "again").is_here(), "{way}: it is gone");
    }
    assert_eq!(told.now(), None);
    assert_eq!(handle.connections(), 0);
}

#[tokio::test]
async fn the_client_timeout_ends_the_silent_whatever_the_other_intervals_are() {
    let (hub, _, mut told) = Watched::hub();
    let options = HubOptions::default()
        .client_timeout(Duration::from_millis(100))
        .keep_alive_interval(Duration::from_secs(3600))
        .websocket_ping_interval(None);
    let server = Server::with(&hub, options);
    let mut client = Client::connect(&server).await;
    client.send(&json!({"type": 6})).await;
    assert_eq!(told.next().await, Told::Gone(CloseReason::Timeout));
    let close = client.closed().await;
    assert_eq!(close["error"], "Connection closed with an error.");
}

#[tokio::test]
async fn it_runs_after_the_last_call_and_streams_end_at_once() {
    let (hub, gate, mut told) = Watched::hub();
    let server = Server::of(&hub);
    let mut client = Client::connect(&server).await;
    client.send(&crate::support::streaming("s", "Endless", json!([]))).await;
    assert_eq!(told.next().await, Told::Running);
    client.begin("Hold", json!([])).await;
    assert_eq!(told.next().await, Told::Running);
    soon(client.socket.close(None)).await.unwrap();
    assert_eq!(client.event().await, Event::Closed(1000), "the goodbye does not wait for the call");
    assert_eq!(told.next().await, Told::Over("stream"));
    assert_eq!(hub.handle().connections(), 0, "nobody reaches it any more");
    assert_eq!(told.now(), None);
    gate.notify_one();
    assert_eq!(told.next().await, Told::Over("hold"));
    assert_eq!(told.next().await, Told::Gone(CloseReason::ClientClosed));
}

#[tokio::test]
async fn calls_that_outlive_the_grace_period_are_dropped() {
    let (hub, _, mut told) = Watched::hub();
    let server = Server::with(&hub, HubOptions::default().call_grace(Duration::from_millis(50)));
    let mut client = Client::connect(&server).await;
    client.begin("Hang", json!([])).await;
    client.begin("Hang", json!([])).await;
    assert_eq!(told.next().await, Told::Running);
    drop(client);
    assert_eq!(told.next().await, Told::Over("hang"));
    assert!(matches!(told.next().await, Told::Gone(CloseReason::TransportLost(_))));
}

#[tokio::test]
async fn others_learn_of_it_and_a_panic_in_it_hurts_nobody() {
    let (hub, _, mut told) = Watched::hub();
    let server = Server::of(&hub);
    let mut other = Client::connect(&server).await;
    let leaving = Client::connect_to(&server, "/hub?send&panic").await;
    drop(leaving);
    assert_eq!(other.called("Left").await, json!(["TransportLost"]));
    assert_eq!(told.next().await, Told::Reached(0, 1));
    assert!(matches!(told.next().await, Told::Gone(_)));
    assert_eq!(other.result("Id", json!([])).await.as_str().map(str::len), Some(22));
}
