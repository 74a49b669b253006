//! A server by hand: it reads requests and lets the test write what it likes.

use crate::protocol::websocket::handshake::accept_key;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One request.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    /// `POST /hub/negotiate`, without the query.
    pub(super) line: String,
    pub(super) query: String,
    head: String,
    pub(super) body: String,
}

impl Asked {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(':'))
            .find_map(|(key, value)| key.eq_ignore_ascii_case(name).then(|| value.trim()))
    }
}

/// A connection of the server.
pub(super) struct Socket {
    pub(super) tcp: TcpStream,
    unread: Vec<u8>,
}

impl Socket {
    /// The next request; `None` when the client has left.
    pub(super) async fn request(&mut self) -> Option<Asked> {
        let end = loop {
            if let Some(at) = self.unread.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            self.read().await?;
        };
        let head = String::from_utf8(self.unread.drain(..end).collect()).unwrap();
        let mut words = head.split(' ');
        let (method, target) = (words.next().unwrap().to_owned(), words.next().unwrap().to_owned());
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let mut asked = Asked { line: format!("{method} {path}"), query: query.to_owned(), head, body: String::new() };
        let length = asked.header("content-length").map_or(0, |length| length.parse().unwrap());
        while self.unread.len() < length {
            self.read().await?;
        }
        asked.body = String::from_utf8(self.unread.drain(..length).collect()).unwrap();
        Some(asked)
    }

    async fn read(&mut self) -> Option<()> {
        let mut buffer = [0; 4096];
        let count = self.tcp.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        self.unread.extend_from_slice(&buffer[..count]);
        Some(())
    }

    /// Everything until the client has left.
    pub(super) async fn rest(&mut self) -> Vec<u8> {
        while self.read().await.is_some() {}
        std::mem::take(&mut self.unread)
    }

    pub(super) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.tcp.write_all(bytes.as_ref()).await.unwrap();
    }

    pub(super) async fn answer(&mut self, status: &str, headers: &str, body: &str) {
        let length = body.len();
        self.write(format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n{body}")).await;
    }

    pub(super) async fn json(&mut self, body: &str) {
        self.answer("200 OK", "Content-Type: application/json\r\n", body).await;
    }

    /// Answers a request for a WebSocket.
    pub(super) async fn accept(&mut self, asked: &Asked) {
        let accept = accept_key(asked.header("sec-websocket-key").unwrap().as_bytes());
        self.write(format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
        ))
        .await;
    }
}

/// What was asked, in order.
pub(super) type Log = Arc<Mutex<Vec<Asked>>>;

/// Serves every socket with `serve`; gives the address.
pub(super) async fn serve_sockets<F, R>(serve: F) -> String
where
    F: Fn(Socket) -> R + Send + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            tokio::spawn(serve(Socket { tcp, unread: Vec::new() }));
        }
    });
    format!("http://{address}")
}

/// Answers every request with what `answer` makes of it and of the number of requests before it: status line, headers, body.
pub(super) async fn serve<F>(answer: F) -> (String, Log)
where
    F: Fn(&Asked, usize) -> (String, String, String) + Send + Sync + 'static,
{
    let log = Log::default();
    let (answer, kept) = (Arc::new(answer), log.clone());
    let url = serve_sockets(move |mut socket| {
        let (answer, log) = (answer.clone(), kept.clone());
        async move {
            while let Some(asked) = socket.request().await {
                let number = log.lock().unwrap().len();
                log.lock().unwrap().push(asked.clone());
                let (status, headers, body) = answer(&asked, number);
                socket.answer(&status, &headers, &body).await;
            }
        }
    })
    .await;
    (url, log)
}

/// An answer for [`serve`].
pub(super) fn answer(status: &str, body: &str) -> (String, String, String) {
    (status.to_owned(), String::new(), body.to_owned())
}

/// The answer to a negotiation that offers these transports.
pub(super) fn offer(transports: &[&str]) -> String {
    let formats = |transport: &str| match transport {
        "ServerSentEvents" => r#""Text""#,
        _ => r#""Text","Binary""#,
    };
    let offered: Vec<String> = transports
        .iter()
        .map(|transport| format!(r#"{{"transport":"{transport}","transferFormats":[{}]}}"#, formats(transport)))
        .collect();
    format!(
        r#"{{"negotiateVersion":1,"connectionId":"public","connectionToken":"se/cret","availableTransports":[{}]}}"#,
        offered.join(",")
    )
}
