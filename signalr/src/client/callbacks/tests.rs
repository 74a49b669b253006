//! Calls of the server on a session over the in-memory pair.

use crate::client::builder::HubConnectionBuilder;
use crate::client::connection::HubConnection;
use crate::client::receiver::ReceiverFor;
use crate::hub::error::HubError;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::Notify;

/// The server's end of a connection.
struct Server {
    end: DuplexStream,
    received: Vec<u8>,
    connection: HubConnection,
}

impl Server {
    async fn connect(register: impl FnOnce(HubConnectionBuilder) -> HubConnectionBuilder) -> Self {
        let (client, mut end) = tokio::io::duplex(1024);
        let builder = register(HubConnectionBuilder::over_stream(client));
        let (connection, ()) = tokio::join!(builder.connect(), async {
            while end.read_u8().await.unwrap() != 0x1e {}
            end.write_all(b"{}\x1e").await.unwrap();
        });
        Server { end, received: Vec::new(), connection: connection.unwrap() }
    }

    async fn send(&mut self, message: &str) {
        self.end.write_all(message.as_bytes()).await.unwrap();
        self.end.write_all(b"\x1e").await.unwrap();
    }

    async fn next(&mut self) -> String {
        loop {
            if let Some(end) = self.received.iter().position(|byte| *byte == 0x1e) {
                let rest = self.received.split_off(end + 1);
                let mut message = std::mem::replace(&mut self.received, rest);
                message.pop();
                if message == br#"{"type":6}"# {
                    continue;
                }
                return String::from_utf8(message).unwrap();
            }
            assert!(self.end.read_buf(&mut self.received).await.unwrap() > 0, "the client has left");
        }
    }

    /// Calls without waiting for anything.
    async fn call(&mut self, target: &str, arguments: &str) {
        self.send(&format!(r#"{{"type":1,"target":"{target}","arguments":[{arguments}]}}"#)).await;
    }

    /// Calls and waits for the answer: a result or an error.
    async fn ask(&mut self, target: &str, arguments: &str) -> Result<String, String> {
        self.send(&format!(r#"{{"type":1,"invocationId":"7","target":"{target}","arguments":[{arguments}]}}"#)).await;
        self.answer().await
    }

    async fn answer(&mut self) -> Result<String, String> {
        let text = self.next().await;
        let text = text.strip_prefix(r#"{"type":3,"invocationId":"7","#).expect(&text).strip_suffix('}').unwrap();
        match text.strip_prefix(r#""result":"#) {
            Some(result) => Ok(result.to_owned()),
            None => Err(text.strip_prefix(r#""error":""#).expect(text).trim_end_matches('"').to_owned()),
        }
    }
}

/// What handlers did, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, text: impl Into<String>) {
        self.0.lock().unwrap().push(text.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn told(text: &str) -> Result<String, String> {
    Err(text.to_owned())
}

#[tokio::test(start_paused = true)]
async fn questions_are_answered_by_handlers_of_every_form() {
    let mut server = Server::connect(|builder| {
        builder
            .on("Plain", |a: i64, b: Option<i64>| a + b.unwrap_or(10))
            .on("Async", async |text: String| -> bool { text.is_empty() })
            .on("Fallible", |text: String| text.parse::<u32>())
            .on("FallibleNothing", async || Ok::<(), HubError>(()))
            .on("Nothing", || ())
            .on("Connection", |connection: HubConnection| connection.connection_id())
    })
    .await;
    assert_eq!(server.ask("Plain", "1,2").await, Ok("3".into()));
    assert_eq!(server.ask("plain", "1").await, Ok("11".into()));
    // More than it takes does no harm.
    assert_eq!(server.ask("Plain", "1,2,3").await, Ok("3".into()));
    assert_eq!(server.ask("Async", r#""""#).await, Ok("true".into()));
    assert_eq!(server.ask("Fallible", r#""5""#).await, Ok("5".into()));
    assert_eq!(server.ask("FallibleNothing", "").await, Ok("null".into()));
    assert_eq!(server.ask("Connection", "").await, Ok("null".into()));
    assert_eq!(server.ask("Nothing", "").await, told("Client didn't provide a result."));
    assert_eq!(server.ask("Unknown", "").await, told("Client didn't provide a result."));
}

#[tokio::test(start_paused = true)]
async fn failures_tell_the_server_what_it_may_know_and_break_nothing() {
    let register = |builder: HubConnectionBuilder| {
        builder
            .on("Hidden", |text: String| text.parse::<u32>())
            .on("Public", async || Err::<u32, _>(HubError::public("not now")))
            .on("Panic", |yes: bool| if yes { panic!("as asked") } else { 1 })
            .on("AsyncPanic", async |yes: bool| if yes { panic!("as asked") } else { 1 })
    };
    let mut server = Server::connect(register).await;
    let failed = |name| format!("An unexpected error occurred invoking '{name}' on the client.");
    assert_eq!(server.ask("Hidden", r#""secret""#).await, Err(failed("Hidden")));
    assert_eq!(server.ask("Public", "").await, Err(format!("{} HubException: not now", failed("Public"))));
    assert_eq!(server.ask("Panic", "true").await, Err(failed("Panic")));
    assert_eq!(server.ask("AsyncPanic", "true").await, Err(failed("AsyncPanic")));
    assert_eq!(server.ask("Panic", "false").await, Ok("1".into()));

    let mut server = Server::connect(|builder| register(builder).detailed_errors(true)).await;
    let detailed = format!("{} ParseIntError: invalid digit found in string", failed("Hidden"));
    assert_eq!(server.ask("Hidden", r#""secret""#).await, Err(detailed));
}

#[tokio::test(start_paused = true)]
async fn arguments_that_cannot_be_read_are_named_if_details_are_wanted() {
    let register = |builder: HubConnectionBuilder| builder.on("Two", |_: String, numbers: Vec<u32>| numbers.len());
    let mut server = Server::connect(register).await;
    assert_eq!(server.ask("Two", r#""a",true"#).await, told("Client failed to parse argument(s)."));
    let mut server = Server::connect(|builder| register(builder).detailed_errors(true)).await;
    let error = server.ask("Two", r#""a",[1,"x"]"#).await.unwrap_err();
    assert!(
        error.starts_with("Client failed to parse argument(s). argument 2 at [1]: invalid type: string"),
        "{error}"
    );
    let error = server.ask("Two", r#""a""#).await;
    assert_eq!(error, told("Client failed to parse argument(s). argument 2 was not sent"));
}

#[tokio::test(start_paused = true)]
async fn several_handlers_run_in_order_and_one_of_them_answers() {
    let (mut server, log) = (Server::connect(|builder| builder).await, Log::default());
    let handlers = server.connection.clone();
    let add = |name: &str, text: &'static str| {
        let log = log.clone();
        handlers.on(name, move |n: u32| log.add(format!("{text}{n}")))
    };
    add("Go", "a");
    let slow = log.clone();
    handlers.on("Go", move |n: u32| {
        let log = slow.clone();
        async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            log.add(format!("b{n}"));
            n * 2
        }
    });
    handlers.on("Go", async |_: u32| Err::<(), _>(HubError::public("no")));
    handlers.on("Go", |_: bool| log_nothing());
    add("Go", "c");
    server.call("Go", "1").await;
    assert_eq!(server.ask("Go", "2").await, Ok("4".into()));
    assert_eq!(log.take(), ["a1", "b1", "c1", "a2", "b2", "c2"]);
    handlers.on("Go", |n: u32| n);
    assert_eq!(server.ask("Go", "3").await, told("Client provided multiple results."));
}

fn log_nothing() {}

#[tokio::test(start_paused = true)]
async fn a_call_waits_for_the_one_before_it() {
    let (mut server, log, go) = (Server::connect(|builder| builder).await, Log::default(), Arc::new(Notify::new()));
    let handlers = server.connection.clone();
    let held = (log.clone(), go.clone());
    handlers.on("Hold", move || {
        let (log, go) = held.clone();
        async move {
            go.notified().await;
            log.add("held");
        }
    });
    let next = log.clone();
    handlers.on("Next", move || {
        next.add("next");
        1
    });
    server.call("Hold", "").await;
    let asked = server.ask("Next", "");
    let (_, answer) = tokio::join!(
        async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert!(log.take().is_empty());
            go.notify_one();
        },
        asked
    );
    assert_eq!(answer, Ok("1".into()));
    assert_eq!(log.take(), ["held", "next"]);
}

#[tokio::test(start_paused = true)]
async fn a_handler_can_be_removed_while_it_runs() {
    let mut server = Server::connect(|builder| builder).await;
    let registration = server.connection.on("Go", async || {
        tokio::time::sleep(Duration::from_secs(1)).await;
        1
    });
    let asked = server.ask("Go", "");
    let (answer, ()) = tokio::join!(asked, async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(registration.remove());
    });
    assert_eq!(answer, Ok("1".into()));
    assert_eq!(server.ask("Go", "").await, told("Client didn't provide a result."));
}

#[tokio::test(start_paused = true)]
async fn a_stream_cannot_be_asked_for() {
    let mut server = Server::connect(|builder| builder.on("Go", || 1)).await;
    server.send(r#"{"type":4,"invocationId":"7","target":"Go","arguments":[]}"#).await;
    assert_eq!(server.answer().await, told("Failed to invoke 'Go': a client does not answer with a stream."));
}

/// What the server may call.
#[crate::receiver(crate = crate)]
trait Shop {
    async fn stocked(&self, item: String, _count: u32);
    async fn price(&self, item: String) -> Result<u32, HubError>;
    #[receiver(name = "close!")]
    async fn close(&self) -> Result<(), HubError>;
    async fn reply(&self, connection: HubConnection, item: String);
    async fn hours(&self) -> u32 {
        8
    }
}

fn receiver(builder: HubConnectionBuilder, log: &Log) -> HubConnectionBuilder {
    <dyn Shop as ReceiverFor<Log>>::register(Arc::new(log.clone()), &builder.handlers);
    builder
}

impl Shop for Log {
    async fn stocked(&self, item: String, count: u32) {
        self.add(format!("{count} {item}"));
    }

    async fn price(&self, item: String) -> Result<u32, HubError> {
        if item.is_empty() { Err(HubError::public("of what?")) } else { Ok(3) }
    }

    async fn close(&self) -> Result<(), HubError> {
        self.add("closed");
        Ok(())
    }

    async fn reply(&self, connection: HubConnection, item: String) {
        let count: u32 = connection.invoke("Count", (&item,)).await.unwrap();
        self.add(format!("{count} {item}"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_receiver_is_called_by_the_names_of_its_methods() {
    let log = Log::default();
    let mut server = Server::connect(|builder| receiver(builder, &log).detailed_errors(true)).await;
    server.call("Stocked", r#""tea",5"#).await;
    assert_eq!(server.ask("Price", r#""tea""#).await, Ok("3".into()));
    let failed = "An unexpected error occurred invoking 'Price' on the client. HubException: of what?";
    assert_eq!(server.ask("Price", r#""""#).await, told(failed));
    assert_eq!(server.ask("close!", "").await, Ok("null".into()));
    assert_eq!(server.ask("Hours", "").await, Ok("8".into()));
    assert_eq!(server.ask("Stocked", r#""tea",5"#).await, told("Client didn't provide a result."));
    let error = server.ask("Stocked", r#""tea",true"#).await.unwrap_err();
    assert!(error.starts_with("Client failed to parse argument(s). argument 2 ('count'): invalid type"), "{error}");
    assert_eq!(log.take(), ["5 tea", "closed", "5 tea"]);
}

#[tokio::test(start_paused = true)]
async fn a_callback_may_call_the_server_back_and_wait_for_its_answer() {
    let log = Log::default();
    let mut server = Server::connect(|builder| receiver(builder, &log)).await;
    server.call("Reply", r#""tea""#).await;
    assert_eq!(server.next().await, r#"{"type":1,"invocationId":"1","target":"Count","arguments":["tea"]}"#);
    server.send(r#"{"type":3,"invocationId":"1","result":4}"#).await;
    assert_eq!(server.ask("Price", r#""tea""#).await, Ok("3".into()));
    assert_eq!(log.take(), ["4 tea"]);
}

#[tokio::test(start_paused = true)]
async fn callbacks_do_not_keep_the_connection() {
    let log = Log::default();
    let mut server = Server::connect(|builder| receiver(builder, &log)).await;
    server.call("Stocked", r#""tea",5"#).await;
    drop(server.connection);
    server.end.read_to_end(&mut server.received).await.unwrap();
    assert!(server.received.ends_with(b"{\"type\":7}\x1e"), "{:?}", server.received);
}
