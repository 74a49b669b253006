//! HTTP/1.1, as much of it as a load client needs.

use crate::Error;
use memchr::memmem;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection that is kept alive, one request at a time.
pub(crate) struct Http {
    pub(crate) tcp: TcpStream,
    /// What was read and belongs to what comes next.
    pub(crate) received: Vec<u8>,
}

/// A request with a body of known length.
pub(crate) fn request(method: &str, target: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = if method == "GET" { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let mut request = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n{headers}{length}\r\n").into_bytes();
    request.extend_from_slice(body);
    request
}

impl Http {
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self, Error> {
        let tcp = TcpStream::connect(address).await?;
        tcp.set_nodelay(true)?;
        Ok(Http { tcp, received: Vec::with_capacity(1024) })
    }

    pub(crate) async fn send(&mut self, request: &[u8]) -> Result<(), Error> {
        Ok(self.tcp.write_all(request).await?)
    }

    async fn read(&mut self) -> Result<(), Error> {
        if self.tcp.read_buf(&mut self.received).await? == 0 {
            return Err("the server has closed the connection".into());
        }
        Ok(())
    }

    /// Reads the head of an answer and checks its status; gives the length of the body, 0 where none is declared.
    pub(crate) async fn head(&mut self, status: &str) -> Result<usize, Error> {
        let end = loop {
            if let Some(end) = memmem::find(&self.received, b"\r\n\r\n") {
                break end + 4;
            }
            self.read().await?;
        };
        let head = std::str::from_utf8(self.received.get(..end).unwrap_or_default())?;
        if head.split(' ').nth(1) != Some(status) {
            return Err(format!("not the status {status}: {head}").into());
        }
        let mut length = 0;
        for line in head.split("\r\n") {
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse()?;
            }
        }
        self.received.drain(..end);
        Ok(length)
    }

    /// Reads a whole answer with status 200 and hands its body over.
    pub(crate) async fn answer<T>(&mut self, look: impl FnOnce(&[u8]) -> T) -> Result<T, Error> {
        let length = self.head("200").await?;
        while self.received.len() < length {
            self.read().await?;
        }
        let looked = look(self.received.get(..length).unwrap_or_default());
        self.received.drain(..length);
        Ok(looked)
    }
}
