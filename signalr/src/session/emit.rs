//! Answers to the peer, from inside of its session and from elsewhere.

use super::current;
use super::inbox::{Origin, Pushed};
use super::peer::Peer;
use crate::protocol::{Codec, EncodeError};

impl Peer {
    /// Encodes behind everything that was sent to this connection before: straight into the session's own buffer where that
    /// is at hand, and by the inbox elsewhere.
    pub(crate) fn emit<F>(&self, encode: F) -> Result<Pushed, EncodeError>
    where
        F: FnOnce(Codec, &mut Vec<u8>) -> Result<(), EncodeError>,
    {
        // If somebody has asked for the connection's end, what comes now comes too late.
        if self.is_shut() || self.inbox.is_ending() {
            return Ok(Pushed::Gone);
        }
        let codec = self.codec();
        let mut encode = Some(encode);
        let here = current::with(self.number, |outbound| {
            if self.inbox.is_pending() {
                self.inbox.take(|message| {
                    outbound.push_shared(message);
                    !outbound.must_wait()
                });
            }
            if outbound.must_wait() {
                return None;
            }
            let written = encode.take().map_or(Ok(()), |encode| encode(codec, outbound.encode_buffer()));
            if written.is_err() {
                outbound.take_message_back();
            }
            Some(written.map(|()| Pushed::Queued))
        });
        if let Ok(Some(written)) = here {
            return written;
        }
        // In a task of its own, or until the peer acknowledges what it has: by the inbox.
        let mut message = Vec::new();
        encode.take().map_or(Ok(()), |encode| encode(codec, &mut message))?;
        Ok(self.inbox.push(message.into(), Origin::Reply, None))
    }
}
