//! What ends a call before its time, and what does not.

use crate::support::{
    Answer, Client, Event, Events, Server, Tell, TellOnDrop, cancel, completion, end, events, failure, invocation,
    notification, soon, streaming,
};
use futures_util::{Stream, StreamExt, stream};
use serde_json::{Value, json};
use signalr::{CancellationToken, CloseReason, Context, Hub, hub};
use std::sync::Arc;
use tokio::sync::Notify;

#[derive(Debug, Clone, PartialEq)]
enum Told {
    Running,
    Cancelled(&'static str),
    Dropped(&'static str),
    Finished(String),
    Gone(CloseReason),
}

struct Work {
    told: Tell<Told>,
    gate: Arc<Notify>,
}

impl Work {
    fn hub() -> (Hub<Self>, Arc<Notify>, Events<Told>) {
        let (told, tells) = events();
        let gate = Arc::new(Notify::new());
        (Hub::new("Work", Work { told, gate: gate.clone() }), gate, tells)
    }

    fn tell(&self, told: Told) {
        let _ = self.told.send(told);
    }

    fn dropped(&self, name: &'static str) -> TellOnDrop<Told> {
        TellOnDrop(self.told.clone(), Told::Dropped(name))
    }
}

#[hub]
impl Work {
    fn on_disconnected(&self, reason: CloseReason) {
        self.tell(Told::Gone(reason));
    }

    fn id(&self, ctx: Context<Self>) -> String {
        ctx.connection_id().to_owned()
    }

    fn quick(&self, text: String) -> String {
        self.tell(Told::Finished(text.clone()));
        text
    }

    async fn held(&self, text: String) -> String {
        self.tell(Told::Running);
        self.gate.notified().await;
        self.tell(Told::Finished(text.clone()));
        text
    }

    /// Ends when it is told to.
    async fn polite(&self, token: CancellationToken) -> &'static str {
        self.tell(Told::Running);
        token.cancelled().await;
        self.tell(Told::Cancelled("polite"));
        "stopped"
    }

    #[hub(spawn)]
    async fn spawned(&self, token: CancellationToken) -> &'static str {
        self.tell(Told::Running);
        token.cancelled().await;
        self.tell(Told::Cancelled("spawned"));
        "stopped"
    }

    #[hub(blocking)]
    fn blocked(&self, token: CancellationToken) -> &'static str {
        self.tell(Told::Running);
        tokio::runtime::Handle::current().block_on(token.cancelled());
        self.tell(Told::Cancelled("blocked"));
        "stopped"
    }

    /// A plain method hands its token to somebody else.
    fn background(&self, token: CancellationToken) {
        self.tell(Told::Running);
        let told = self.told.clone();
        tokio::spawn(async move {
            token.cancelled().await;
            let _ = told.send(Told::Cancelled("background"));
        });
    }

    #[hub(cancel = drop)]
    async fn hasty(&self) {
        let _told = self.dropped("hasty");
        self.tell(Told::Running);
        std::future::pending::<()>().await;
    }

    #[hub(cancel = drop, spawn)]
    async fn hasty_spawned(&self) {
        let _told = self.dropped("hasty spawned");
        self.tell(Told::Running);
        std::future::pending::<()>().await;
    }

    fn ticks(&self) -> impl Stream<Item = u32> {
        let told = self.dropped("ticks");
        self.tell(Told::Running);
        stream::pending().map(move |number| {
            let _ = &told;
            number
        })
    }

    #[hub(spawn)]
    fn spawned_ticks(&self) -> impl Stream<Item = u32> {
        let told = self.dropped("spawned ticks");
        self.tell(Told::Running);
        stream::pending().map(move |number| {
            let _ = &told;
            number
        })
    }

    /// The token of a stream tells tasks that feed it; the stream itself is dropped.
    fn fed(&self, token: CancellationToken) -> impl Stream<Item = u32> {
        let told = self.told.clone();
        self.tell(Told::Running);
        tokio::spawn(async move {
            token.cancelled().await;
            let _ = told.send(Told::Cancelled("fed"));
        });
        stream::pending()
    }

    async fn closed(&self, ctx: Context<Self>) {
        let (closed, told) = (ctx.closed(), self.told.clone());
        tokio::spawn(async move {
            closed.cancelled().await;
            let _ = told.send(Told::Cancelled("connection"));
        });
    }
}

