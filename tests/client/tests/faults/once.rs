//! What is told once, to a test.

use signalr::{ClientError, ConnectionEvent, HubConnectionBuilder};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Adds a listener for why the connection is closed.
pub(crate) fn with_end(
    builder: HubConnectionBuilder,
) -> (HubConnectionBuilder, UnboundedReceiver<Option<ClientError>>) {
    let (sender, receiver) = unbounded_channel();
    let builder = builder.on_event(move |event| {
        if let ConnectionEvent::Closed { error } = event {
            // The test may listen no more.
            let _ = sender.send(error.clone());
        }
    });
    (builder, receiver)
}
