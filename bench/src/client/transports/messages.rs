//! Where the messages of one connection come from, whatever is around them.

use super::http::Http;
use crate::Error;
use crate::client::SEPARATOR;
use crate::client::web_socket::unframe;
use memchr::memchr_iter;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;

const PING: &[u8] = b"{\"type\":6}";

/// What is around messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Around {
    /// Text of which nothing can be taken for the end of a message: nothing, or chunks and events.
    Text,
    WebSocketFrames,
}

/// The reading end of a connection.
pub(crate) struct Messages<R> {
    reader: R,
    around: Around,
    /// What was read. It begins with what is not yet a message.
    received: Vec<u8>,
    /// How much of it was looked at already.
    seen: usize,
}

impl Messages<TcpStream> {
    /// What an HTTP answer brings that does not end.
    pub(crate) fn events(http: Http) -> Self {
        Messages { reader: http.tcp, around: Around::Text, received: http.received, seen: 0 }
    }
}

impl Messages<OwnedReadHalf> {
    pub(crate) fn new(reader: OwnedReadHalf, around: Around, received: Vec<u8>) -> Self {
        Messages { reader, around, received, seen: 0 }
    }
}

impl<R: tokio::io::AsyncRead + Unpin> Messages<R> {
    /// Waits for messages and says how many have come. Each is shown, with whatever text is around it; pings are not.
    pub(crate) async fn next(&mut self, mut look: impl FnMut(&[u8])) -> Result<usize, Error> {
        loop {
            let count = self.take(&mut look)?;
            if count > 0 {
                return Ok(count);
            }
            if self.reader.read_buf(&mut self.received).await? == 0 {
                return Err("the server has closed the connection".into());
            }
        }
    }

    fn take(&mut self, look: &mut impl FnMut(&[u8])) -> Result<usize, Error> {
        let mut count = 0;
        let mut show = |message: &[u8]| {
            if !message.ends_with(PING) {
                look(message);
                count += 1;
            }
        };
        let mut done = 0;
        match self.around {
            Around::Text => {
                for end in memchr_iter(SEPARATOR, self.received.get(self.seen..).unwrap_or_default()) {
                    let end = self.seen + end;
                    show(self.received.get(done..end).unwrap_or_default());
                    done = end + 1;
                }
            }
            Around::WebSocketFrames => {
                while let Some(frame) = unframe(self.received.get(done..).unwrap_or_default())? {
                    let messages = frame.payload.strip_suffix(&[SEPARATOR]).into_iter();
                    messages.flat_map(|messages| messages.split(|byte| *byte == SEPARATOR)).for_each(&mut show);
                    done += frame.length;
                }
            }
        }
        self.received.drain(..done);
        self.seen = if self.around == Around::Text { self.received.len() } else { 0 };
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(around: Around, mut bytes: &[u8]) -> Vec<String> {
        let mut messages = Messages { reader: &mut bytes, around, received: Vec::with_capacity(1), seen: 0 };
        let mut all = Vec::new();
        while messages.next(|message| all.push(String::from_utf8_lossy(message).into_owned())).await.is_ok() {}
        all
    }

    #[tokio::test]
    async fn messages_are_found_in_chunks_and_in_frames_and_pings_are_not() {
        let chunks = b"5\r\nabc\x1e\r\n\r\n9\r\n{\"type\":6}\x1e\r\n3\r\nde\x1e";
        assert_eq!(all(Around::Text, chunks).await, ["5\r\nabc", "\r\n3\r\nde"].map(str::to_owned));
        let frames = [&b"\x81\x04abc\x1e"[..], b"\x81\x0b{\"type\":6}\x1e", b"\x81\x1e", &[b'x'; 29], b"\x1e"].concat();
        assert_eq!(all(Around::WebSocketFrames, &frames).await, ["abc".to_owned(), "x".repeat(29)]);
    }
}
