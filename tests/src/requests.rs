//! Hub connections that are made of HTTP requests: Server-Sent Events and long polling.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    sync::mpsc,
    thread,
};

use serde_json::{Value, json};

use crate::{
    Protocol, RECORD_SEPARATOR,
    http::{self, Response, negotiate, request},
    message::invocation,
    server,
};

/// A negotiated connection, by the requests that belong to it.
#[derive(Debug, Clone)]
pub struct Requests {
    /// The path with the connection's token.
    pub path: String,
    /// The public id of the connection.
    pub id: String,
    /// What is spoken after the handshake.
    pub protocol: Protocol,
}

impl Requests {
    /// Negotiates at the hub with this path and query.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    #[must_use]
    pub fn negotiate(hub: &str, protocol: Protocol) -> Self {
        let (path, query) = hub.split_once('?').unwrap_or((hub, ""));
        let answer = negotiate(&format!("{path}?negotiateVersion=1"));
        let text = |name: &str| answer[name].as_str().expect("it is text").to_owned();
        let path = format!("{path}?id={}&{query}", text("connectionToken"));
        Self { path, id: text("connectionId"), protocol }
    }

    /// A long-polling connection whose handshake was accepted.
    ///
    /// # Panics
    ///
    /// When it was not.
    #[must_use]
    pub fn polling(hub: &str, protocol: Protocol) -> Self {
        let requests = Self::negotiate(hub, protocol);
        assert_eq!(requests.poll().body, b"");
        requests.shake_hands();
        assert_eq!(requests.poll().text(), "{}\u{1e}");
        requests
    }

    /// A connection with Server-Sent Events whose handshake was accepted.
    ///
    /// # Panics
    ///
    /// When it was not.
    #[must_use]
    pub fn events(hub: &str) -> (Self, EventStream) {
        let requests = Self::negotiate(hub, Protocol::Json);
        let mut events = requests.open_events();
        requests.shake_hands();
        assert_eq!(events.next().as_deref(), Some("{}\u{1e}"));
        (requests, events)
    }

    /// Posts bytes.
    #[must_use]
    pub fn post(&self, bytes: &[u8]) -> Response {
        request("POST", &self.path, &[], bytes)
    }

    /// Posts bytes, which the server has to take.
    ///
    /// # Panics
    ///
    /// When it does not.
    pub fn send_bytes(&self, bytes: &[u8]) {
        let response = self.post(bytes);
        assert_eq!((response.status, response.text()), (200, ""));
        assert_eq!(response.header("content-type"), Some("text/plain"));
    }

    /// Posts messages in one request.
    pub fn send(&self, messages: &[Value]) {
        let bytes: Vec<u8> = messages.iter().flat_map(|message| self.protocol.encode(message)).collect();
        self.send_bytes(&bytes);
    }

    /// Posts an Invocation.
    pub fn invoke(&self, id: &str, target: &str, arguments: Value) {
        self.send(&[invocation(id, target, arguments)]);
    }

    /// Posts the handshake.
    pub fn shake_hands(&self) {
        self.send_bytes(self.protocol.handshake().as_bytes());
    }

    /// Polls, and waits for the answer.
    #[must_use]
    pub fn poll(&self) -> Response {
        request("GET", &self.path, &[], b"")
    }

    /// Polls until so many messages have come that are not Pings. Polls that bring nothing are repeated.
    ///
    /// # Panics
    ///
    /// When the connection ends before.
    #[must_use]
    pub fn poll_messages(&self, count: usize) -> Vec<Value> {
        let mut messages = Vec::new();
        while messages.len() < count {
            messages.extend(self.messages_of(&self.poll()));
        }
        messages
    }

    /// The messages in the answer of a poll, Pings left out.
    ///
    /// # Panics
    ///
    /// When it has none but the status 200, or another thing than whole messages.
    #[must_use]
    pub fn messages_of(&self, response: &Response) -> Vec<Value> {
        assert_eq!(response.status, 200, "{response:?}");
        let mut messages = Vec::new();
        let mut rest = response.body.as_slice();
        while !rest.is_empty() {
            let (message, used) = self.protocol.split(rest).expect("whole messages");
            messages.push(self.protocol.decode(message));
            rest = &rest[used..];
        }
        messages.retain(|message| message["type"] != 6);
        messages
    }

    /// A poll that certainly waits at the server, by its two ends: it took the place of another one.
    ///
    /// # Panics
    ///
    /// When there is something to say to the client already.
    #[must_use]
    pub fn waiting_poll(&self) -> Polled {
        let (sender, answers) = mpsc::channel();
        for _ in 0..2 {
            let (requests, sender) = (self.clone(), sender.clone());
            thread::spawn(move || {
                // Whoever waits for it may have failed meanwhile.
                let _ = sender.send(requests.poll());
            });
        }
        let first = answers.recv().expect("an answer");
        assert_eq!((first.status, first.text()), (204, ""), "the older poll");
        Polled(answers)
    }

    /// Ends the connection.
    #[must_use]
    pub fn delete(&self) -> Response {
        request("DELETE", &self.path, &[], b"")
    }

