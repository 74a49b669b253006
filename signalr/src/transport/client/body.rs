//! The body of an answer.

use bytes::Bytes;
use http_body::Body as HttpBody;
use reqwest::{Body, Response};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// How much is read of a body that does not matter, so that its connection can be used again.
const IGNORED: usize = 16 * 1024;

/// A body that is read as it comes.
pub(super) struct Chunks(Body);

impl Chunks {
    pub(super) fn new(response: Response) -> Self {
        Chunks(http::Response::<Body>::from(response).into_body())
    }

    /// The next piece, which is never empty; `None` at an orderly end.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, reqwest::Error>>> {
        loop {
            match ready!(Pin::new(&mut self.0).poll_frame(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if !data.is_empty() => return Poll::Ready(Some(Ok(data))),
                    // Trailers mean nothing here.
                    _ => {}
                },
            }
        }
    }
}

/// Reads all of a body; `None` if it is longer than the limit.
pub(super) async fn read_all(response: Response, limit: usize) -> Result<Option<Bytes>, reqwest::Error> {
    let mut chunks = Chunks::new(response);
    let mut all = Vec::new();
    while let Some(chunk) = poll_fn(|cx| chunks.poll_next(cx)).await {
        let chunk = chunk?;
        if all.len() + chunk.len() > limit {
            return Ok(None);
        }
        all.extend_from_slice(&chunk);
    }
    Ok(Some(all.into()))
}

/// Reads a body that does not matter.
pub(super) async fn ignore(response: Response) {
    let _ = read_all(response, IGNORED).await;
}
