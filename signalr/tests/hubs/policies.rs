//! Who may connect, and who may call what.

use crate::support::{
    Client, Connect, Events, Server, Tell, cancel, completion, end, events, failed, failure, invocation, item, soon,
    streaming,
};
use futures_util::{Stream, stream};
use serde_json::{Value, json};
use signalr::{Answer, Caller, Hub, HubCall, HubError, HubFilter, HubOptions, Next, Request, hub};
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

fn admins(caller: &Caller) -> bool {
    caller.user_id() == Some("admin")
}

fn by_header(request: &Request) -> bool {
    request.header("x-pass").is_some()
}

fn below_ten(call: &HubCall) -> Result<(), HubError> {
    assert_eq!((call.method(), call.arguments().len()), ("Below", 1));
    if call.arguments().get::<u32>(0)? < 10 { Ok(()) } else { Err(HubError::public("too much")) }
}

fn broken(_: &Caller) -> Result<(), HubError> {
    Err(io::Error::other("the secret of the database"))?
}

fn panics(_: &Caller) -> bool {
    panic!("the secret of the policy")
}

/// Where a slow policy waits.
#[derive(Clone)]
struct Gate(Arc<Notify>);

async fn slowly(caller: &Caller) -> bool {
    if let Some(Gate(gate)) = caller.items().get() {
        gate.notified().await;
    }
    tokio::task::yield_now().await;
    caller.user_id().is_some()
}

struct Vault {
    told: Tell<String>,
    gate: Arc<Notify>,
}

impl Vault {
    fn hub() -> (Hub<Self>, Events<String>, Arc<Notify>) {
        let (told, tells) = events();
        let gate = Arc::new(Notify::new());
        (Hub::new("Vault", Vault { told, gate: gate.clone() }), tells, gate)
    }

    fn tell(&self, text: &str) {
        let _ = self.told.send(text.to_owned());
    }
}

#[hub]
impl Vault {
    fn on_connected(&self, ctx: signalr::Context<Self>) {
        if ctx.query("slow").is_some() {
            ctx.items().insert(Gate(self.gate.clone()));
        }
    }

    #[hub(authorize = admins)]
    fn secret(&self, text: String) -> String {
        self.tell("secret");
        text
    }

    #[hub(authorize = by_header)]
    fn by_header(&self) {}

    #[hub(authorize = below_ten)]
    fn below(&self, number: u32) -> u32 {
        number
    }

    #[hub(authorize = broken)]
    fn broken(&self) {}

    #[hub(authorize = panics)]
    fn panics(&self) {}

    #[hub(authorize = slowly)]
    async fn slow(&self, text: String) -> String {
        self.tell("slow");
        text
    }

    #[hub(authorize = slowly)]
    fn slow_stream(&self) -> impl Stream<Item = u32> + use<> {
        stream::iter(0..2)
    }

    fn open(&self) {
        self.tell("open");
    }
}

/// A server that believes the query.
fn server<H: signalr::HubMethods>(hub: &Hub<H>, options: HubOptions) -> Server {
    let user = |parts: &http::request::Parts| {
        let (_, user) = parts.uri.query()?.split_once("user=")?;
        Some(user.split('&').next()?.to_owned())
    };
    Server::with(hub, options.user_id(user))
}

fn unauthorized(method: &str) -> String {
    format!("Failed to invoke '{method}' because user is unauthorized")
}

#[tokio::test]
async fn a_method_is_called_by_those_only_whom_its_policy_lets_in() {
    let (hub, mut told, _) = Vault::hub();
    let server = server(&hub, HubOptions::default());
    for protocol in ["json", "messagepack"] {
        let mut ann = Connect { path: "/hub?user=ann", protocol, ..Connect::default() }.to(&server).await;
        // The name is as the hub declares it, and nothing is said about arguments.
        for (target, arguments) in [("Secret", json!(["x"])), ("SECRET", json!([])), ("Secret", json!([1, 2]))] {
            assert_eq!(ann.call(target, arguments).await, Err(unauthorized("Secret")));
        }
        ann.send(&json!({"type": 1, "target": "Secret", "arguments": ["x"]})).await;
        assert_eq!(ann.result("Open", json!([])).await, Value::Null);
        assert_eq!(told.next().await, "open", "a refused call that wants no answer gets none");

        let mut admin = Connect { path: "/hub?user=admin", protocol, ..Connect::default() }.to(&server).await;
        assert_eq!(admin.result("Secret", json!(["x"])).await, "x");
        assert_eq!(told.next().await, "secret");
        assert!(admin.call("Secret", json!([])).await.unwrap_err().contains("due to an error on the server"));
    }
}

#[tokio::test]
async fn a_policy_sees_the_request_and_the_arguments() {
    let (hub, ..) = Vault::hub();
    let server = server(&hub, HubOptions::default());
    let mut client = Client::connect(&server).await;
    assert_eq!(client.call("ByHeader", json!([])).await, Err(unauthorized("ByHeader")));
    let mut passed = Connect { headers: &[("x-pass", "1")], ..Connect::default() }.to(&server).await;
    assert_eq!(passed.result("ByHeader", json!([])).await, Value::Null);
    assert_eq!(client.result("Below", json!([9])).await, 9);
    let error = format!("{} HubException: too much", failure("Below"));
    assert_eq!(client.call("Below", json!([10])).await, Err(error));
    assert_eq!(client.call("Below", json!(["x"])).await, Err(failure("Below")));
}

