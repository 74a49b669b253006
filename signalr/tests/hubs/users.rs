//! Who the caller is, over every transport, and what becomes of the requests of others.

use crate::support::{Client, Connect, Event, Server, invocation, soon};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use serde_json::{Value, json};
use signalr::{Context, Hub, HubMethods, HubOptions, SignalR, User, hub};
use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Takes tokens as `NAME,CLAIM=VALUE,…`; the claim `left` is the seconds until they expire. A name ends at a `!`.
pub(crate) async fn authenticate(mut request: Request, next: Next) -> Response {
    let user = signalr::access_token(&request).map(|token| {
        let mut parts = token.split(',');
        let user = User::new(parts.next().and_then(|name| name.split('!').next()).unwrap_or_default());
        parts.filter_map(|part| part.split_once('=')).fold(user, |user, (name, value)| match name {
            "left" => user.with_expiry(SystemTime::now() + Duration::from_secs(value.parse().expect("seconds"))),
            _ => user.with_claim(name, value),
        })
    });
    if let Some(user) = user {
        request.extensions_mut().insert(user);
    }
    next.run(request).await
}

pub(crate) fn serve<H: HubMethods>(hub: &Hub<H>, options: HubOptions) -> Server {
    let hubs = SignalR::builder().options(options).hub("/hub", hub).build();
    Server::start(hubs.router().layer(from_fn(authenticate)))
}

/// An answer to a plain request.
#[derive(Debug)]
pub(crate) struct Plain {
    pub(crate) status: u16,
    /// In lower case.
    pub(crate) head: String,
    pub(crate) body: String,
}

