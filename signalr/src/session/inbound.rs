//! Received bytes become messages: in place, keeping only the unfinished rest.

use crate::protocol::framing::{Frame, Framing};
use crate::protocol::{ProtocolError, Raw};

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
    pub(crate) fn feed(&mut self, bytes: &[u8], each: impl FnMut(Raw<'_>) -> Flow) -> Result<(), ProtocolError> {
        self.put_off = false;
        if self.rest.is_empty() {
            let used = self.split(bytes, self.framing.text(bytes), each)?;
            self.rest.extend_from_slice(bytes.get(used..).unwrap_or_default());
        } else {
            let mut rest = std::mem::take(&mut self.rest);
            // Where most of it has been looked at before, it is not looked at again.
            let is_news = rest.len() <= bytes.len();
            rest.extend_from_slice(bytes);
            let text = if is_news { self.framing.text(&rest) } else { "" };
            let used = self.split(&rest, text, each)?;
            if used < rest.len() {
                rest.drain(..used);
                self.rest = rest;
            }
        }
        Ok(())
    }

    /// Returns how many bytes are done with. `text` is what of them is known to be UTF-8, if that matters.
    fn split(
        &mut self,
        bytes: &[u8],
        text: &str,
        mut each: impl FnMut(Raw<'_>) -> Flow,
    ) -> Result<usize, ProtocolError> {
        let mut used = 0;
        while let Some(Frame { body, consumed }) = self.framing.next(bytes.get(used..).unwrap_or_default())? {
            let body = text.get(used..used + body.len()).map_or(Raw::Bytes(body), Raw::Text);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Protocol;

    #[test]
    fn only_what_stands_before_the_first_error_is_known_to_be_text() {
        let mut inbound = Inbound::holding(Framing::new(Protocol::Json, None), Vec::new());
        let mut found = Vec::new();
        for received in [&b"\xc3\xa9\x1e\x1ea\xff\x1eb\x1e\xc3"[..], b"\xa9\x1e", b"c\x1eabc", b"\x1e"] {
            let each = |body: Raw<'_>| {
                found.push((matches!(body, Raw::Text(_)), body.as_bytes().to_vec()));
                Flow::Continue
            };
            inbound.feed(received, each).unwrap();
        }
        let expected: [(bool, &[u8]); 7] = [
            (true, b"\xc3\xa9"),
            (true, b""),
            (false, b"a\xff"),
            (false, b"b"),
            (true, b"\xc3\xa9"),
            (true, b"c"),
            (false, b"abc"),
        ];
        assert_eq!(found, expected.map(|(text, body)| (text, body.to_vec())));
    }
}
