//! Received bytes become messages: in place, keeping only the unfinished rest.

use crate::protocol::ProtocolError;
use crate::protocol::framing::{Frame, Framing};

/// The unfinished or put-off end of what was received.
#[derive(Debug)]
pub(crate) struct Inbound {
    framing: Framing,
    rest: Vec<u8>,
    /// Whether `rest` may begin with whole messages that were put off.
    put_off: bool,
}

/// Whether to go on with the next message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    Continue,
    /// Keep the rest of the bytes for later.
    PutOff,
    /// Forget the rest of the bytes.
    Stop,
}

impl Inbound {
    /// Begins with bytes that came before.
    pub(crate) fn holding(framing: Framing, received: Vec<u8>) -> Self {
        Inbound { framing, put_off: !received.is_empty(), rest: received }
    }

    /// What stands in while the real one is at work.
    pub(crate) fn stand_in(&self) -> Self {
        Inbound { framing: self.framing.clone(), rest: Vec::new(), put_off: false }
    }

    /// Whether something is left that may be a part of a message.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Whether whole messages may wait in here.
    pub(crate) fn has_put_off(&self) -> bool {
        self.put_off
    }

    /// Calls `each` with every whole message in the rest and in `bytes`, framing removed.
    pub(crate) fn feed(&mut self, bytes: &[u8], each: impl FnMut(&[u8]) -> Flow) -> Result<(), ProtocolError> {
        self.put_off = false;
        if self.rest.is_empty() {
            let used = self.split(bytes, each)?;
            self.rest.extend_from_slice(bytes.get(used..).unwrap_or_default());
        } else {
            let mut rest = std::mem::take(&mut self.rest);
            rest.extend_from_slice(bytes);
            let used = self.split(&rest, each)?;
            if used < rest.len() {
                rest.drain(..used);
                self.rest = rest;
            }
        }
        Ok(())
    }

    /// Returns how many bytes are done with.
    fn split(&mut self, bytes: &[u8], mut each: impl FnMut(&[u8]) -> Flow) -> Result<usize, ProtocolError> {
        let mut used = 0;
        while let Some(Frame { body, consumed }) = self.framing.next(bytes.get(used..).unwrap_or_default())? {
            used += consumed;
            match each(body) {
                Flow::Continue => {}
                Flow::PutOff => {
                    self.put_off = true;
                    break;
                }
                Flow::Stop => return Ok(bytes.len()),
            }
        }
        Ok(used)
    }
}
