//! Bare axum handlers that answer the same requests: what HTTP itself costs.

use super::listen;
use crate::Error;
use axum::Router;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What comes by POST for each query string, and waits for a GET with the same one.
#[derive(Clone, Default)]
struct Channels(Arc<Mutex<HashMap<String, Channel>>>);

type Receiver = Arc<tokio::sync::Mutex<UnboundedReceiver<Bytes>>>;

#[derive(Clone)]
struct Channel {
    sender: UnboundedSender<Bytes>,
    receiver: Receiver,
}

impl Channels {
    fn of(&self, query: Option<String>) -> Channel {
        let mut channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let open = || {
            let (sender, receiver) = unbounded_channel();
            Channel { sender, receiver: Arc::new(receiver.into()) }
        };
        channels.entry(query.unwrap_or_default()).or_insert_with(open).clone()
    }
}

pub(super) async fn serve() -> Result<(), Error> {
    let app = Router::new()
        .route("/post", post(take))
        .route("/poll", get(poll).post(pass_on))
        .route("/events", get(events).post(pass_on))
        .with_state(Channels::default());
    listen(app).await
}

/// Answers a POST, and that is all.
async fn take(body: Bytes) -> StatusCode {
    drop(body);
    StatusCode::OK
}

/// Answers a POST, whose body becomes an event or the answer to a poll.
async fn pass_on(State(channels): State<Channels>, RawQuery(query): RawQuery, body: Bytes) -> StatusCode {
    if channels.of(query).sender.send(body).is_ok() { StatusCode::OK } else { StatusCode::NOT_FOUND }
}

async fn poll(State(channels): State<Channels>, RawQuery(query): RawQuery) -> Response {
    let receiver = channels.of(query).receiver;
    let answer = receiver.lock().await.recv().await.unwrap_or_default();
    ([(CONTENT_TYPE, "application/octet-stream")], answer).into_response()
}

async fn events(State(channels): State<Channels>, RawQuery(query): RawQuery) -> Response {
    let receiver = channels.of(query).receiver;
    let posted = stream::unfold(receiver, async |receiver| {
        let body = receiver.lock().await.recv().await?;
        let event = [&b"data: "[..], &body, b"\r\n\r\n"].concat();
        Some((Ok::<_, Infallible>(Bytes::from(event)), receiver))
    });
    let opened = stream::once(async { Ok(Bytes::from_static(b":\r\n")) });
    ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(opened.chain(posted))).into_response()
}
