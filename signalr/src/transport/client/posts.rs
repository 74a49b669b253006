//! What is sent beside events and polls: one POST after the other.

use super::body::ignore;
use super::requests::{Outgoing, Requests, Time, Token};
use crate::protocol::TransferFormat;
use crate::session::BoxFuture;
use crate::session::outbound::Outbound;
use http::{Method, header};
use reqwest::Url;
use std::io;
use std::task::{Context, Poll, ready};

/// Sends in order: what comes while a POST is on its way waits for the next one, all of it together.
pub(super) struct Posts {
    requests: Requests,
    url: Url,
    current: Option<BoxFuture<Result<(), String>>>,
    failed: Option<String>,
}

impl Posts {
    pub(super) fn new(requests: Requests, url: Url) -> Self {
        Posts { requests, url, current: None, failed: None }
    }

    /// Drives the POST that is on its way, and says when there is none.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(current) = &mut self.current {
            let result = ready!(current.as_mut().poll(cx));
            self.current = None;
            self.failed = result.err();
        }
        // What was in it is lost: nothing can follow.
        Poll::Ready(self.failed.as_ref().map_or(Ok(()), |error| Err(io::Error::other(error.clone()))))
    }

    pub(super) fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        data: &mut Outbound,
        format: TransferFormat,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.poll(cx))?;
            if data.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let kind = match format {
                TransferFormat::Text => "text/plain;charset=UTF-8",
                TransferFormat::Binary => "application/octet-stream",
            };
            let mut post = Outgoing::new("a POST", Method::POST, self.url.clone()).header(header::CONTENT_TYPE, kind);
            post.body = data.take();
            let requests = self.requests.clone();
            self.current = Some(Box::pin(async move {
                let response = requests.send(&post, Token::Current, Time::Limited).await;
                let response = response.map_err(|error| format!("a POST failed: {error}"))?;
                let status = response.status();
                if !status.is_success() {
                    return Err(format!("a POST was answered with status {status}"));
                }
                ignore(response).await;
                Ok(())
            }));
        }
    }
}
