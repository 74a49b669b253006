//! Received bytes become messages: in place, keeping only the unfinished rest.

use crate::protocol::framing::{Frame, next_message};
use crate::protocol::{Protocol, ProtocolError};

/// The unfinished or put-off end of what was received.
#[derive(Debug, Default)]
pub(crate) struct Inbound {
    rest: Vec<u8>,
    /// How much of `rest` was searched for the end of a message.
    scanned: usize,
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
    pub(crate) fn holding(received: Vec<u8>) -> Self {
        Inbound { put_off: !received.is_empty(), rest: received, scanned: 0 }
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
    pub(crate) fn feed(
        &mut self,
        protocol: Protocol,
        limit: Option<usize>,
        bytes: &[u8],
        each: impl FnMut(&[u8]) -> Flow,
    ) -> Result<(), ProtocolError> {
        self.put_off = false;
        if self.rest.is_empty() {
            self.scanned = 0;
            let used = self.split(protocol, limit, bytes, each)?;
            self.rest.extend_from_slice(bytes.get(used..).unwrap_or_default());
        } else {
            let mut rest = std::mem::take(&mut self.rest);
            rest.extend_from_slice(bytes);
            let used = self.split(protocol, limit, &rest, each)?;
            if used < rest.len() {
                rest.drain(..used);
                self.rest = rest;
            }
        }
        Ok(())
    }

    /// Returns how many bytes are done with.
    fn split(
        &mut self,
        protocol: Protocol,
        limit: Option<usize>,
        bytes: &[u8],
        mut each: impl FnMut(&[u8]) -> Flow,
    ) -> Result<usize, ProtocolError> {
        let mut used = 0;
        while let Some(Frame { body, consumed }) =
            next_message(protocol, bytes.get(used..).unwrap_or_default(), limit, &mut self.scanned)?
        {
            used += consumed;
            self.scanned = 0;
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
