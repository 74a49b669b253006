//! A client over a WebSocket, whose two halves can be used apart.

use crate::Error;
use crate::client::web_socket::{TEXT, UPGRADE, frame, unframe};
use crate::client::{PATIENCE, SEPARATOR};
use memchr::memmem;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

const HANDSHAKE: &[u8] = b"{\"protocol\":\"json\",\"version\":1}\x1e";

pub(super) struct Client {
    pub(super) reader: Reader,
    pub(super) writer: OwnedWriteHalf,
}

pub(super) struct Reader {
    tcp: OwnedReadHalf,
    /// What was read. It begins with what is not yet a frame.
    received: Vec<u8>,
}

impl Client {
    /// Opens a connection, up to the end of its handshake.
    pub(super) async fn open(address: SocketAddr) -> Result<Self, Error> {
        patiently("a connection", async {
            let tcp = TcpStream::connect(address).await?;
            tcp.set_nodelay(true)?;
            let (tcp, writer) = tcp.into_split();
            let mut client = Client { reader: Reader { tcp, received: Vec::with_capacity(1024) }, writer };
            let request = format!("GET /bench HTTP/1.1\r\nHost: localhost\r\n{UPGRADE}\r\n");
            client.writer.write_all(request.as_bytes()).await?;
            client.reader.skip_head().await?;
            client.writer.write_all(&frame(TEXT, HANDSHAKE)).await?;
            client.reader.next(|_| ()).await?;
            Ok(client)
        })
        .await
    }
}

impl Reader {
    async fn read(&mut self) -> Result<(), Error> {
        if self.tcp.read_buf(&mut self.received).await? == 0 {
            return Err("the server has closed the connection".into());
        }
        Ok(())
    }

    async fn skip_head(&mut self) -> Result<(), Error> {
        let end = loop {
            if let Some(end) = memmem::find(&self.received, b"\r\n\r\n") {
                break end + 4;
            }
            self.read().await?;
        };
        if !self.received.starts_with(b"HTTP/1.1 101 ") {
            return Err("the server gives no WebSocket".into());
        }
        self.received.drain(..end);
        Ok(())
    }

    /// Waits for messages, shows each, and says how many have come.
    pub(super) async fn next(&mut self, mut look: impl FnMut(&[u8])) -> Result<usize, Error> {
        loop {
            let (mut done, mut count) = (0, 0);
            while let Some(frame) = unframe(self.received.get(done..).unwrap_or_default())? {
                for message in frame.payload.split_inclusive(|byte| *byte == SEPARATOR) {
                    look(message);
                    count += 1;
                }
                done += frame.length;
            }
            self.received.drain(..done);
            if count > 0 {
                return Ok(count);
            }
            self.read().await?;
        }
    }
}

/// An invocation in its frame, with the one id that all invocations have.
pub(super) fn invocation(target: &str, argument: &str) -> Vec<u8> {
    let arguments = format!("\"target\":\"{target}\",\"arguments\":[\"{argument}\"]");
    frame(TEXT, format!("{{\"type\":1,\"invocationId\":\"1\",{arguments}}}\x1e").as_bytes())
}

/// What comes of something that must not hang.
pub(super) async fn patiently<T>(what: &str, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    match timeout(PATIENCE, work).await {
        Ok(result) => result.map_err(|error| format!("{what}: {error}").into()),
        Err(_elapsed) => Err(format!("{what}: nothing has happened for {PATIENCE:?}").into()),
    }
}
