//! A server of WebSockets that says what a test tells it to.

use client_tests::http_client;
use signalr::protocol::Protocol;
use signalr::{HubConnection, HubConnectionBuilder, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// Serves every connection by `script`; gives the address. It ends with the runtime.
pub(crate) async fn serve<F, S>(script: S) -> String
where
    F: Future<Output = ()> + Send + 'static,
    S: Fn(Peer) -> F + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hub", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut scripts = JoinSet::new();
        while let Ok((tcp, _)) = listener.accept().await {
            tcp.set_nodelay(true).unwrap();
            scripts.spawn(script(Peer { tcp, head: String::new(), received: Vec::new(), messages: Vec::new() }));
            while scripts.try_join_next().is_some() {}
        }
    });
    url
}

/// A client of such a server, which does not negotiate.
pub(crate) fn client(url: &str, protocol: Protocol) -> HubConnectionBuilder {
    HubConnection::builder(url)
        .transports([Transport::WebSockets])
        .skip_negotiation(true)
        .protocol(protocol)
        .http_client(http_client())
}

/// One connection, as its server has it.
pub(crate) struct Peer {
    tcp: TcpStream,
    /// The head of the last request.
    head: String,
    received: Vec<u8>,
    /// Bytes of messages that were not taken yet.
    messages: Vec<u8>,
}

/// What the server sends in one frame.
pub(crate) fn frame(protocol: Protocol, message: &[u8]) -> Vec<u8> {
    let opcode = if protocol == Protocol::Json { 0x81 } else { 0x82 };
    let mut frame = vec![opcode];
    match u16::try_from(message.len()) {
        Ok(length) if length < 126 => frame.push(u8::try_from(length).unwrap()),
        Ok(length) => {
            frame.push(126);
            frame.extend(length.to_be_bytes());
        }
        Err(_) => {
            frame.push(127);
            frame.extend((message.len() as u64).to_be_bytes());
        }
    }
    frame.extend(message);
    frame
}

impl Peer {
    /// The head of the next request.
    pub(crate) async fn head(&mut self) -> &str {
        let end = loop {
            if let Some(end) = self.received.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
            self.read().await.expect("a request");
        };
        self.head = String::from_utf8(self.received.drain(..end).collect()).unwrap();
        &self.head
    }

    /// Answers the next request, which is for a WebSocket.
    pub(crate) async fn upgrade(&mut self) {
        self.head().await;
        self.open().await;
    }

    /// Answers the last request, which was for a WebSocket.
    pub(crate) async fn open(&mut self) {
        let key = self
            .head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"))
            .map(|(_, value)| value.trim().to_owned())
            .expect("a key");
        let accept = derive_accept_key(key.as_bytes());
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        self.write(answer.as_bytes()).await;
    }

    /// Opens the connection up to the end of its handshake.
    pub(crate) async fn accept(&mut self) {
        self.upgrade().await;
        self.request().await;
        self.send("{}\u{1e}").await;
    }

    /// Takes the client's handshake.
    pub(crate) async fn request(&mut self) {
        let request = self.message().await.expect("a handshake");
        assert!(request.starts_with("{\"protocol\":"), "{request}");
    }

    /// Sends one frame of text.
    pub(crate) async fn send(&mut self, text: &str) {
        self.write(&frame(Protocol::Json, text.as_bytes())).await;
    }

    /// Sends bytes as they are. The client may have gone.
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        let _ = self.tcp.write_all(bytes).await;
    }

    async fn read(&mut self) -> Option<()> {
        let mut buffer = [0; 4096];
        match self.tcp.read(&mut buffer).await {
            Ok(0) | Err(_) => None,
            Ok(count) => {
                self.received.extend(&buffer[..count]);
                Some(())
            }
        }
    }

    /// Reads until the client leaves.
    pub(crate) async fn rest(&mut self) {
        while self.read().await.is_some() {}
    }

    /// The next JSON message of the client that is no ping, without its end.
    pub(crate) async fn message(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.messages.iter().position(|byte| *byte == 0x1e) {
                let message: Vec<u8> = self.messages.drain(..=end).take(end).collect();
                if message != br#"{"type":6}"# {
                    return Some(String::from_utf8(message).unwrap());
                }
                continue;
            }
            let payload = self.payload().await?;
            self.messages.extend(payload);
        }
    }

    /// What the next frame of the client carries.
    pub(crate) async fn payload(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some((length, payload)) = unmask(&self.received) {
                self.received.drain(..length);
                return Some(payload);
            }
            self.read().await?;
        }
    }
}

/// The first frame and how long it is, if it is whole.
fn unmask(bytes: &[u8]) -> Option<(usize, Vec<u8>)> {
    let (short, mut at) = (bytes.get(1)? & 0x7f, 2);
    let length = match short {
        126 => usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)),
        127 => usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?,
        short => usize::from(short),
    };
    at += [0, 2, 8][usize::from(short.saturating_sub(125))];
    let mask = bytes.get(at..at + 4)?;
    let payload = bytes.get(at + 4..at + 4 + length)?;
    Some((at + 4 + length, payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect()))
}
