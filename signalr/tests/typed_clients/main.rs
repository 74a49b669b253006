//! Typed clients, receivers and contracts at work: a hub and its clients over a pair in memory, in both protocols.

use futures_util::stream::{self, Stream, StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use signalr::protocol::Protocol;
use signalr::{
    CancellationToken, ClientError, Context, Hub, HubClient, HubConnection, HubConnectionBuilder, HubError, HubMethods,
    Upload, hub, receiver,
};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;

/// What a client and a server of different crates share.
mod shared {
    use super::{Deserialize, Serialize, Stream, Upload, hub, receiver};

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub(crate) struct Line {
        pub(crate) user: String,
        pub(crate) text: String,
    }

    #[receiver]
    pub(crate) trait ChatClient {
        async fn said(&self, line: Line);
        async fn confirm(&self, question: String) -> Result<bool, std::fmt::Error>;
        /// Has the client call back.
        async fn poke(&self, connection: signalr::HubConnection);
    }

    #[hub(receiver = ChatClient, rename_all = "camelCase")]
    pub(crate) trait Chat {
        async fn say(&self, user: String, text: String, note: Option<String>) -> u32;
        async fn fail(&self, public: bool);
        async fn ask(&self, question: String) -> bool;
        async fn poke_me(&self);
        fn counter(&self, count: u32) -> impl Stream<Item = u32>;
        async fn sum(&self, start: i64, numbers: Upload<i64>) -> i64;
        #[hub(name = "Double!")]
        fn double(&self, numbers: impl Stream<Item = i64>, times: i64) -> impl Stream<Item = i64>;
    }
}

use shared::{Chat, ChatClient, ChatHubClient, Line};

#[derive(Default)]
struct ChatHub {
    lines: Mutex<Vec<Line>>,
}

#[hub(contract = Chat)]
impl ChatHub {
    async fn say(&self, ctx: Context<Self>, user: String, text: String, note: Option<String>) -> u32 {
        let line = Line { user, text: text + &note.unwrap_or_default() };
        ctx.clients().all().said(&line);
        let mut lines = self.lines.lock().unwrap();
        lines.push(line);
        lines.len().try_into().unwrap()
    }

    fn fail(&self, public: bool) -> Result<(), HubError> {
        Err(if public { HubError::public("no") } else { HubError::hidden("secret") })
    }

    async fn ask(&self, question: String, ctx: Context<Self>) -> Result<bool, HubError> {
        Ok(ctx.clients().caller().confirm(question).await?)
    }

    fn poke_me(&self, ctx: Context<Self>) {
        ctx.clients().caller().poke();
    }

    fn counter(&self, count: u32, token: CancellationToken) -> impl Stream<Item = Result<u32, HubError>> + use<> {
        drop(token);
        stream::iter(0..count).map(|number| if number < 5 { Ok(number) } else { Err(HubError::public("too many")) })
    }

    async fn sum(&self, start: i64, numbers: Upload<i64>) -> Result<i64, HubError> {
        Ok(numbers.try_fold(start, async |sum, number| Ok(sum + number)).await?)
    }

    fn double(&self, numbers: impl Stream<Item = i64> + Send + 'static, times: i64) -> impl Stream<Item = i64> {
        numbers.map(move |number| number * times).boxed()
    }
}

/// Tells what it gets.
struct Console(mpsc::UnboundedSender<String>);

impl ChatClient for Console {
    async fn said(&self, line: Line) {
        self.0.send(format!("{}: {}", line.user, line.text)).unwrap();
    }

    async fn confirm(&self, question: String) -> Result<bool, std::fmt::Error> {
        if question.is_empty() { Err(std::fmt::Error) } else { Ok(question.ends_with('?')) }
    }

    async fn poke(&self, connection: HubConnection) {
        // A callback may wait for an answer of the server, though the next callback waits for it.
        let lines = ChatHubClient::from(connection).say("console", "ouch", None).await.unwrap();
        self.0.send(format!("{lines} lines")).unwrap();
    }
}

async fn connect<H: HubMethods, C: HubClient>(
    hub: &Hub<H>,
    protocol: Protocol,
    prepare: impl FnOnce(HubConnectionBuilder<C>) -> HubConnectionBuilder<C>,
) -> C {
    let (client, server) = tokio::io::duplex(64 * 1024);
    tokio::spawn(hub.serve(server).into_future());
    prepare(HubConnectionBuilder::over_stream(client).protocol(protocol)).connect().await.unwrap()
}

/// A client of a chat, and what its receiver tells.
async fn chat(protocol: Protocol) -> (ChatHubClient, mpsc::UnboundedReceiver<String>) {
    let (told, lines) = mpsc::unbounded_channel();
    let hub = Hub::new("Chat", ChatHub::default());
    (connect(&hub, protocol, |builder| builder.receiver(Console(told))).await, lines)
}

fn is_hub_error(error: &ClientError, text: &str) -> bool {
    matches!(error, ClientError::Hub(failure) if failure.message().contains(text))
}

#[tokio::test]
async fn calls_and_callbacks() {
    for protocol in Protocol::ALL.iter().copied() {
        let (chat, mut lines) = chat(protocol).await;
        assert_eq!(chat.say("ann", "hi", None).await.unwrap(), 1);
        assert_eq!(lines.recv().await.unwrap(), "ann: hi");
        chat.say("bob", String::from("ho"), Some("!".to_owned())).send().await.unwrap();
        assert_eq!(lines.recv().await.unwrap(), "bob: ho!");
        assert!(is_hub_error(&chat.fail(true).await.unwrap_err(), "HubException: no"));
        assert!(!is_hub_error(&chat.fail(false).await.unwrap_err(), "secret"));
        chat.poke_me().await.unwrap();
        assert_eq!(lines.recv().await.unwrap(), "3 lines");
        assert_eq!(lines.recv().await.unwrap(), "console: ouch");
    }
}

#[tokio::test]
async fn client_results() {
    for protocol in Protocol::ALL.iter().copied() {
        let (chat, _lines) = chat(protocol).await;
        assert!(chat.ask("really?").await.unwrap());
        assert!(!chat.ask("no").await.unwrap());
        let error = chat.ask("").await.unwrap_err();
        assert!(is_hub_error(&error, "An unexpected error occurred invoking 'Confirm' on the client."), "{error}");
        // One more handler, and nobody knows whose result it is.
        let registration = chat.as_ref().on("confirm", |_: String| true);
        assert!(is_hub_error(&chat.ask("really?").await.unwrap_err(), "Client provided multiple results."));
        registration.remove();
        assert!(chat.ask("really?").await.unwrap());
        chat.as_ref().remove("Confirm");
        assert!(is_hub_error(&chat.ask("really?").await.unwrap_err(), "Client didn't provide a result."));
    }
}

#[tokio::test]
async fn streams_both_ways() {
    for protocol in Protocol::ALL.iter().copied() {
        let (chat, _lines) = chat(protocol).await;
        let numbers: Vec<u32> = chat.counter(3).await.unwrap().try_collect().await.unwrap();
        assert_eq!(numbers, [0, 1, 2]);
        let numbers: Vec<_> = chat.counter(9).await.unwrap().collect().await;
        assert_eq!(numbers.len(), 6);
        assert!(is_hub_error(numbers[5].as_ref().unwrap_err(), "too many"));
        assert_eq!(chat.sum(10, stream::iter([1, 2, 3])).await.unwrap(), 16);
        let doubled: Vec<i64> = chat.double(stream::iter([1, 2, 3]), 2).await.unwrap().try_collect().await.unwrap();
        assert_eq!(doubled, [2, 4, 6]);
    }
}

#[tokio::test]
async fn untyped_clients_have_typed_handlers() {
    for protocol in Protocol::ALL.iter().copied() {
        let hub = Hub::new("Chat", ChatHub::default());
        let (told, mut lines) = mpsc::unbounded_channel();
        let told = Arc::new(told);
        let connection: HubConnection = connect(&hub, protocol, |builder| {
            builder
                .on("Said", move |line: Line| told.send(line).unwrap())
                .on("Confirm", async |question: String| -> bool { question == "sure?" })
        })
        .await;
        let count: u32 = connection.invoke("Say", ("ann", "hi")).await.unwrap();
        assert_eq!(count, 1);
        assert_eq!(lines.recv().await.unwrap(), Line { user: "ann".into(), text: "hi".into() });
        assert!(connection.invoke::<bool>("ask", ("sure?",)).await.unwrap());
    }
}

struct Store<T>(Mutex<Vec<T>>);

#[hub(client)]
impl<T: Clone + Serialize + serde::de::DeserializeOwned + Send + Sync + 'static> Store<T> {
    fn put(&self, value: T) -> usize {
        let mut values = self.0.lock().unwrap();
        values.push(value);
        values.len()
    }

    fn all(&self) -> Vec<T> {
        self.0.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn a_generic_hub_and_its_client() {
    let hub = Hub::new("Store", Store::<Line>(Mutex::default()));
    let store: StoreHubClient<Line> = connect(&hub, Protocol::Json, |builder| builder).await;
    let line = Line { user: "ann".into(), text: "hi".into() };
    assert_eq!(store.put(&line).await.unwrap(), 1);
    assert_eq!(store.all().await.unwrap(), [line]);
}
