//! Where a backplane hands over what it has received.

use bytes::Bytes;
use std::fmt;

type Receive = Box<dyn Fn(&str, Bytes) + Send + Sync>;

/// Takes the payloads of the channels that it is [subscribed](super::Backplane::subscribe) to. It is made by this crate, one for
/// each hub of a server; a [test](crate::testing::backplane) of a backplane makes its own.
pub struct BackplaneReceiver(Receive);

impl BackplaneReceiver {
    /// A receiver that does this with the channel and the payload.
    pub fn new(receive: impl Fn(&str, Bytes) + Send + Sync + 'static) -> Self {
        BackplaneReceiver(Box::new(receive))
    }

    /// Takes a payload that has arrived on a channel. It never blocks, waits or panics, whatever the payload is; the payloads of
    /// one channel must be handed over one after the other, in their order. It may call the backplane, so no lock may be held
    /// that [`publish`](super::Backplane::publish) or [`subscribe`](super::Backplane::subscribe) needs. And it must not be called
    /// from within `subscribe` or `unsubscribe`: a hub that calls these holds locks that it needs here.
    pub fn receive(&self, channel: &str, payload: Bytes) {
        (self.0)(channel, payload);
    }
}

impl fmt::Debug for BackplaneReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackplaneReceiver").finish_non_exhaustive()
    }
}