    /// Asks for events; the answer may be a refusal.
    #[must_use]
    pub fn get_events(&self) -> Response {
        request("GET", &self.path, &[("Accept", "text/event-stream")], b"")
    }

    /// Asks for events.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    #[must_use]
    pub fn open_events(&self) -> EventStream {
        let mut stream = server().tcp();
        let head = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\n\r\n",
            self.path,
            server().authority()
        );
        stream.write_all(head.as_bytes()).expect("the request can be written");
        let (head, received) = http::read_head(&mut stream);
        assert_eq!(head.status, 200, "{head:?}");
        let mut events = EventStream { head, stream, received, body: Vec::new(), ended: false };
        assert_eq!(events.raw(3).as_deref(), Some(b":\r\n".as_slice()));
        events
    }

    /// Begins a POST of `length` bytes and sends the first of them.
    ///
    /// # Panics
    ///
    /// When the server does not accept the connection.
    #[must_use]
    pub fn begin_post(&self, length: usize, first: &[u8]) -> Posting {
        let mut stream = server().tcp();
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Length: {length}\r\n\r\n",
            self.path,
            server().authority()
        );
        stream.write_all(&[head.as_bytes(), first].concat()).expect("the request can be written");
        Posting(stream)
    }
}

/// The answer to a poll that waits.
#[derive(Debug)]
pub struct Polled(mpsc::Receiver<Response>);

impl Polled {
    /// Waits for the answer.
    ///
    /// # Panics
    ///
    /// When there is none.
    #[must_use]
    pub fn answer(self) -> Response {
        self.0.recv().expect("an answer")
    }
}

/// A POST whose body is not complete.
#[derive(Debug)]
pub struct Posting(TcpStream);

impl Posting {
    /// Sends more of the body; false if the server has ended the connection.
    pub fn write(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).is_ok()
    }

    /// Waits for the answer.
    #[must_use]
    pub fn answer(mut self) -> Response {
        let (head, rest) = http::read_head(&mut self.0);
        http::read_body(&mut self.0, head, rest)
    }
}

/// The response that brings events.
#[derive(Debug)]
pub struct EventStream {
    /// Status and headers.
    pub head: Response,
    stream: TcpStream,
    received: Vec<u8>,
    /// What was received without the chunks' framing.
    body: Vec<u8>,
    ended: bool,
}

impl EventStream {
    /// The next so many bytes of the body, or nothing if it ends before.
    ///
    /// # Panics
    ///
    /// When it breaks off instead of ending in order.
    pub fn raw(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.body.len() < count {
            if !self.receive() {
                return None;
            }
        }
        Some(self.body.drain(..count).collect())
    }

    /// The bytes of the next event without the empty line behind it, or nothing if the response ends in order.
    ///
    /// # Panics
    ///
    /// When it ends within an event.
    pub fn next_raw(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(end) = self.body.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                let event = self.raw(end + 4)?;
                return Some(event[..end].to_vec());
            }
            if !self.receive() {
                assert_eq!(self.body, b"", "the response ended within an event");
                return None;
            }
        }
    }

    /// The next message that is not a Ping; nothing if the response ends in order.
    ///
    /// # Panics
    ///
    /// When an event holds more than one message.
    pub fn next_message(&mut self) -> Option<Value> {
        loop {
            let event = self.next()?;
            let (message, used) = Protocol::Json.split(event.as_bytes()).expect("a whole message");
            assert_eq!(used, event.len(), "one message is sent at a time: {event}");
            let message = Protocol::Json.decode(message);
            if message != json!({"type": 6}) {
                return Some(message);
            }
        }
    }

    /// Receives more; false at the end.
    fn receive(&mut self) -> bool {
        loop {
            if let Some((chunk, used)) = chunk(&self.received) {
                self.body.extend_from_slice(chunk);
                self.ended = chunk.is_empty();
                self.received.drain(..used);
                return !self.ended;
            }
            if self.ended {
                return false;
            }
            let mut buffer = [0; 16 * 1024];
            match self.stream.read(&mut buffer) {
                Ok(0) => panic!("the response broke off"),
                Ok(count) => self.received.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => panic!("nothing came from the server: {error}"),
            }
        }
    }
}

/// The payloads of the events.
impl Iterator for EventStream {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let event = String::from_utf8(self.next_raw()?).expect("events are text");
        let lines = event.split("\r\n").map(|line| line.strip_prefix("data: ").expect("a field of data"));
        let payload = lines.collect::<Vec<_>>().join("\n");
        assert!(payload.as_bytes().ends_with(&[RECORD_SEPARATOR]), "whole messages: {payload}");
        Some(payload)
    }
}

/// The first chunk in `bytes`, and how many bytes it takes with its framing.
fn chunk(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let line_end = bytes.windows(2).position(|window| window == b"\r\n")?;
    let size = std::str::from_utf8(&bytes[..line_end]).expect("the size is text");
    let size = usize::from_str_radix(size, 16).expect("the size is hexadecimal");
    let end = line_end + 2 + size;
    bytes.get(end..end + 2)?;
    Some((&bytes[line_end + 2..end], end + 2))
}
