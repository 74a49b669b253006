//! Filters: what they see, what they can change, and what stays as it is without them.

use crate::support::{
    Client, Connect, Events, Server, Tell, TellOnDrop, cancel, completion, end, events, failed, failure, invocation,
    item, notification, streaming, with_uploads,
};
use futures_util::{Stream, StreamExt, stream};
use serde_json::{Value, json};
use signalr::{
    Answer, Caller, CloseReason, Context, Hub, HubCall, HubError, HubFilter, HubOptions, Next, NextConnected,
    NextDisconnected, SignalR, Upload, hub,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::Notify;

/// A hub that tells what reaches it.
struct Desk {
    told: Tell<String>,
    tries: AtomicU32,
    gate: Arc<Notify>,
}

impl Desk {
    fn hub() -> (Hub<Self>, Tell<String>, Events<String>, Arc<Notify>) {
        let (told, tells) = events();
        let gate = Arc::new(Notify::new());
        let desk = Desk { told: told.clone(), tries: AtomicU32::new(0), gate: gate.clone() };
        (Hub::new("Desk", desk), told, tells, gate)
    }

    fn tell(&self, text: impl Into<String>) {
        let _ = self.told.send(text.into());
    }
}

#[hub]
impl Desk {
    fn on_connected(&self) {
        self.tell("hub connected");
    }

    fn on_disconnected(&self, reason: CloseReason) {
        self.tell(format!("hub {reason}"));
    }

    fn say(&self, who: String, times: u32) -> String {
        self.tell(format!("said by {who}"));
        format!("{who} {times}")
    }

    async fn later(&self, text: String) -> String {
        tokio::task::yield_now().await;
        text
    }

    #[hub(spawn)]
    async fn elsewhere(&self, text: String) -> String {
        text
    }

    #[hub(blocking)]
    fn blocking(&self, text: String) -> String {
        text
    }

    fn nothing(&self) {}

    async fn fails_twice(&self) -> Result<u32, HubError> {
        match self.tries.fetch_add(1, Ordering::Relaxed) {
            tries @ 0..2 => Err(HubError::public(format!("failure {tries}"))),
            tries => Ok(tries),
        }
    }

    async fn held(&self) {
        let _told = TellOnDrop(self.told.clone(), "held ends".to_owned());
        self.tell("held begins");
        self.gate.notified().await;
    }

    #[hub(cancel = drop)]
    async fn dropped(&self) {
        let _told = TellOnDrop(self.told.clone(), "dropped".to_owned());
        self.tell("waits");
        std::future::pending::<()>().await;
    }

    fn panics(&self) {
        panic!("the secret of the method");
    }

    fn count(&self, to: u32) -> impl Stream<Item = u32> + use<> {
        stream::iter(0..to)
    }

    #[hub(spawn)]
    async fn count_elsewhere(&self, to: u32) -> impl Stream<Item = u32> + use<> {
        stream::iter(0..to)
    }

    fn endless(&self) -> impl Stream<Item = u32> + use<> {
        let dropped = TellOnDrop(self.told.clone(), "stream dropped".to_owned());
        stream::once(async { 7 }).chain(stream::pending()).map(move |item| {
            let _ = &dropped;
            item
        })
    }

    #[hub(stream)]
    async fn no_stream(&self) -> Result<stream::Empty<u32>, HubError> {
        Err(HubError::public("no stream"))
    }

    async fn sum(&self, mut numbers: Upload<u32>) -> Result<u32, HubError> {
        let mut sum = 0;
        while let Some(number) = numbers.next().await {
            sum += number?;
        }
        Ok(sum)
    }

    async fn plain(&self, numbers: impl Stream<Item = u32>) -> u32 {
        let mut numbers = std::pin::pin!(numbers);
        let mut sum = 0;
        while let Some(number) = numbers.next().await {
            sum += number;
        }
        sum
    }
}

/// Tells its name before and after everything.
struct Tells(&'static str, Tell<String>);

impl Tells {
    fn tell(&self, what: impl std::fmt::Display) {
        let _ = self.1.send(format!("{} {what}", self.0));
    }
}

impl HubFilter for Tells {
    async fn invoke_method(&self, call: &mut HubCall, next: Next<'_>) -> Result<Answer, HubError> {
        self.tell(format_args!("before {}", call.method()));
        let answer = next.run(call).await;
        match &answer {
            Ok(answer) if answer.is_stream() => self.tell("stream"),
            Ok(answer) => self.tell(answer.decode::<Value>()?),
            Err(error) => self.tell(error.message()),
        }
        answer
    }

    async fn on_connected(&self, caller: &Caller, next: NextConnected<'_>) -> Result<(), HubError> {
        self.tell(format_args!("before connect to {}", caller.hub()));
        let connected = next.run(caller).await;
        self.tell(format_args!("after connect {}", connected.is_ok()));
        connected
    }

    async fn on_disconnected(
        &self,
        caller: &Caller,
        reason: &CloseReason,
        next: NextDisconnected<'_>,
    ) -> Result<(), HubError> {
        self.tell(format_args!("before {reason}"));
        let ended = next.run(caller, reason).await;
        self.tell("after disconnect");
        ended
    }
}

/// One filter for each way to change a call.
enum Changes {
    Arguments,
    Result,
    Answers,
    Retries,
    Maps,
    RefusesStreams,
    AnswersStreams,
    Panics,
    Waits(Tell<String>),
}

impl HubFilter for Changes {
    async fn invoke_method(&self, call: &mut HubCall, next: Next<'_>) -> Result<Answer, HubError> {
        match self {
            Changes::Arguments => {
                let (who, times): (String, u32) = call.arguments().decode()?;
                call.arguments_mut().set((who.to_uppercase(), times + 1))?;
                next.run(call).await
            }
            Changes::Result => {
                let mut answer = next.run(call).await?;
                let text: String = answer.decode()?;
                answer.set(&json!({"changed": text}))?;
                Ok(answer)
            }
            Changes::Answers => call.answer(&"short"),
            Changes::Retries => loop {
                match next.run(call).await {
                    Err(error) if error.message().starts_with("failure") => {}
                    answer => return answer,
                }
            },
            Changes::Maps => {
                next.run(call).await.map_err(|error| HubError::public(format!("mapped {}", error.message())))
            }
            Changes::RefusesStreams => {
                let answer = next.run(call).await?;
                if answer.is_stream() { Err(HubError::public("no streams today")) } else { Ok(answer) }
            }
            Changes::AnswersStreams => {
                let mut answer = next.run(call).await?;
                assert!(answer.decode::<Value>().is_err() && answer.set(&1).is_err());
                assert!(call.answer(&1).is_err());
                Ok(answer)
            }
            Changes::Panics => panic!("the secret of the filter"),
            Changes::Waits(told) => {
                let _told = TellOnDrop(told.clone(), "filter dropped".to_owned());
                let _ = told.send("filter waits".to_owned());
                std::future::pending().await
            }
        }
    }
}

fn with(filter: impl HubFilter) -> HubOptions {
    HubOptions::default().filter(filter)
}

async fn client_of(hub: &Hub<Desk>, options: HubOptions) -> Client {
    Client::connect(&Server::with(hub, options)).await
}

#[tokio::test]
async fn those_of_the_application_are_around_those_of_the_hub_in_their_order() {
    let (hub, told, mut tells, _) = Desk::hub();
    let filter = |name| Tells(name, told.clone());
    let hubs = SignalR::builder()
        .filter(filter("first"))
        .options(with(filter("third")))
        .filter(filter("second"))
        .hub_with("/hub", &hub, |options| options.filter(Arc::new(filter("fourth"))))
        .build();
    let mut client = Client::connect(&Server::start(hubs.router())).await;
    let names = ["first", "second", "third", "fourth"];
    for name in names {
        assert_eq!(tells.next().await, format!("{name} before connect to Desk"));
    }
    assert_eq!(tells.next().await, "hub connected");
    for name in names.iter().rev() {
        assert_eq!(tells.next().await, format!("{name} after connect true"));
    }
    assert_eq!(client.result("Say", json!(["ann", 1])).await, "ann 1");
    for name in names {
        assert_eq!(tells.next().await, format!("{name} before Say"));
    }
    assert_eq!(tells.next().await, "said by ann");
    for name in names.iter().rev() {
        assert_eq!(tells.next().await, format!("{name} \"ann 1\""));
    }
    client.send(&json!({"type": 7, "error": "enough"})).await;
    for name in names {
        assert_eq!(tells.next().await, format!("{name} before ClientError: enough"));
    }
    assert_eq!(tells.next().await, "hub ClientError: enough");
    for name in names.iter().rev() {
        assert_eq!(tells.next().await, format!("{name} after disconnect"));
    }
}

#[tokio::test]
async fn methods_answer_through_a_filter_wherever_they_run() {
    let (hub, told, mut tells, _) = Desk::hub();
    let server = Server::with(&hub, with(Tells("filter", told)));
    for protocol in ["json", "messagepack"] {
        let mut client = Connect { protocol, ..Connect::default() }.to(&server).await;
        while tells.next().await != "filter after connect true" {}
        for method in ["Later", "Elsewhere", "Blocking"] {
            assert_eq!(client.result(method, json!(["text"])).await, "text", "{method} {protocol}");
            assert_eq!(tells.next().await, format!("filter before {method}"));
            assert_eq!(tells.next().await, "filter \"text\"");
        }
        assert_eq!(client.result("Nothing", json!([])).await, Value::Null);
        assert_eq!(tells.next().await, "filter before Nothing");
        assert_eq!(tells.next().await, "filter null");
        // Filters see the answers of calls that want none.
        client.send(&notification("Say", json!(["bob", 2]))).await;
        for text in ["filter before Say", "said by bob", "filter \"bob 2\""] {
            assert_eq!(tells.next().await, text);
        }
    }
}

#[tokio::test]
async fn arguments_and_results_can_be_replaced() {
    let (hub, ..) = Desk::hub();
    let server = Server::with(&hub, with(Changes::Result).filter(Changes::Arguments));
    for protocol in ["json", "messagepack"] {
        let mut client = Connect { protocol, ..Connect::default() }.to(&server).await;
        assert_eq!(client.result("Say", json!(["ann", 1])).await, json!({"changed": "ANN 2"}));
        // A filter that cannot read them fails the call.
        assert_eq!(client.call("Say", json!([1, 1])).await, Err(failure("Say")));
    }
}

#[tokio::test]
async fn a_filter_can_answer_in_place_of_the_method() {
    let (hub, _, mut tells, _) = Desk::hub();
    let mut client = client_of(&hub, with(Changes::Answers)).await;
    assert_eq!(client.result("Say", json!(["ann", 1])).await, "short");
    assert_eq!(client.result("Say", json!(["these", "do", "not", "fit"])).await, "short");
    client.send(&streaming("1", "Count", json!([3]))).await;
    assert_eq!(client.next().await, failed("1", &failure("Count")));
    assert_eq!(tells.next().await, "hub connected");
    assert_eq!(tells.now(), None);
}

#[tokio::test]
async fn a_filter_can_run_a_method_again() {
    let (hub, ..) = Desk::hub();
    let mut client = client_of(&hub, with(Changes::Retries)).await;
    assert_eq!(client.result("FailsTwice", json!([])).await, 2);
}

#[tokio::test]
async fn a_method_with_streams_from_the_client_runs_once() {
    /// Runs everything twice.
    struct Twice;

    impl HubFilter for Twice {
        async fn invoke_method(&self, call: &mut HubCall, next: Next<'_>) -> Result<Answer, HubError> {
            next.run(call).await?;
            next.run(call).await
        }
    }

    let (hub, ..) = Desk::hub();
    let mut client = client_of(&hub, with(Twice).detailed_errors(true)).await;
    client.send_all(&[with_uploads("1", "Sum", json!([]), &["s"]), item("s", 1), end("s")]).await;
    let text = "Error: a call with streams from the client cannot be run again";
    assert_eq!(client.next().await, failed("1", &format!("{} {text}", failure("Sum"))));
}

#[tokio::test]
async fn errors_keep_their_texts_unless_a_filter_changes_them() {
    let (hub, told, ..) = Desk::hub();
    let server = Server::with(&hub, with(Tells("filter", told)));
    let mut client = Client::connect(&server).await;
    let binding = |method| format!("Failed to invoke '{method}' due to an error on the server.");
    for (method, arguments, error) in [
        ("FailsTwice", json!([]), format!("{} HubException: failure 0", failure("FailsTwice"))),
        ("Panics", json!([]), failure("Panics")),
        ("Say", json!(["ann"]), binding("Say")),
        ("Say", json!(["ann", "bob"]), binding("Say")),
        (
            "Count",
            json!([1]),
            "The client attempted to invoke the streaming 'Count' method with a non-streaming invocation.".into(),
        ),
        ("Missing", json!([]), format!("{} HubException: Method does not exist.", binding("Missing"))),
    ] {
        assert_eq!(client.call(method, arguments).await, Err(error), "{method}");
    }
    let mut client = client_of(&hub, with(Changes::Maps)).await;
    for (method, arguments, error) in [
        ("FailsTwice", json!([]), "failure 1".to_owned()),
        ("Panics", json!([]), "the method panicked".to_owned()),
        ("Say", json!(["ann"]), binding("Say")),
    ] {
        let error = format!("{} HubException: mapped {error}", failure(method));
        assert_eq!(client.call(method, arguments).await, Err(error), "{method}");
    }
}

#[tokio::test]
async fn a_panic_of_a_filter_is_the_error_of_its_call() {
    let (hub, ..) = Desk::hub();
    let mut client = client_of(&hub, with(Changes::Panics)).await;
    for _ in 0..2 {
        assert_eq!(client.call("Say", json!(["ann", 1])).await, Err(failure("Say")));
    }
}

#[tokio::test]
async fn streams_pass_as_they_are() {
    let (hub, told, ..) = Desk::hub();
    let server = Server::with(&hub, with(Tells("filter", told)).filter(Changes::AnswersStreams));
    for protocol in ["json", "messagepack"] {
        let mut client = Connect { protocol, ..Connect::default() }.to(&server).await;
        for method in ["Count", "CountElsewhere"] {
            client.send(&streaming("1", method, json!([3]))).await;
            for number in 0..3 {
                assert_eq!(client.next().await, item("1", number), "{method} {protocol}");
            }
            assert_eq!(client.next().await, end("1"));
        }
    }
}

#[tokio::test]
async fn a_stream_can_be_refused_before_its_first_item() {
    let (hub, _, mut tells, _) = Desk::hub();
    let mut client = client_of(&hub, with(Changes::RefusesStreams)).await;
    assert_eq!(tells.next().await, "hub connected");
    client.send(&streaming("1", "Endless", json!([]))).await;
    let error = format!("{} HubException: no streams today", failure("Endless"));
    assert_eq!(client.next().await, failed("1", &error));
    assert_eq!(tells.next().await, "stream dropped");
    client.send(&streaming("2", "CountElsewhere", json!([2]))).await;
    let error = format!("{} HubException: no streams today", failure("CountElsewhere"));
    assert_eq!(client.next().await, failed("2", &error));
}

#[tokio::test]
async fn a_stream_behind_a_filter_is_dropped_when_it_is_cancelled() {
    let (hub, told, mut tells, _) = Desk::hub();
    let mut client = client_of(&hub, with(Tells("filter", told))).await;
    while tells.next().await != "filter after connect true" {}
    client.send(&streaming("1", "Endless", json!([]))).await;
    assert_eq!(client.next().await, item("1", 7));
    client.send(&cancel("1")).await;
    assert_eq!(client.next().await, end("1"));
    for text in ["filter before Endless", "filter stream", "stream dropped"] {
        assert_eq!(tells.next().await, text);
    }
}

#[tokio::test]
async fn cancelling_drops_what_asks_for_it_and_the_filters_around_it() {
    let (hub, told, mut tells, gate) = Desk::hub();
    let mut client = client_of(&hub, with(Tells("filter", told.clone()))).await;
    while tells.next().await != "filter after connect true" {}
    let id = client.begin("Dropped", json!([])).await;
    for text in ["filter before Dropped", "waits"] {
        assert_eq!(tells.next().await, text);
    }
    client.send(&cancel(&id)).await;
    assert_eq!(client.answer(&id).await, Err(failure("Dropped")));
    assert_eq!(tells.next().await, "dropped");
    // A method that does not ask for it runs on.
    let id = client.begin("Held", json!([])).await;
    for text in ["filter before Held", "held begins"] {
        assert_eq!(tells.next().await, text);
    }
    client.send_all(&[cancel(&id), invocation("say", "Say", json!(["next", 1]))]).await;
    gate.notify_one();
    assert_eq!(client.answer(&id).await, Ok(Value::Null));
    assert_eq!(tells.next().await, "held ends");
    // A stream whose filter still waits.
    let mut client = client_of(&hub, with(Changes::Waits(told))).await;
    client.send(&streaming("1", "Count", json!([1]))).await;
    while tells.next().await != "filter waits" {}
    client.send(&cancel("1")).await;
    assert_eq!(client.next().await, end("1"));
    assert_eq!(tells.next().await, "filter dropped");
}

#[tokio::test]
async fn calls_keep_their_order_and_their_limit() {
    let (hub, told, mut tells, gate) = Desk::hub();
    let mut client = client_of(&hub, with(Tells("filter", told))).await;
    while tells.next().await != "filter after connect true" {}
    client
        .send_all(&[invocation("1", "Held", json!([])), invocation("2", "Say", json!(["ann", 1])), cancel("none")])
        .await;
    for text in ["filter before Held", "held begins"] {
        assert_eq!(tells.next().await, text);
    }
    gate.notify_one();
    assert_eq!(client.next().await, completion("1", Value::Null));
    assert_eq!(client.next().await, completion("2", "ann 1"));
    for text in ["held ends", "filter null", "filter before Say", "said by ann"] {
        assert_eq!(tells.next().await, text);
    }
}

#[tokio::test]
async fn uploads_reach_the_method_and_their_errors_fail_the_call() {
    let (hub, told, ..) = Desk::hub();
    let mut client = client_of(&hub, with(Tells("filter", told))).await;
    for (id, method) in [("1", "Sum"), ("2", "Plain")] {
        client.send_all(&[with_uploads(id, method, json!([]), &["s"]), item("s", 4), item("s", 5), end("s")]).await;
        assert_eq!(client.next().await, completion(id, 9));
        client.send_all(&[with_uploads(id, method, json!([]), &["s"]), failed("s", "broken")]).await;
        let error = format!("{} HubException: broken", failure(method));
        assert_eq!(client.next().await, failed(id, &error), "{method}");
    }
}

#[tokio::test]
async fn an_error_in_place_of_a_stream_is_seen_as_one() {
    let (hub, ..) = Desk::hub();
    let mut client = client_of(&hub, with(Changes::Maps)).await;
    client.send(&streaming("1", "NoStream", json!([]))).await;
    let error = format!("{} HubException: mapped no stream", failure("NoStream"));
    assert_eq!(client.next().await, failed("1", &error));
}

/// Lets in who says the word.
struct Door(Tell<String>);

impl HubFilter for Door {
    async fn on_connected(&self, caller: &Caller, next: NextConnected<'_>) -> Result<(), HubError> {
        match caller.query("word").as_deref() {
            Some("friend") => next.run(caller).await,
            Some("silent") => Ok(()),
            Some("panic") => panic!("the secret of the door"),
            _ => Err(HubError::public("say the word")),
        }
    }

    async fn on_disconnected(
        &self,
        _caller: &Caller,
        reason: &CloseReason,
        _next: NextDisconnected<'_>,
    ) -> Result<(), HubError> {
        let _ = self.0.send(format!("door {reason}"));
        Ok(())
    }
}

#[tokio::test]
async fn a_filter_can_refuse_a_connection_or_keep_it_from_the_hub() {
    let (hub, told, mut tells, _) = Desk::hub();
    let server = Server::with(&hub, with(Door(told)));
    for (path, text) in [
        ("/hub", "Connection closed with an error. HubException: say the word"),
        ("/hub?word=panic", "Connection closed with an error."),
    ] {
        let mut client = Client::connect_to(&server, path).await;
        assert_eq!(client.closed().await, json!({"type": 7, "error": text}));
    }
    let mut friend = Client::connect_to(&server, "/hub?word=friend").await;
    assert_eq!(friend.result("Nothing", json!([])).await, Value::Null);
    assert_eq!(tells.next().await, "hub connected");
    let mut silent = Client::connect_to(&server, "/hub?word=silent").await;
    assert_eq!(silent.result("Nothing", json!([])).await, Value::Null);
    silent.send(&json!({"type": 7})).await;
    assert_eq!(tells.next().await, "door ClientClosed", "and nothing of the hub, as the filter does not go on");
}

/// Has a value for every connection, and tells which.
struct Own(u32);

#[hub]
impl Own {
    fn number(&self) -> u32 {
        self.0
    }
}

#[tokio::test]
async fn a_connection_has_its_value_whatever_filters_do() {
    let (told, _tells) = events();
    for word in ["friend", "silent"] {
        let made = Arc::new(AtomicU32::new(0));
        let count = made.clone();
        let hub = Hub::per_connection("Own", move |_: Context<Own>| {
            let number = count.fetch_add(1, Ordering::Relaxed);
            async move { Ok(Own(number)) }
        });
        let server = Server::with(&hub, with(Door(told.clone())));
        let mut client = Client::connect_to(&server, &format!("/hub?word={word}")).await;
        for _ in 0..2 {
            assert_eq!(client.result("Number", json!([])).await, 0);
        }
        assert_eq!(made.load(Ordering::Relaxed), 1, "{word}");
    }
    let made = AtomicU32::new(0);
    let hub = Hub::per_call("Own", move |_: Context<Own>| {
        let number = made.fetch_add(1, Ordering::Relaxed);
        async move { if number == 1 { Err(HubError::public("no second")) } else { Ok(Own(number)) } }
    });
    let server = Server::with(&hub, with(Tells("filter", told)));
    let mut client = Client::connect(&server).await;
    assert_eq!(client.result("Number", json!([])).await, 0);
    assert_eq!(client.call("Number", json!([])).await, Err(format!("{} HubException: no second", failure("Number"))));
    assert_eq!(client.result("Number", json!([])).await, 2);
}
