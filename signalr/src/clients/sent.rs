//! What a send returns.

use crate::backplane::node::Published;
use crate::backplane::registry::Deliveries;
use crate::backplane::{BackplaneError, Told};
use crate::protocol::EncodeError;
use crate::session::peer::Peer;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use thiserror::Error;

/// A message that was encoded and queued. It is on its way whether this is awaited or not; awaiting it gives the
/// [`Receipt`], waits until the [backplane](crate::Backplane) has taken it, and waits for room where the
/// [`Overflow`](crate::Overflow) policy or the sender's own connection asks for it.
pub struct Sent {
    receipt: Receipt,
    above: Vec<Arc<Peer>>,
    told: Vec<Told<Option<usize>>>,
}

/// What became of a message. A message in the queue of a connection may still be lost with that connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// How many connections of this server have it in their queue. Those that get it by way of a backplane are not counted,
    /// not even this server's own: nobody tells how many they are.
    pub connections: usize,
    /// For how many of them it was dropped, as their queue was full ([`Overflow::DropNewest`](crate::Overflow)).
    pub dropped: usize,
    /// How many servers have it: 1 without a backplane. A backplane counts those that listen to the message's target, once for
    /// each group, user or connection that was named, and tells it when the send is awaited. `None` if that is not known.
    pub servers: Option<usize>,
    /// Why nobody gets it, or not everybody: see [`into_result`](Self::into_result).
    pub error: Option<SendError>,
}

/// Why a message was not sent, or not to everybody.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SendError {
    /// An argument cannot be serialised. Nobody gets the message, which was logged.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The backplane has not carried it. What that means for this server's own connections is the
    /// [choice](crate::BackplaneOptions::when_away) of the application.
    #[error(transparent)]
    Backplane(#[from] BackplaneError),
}

impl Receipt {
    /// The receipt of a message that was sent, or why not everybody gets it. A hub method that ends by it fails where a send does,
    /// as in ASP.NET Core; otherwise an error is only seen by whoever looks at [`error`](Self::error).
    ///
    /// ```
    /// # use signalr::{Context, HubError, hub};
    /// # struct Chat;
    /// #[hub]
    /// impl Chat {
    ///     async fn shout(&self, ctx: Context<Self>, text: String) -> Result<(), HubError> {
    ///         ctx.clients().all().send("ReceiveMessage", ("someone", text)).await.into_result()?;
    ///         Ok(())
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// The receipt's [`error`](Self::error). With [`WhenAway::DeliverLocally`](crate::WhenAway) some may have got the message all the
    /// same.
    pub fn into_result(self) -> Result<Self, SendError> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }
}

impl Sent {
    pub(crate) fn new(deliveries: Deliveries) -> Self {
        let Deliveries { delivered, dropped, above } = deliveries;
        Sent {
            receipt: Receipt { connections: delivered, dropped, servers: Some(1), error: None },
            above,
            told: Vec::new(),
        }
    }

    /// Nobody was to get it.
    pub(crate) fn to_nobody() -> Self {
        Self::new(Deliveries::default()).with(|receipt| receipt.servers = Some(0))
    }

    pub(crate) fn failed(error: SendError) -> Self {
        Self::to_nobody().with(|receipt| receipt.error = Some(error))
    }

    /// It goes by way of the backplane, apart from what was delivered here.
    pub(crate) fn published(deliveries: Deliveries, published: Published) -> Self {
        let Published { told, error, .. } = published;
        let servers = if told.is_empty() { Some(0) } else { None };
        let sent = Self::new(deliveries).with(|receipt| {
            receipt.servers = servers;
            receipt.error = error.map(SendError::Backplane);
        });
        Sent { told, ..sent }
    }

    fn with(mut self, change: impl FnOnce(&mut Receipt)) -> Self {
        change(&mut self.receipt);
        self
    }

    /// What is known without waiting for anything.
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }
}

impl IntoFuture for Sent {
    type Output = Receipt;
    type IntoFuture = Pin<Box<dyn Future<Output = Receipt> + Send>>;

    #[inline(never)]
    fn into_future(self) -> Self::IntoFuture {
        let Sent { mut receipt, above, told } = self;
        if above.is_empty() && told.is_empty() {
            return Box::pin(std::future::ready(receipt));
        }
        Box::pin(async move {
            if !told.is_empty() {
                receipt.servers = Some(0);
            }
            for told in told {
                let servers = told.await.unwrap_or_else(|error| {
                    receipt.error = Some(error.into());
                    None
                });
                receipt.servers = receipt.servers.zip(servers).map(|(sum, servers)| sum + servers);
            }
            for peer in &above {
                peer.inbox.room().await;
            }
            receipt
        })
    }
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sent").field("receipt", &self.receipt).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_receipt_is_a_result() {
        let deliveries = Deliveries { delivered: 2, ..Deliveries::default() };
        let receipt = Sent::new(deliveries).await;
        assert_eq!(receipt.clone().into_result(), Ok(receipt));
        let away = BackplaneError::Away("gone".to_owned());
        assert_eq!(Sent::failed(away.clone().into()).await.into_result(), Err(away.clone().into()));
        // Also if it turns out later.
        let told: Told<Option<usize>> = Box::pin(std::future::ready(Err(away.clone())));
        let published = Published { told: vec![told], ..Published::default() };
        let sent = Sent::published(Deliveries::default(), published);
        assert_eq!(sent.receipt().error, None);
        assert_eq!(sent.await.into_result(), Err(away.into()));
    }
}
