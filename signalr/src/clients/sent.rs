//! What a send returns.

use crate::backplane::registry::Deliveries;
use crate::protocol::EncodeError;
use crate::session::peer::Peer;
use std::pin::Pin;
use std::sync::Arc;

/// A message that was encoded and queued. It is on its way whether this is awaited or not; awaiting it gives the
/// [`Receipt`], and waits for room where the [`Overflow`](crate::Overflow) policy or the sender's own connection asks for it.
#[derive(Debug)]
pub struct Sent {
    receipt: Receipt,
    above: Vec<Arc<Peer>>,
}

/// What became of a message. A message in the queue of a connection may still be lost with that connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// How many connections have it in their queue.
    pub connections: usize,
    /// For how many connections it was dropped, as their queue was full ([`Overflow::DropNewest`](crate::Overflow)).
    pub dropped: usize,
    /// Why nobody gets it: an argument cannot be serialised. It was logged.
    pub error: Option<EncodeError>,
}

impl Sent {
    pub(crate) fn new(deliveries: Deliveries) -> Self {
        let Deliveries { delivered, dropped, above } = deliveries;
        Sent { receipt: Receipt { connections: delivered, dropped, error: None }, above }
    }

    /// Nobody was to get it.
    pub(crate) fn to_nobody() -> Self {
        Self::new(Deliveries::default())
    }

    pub(crate) fn failed(error: EncodeError) -> Self {
        Sent { receipt: Receipt { connections: 0, dropped: 0, error: Some(error) }, above: Vec::new() }
    }

    /// What is known without waiting for room.
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }
}

impl IntoFuture for Sent {
    type Output = Receipt;
    type IntoFuture = Pin<Box<dyn Future<Output = Receipt> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        if self.above.is_empty() {
            return Box::pin(std::future::ready(self.receipt));
        }
        Box::pin(async move {
            for peer in &self.above {
                peer.inbox.room().await;
            }
            self.receipt
        })
    }
}
