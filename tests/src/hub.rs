//! A hub connection over a [`RawSocket`].

use serde_json::{Value, json};

use crate::{
    RECORD_SEPARATOR, Server,
    message::{self, invocation},
    websocket::{BINARY, CLOSE, Frame, RawSocket, TEXT},
};

/// The two hub protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// `json`, in text frames.
    Json,
    /// `messagepack`, in binary frames.
    MessagePack,
}

/// Both protocols, for rules that hold in each.
pub const BOTH: [Protocol; 2] = [Protocol::Json, Protocol::MessagePack];

impl Protocol {
    /// The name in the handshake.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::MessagePack => "messagepack",
        }
    }

    /// A handshake request for this protocol.
    #[must_use]
    pub fn handshake(self) -> String {
        format!("{{\"protocol\":\"{}\",\"version\":1}}\u{1e}", self.name())
    }

    /// The bytes of a message in JSON notation, with its framing.
    #[must_use]
    pub fn encode(self, message: &Value) -> Vec<u8> {
        match self {
            Self::Json => format!("{message}\u{1e}").into_bytes(),
            Self::MessagePack => message::frame_pack(&message::to_pack(message)),
        }
    }

    /// The first message in `bytes` without its framing, and how many bytes it takes with it; nothing if it is not whole.
    #[must_use]
    pub fn split(self, bytes: &[u8]) -> Option<(&[u8], usize)> {
        let (start, end, next) = match self {
            Self::Json => {
                let end = bytes.iter().position(|byte| *byte == RECORD_SEPARATOR)?;
                (0, end, end + 1)
            }
            Self::MessagePack => {
                let last = bytes.iter().position(|byte| byte & 0x80 == 0)?;
                let length = bytes[..=last].iter().rev().fold(0, |sum, byte| sum << 7 | usize::from(byte & 0x7f));
                (last + 1, last + 1 + length, last + 1 + length)
            }
        };
        Some((bytes.get(start..end)?, next))
    }

    /// A message without its framing, in JSON notation.
    ///
    /// # Panics
    ///
    /// When it is not one.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> Value {
        match self {
            Self::Json => serde_json::from_slice(bytes)
                .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(bytes))),
            Self::MessagePack => {
                let mut rest = bytes;
                let value = rmpv::decode::read_value(&mut rest).expect("the server writes MessagePack");
                assert!(rest.is_empty(), "bytes behind the message: {bytes:?}");
                message::from_pack(&value)
            }
        }
    }

    /// A frame of the kind that this protocol's clients send.
    #[must_use]
    pub fn frame(self, payload: impl Into<Vec<u8>>) -> Frame {
        match self {
            Self::Json => Frame::text(payload),
            Self::MessagePack => Frame::binary(payload),
        }
    }
}

/// What a hub connection received.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A hub message in JSON notation.
    Message(Value),
    /// A close frame with this code and reason; the TCP connection has ended behind it.
    Closed(u16, String),
    /// The TCP connection ended without a close frame.
    Lost,
}

/// A hub connection whose handshake succeeded.
#[derive(Debug)]
pub struct HubSocket {
    /// The connection below.
    pub raw: RawSocket,
    /// The protocol agreed on.
    pub protocol: Protocol,
    received: Vec<u8>,
    /// How much of `received` has been taken.
    taken: usize,
    calls: u32,
}

impl HubSocket {
    /// Connects without negotiation and does the handshake.
    #[must_use]
    pub fn connect(path: &str, protocol: Protocol) -> Self {
        Self::handshake(RawSocket::open(path), protocol)
    }

    /// Connects to another server.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    #[must_use]
    pub fn connect_at(server: &Server, path: &str, protocol: Protocol) -> Self {
        let upgraded = RawSocket::upgrade_at(server, path, &[]);
        Self::handshake(upgraded.unwrap_or_else(|response| panic!("no WebSocket: {response:?}")).0, protocol)
    }

    /// Connects in JSON.
    #[must_use]
    pub fn json(path: &str) -> Self {
        Self::connect(path, Protocol::Json)
    }

    /// Does the handshake on an open WebSocket.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    #[must_use]
    pub fn handshake(raw: RawSocket, protocol: Protocol) -> Self {
        let mut socket = Self { raw, protocol, received: Vec::new(), taken: 0, calls: 0 };
        socket.raw.send(&Frame::text(protocol.handshake()));
        assert_eq!(socket.handshake_response(), "{}");
        socket
    }

    /// Reads the handshake response, for a socket whose handshake was sent by hand.
    #[must_use]
    pub fn after_handshake(raw: RawSocket, protocol: Protocol) -> Self {
        let mut socket = Self { raw, protocol, received: Vec::new(), taken: 0, calls: 0 };
        assert_eq!(socket.handshake_response(), "{}");
        socket
    }

    /// A WebSocket over which a connection goes on, without a handshake.
    #[must_use]
    pub fn resumed(raw: RawSocket, protocol: Protocol) -> Self {
        Self { raw, protocol, received: Vec::new(), taken: 0, calls: 0 }
    }

    fn handshake_response(&mut self) -> String {
        loop {
            if let Some(end) = self.received.iter().position(|byte| *byte == RECORD_SEPARATOR) {
                self.taken = end + 1;
                return String::from_utf8(self.received[..end].to_vec()).expect("the response is text");
            }
            let event = self.receive();
            assert_eq!(event, None, "no handshake response");
        }
    }

