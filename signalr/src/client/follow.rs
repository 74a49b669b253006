//! A stream of a hub that goes on over reconnects.

use super::connection::HubConnection;
use super::error::ClientError;
use super::state::{ConnectionState, Status};
use super::stream::{ItemStream, StreamCall};
use futures_util::{Stream, StreamExt};
use serde::de::DeserializeOwned;
use tokio::sync::watch;

/// Follows a stream of a hub for as long as the client is there: it is opened on the present connection, and again on each
/// later one. What the hub sent in between is lost, unless `open` asks for it: it is called anew each time, so that it can name
/// the last item that was seen.
///
/// The stream ends when the hub's own stream ends, fails with the hub's error, and fails when the client gives up or is
/// stopped.
///
/// ```no_run
/// # async fn run() -> Result<(), signalr::ClientError> {
/// use futures_util::StreamExt;
/// use signalr::{HubConnection, RetryPolicy, follow};
/// use std::pin::pin;
///
/// let connection = HubConnection::builder("https://host/prices").reconnect(RetryPolicy::forever()).connect().await?;
/// let mut prices = pin!(follow(connection, |connection| connection.stream::<f64>("Prices", ("ACME",))));
/// while let Some(price) = prices.next().await {
///     println!("{}", price?);
/// }
/// # Ok(()) }
/// ```
pub fn follow<C, T>(
    client: C,
    open: impl Fn(&C) -> StreamCall<'_, T> + Send,
) -> impl Stream<Item = Result<T, ClientError>> + Send
where
    C: AsRef<HubConnection> + Send + Sync,
    T: DeserializeOwned + Send,
{
    let status = client.as_ref().shared().status.subscribe();
    let following = Following { client, open, status, items: None, ended: false };
    futures_util::stream::unfold(following, |mut following| async move {
        let item = following.next().await?;
        following.ended = item.is_err();
        Some((item, following))
    })
}

struct Following<C, F, T> {
    client: C,
    open: F,
    status: watch::Receiver<Status>,
    items: Option<ItemStream<T>>,
    ended: bool,
}

impl<C, F, T> Following<C, F, T>
where
    C: AsRef<HubConnection>,
    F: Fn(&C) -> StreamCall<'_, T>,
    T: DeserializeOwned,
{
    async fn next(&mut self) -> Option<Result<T, ClientError>> {
        while !self.ended {
            let error = match &mut self.items {
                Some(items) => match items.next().await {
                    Some(Err(error)) => error,
                    item => return item,
                },
                None => {
                    // What changes from here on may be the end of the connection that is used now.
                    let state = self.status.borrow_and_update().state;
                    match (self.open)(&self.client).await {
                        Ok(items) => {
                            self.items = Some(items);
                            continue;
                        }
                        // Nobody makes another connection, which is not said again.
                        Err(error) if state == ConnectionState::Disconnected => {
                            return Some(Err(error));
                        }
                        Err(error) => error,
                    }
                }
            };
            self.items = None;
            if !error.is_of_the_connection() || !self.connected_again().await {
                return Some(Err(error));
            }
        }
        None
    }

    /// Waits for the next connection. Says whether there is one.
    async fn connected_again(&mut self) -> bool {
        loop {
            if self.status.changed().await.is_err() {
                return false;
            }
            match self.status.borrow_and_update().state {
                ConnectionState::Connected => return true,
                ConnectionState::Disconnected => return false,
                ConnectionState::Connecting | ConnectionState::Reconnecting => {}
            }
        }
    }
}
