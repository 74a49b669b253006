//! A server with the hubs of a test, and clients that speak the protocol by hand.

// Messages are built where they are passed.
#![allow(clippy::needless_pass_by_value)]

use axum::Router;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use signalr::{Hub, HubMethods, HubOptions, SignalR};
use std::collections::VecDeque;
use std::fmt::Debug;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};

/// What must happen happens within this time, even on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(20);
/// Buffers of narrow sockets: small enough to be filled, large enough to be quick.
const NARROW: u32 = 32 * 1024;

/// Waits for something that must happen.
pub(crate) async fn soon<F: Future>(what: F) -> F::Output {
    tokio::time::timeout(PATIENCE, what).await.expect("it happens")
}

/// What hubs tell their test, in order.
pub(crate) struct Events<T>(mpsc::UnboundedReceiver<T>);

/// Where hubs tell it.
pub(crate) type Tell<T> = mpsc::UnboundedSender<T>;

pub(crate) fn events<T>() -> (Tell<T>, Events<T>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (sender, Events(receiver))
}

impl<T> Events<T> {
    /// The next one, which must come.
    pub(crate) async fn next(&mut self) -> T {
        soon(self.0.recv()).await.expect("somebody can still tell")
    }

    /// The next one, if it was told already.
    pub(crate) fn now(&mut self) -> Option<T> {
        self.0.try_recv().ok()
    }
}

/// Tells its test that it was dropped.
pub(crate) struct TellOnDrop<T: Clone>(pub(crate) Tell<T>, pub(crate) T);

impl<T: Clone> Drop for TellOnDrop<T> {
    fn drop(&mut self) {
        let _ = self.0.send(self.1.clone());
    }
}

/// A server on a free port, which lives as long as the test.
pub(crate) struct Server {
    address: SocketAddr,
}

impl Server {
    /// Serves one hub at `/hub`.
    pub(crate) fn of<H: HubMethods>(hub: &Hub<H>) -> Self {
        Self::with(hub, HubOptions::default())
    }

    /// Serves one hub at `/hub`, with options.
    pub(crate) fn with<H: HubMethods>(hub: &Hub<H>, options: HubOptions) -> Self {
        Self::start(SignalR::builder().options(options).hub("/hub", hub).build().router())
    }

    pub(crate) fn start(router: Router) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        Self::listen(socket, router)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// As [`with`](Self::with), on sockets that hold little.
    pub(crate) fn narrow<H: HubMethods>(hub: &Hub<H>, options: HubOptions) -> Self {
        Self::listen(narrow(), SignalR::builder().options(options).hub("/hub", hub).build().router())
    }

    /// One that somebody else has started.
    pub(crate) fn at(address: SocketAddr) -> Self {
        Server { address }
    }

    /// Sends a request without a body, and returns the status of its answer.
    pub(crate) async fn status(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
        self.request(method, path, headers).await.0
    }

    /// Sends a request without a body, and returns the status and the head of its answer, in lower case.
    pub(crate) async fn request(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let mut stream = soon(TcpStream::connect(self.address)).await.expect("the server accepts");
        let mut head = format!("{method} {path} HTTP/1.1\r\nContent-Length: 0\r\n");
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            head += &format!("Host: {}\r\n", self.address);
        }
        headers.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
        soon(stream.write_all(format!("{head}\r\n").as_bytes())).await.expect("the server reads");
        let mut answer = Vec::new();
        while !answer.windows(4).any(|window| window == b"\r\n\r\n") {
            assert!(soon(stream.read_buf(&mut answer)).await.expect("an answer") > 0, "the answer ended early");
        }
        let head = String::from_utf8_lossy(&answer).to_ascii_lowercase();
        let status = head.get(9..12).and_then(|status| status.parse().ok());
        (status.expect("a status"), head)
    }

    fn listen(socket: TcpSocket, router: Router) -> Self {
        socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
        let listener = socket.listen(64).expect("it listens");
        let address = listener.local_addr().expect("it has an address");
        tokio::spawn(async move { axum::serve(listener, router).await });
        Server { address }
    }
}

fn narrow() -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_send_buffer_size(NARROW).expect("a buffer size");
    socket.set_recv_buffer_size(NARROW).expect("a buffer size");
    socket
}

/// What a client received.
#[derive(Debug, PartialEq)]
pub(crate) enum Event {
    Message(Value),
    /// A close frame with this code.
    Closed(u16),
    /// The end without one.
    Lost,
}

/// How a client connects.
#[derive(Clone, Copy)]
pub(crate) struct Connect<'a> {
    pub(crate) path: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) protocol: &'a str,
    /// Whether its socket holds little.
    pub(crate) narrow: bool,
}

impl Default for Connect<'_> {
    fn default() -> Self {
        Connect { path: "/hub", headers: &[], protocol: "json", narrow: false }
    }
}