    /// Sends bytes in one frame of the protocol's kind.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.raw.send(&self.protocol.frame(bytes));
    }

    /// Sends the text of a JSON message, without checking it.
    pub fn send_text(&mut self, text: &str) {
        self.send_bytes(format!("{text}\u{1e}").as_bytes());
    }

    /// Sends one message.
    pub fn send(&mut self, message: &Value) {
        self.send_bytes(&self.protocol.encode(message));
    }

    /// Sends several messages in one frame.
    pub fn send_all(&mut self, messages: &[Value]) {
        let bytes: Vec<u8> = messages.iter().flat_map(|message| self.protocol.encode(message)).collect();
        self.send_bytes(&bytes);
    }

    /// Sends an Invocation.
    pub fn invoke(&mut self, id: &str, target: &str, arguments: Value) {
        self.send(&invocation(id, target, arguments));
    }

    /// Invokes a method and returns its result, which must be the next message.
    ///
    /// # Panics
    ///
    /// When another message comes, or the call fails.
    pub fn call(&mut self, target: &str, arguments: Value) -> Value {
        self.calls += 1;
        let id = format!("call-{}", self.calls);
        self.invoke(&id, target, arguments);
        let answer = self.next_message();
        assert_eq!(answer["invocationId"], id.as_str(), "not the answer of {target}: {answer}");
        assert_eq!(answer.get("error"), None, "{target} failed: {answer}");
        answer["result"].clone()
    }

    /// Everything that the server sent up to the answer of an `Echo` that is sent now.
    pub fn barrier(&mut self) -> Vec<Value> {
        self.calls += 1;
        let id = format!("barrier-{}", self.calls);
        self.invoke(&id, "Echo", json!(["barrier"]));
        let mut before = Vec::new();
        loop {
            let message = self.next_message();
            if message["invocationId"] == id.as_str() {
                return before;
            }
            before.push(message);
        }
    }

    /// The id of this connection.
    pub fn connection_id(&mut self) -> String {
        self.call("GetConnectionId", json!([])).as_str().expect("the id is text").to_owned()
    }

    /// The next message that is not a Ping.
    ///
    /// # Panics
    ///
    /// When the connection ends instead.
    pub fn next_message(&mut self) -> Value {
        match self.event() {
            Event::Message(message) => message,
            other => panic!("the connection ended: {other:?}"),
        }
    }

    /// The next `count` messages that are not Pings.
    pub fn next_messages(&mut self, count: usize) -> Vec<Value> {
        (0..count).map(|_| self.next_message()).collect()
    }

    /// What comes next, apart from Pings.
    pub fn event(&mut self) -> Event {
        loop {
            match self.any_event() {
                Event::Message(message) if message["type"] == 6 => {}
                event => return event,
            }
        }
    }

    /// What comes next.
    pub fn any_event(&mut self) -> Event {
        loop {
            if let Some(message) = self.take_message() {
                return Event::Message(message);
            }
            if let Some(end) = self.receive() {
                let rest = &self.received[self.taken..];
                assert!(rest.is_empty(), "the connection ended within a message: {rest:?}");
                return end;
            }
        }
    }

    /// The text of the next JSON message that is not a Ping, exactly as sent, without its separator.
    pub fn next_text(&mut self) -> String {
        loop {
            let bytes = self.next_bytes();
            let text = String::from_utf8(bytes).expect("JSON is UTF-8");
            if text != "{\"type\":6}" {
                return text;
            }
        }
    }

    /// The bytes of the next message, Pings included, without framing.
    ///
    /// # Panics
    ///
    /// When the connection ends instead.
    pub fn next_bytes(&mut self) -> Vec<u8> {
        loop {
            if let Some(bytes) = self.take_bytes() {
                return bytes;
            }
            let end = self.receive();
            assert_eq!(end, None, "the connection ended");
        }
    }

    /// Expects this message and then an orderly end: close frame 1000 without a reason.
    pub fn expect_close(&mut self, message: &Value) {
        assert_eq!(self.event(), Event::Message(message.clone()));
        self.expect_end();
    }

    /// Expects the orderly end of the connection: close frame 1000 without a reason.
    pub fn expect_end(&mut self) {
        assert_eq!(self.event(), Event::Closed(1000, String::new()));
    }

    /// Asserts that the connection still answers, and that nothing else waits to be received.
    pub fn expect_alive(&mut self) {
        assert_eq!(self.call("Echo", json!(["still here"])), "still here");
    }

    fn take_message(&mut self) -> Option<Value> {
        let bytes = self.take_bytes()?;
        Some(self.protocol.decode(&bytes))
    }

    fn take_bytes(&mut self) -> Option<Vec<u8>> {
        let (bytes, used) = self.protocol.split(&self.received[self.taken..])?;
        let bytes = bytes.to_vec();
        self.taken += used;
        Some(bytes)
    }

    /// Receives one WebSocket message, or the end of the connection.
    fn receive(&mut self) -> Option<Event> {
        let Some(frame) = self.raw.read_message() else {
            return Some(Event::Lost);
        };
        if frame.opcode == CLOSE {
            let (code, reason) = self.raw.finish(&frame);
            return Some(Event::Closed(code, reason));
        }
        let expected = if self.protocol == Protocol::Json { TEXT } else { BINARY };
        assert_eq!(frame.opcode, expected, "{:?} comes in the wrong kind of frame", self.protocol);
        self.received.drain(..self.taken);
        self.taken = 0;
        self.received.extend_from_slice(&frame.payload);
        None
    }
}