#[tokio::test]
async fn a_policy_that_fails_lets_nobody_in_and_tells_nothing() {
    let (hub, ..) = Vault::hub();
    let mut client = Client::connect(&server(&hub, HubOptions::default())).await;
    for method in ["Broken", "Panics", "Broken"] {
        assert_eq!(client.call(method, json!([])).await, Err(failure(method)));
    }
}

#[tokio::test]
async fn a_call_waits_for_its_policy_and_others_for_the_call() {
    let (hub, mut told, gate) = Vault::hub();
    let server = server(&hub, HubOptions::default());
    let mut ann = Client::connect_to(&server, "/hub?slow&user=ann").await;
    ann.send_all(&[invocation("1", "Slow", json!(["a"])), invocation("2", "Open", json!([]))]).await;
    gate.notify_one();
    assert_eq!(ann.next().await, completion("1", "a"));
    assert_eq!(ann.next().await, completion("2", Value::Null));
    assert_eq!((told.next().await, told.next().await), ("slow".into(), "open".into()));
    gate.notify_one();
    ann.send(&streaming("3", "SlowStream", json!([]))).await;
    assert_eq!([ann.next().await, ann.next().await, ann.next().await], [item("3", 0), item("3", 1), end("3")]);
    // Cancelled while the policy waits.
    ann.send_all(&[streaming("4", "SlowStream", json!([])), cancel("4")]).await;
    assert_eq!(ann.next().await, end("4"));

    let mut nobody = Client::connect(&server).await;
    assert_eq!(nobody.call("slow", json!(["b"])).await, Err(unauthorized("Slow")));
    nobody.send(&streaming("9", "SlowStream", json!([]))).await;
    assert_eq!(nobody.next().await, failed("9", &unauthorized("SlowStream")));
    assert_eq!(told.now(), None);
}

#[tokio::test]
async fn filters_come_after_policies() {
    struct Tells(Tell<String>);

    impl HubFilter for Tells {
        async fn invoke_method(&self, call: &mut HubCall, next: Next<'_>) -> Result<Answer, HubError> {
            let _ = self.0.send(call.method().to_owned());
            next.run(call).await
        }
    }

    let (hub, ..) = Vault::hub();
    let (told, mut tells) = events();
    let server = server(&hub, HubOptions::default().filter(Tells(told)));
    let mut ann = Client::connect_to(&server, "/hub?user=ann").await;
    assert_eq!(ann.call("Secret", json!(["x"])).await, Err(unauthorized("Secret")));
    assert_eq!(ann.result("Slow", json!(["x"])).await, "x");
    assert_eq!(tells.next().await, "Slow");
    let mut nobody = Client::connect(&server).await;
    assert_eq!(nobody.call("Slow", json!(["x"])).await, Err(unauthorized("Slow")));
    assert_eq!(nobody.result("Open", json!([])).await, Value::Null);
    assert_eq!(tells.next().await, "Open");
}

async fn members(request: &Request) -> Result<(), HubError> {
    tokio::task::yield_now().await;
    match request.query("member").as_deref() {
        Some("yes") => Ok(()),
        Some("broken") => Err(io::Error::other("the secret of the database"))?,
        _ => Err(HubError::public("members only")),
    }
}

struct Club;

#[hub(authorize = members)]
impl Club {
    fn hello(&self) -> &'static str {
        "hello"
    }
}

/// The status and the rest of the answer to a request by hand.
async fn request(server: &Server, method: &str, target: &str, headers: &str) -> (u16, String) {
    let mut stream = soon(TcpStream::connect(server.address())).await.expect("it accepts");
    let head =
        format!("{method} {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.expect("it answers");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, answer)
}

#[tokio::test]
async fn a_hub_lets_nobody_connect_whom_its_policy_refuses() {
    let server = server(&Hub::new("Club", Club), HubOptions::default().authentication_refresh(true));
    let upgrade = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for (method, path, headers) in [
        ("POST", "/hub/negotiate?negotiateVersion=1", ""),
        ("GET", "/hub?id=none", upgrade),
        ("GET", "/hub?id=none", "Accept: text/event-stream\r\n"),
        ("GET", "/hub?id=none", ""),
        ("POST", "/hub?id=none", ""),
        ("DELETE", "/hub?id=none", ""),
        ("POST", "/hub/refresh?id=none", ""),
    ] {
        let with = |more: &str| format!("{path}{}{more}", if path.contains('?') { "&" } else { "?" });
        for (query, expected) in [("user=ann", 403), ("member=broken", 401), ("member=no", 401)] {
            let (status, answer) = request(&server, method, &with(query), headers).await;
            assert_eq!(status, expected, "{method} {path} {query}");
            assert!(answer.to_lowercase().contains("content-length: 0\r\n") && !answer.contains("members only"));
        }
        let (status, _) = request(&server, method, &with("member=yes"), headers).await;
        assert!(!matches!(status, 401 | 403), "{method} {path} {status}");
    }
    let mut member = Client::connect_to(&server, "/hub?member=yes").await;
    assert_eq!(member.result("Hello", json!([])).await, "hello");
}