/// Sends a request, with a token unless it is empty, and reads the whole answer.
pub(crate) async fn request(server: &Server, method: &str, path: &str, token: &str, body: &str) -> Plain {
    let mut stream = soon(TcpStream::connect(server.address())).await.expect("the server accepts");
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n");
    if !token.is_empty() {
        let _ = write!(head, "Authorization: Bearer {token}\r\n");
    }
    let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    soon(stream.write_all(request.as_bytes())).await.expect("the server reads");
    let mut answer = Vec::new();
    soon(stream.read_to_end(&mut answer)).await.expect("an answer");
    let answer = String::from_utf8(answer).expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.get(9..12).and_then(|status| status.parse().ok()).expect("a status");
    Plain { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}

/// Negotiates, and returns the path of the connection.
pub(crate) async fn negotiate(server: &Server, token: &str, query: &str) -> String {
    let answer = request(server, "POST", &format!("/hub/negotiate?negotiateVersion=1{query}"), token, "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer: Value = serde_json::from_str(&answer.body).expect("JSON");
    format!("/hub?id={}", answer["connectionToken"].as_str().expect("a token"))
}

/// A long-polling client.
pub(crate) struct Polling<'s> {
    server: &'s Server,
    pub(crate) path: String,
    received: VecDeque<Value>,
}

impl<'s> Polling<'s> {
    pub(crate) async fn connect(server: &'s Server, token: &str) -> Self {
        let path = negotiate(server, token, "").await;
        let mut client = Polling { server, path, received: VecDeque::new() };
        assert_eq!(client.poll(token).await.status, 200);
        client.post(token, json!({"protocol": "json", "version": 1})).await;
        assert_eq!(client.next(token).await, json!({}));
        client
    }

    pub(crate) async fn poll(&self, token: &str) -> Plain {
        request(self.server, "GET", &self.path, token, "").await
    }

    pub(crate) async fn post(&self, token: &str, message: Value) {
        let answer = request(self.server, "POST", &self.path, token, &format!("{message}\u{1e}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    pub(crate) async fn next(&mut self, token: &str) -> Value {
        loop {
            if let Some(message) = self.received.pop_front() {
                return message;
            }
            let answer = self.poll(token).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            let records = answer.body.split_terminator('\u{1e}');
            self.received.extend(records.map(|record| serde_json::from_str::<Value>(record).expect("JSON")));
        }
    }

    /// Calls a method; the polls come with the token.
    pub(crate) async fn call(&mut self, token: &str, target: &str) -> Value {
        self.post(token, invocation("1", target, json!([]))).await;
        let mut answer = self.next(token).await;
        assert_eq!(answer["type"], 3, "{answer}");
        answer["result"].take()
    }
}

struct Desk;

#[hub]
impl Desk {
    fn who(&self, ctx: Context<Self>) -> Value {
        let user = ctx.user();
        json!({
            "id": ctx.user_id(),
            "user": user.as_ref().and_then(User::id),
            "role": user.as_ref().and_then(|user| user.claim("role")),
            "opened": ctx.request().user().and_then(User::id),
        })
    }

    async fn tell(&self, ctx: Context<Self>, user: String) -> usize {
        ctx.clients().user(user).send("Hello", ()).await.connections
    }
}

fn desk(options: HubOptions) -> Server {
    serve(&Hub::new("Desk", Desk), options)
}

#[tokio::test]
async fn the_hub_knows_the_user_over_every_transport() {
    let server = desk(HubOptions::default());
    let ann = json!({"id": "ann", "user": "ann", "role": "admin", "opened": "ann"});
    let by_header = Connect { headers: &[("Authorization", "Bearer ann,role=admin")], ..Connect::default() };
    assert_eq!(by_header.to(&server).await.result("Who", json!([])).await, ann);
    let mut by_query = Client::connect_to(&server, "/hub?access_token=ann%2Crole=admin").await;
    assert_eq!(by_query.result("Who", json!([])).await, ann);
    let mut polling = Polling::connect(&server, "ann,role=admin").await;
    assert_eq!(polling.call("ann,role=admin", "Who").await, ann);
    let nobody = json!({"id": null, "user": null, "role": null, "opened": null});
    assert_eq!(Client::connect(&server).await.result("Who", json!([])).await, nobody);
    assert_eq!(by_query.result("Tell", json!(["bob"])).await, 0);
    by_query.begin("Tell", json!(["ann"])).await;
    assert_eq!(by_query.called("Hello").await, json!([]));
}

#[tokio::test]
async fn the_application_may_make_another_id_of_the_request() {
    let options = HubOptions::default().user_id(|request| {
        let user = request.extensions.get::<User>()?;
        Some(format!("{}/{}", user.claim("tenant")?, user.id()?))
    });
    let server = desk(options);
    let mut client = Client::connect_to(&server, "/hub?access_token=ann,tenant=acme").await;
    let who = client.result("Who", json!([])).await;
    assert_eq!((&who["id"], &who["user"]), (&json!("acme/ann"), &json!("ann")));
    // It is what the users of requests are told apart by, too.
    let polling = Polling::connect(&server, "ann,tenant=acme").await;
    assert_eq!(polling.poll("ann,tenant=other").await.status, 403);
}

#[tokio::test]
async fn what_others_send_to_a_connection_is_refused_and_it_goes_on() {
    let server = desk(HubOptions::default());
    for (owner, others) in [("ann", ["bob", ""]), ("", ["ann", "bob"])] {
        let mut client = Polling::connect(&server, owner).await;
        for other in others {
            let mut answers = Vec::new();
            for method in ["GET", "POST", "DELETE"] {
                let answer = request(&server, method, &client.path, other, "{\"type\":7}\u{1e}").await;
                assert!(answer.head.contains("content-type: text/plain"), "{answer:?}");
                answers.push((answer.status, answer.body));
            }
            assert_eq!(answers, vec![(403, String::new()); 3], "{other}");
        }
        assert_eq!(client.call(owner, "Who").await["user"], if owner.is_empty() { json!(null) } else { json!(owner) });
        assert_eq!(request(&server, "DELETE", &client.path, owner, "").await.status, 202);
    }
}

#[tokio::test]
async fn posts_to_events_are_their_users_only() {
    let server = desk(HubOptions::default());
    let path = negotiate(&server, "ann", "").await;
    let mut events = soon(TcpStream::connect(server.address())).await.expect("the server accepts");
    // As a browser does it: the token is in the query here, and in the header of POSTs.
    let head = format!("GET {path}&access_token=ann HTTP/1.1\r\nHost: test\r\nAccept: text/event-stream\r\n\r\n");
    soon(events.write_all(head.as_bytes())).await.expect("the server reads");
    let shake = "{\"protocol\":\"json\",\"version\":1}\u{1e}";
    let mut seen = String::new();
    while !seen.contains("\r\n:\r\n") {
        let mut buffer = [0; 1024];
        let count = soon(events.read(&mut buffer)).await.expect("events");
        seen += &String::from_utf8_lossy(&buffer[..count]);
    }
    assert!(seen.starts_with("HTTP/1.1 200"), "{seen}");
    assert_eq!(request(&server, "POST", &path, "bob", shake).await.status, 403);
    assert_eq!(request(&server, "POST", &path, "", shake).await.status, 403);
    assert_eq!(request(&server, "POST", &path, "ann", shake).await.status, 200);
    while !seen.contains("data: {}\u{1e}") {
        let mut buffer = [0; 1024];
        let count = soon(events.read(&mut buffer)).await.expect("events");
        assert!(count > 0, "{seen}");
        seen += &String::from_utf8_lossy(&buffer[..count]);
    }
}

#[tokio::test]
async fn what_was_posted_before_a_connection_is_opened_belongs_to_it() {
    let server = desk(HubOptions::default());
    let path = negotiate(&server, "ann", "").await;
    let shake = "{\"protocol\":\"json\",\"version\":1}\u{1e}";
    assert_eq!(request(&server, "POST", &path, "bob", shake).await.status, 200);
    assert_eq!(request(&server, "GET", &path, "ann", "").await.status, 403);
    assert_eq!(request(&server, "POST", &path, "ann", shake).await.status, 403);
    assert_eq!(request(&server, "GET", &path, "bob", "").await.status, 200);
}

#[tokio::test]
async fn the_user_follows_later_polls_and_the_id_stays() {
    let server = desk(HubOptions::default());
    let mut client = Polling::connect(&server, "ann,role=guest").await;
    // A call comes before the poll that brings its answer.
    assert_eq!(client.call("ann,role=admin", "Who").await["role"], "guest");
    assert_eq!(client.call("ann", "Who").await["role"], "admin");
    let who = client.call("ann", "Who").await;
    assert_eq!(who, json!({"id": "ann", "user": "ann", "role": null, "opened": "ann"}));
}

/// Asks for a WebSocket and returns the status of the answer.
async fn upgrade(server: &Server, path: &str, token: &str) -> (TcpStream, String) {
    let mut stream = soon(TcpStream::connect(server.address())).await.expect("the server accepts");
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    soon(stream.write_all(head.as_bytes())).await.expect("the server reads");
    let mut answer = Vec::new();
    while !answer.windows(4).any(|end| end == b"\r\n\r\n") {
        assert!(soon(stream.read_buf(&mut answer)).await.expect("an answer") > 0);
    }
    (stream, String::from_utf8_lossy(&answer).into_owned())
}

/// A WebSocket of `ann` that can be resumed.
pub(crate) async fn resumable(server: &Server, token: &str) -> (Client, String) {
    let path = negotiate(server, token, "&useStatefulReconnect=true").await;
    let header = format!("Bearer {token}");
    let connect = Connect { path: &path, headers: &[("Authorization", &header)], ..Connect::default() };
    let mut client = connect.upgrade(server).await;
    client.text(r#"{"protocol":"json","version":2}"#).await;
    assert_eq!(client.next().await, json!({}));
    (client, path)
}

/// The status of an attempt to go on over another WebSocket, and the rest of the answer.
pub(crate) async fn reconnect(server: &Server, path: &str, token: &str) -> (u16, String, TcpStream) {
    let (stream, answer) = upgrade(server, path, token).await;
    (answer[9..12].parse().expect("a status"), answer, stream)
}

#[tokio::test]
async fn nobody_else_goes_on_with_a_connection() {
    let server = desk(HubOptions::default().allow_stateful_reconnects(true));
    let (mut client, path) = resumable(&server, "ann").await;
    assert_eq!(reconnect(&server, &path, "bob").await.0, 403);
    assert_eq!(client.result("Who", json!([])).await["user"], "ann");
    assert_eq!(reconnect(&server, &path, "ann").await.0, 101);
    // The new socket has taken the old one's place.
    assert!(!matches!(client.event().await, Event::Message(_)));
}

/// Keeps everything that is logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl tracing::field::Visit for Log {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        let _ = write!(self.0.lock().expect("a log"), "{field}={value:?} ");
    }
}

impl tracing::Subscriber for Log {
    fn enabled(&self, _metadata: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        span.record(&mut self.clone());
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _span: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _span: &tracing::span::Id, _follows: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let _ = write!(self.0.lock().expect("a log"), "\n{} ", event.metadata().target());
        event.record(&mut self.clone());
    }

    fn enter(&self, _span: &tracing::span::Id) {}

    fn exit(&self, _span: &tracing::span::Id) {}
}

struct Talkative;

#[hub]
impl Talkative {
    fn on_connected(&self, ctx: Context<Self>) {
        tracing::info!(?ctx, request = ?ctx.request(), user = ?ctx.user(), query = ctx.request().query_string(), "connected");
    }

    fn fail(&self) -> Result<(), std::io::Error> {
        Err(std::io::Error::other("it failed"))
    }
}

#[tokio::test]
async fn the_token_is_in_no_log() {
    const SECRET: &str = "ann!s3cret";
    let log = Log::default();
    // Were it the only one, tracing would ask the thread that comes to an event first, which may be that of another test, whether
    // anybody listens.
    let _another = tracing::Dispatch::new(Log::default());
    let _guard = tracing::subscriber::set_default(log.clone());
    let options = HubOptions::default().allow_stateful_reconnects(true).authentication_refresh(true);
    let server = serve(&Hub::new("Talkative", Talkative), options.user_id(|_| Some("ann".to_owned())));
    let query = format!("access_token={SECRET},left=60");
    let mut client = Client::connect_to(&server, &format!("/hub?{query}")).await;
    assert!(client.call("Fail", json!([])).await.is_err());
    assert!(client.call("Missing", json!([])).await.is_err());
    client.send(&json!({"type": 7})).await;
    while matches!(client.event().await, Event::Message(_)) {}
    // Requests of every kind, good ones and bad ones.
    let path = negotiate(&server, SECRET, "").await;
    for path in [&path, "/hub?id=unknown", "/hub?x", "/hub/negotiate?negotiateVersion=x", "/hub/refresh?id=unknown"] {
        for method in ["POST", "GET", "DELETE", "PUT"] {
            request(&server, method, &format!("{path}&{query}"), "", "bad\u{1e}").await;
        }
    }
    assert_eq!(upgrade(&server, &format!("/hub?id=unknown&{query}"), SECRET).await.1.get(9..12), Some("404"));
    let logged = log.0.lock().expect("a log").clone();
    assert!(logged.contains("connected") && logged.contains("connection opened"), "{logged}");
    assert!(!logged.contains("s3cret"), "{logged}");
}
