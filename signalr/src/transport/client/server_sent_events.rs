//! Server-Sent Events: an answer that does not end, and POSTs beside it, as a [`Duplex`].

use super::body::Chunks;
use super::event_parser::EventParser;
use super::posts::Posts;
use super::requests::{Outgoing, Requests, Time, Token, describe};
use crate::client::connect::ConnectError;
use crate::protocol::TransferFormat;
use crate::session::outbound::Outbound;
use crate::transport::{Duplex, Received};
use bytes::{Buf, Bytes};
use http::{HeaderMap, Method, StatusCode, header};
use reqwest::Url;
use std::io;
use std::task::{Context, Poll, ready};
use tokio::task::coop::poll_proceed;

const EVENT_STREAM: &str = "text/event-stream";

/// Opens the stream of a negotiated connection.
pub(super) async fn open(requests: &Requests, url: Url) -> Result<Box<dyn Duplex>, ConnectError> {
    let what = "the request for events";
    let request = Outgoing::new(what, Method::GET, url.clone())
        .header(header::ACCEPT, EVENT_STREAM)
        .header(header::CACHE_CONTROL, "no-cache");
    let response = requests.send(&request, Token::Current, Time::Limited).await?;
    if response.status() != StatusCode::OK {
        return Err(ConnectError::Refused { request: what, status: response.status() });
    }
    if !is_event_stream(response.headers()) {
        return Err(ConnectError::Transport("what answers the request for events sends none".to_owned()));
    }
    Ok(Box::new(ServerSentEvents {
        chunks: Chunks::new(response),
        unread: Bytes::new(),
        parser: EventParser::default(),
        posts: Posts::new(requests.clone(), url),
    }))
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(EVENT_STREAM)
}

struct ServerSentEvents {
    chunks: Chunks,
    /// What there was no room for yet.
    unread: Bytes,
    parser: EventParser,
    posts: Posts,
}

impl Duplex for ServerSentEvents {
    fn poll_receive(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Received> {
        // A POST may wait for this end to read; its error shows when sending.
        let _ = self.posts.poll(cx);
        // A server that sends without end must not keep the thread for itself.
        let coop = ready!(poll_proceed(cx));
        if self.unread.is_empty() {
            match ready!(self.chunks.poll_next(cx)) {
                Some(Ok(chunk)) => self.unread = chunk,
                Some(Err(error)) => return Poll::Ready(Received::Lost(describe(error))),
                // There is no other farewell than the end of the answer.
                None => return Poll::Ready(Received::Closed),
            }
        }
        coop.made_progress();
        let (read, written) = self.parser.parse(&self.unread, buffer);
        self.unread.advance(read);
        if self.unread.is_empty() {
            self.unread = Bytes::new();
        }
        Poll::Ready(Received::Data(written))
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, data: &mut Outbound, format: TransferFormat) -> Poll<io::Result<()>> {
        self.posts.poll_send(cx, data, format)
    }

    fn carries_binary(&self) -> bool {
        false
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // To leave is the goodbye, which is done by dropping this.
        self.posts.poll(cx).map(|_| ())
    }
}