impl Connect<'_> {
    /// Opens the WebSocket and does the handshake.
    pub(crate) async fn to(self, server: &Server) -> Client {
        let mut client = self.open(server).await;
        assert_eq!(client.next().await, json!({}), "the handshake's answer comes first");
        client
    }

    /// Opens the WebSocket and sends the handshake; its answer is the first message.
    pub(crate) async fn open(self, server: &Server) -> Client {
        let mut client = self.upgrade(server).await;
        client.text(&json!({"protocol": self.protocol, "version": 1}).to_string()).await;
        client
    }

    /// Opens the WebSocket.
    pub(crate) async fn upgrade(self, server: &Server) -> Client {
        let socket = if self.narrow { narrow() } else { TcpSocket::new_v4().expect("a socket") };
        let stream = soon(socket.connect(server.address)).await.expect("the server accepts");
        stream.set_nodelay(true).expect("an option");
        let url = format!("ws://{}{}", server.address, self.path);
        let mut request = url.into_client_request().expect("a good URL");
        for (name, value) in self.headers {
            let name: HeaderName = name.parse().expect("a header's name");
            request.headers_mut().insert(name, HeaderValue::from_str(value).expect("a header's value"));
        }
        let (socket, _) = soon(tokio_tungstenite::client_async(request, stream)).await.expect("an upgrade");
        Client { socket, pack: self.protocol == "messagepack", shaken: false, received: VecDeque::new(), calls: 0 }
    }
}

/// A client of one hub.
pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<TcpStream>,
    /// Whether it speaks MessagePack.
    pack: bool,
    /// Whether the handshake's answer was received.
    shaken: bool,
    received: VecDeque<Value>,
    calls: u32,
}

/// An answer to a call: its result or its error.
pub(crate) type Answer = Result<Value, String>;

impl Client {
    /// Connects to `/hub`, in JSON.
    pub(crate) async fn connect(server: &Server) -> Self {
        Connect::default().to(server).await
    }

    /// Connects to another path, in JSON.
    pub(crate) async fn connect_to(server: &Server, path: &str) -> Self {
        Connect { path, ..Connect::default() }.to(server).await
    }

    // ---- sending ----

    /// Sends one record as it is.
    pub(crate) async fn text(&mut self, record: &str) {
        self.socket.send(Message::text(format!("{record}\u{1e}"))).await.expect("the server takes it");
    }

    /// Sends one message, given as the JSON protocol writes it.
    pub(crate) async fn send(&mut self, message: &Value) {
        self.send_all(std::slice::from_ref(message)).await;
    }

    /// Sends several messages in one frame.
    pub(crate) async fn send_all(&mut self, messages: &[Value]) {
        let frame = if self.pack {
            Message::binary(messages.iter().flat_map(pack::encode).collect::<Vec<u8>>())
        } else {
            Message::text(messages.iter().map(|message| format!("{message}\u{1e}")).collect::<String>())
        };
        self.socket.send(frame).await.expect("the server takes it");
    }

    /// Calls a method without waiting for its answer; returns the id of the call.
    pub(crate) async fn begin(&mut self, target: &str, arguments: Value) -> String {
        self.calls += 1;
        let id = self.calls.to_string();
        self.send(&invocation(&id, target, arguments)).await;
        id
    }

    /// Calls a method and returns its answer, which must be the next message.
    pub(crate) async fn call(&mut self, target: &str, arguments: Value) -> Answer {
        let id = self.begin(target, arguments).await;
        self.answer(&id).await
    }

    /// As [`call`](Self::call), for one that succeeds.
    pub(crate) async fn result(&mut self, target: &str, arguments: Value) -> Value {
        self.call(target, arguments).await.unwrap_or_else(|error| panic!("{target} failed: {error}"))
    }

    /// The answer to a call, which must be the next message.
    pub(crate) async fn answer(&mut self, id: &str) -> Answer {
        answer(self.next().await, id)
    }

    // ---- receiving ----

    /// The next message but pings.
    pub(crate) async fn next(&mut self) -> Value {
        match self.event().await {
            Event::Message(message) => message,
            end => panic!("the connection ended: {end:?}"),
        }
    }

    /// The arguments of the next message, which must call this method of the client.
    pub(crate) async fn called(&mut self, target: &str) -> Value {
        let mut message = self.next().await;
        assert_eq!(message["target"], target, "{message}");
        message["arguments"].take()
    }

    /// What comes next but pings.
    pub(crate) async fn event(&mut self) -> Event {
        soon(self.receive()).await
    }

    async fn receive(&mut self) -> Event {
        loop {
            match self.received.pop_front() {
                Some(message) if message["type"] == 6 => {}
                Some(message) => return Event::Message(message),
                None => match self.socket.next().await {
                    Some(Ok(Message::Close(frame))) => return Event::Closed(frame.map_or(1005, |it| it.code.into())),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(message)) => self.take(&message.into_data()),
                    Some(Err(_)) | None => return Event::Lost,
                },
            }
        }
    }

    /// Expects a Close message and then the end of the connection; returns the message.
    pub(crate) async fn closed(&mut self) -> Value {
        let close = self.next().await;
        assert_eq!(close["type"], 7, "{close}");
        assert_eq!(self.event().await, Event::Closed(1000));
        close
    }

    fn take(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.pack && self.shaken {
                self.received.push_back(pack::decode(&mut bytes));
                continue;
            }
            let end = bytes.iter().position(|byte| *byte == 0x1e).expect("frames end with whole records");
            self.received.push_back(serde_json::from_slice(&bytes[..end]).expect("records are JSON"));
            bytes = &bytes[end + 1..];
            self.shaken = true;
        }
    }
}