/// Methods with what they tell when they are cancelled, and what their callers get then.
fn cancellable() -> [(&'static str, bool, Told, Answer); 8] {
    let stopped: Answer = Ok(json!("stopped"));
    let ended: Answer = Ok(Value::Null);
    [
        ("Polite", false, Told::Cancelled("polite"), stopped.clone()),
        ("Spawned", false, Told::Cancelled("spawned"), stopped.clone()),
        ("Blocked", false, Told::Cancelled("blocked"), stopped),
        ("Hasty", false, Told::Dropped("hasty"), Err(failure("Hasty"))),
        ("HastySpawned", false, Told::Dropped("hasty spawned"), Err(failure("HastySpawned"))),
        ("Ticks", true, Told::Dropped("ticks"), ended.clone()),
        ("SpawnedTicks", true, Told::Dropped("spawned ticks"), ended.clone()),
        ("Fed", true, Told::Cancelled("fed"), ended),
    ]
}

async fn begin(client: &mut Client, method: &str, stream: bool) {
    let message = if stream { streaming("c", method, json!([])) } else { invocation("c", method, json!([])) };
    client.send(&message).await;
}

#[tokio::test]
async fn a_cancel_invocation_reaches_the_call() {
    let (hub, _, mut told) = Work::hub();
    let server = Server::of(&hub);
    let mut client = Client::connect(&server).await;
    for (method, stream, expected, answer) in cancellable() {
        begin(&mut client, method, stream).await;
        assert_eq!(told.next().await, Told::Running);
        client.send(&cancel("another")).await;
        client.send(&cancel("c")).await;
        assert_eq!(told.next().await, expected);
        assert_eq!(client.answer("c").await, answer, "{method}");
    }
    assert_eq!(client.result("Quick", json!(["alive"])).await, "alive");
}

#[tokio::test]
async fn the_end_of_the_connection_cancels_its_calls() {
    let (hub, _, mut told) = Work::hub();
    let server = Server::of(&hub);
    for (method, stream, expected, _) in cancellable() {
        let mut client = Client::connect(&server).await;
        begin(&mut client, method, stream).await;
        assert_eq!(told.next().await, Told::Running);
        drop(client);
        // What a task of its own does may come after the end.
        let both = [told.next().await, told.next().await];
        assert!(both.contains(&expected), "{method}: {both:?}");
        assert!(both.iter().any(|told| matches!(told, Told::Gone(_))), "{method}: {both:?}");
    }
}

#[tokio::test]
async fn a_plain_method_may_keep_its_token_but_the_call_is_over_then() {
    let (hub, _, mut told) = Work::hub();
    let server = Server::of(&hub);
    let mut client = Client::connect(&server).await;
    client.result("Background", json!([])).await;
    client.result("Closed", json!([])).await;
    assert_eq!(told.next().await, Told::Running);
    client.send(&cancel("1")).await;
    assert_eq!(client.result("Quick", json!(["1"])).await, "1");
    assert_eq!(told.next().await, Told::Finished("1".into()));
    drop(client);
    let both = [told.next().await, told.next().await];
    assert!(both.contains(&Told::Cancelled("connection")), "{both:?}");
}

#[tokio::test]
async fn a_call_that_is_cancelled_while_it_waits_begins_cancelled() {
    let (hub, gate, mut told) = Work::hub();
    let server = Server::of(&hub);
    let mut client = Client::connect(&server).await;
    client
        .send_all(&[
            invocation("1", "Held", json!(["first"])),
            invocation("2", "Polite", json!([])),
            invocation("3", "Hasty", json!([])),
            streaming("4", "Ticks", json!([])),
            cancel("2"),
            cancel("3"),
            cancel("4"),
        ])
        .await;
    assert_eq!(told.next().await, Told::Running);
    gate.notify_one();
    assert_eq!(client.answer("1").await, Ok(json!("first")));
    assert_eq!(client.answer("2").await, Ok(json!("stopped")));
    assert_eq!(client.answer("3").await, Err(failure("Hasty")));
    assert_eq!(client.next().await, end("4"));
}

#[tokio::test]
async fn calls_that_were_received_run_to_their_end_after_the_client_has_left() {
    let (hub, gate, mut told) = Work::hub();
    let server = Server::of(&hub);
    let goodbye = json!({"type": 7});
    for leave in ["message", "frame"] {
        let mut client = Client::connect(&server).await;
        let calls = [
            invocation("1", "Held", json!(["running"])),
            invocation("2", "Quick", json!(["waiting"])),
            notification("Held", json!(["waiting as well"])),
        ];
        client.send_all(&calls).await;
        assert_eq!(told.next().await, Told::Running);
        match leave {
            "message" => client.send(&goodbye).await,
            _ => client.socket.close(None).await.unwrap(),
        }
        if leave == "message" {
            assert_eq!(client.next().await, goodbye);
        }
        assert_eq!(client.event().await, Event::Closed(1000), "the client does not have to wait");
        gate.notify_one();
        assert_eq!(told.next().await, Told::Finished("running".into()));
        assert_eq!(told.next().await, Told::Finished("waiting".into()));
        assert_eq!(told.next().await, Told::Running);
        gate.notify_one();
        assert_eq!(told.next().await, Told::Finished("waiting as well".into()));
        assert_eq!(told.next().await, Told::Gone(CloseReason::ClientClosed));
    }
}

#[tokio::test]
async fn what_an_aborted_client_has_waiting_does_not_run() {
    let (hub, gate, mut told) = Work::hub();
    let handle = hub.handle();
    let server = Server::of(&hub);
    let mut client = Client::connect(&server).await;
    let id = client.result("Id", json!([])).await;
    let id = id.as_str().unwrap();
    client.send_all(&[invocation("1", "Held", json!(["running"])), invocation("2", "Quick", json!(["waiting"]))]).await;
    assert_eq!(told.next().await, Told::Running);
    let question = handle.client(id).invoke::<()>("HaveYouSentAll", ());
    let asked = client.next().await;
    client.send(&completion(asked["invocationId"].as_str().unwrap(), Value::Null)).await;
    assert_eq!(soon(question.into_future()).await, Ok(()), "now the server has read the calls");
    assert!(handle.abort(id).is_here());
    client.closed().await;
    gate.notify_one();
    assert_eq!(told.next().await, Told::Finished("running".into()));
    assert_eq!(told.next().await, Told::Gone(CloseReason::Aborted));
}
