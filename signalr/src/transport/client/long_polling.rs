//! Long polling: one request after the other, and POSTs beside them, as a [`Duplex`].

use super::body::{Chunks, ignore};
use super::posts::Posts;
use super::requests::{Outgoing, Requests, Time, Token, describe};
use crate::client::connect::ConnectError;
use crate::protocol::TransferFormat;
use crate::session::BoxFuture;
use crate::session::outbound::Outbound;
use crate::transport::{Duplex, Received};
use bytes::{Buf, Bytes};
use http::{Method, StatusCode, header};
use reqwest::{Response, Url};
use std::io;
use std::task::{Context, Poll, ready};
use tokio::task::coop::poll_proceed;

/// Opens a negotiated connection by its first poll, which the server answers at once.
pub(super) async fn open(requests: &Requests, url: Url) -> Result<Box<dyn Duplex>, ConnectError> {
    let what = "the first poll";
    let request = Outgoing { what, ..poll_request(&url) };
    let response = requests.send(&request, Token::Current, Time::Limited).await?;
    if response.status() != StatusCode::OK {
        return Err(ConnectError::Refused { request: what, status: response.status() });
    }
    Ok(Box::new(LongPolling {
        polling: Polling::Body { chunks: Chunks::new(response), was_empty: true },
        unread: Bytes::new(),
        posts: Posts::new(requests.clone(), url.clone()),
        delete: None,
        requests: requests.clone(),
        url,
    }))
}

fn poll_request(url: &Url) -> Outgoing {
    Outgoing::new("a poll", Method::GET, url.clone()).header(header::CACHE_CONTROL, "no-cache")
}

struct LongPolling {
    requests: Requests,
    url: Url,
    polling: Polling,
    /// What there was no room for yet.
    unread: Bytes,
    posts: Posts,
    /// The request that ends the connection.
    delete: Option<BoxFuture<()>>,
}

enum Polling {
    /// A poll waits for its answer, for as long as the server likes: a connection that is dead is found by the socket.
    Waiting(BoxFuture<Result<Response, ConnectError>>),
    Body {
        chunks: Chunks,
        was_empty: bool,
    },
    /// The server has ended the connection, or it is lost.
    Over,
}

impl LongPolling {
    /// The next poll, which begins when it is driven.
    fn next(&self) -> Polling {
        let (requests, request) = (self.requests.clone(), poll_request(&self.url));
        Polling::Waiting(Box::pin(async move { requests.send(&request, Token::Current, Time::Unlimited).await }))
    }

    /// What is received when there is nothing more to poll for.
    fn over(&mut self, end: Received) -> Poll<Received> {
        self.polling = Polling::Over;
        Poll::Ready(end)
    }
}

impl Duplex for LongPolling {
    fn poll_receive(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Received> {
        // A POST may wait for this end to read; its error shows when sending.
        let _ = self.posts.poll(cx);
        // A server that answers without end must not keep the thread for itself.
        let coop = ready!(poll_proceed(cx));
        while self.unread.is_empty() {
            match &mut self.polling {
                Polling::Over => return Poll::Ready(Received::Closed),
                Polling::Waiting(poll) => match ready!(poll.as_mut().poll(cx)) {
                    Ok(response) if response.status() == StatusCode::NO_CONTENT => return self.over(Received::Closed),
                    Ok(response) if response.status().is_success() => {
                        self.polling = Polling::Body { chunks: Chunks::new(response), was_empty: true };
                    }
                    Ok(response) => {
                        let error = format!("a poll was answered with status {}", response.status());
                        return self.over(Received::Lost(error));
                    }
                    Err(error) => return self.over(Received::Lost(format!("a poll failed: {error}"))),
                },
                Polling::Body { chunks, was_empty } => match ready!(chunks.poll_next(cx)) {
                    Some(Ok(chunk)) => {
                        *was_empty = false;
                        self.unread = chunk;
                    }
                    Some(Err(error)) => return self.over(Received::Lost(describe(error))),
                    None => {
                        let was_empty = *was_empty;
                        self.polling = self.next();
                        if was_empty {
                            // A server that has nothing to say says so from time to time.
                            coop.made_progress();
                            return Poll::Ready(Received::Data(0));
                        }
                    }
                },
            }
        }
        coop.made_progress();
        let count = self.unread.len().min(buffer.len());
        self.unread.copy_to_slice(buffer.split_at_mut(count).0);
        if self.unread.is_empty() {
            self.unread = Bytes::new();
        }
        Poll::Ready(Received::Data(count))
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, data: &mut Outbound, format: TransferFormat) -> Poll<io::Result<()>> {
        self.posts.poll_send(cx, data, format)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let posted = ready!(self.posts.poll(cx));
        if matches!(self.polling, Polling::Over) || posted.is_err() {
            return Poll::Ready(());
        }
        let delete = self.delete.get_or_insert_with(|| {
            let requests = self.requests.clone();
            let request = Outgoing::new("the end", Method::DELETE, self.url.clone());
            Box::pin(async move {
                // The server finds out by itself if this fails.
                if let Ok(response) = requests.send(&request, Token::Current, Time::Limited).await {
                    ignore(response).await;
                }
            })
        });
        ready!(delete.as_mut().poll(cx));
        self.delete = None;
        self.polling = Polling::Over;
        Poll::Ready(())
    }
}