// ---- messages ----

pub(crate) fn invocation(id: &str, target: &str, arguments: Value) -> Value {
    json!({"type": 1, "invocationId": id, "target": target, "arguments": arguments})
}

pub(crate) fn notification(target: &str, arguments: Value) -> Value {
    json!({"type": 1, "target": target, "arguments": arguments})
}

pub(crate) fn with_uploads(id: &str, target: &str, arguments: Value, streams: &[&str]) -> Value {
    json!({"type": 1, "invocationId": id, "target": target, "arguments": arguments, "streamIds": streams})
}

pub(crate) fn streaming(id: &str, target: &str, arguments: Value) -> Value {
    json!({"type": 4, "invocationId": id, "target": target, "arguments": arguments})
}

pub(crate) fn item(id: &str, item: impl Into<Value>) -> Value {
    json!({"type": 2, "invocationId": id, "item": item.into()})
}

pub(crate) fn end(id: &str) -> Value {
    json!({"type": 3, "invocationId": id})
}

pub(crate) fn completion(id: &str, result: impl Into<Value>) -> Value {
    json!({"type": 3, "invocationId": id, "result": result.into()})
}

pub(crate) fn failed(id: &str, error: &str) -> Value {
    json!({"type": 3, "invocationId": id, "error": error})
}

pub(crate) fn cancel(id: &str) -> Value {
    json!({"type": 5, "invocationId": id})
}

/// Takes a Completion apart.
pub(crate) fn answer(mut message: Value, id: &str) -> Answer {
    assert_eq!((&message["type"], &message["invocationId"]), (&json!(3), &json!(id)), "{message}");
    match message.get("error") {
        Some(error) => Err(error.as_str().expect("errors are text").to_owned()),
        None => Ok(message["result"].take()),
    }
}

/// The text of an unhandled error in a method, as clients get it.
pub(crate) fn failure(method: &str) -> String {
    format!("An unexpected error occurred invoking '{method}' on the server.")
}

/// MessagePack messages, in the notation of the JSON protocol.
mod pack {
    use serde_json::{Value, json};

    pub(super) fn encode(message: &Value) -> Vec<u8> {
        let get = |name: &str| message.get(name).cloned().unwrap_or_default();
        let (kind, id) = (get("type"), get("invocationId"));
        let array = match kind.as_i64() {
            Some(1 | 4) => {
                let streams = message.get("streamIds").cloned().unwrap_or_else(|| json!([]));
                json!([kind, {}, id, get("target"), get("arguments"), streams])
            }
            Some(2) => json!([kind, {}, id, get("item")]),
            Some(3) => match (message.get("error"), message.get("result")) {
                (Some(error), _) => json!([kind, {}, id, 1, error]),
                (None, Some(result)) => json!([kind, {}, id, 3, result]),
                (None, None) => json!([kind, {}, id, 2]),
            },
            Some(5) => json!([kind, {}, id]),
            _ => json!([kind]),
        };
        let body = rmp_serde::to_vec(&array).expect("it is MessagePack");
        let mut framed = Vec::new();
        let mut length = body.len();
        while length >= 0x80 {
            framed.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        framed.push(length as u8);
        framed.extend(body);
        framed
    }

    /// Takes the first message off `bytes`.
    pub(super) fn decode(bytes: &mut &[u8]) -> Value {
        let head = bytes.iter().position(|byte| byte & 0x80 == 0).expect("a whole length");
        let length = bytes[..=head].iter().rev().fold(0, |sum, byte| sum << 7 | usize::from(byte & 0x7f));
        let (body, rest) = bytes[head + 1..].split_at(length);
        *bytes = rest;
        let array: Vec<Value> = rmp_serde::from_slice(body).expect("a message is an array");
        let (kind, id) = (&array[0], &array.get(2));
        match (kind.as_i64(), array.get(3).and_then(Value::as_i64)) {
            (Some(1), _) => json!({"type": 1, "invocationId": id, "target": array[3], "arguments": array[4]}),
            (Some(2), _) => json!({"type": 2, "invocationId": id, "item": array[3]}),
            (Some(3), Some(1)) => match array.get(5) {
                Some(info) => json!({"type": 3, "invocationId": id, "error": array[4], "errorInfo": info}),
                None => json!({"type": 3, "invocationId": id, "error": array[4]}),
            },
            (Some(3), Some(2)) => json!({"type": 3, "invocationId": id}),
            (Some(3), _) => json!({"type": 3, "invocationId": id, "result": array[4]}),
            (Some(7), _) if array.get(2) == Some(&json!(true)) && array[1].is_null() => {
                json!({"type": 7, "allowReconnect": true})
            }
            (Some(7), _) => json!({"type": 7, "error": array[1]}),
            _ => json!({"type": kind}),
        }
    }
}
