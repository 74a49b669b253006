//! A hub to ask, and a client that speaks the plain hub protocol over any stream.

// Messages are built where they are passed.
#![allow(clippy::needless_pass_by_value)]

use rmp_serde::Serializer;
use serde::Serialize;
use serde_json::{Value, json};
use signalr::{Context, Hub, HubOptions, HubServer, hub, receiver};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// What must happen happens within this time, even on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for something that must happen.
pub(crate) async fn soon<F: Future>(what: F) -> F::Output {
    tokio::time::timeout(PATIENCE, what).await.expect("it happens")
}

#[derive(Clone)]
pub(crate) struct Probe(pub(crate) String);

#[receiver]
pub(crate) trait ProbeClient {
    async fn told(&self, text: String);
}

pub(crate) struct ProbeHub;

#[hub(receiver = ProbeClient)]
impl ProbeHub {
    fn echo(&self, text: String) -> String {
        text
    }

    fn about(&self, ctx: Context<Self>) -> Vec<Option<String>> {
        vec![
            Some(ctx.connection_id().to_owned()),
            ctx.user_id().map(Into::into),
            ctx.extension().map(|Probe(text)| text.clone()),
            ctx.request().peer_address().map(|address| address.to_string()),
            Some(ctx.transport().name().to_owned()),
            ctx.header("host").map(Into::into),
        ]
    }

    fn tell(&self, ctx: Context<Self>, text: String) {
        ctx.clients().others().told(text);
    }

    fn leave(&self, ctx: Context<Self>) {
        ctx.close("enough");
    }
}

pub(crate) fn probe() -> Hub<ProbeHub> {
    Hub::new("Probe", ProbeHub)
}

pub(crate) fn server() -> HubServer<ProbeHub> {
    server_with(HubOptions::default())
}

pub(crate) fn server_with(options: HubOptions) -> HubServer<ProbeHub> {
    HubServer::new(&probe(), &options).expect("options that hold")
}

/// The first message of a client.
pub(crate) fn handshake(protocol: &str) -> Vec<u8> {
    format!("{{\"protocol\":\"{protocol}\",\"version\":1}}\u{1e}").into_bytes()
}

/// A call as the protocol writes it.
pub(crate) fn call(protocol: &str, id: &str, target: &str, arguments: Value) -> Vec<u8> {
    if protocol == "json" {
        let message = json!({"type": 1, "invocationId": id, "target": target, "arguments": arguments});
        return format!("{message}\u{1e}").into_bytes();
    }
    let mut body = Vec::new();
    let message = json!([1, {}, id, target, arguments, []]);
    message.serialize(&mut Serializer::new(&mut body)).expect("it can be written");
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

/// A client whose handshake was accepted.
pub(crate) struct Client<S> {
    pub(crate) stream: S,
    protocol: String,
    received: Vec<u8>,
    calls: u32,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// A client that has not said anything.
    pub(crate) fn new(stream: S, protocol: &str) -> Self {
        Client { stream, protocol: protocol.to_owned(), received: Vec::new(), calls: 0 }
    }

    pub(crate) async fn shake_hands(stream: S, protocol: &str) -> Self {
        let mut client = Self::new(stream, protocol);
        client.send(&handshake(protocol)).await;
        assert_eq!(client.record().await.as_deref(), Some("{}"));
        client
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        soon(self.stream.write_all(bytes)).await.expect("the server takes it");
    }

    async fn read(&mut self) -> bool {
        let count = soon(self.stream.read_buf(&mut self.received)).await.unwrap_or_default();
        count > 0
    }

    /// The next record of JSON; `None` at the end.
    pub(crate) async fn record(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.received.iter().position(|byte| *byte == 0x1e) {
                let record: Vec<u8> = self.received.drain(..=end).collect();
                return Some(String::from_utf8(record[..end].to_vec()).expect("text"));
            }
            if !self.read().await {
                return None;
            }
        }
    }

    /// The next message, as JSON writes it; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        if self.protocol == "json" {
            return self.record().await.map(|record| serde_json::from_str(&record).expect("JSON"));
        }
        loop {
            if let Some(end) = self.received.iter().position(|byte| byte & 0x80 == 0) {
                let lengths = self.received[..=end].iter().rev();
                let length = lengths.fold(0, |length, byte| length << 7 | usize::from(byte & 0x7f));
                if self.received.len() > end + length {
                    let message: Vec<u8> = self.received.drain(..=end + length).collect();
                    let parts: Vec<Value> = rmp_serde::from_slice(&message[end + 1..]).expect("MessagePack");
                    return Some(match parts[0].as_u64() {
                        Some(1) => json!({"type": 1, "target": parts[3], "arguments": parts[4]}),
                        Some(3) => json!({"type": 3, "result": parts.get(4)}),
                        _ => Value::Array(parts),
                    });
                }
            }
            if !self.read().await {
                return None;
            }
        }
    }

    /// Calls a method and gives its result.
    pub(crate) async fn call(&mut self, target: &str, arguments: Value) -> Value {
        self.calls += 1;
        let message = call(&self.protocol, &self.calls.to_string(), target, arguments);
        self.send(&message).await;
        let mut answer = self.next().await.expect("an answer");
        assert_eq!(answer["type"], 3, "{answer}");
        answer["result"].take()
    }
}
