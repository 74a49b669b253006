//! What several modules need.

use client_tests::Heard;
use futures_util::{Stream, StreamExt};
use signalr::{ClientError, ConnectionEvent, HubConnectionBuilder};
use std::fmt::Debug;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// The text of a hub's own error.
#[track_caller]
pub(crate) fn hub_error<T: Debug>(result: Result<T, ClientError>) -> String {
    match result {
        Err(ClientError::Hub(failure)) => failure.message().to_owned(),
        other => panic!("{other:?}"),
    }
}

/// All items of a stream that ends well.
pub(crate) async fn all<T>(stream: impl Stream<Item = Result<T, ClientError>>) -> Vec<T> {
    stream.map(|item| item.expect("an item")).collect().await
}

/// The next thing that a receiver hears.
pub(crate) async fn next(heard: &mut UnboundedReceiver<Heard>) -> Heard {
    heard.recv().await.expect("the receiver lives")
}

/// Adds a listener for what happens to the connection.
pub(crate) fn with_events<C: signalr::HubClient>(
    builder: HubConnectionBuilder<C>,
) -> (HubConnectionBuilder<C>, UnboundedReceiver<ConnectionEvent>) {
    let (sender, receiver) = unbounded_channel();
    // The test may listen no more.
    let builder = builder.on_event(move |event| drop(sender.send(event.clone())));
    (builder, receiver)
}

/// Why the connection was closed, whatever happens before.
pub(crate) async fn closed(events: &mut UnboundedReceiver<ConnectionEvent>) -> Option<ClientError> {
    loop {
        if let ConnectionEvent::Closed { error } = events.recv().await.expect("the connection lives") {
            return error;
        }
    }
}
