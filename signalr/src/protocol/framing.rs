//! Where one message ends and the next begins.
//!
//! JSON messages end in a separator byte, MessagePack messages begin with their length as a varint. Frames and packets
//! of the transport mean nothing: the bytes of a connection form one stream.

use super::codec::Protocol;
use super::error::ProtocolError;
use super::json::valid_beginning;

/// The byte that ends a JSON message and a handshake of either protocol: ASCII's record separator.
pub const SEPARATOR: u8 = 0x1E;

/// Finds messages in received bytes without copying them.
///
/// It remembers how far it has looked, so that a large message which arrives in many pieces is searched once.
#[derive(Debug, Clone)]
pub struct Framing {
    protocol: Protocol,
    max_size: Option<usize>,
    scanned: usize,
}

/// One message that [`Framing::next`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The message without its framing.
    pub body: &'a [u8],
    /// How many bytes of the buffer the message takes with its framing.
    pub consumed: usize,
}

impl Framing {
    /// Messages of `protocol`, which may have up to `max_size` bytes, framing included.
    pub fn new(protocol: Protocol, max_size: Option<usize>) -> Self {
        Framing { protocol, max_size, scanned: 0 }
    }

    /// The first message in `buffer`, or `None` if more bytes are needed.
    ///
    /// `buffer` begins with the first byte that no earlier call has consumed. As long as the answer is `None`, it may
    /// only grow at its end.
    ///
    /// # Errors
    /// Fails as soon as it is known that a message is larger than the limit, whether or not all of it has arrived, and
    /// where the length of a MessagePack message is malformed. The connection cannot go on after that.
    #[inline]
    pub fn next<'a>(&mut self, buffer: &'a [u8]) -> Result<Option<Frame<'a>>, ProtocolError> {
        match self.protocol {
            Protocol::Json => self.next_separated(buffer),
            #[cfg(feature = "msgpack")]
            Protocol::MessagePack => next_prefixed(buffer, self.max_size),
        }
    }

    /// What of `buffer` is known to be text, up to the first error: all that arrives is checked at once, because that costs
    /// less than checking message by message.
    pub(crate) fn text<'a>(&self, buffer: &'a [u8]) -> &'a str {
        match self.protocol {
            Protocol::Json => valid_beginning(buffer),
            #[cfg(feature = "msgpack")]
            Protocol::MessagePack => "",
        }
    }

    #[inline]
    fn next_separated<'a>(&mut self, buffer: &'a [u8]) -> Result<Option<Frame<'a>>, ProtocolError> {
        let limit = self.max_size.unwrap_or(usize::MAX);
        let window = buffer.get(..limit).unwrap_or(buffer);
        let unseen = window.get(self.scanned..).unwrap_or_default();
        if let Some(found) = memchr::memchr(SEPARATOR, unseen) {
            let end = self.scanned + found;
            self.scanned = 0;
            return Ok(buffer.get(..end).map(|body| Frame { body, consumed: end + 1 }));
        }
        // With the separator it would be one byte more.
        if buffer.len() >= limit {
            return Err(too_large(limit));
        }
        self.scanned = window.len();
        Ok(None)
    }
}

/// Takes the message behind a length prefix.
#[cfg(any(feature = "msgpack", test))]
fn next_prefixed(buffer: &[u8], max_size: Option<usize>) -> Result<Option<Frame<'_>>, ProtocolError> {
    let limit = max_size.unwrap_or(usize::MAX);
    // What stands behind the limit does not count, so that it does not matter how much has come.
    let Some((prefix, length)) = length_prefix(buffer.get(..limit).unwrap_or(buffer))? else {
        // An empty body is the least that can follow the rest of the prefix.
        return if buffer.len() >= limit { Err(too_large(limit)) } else { Ok(None) };
    };
    // Both are known to be small enough: at most 5, and at most 2^31 - 1.
    let consumed = prefix.saturating_add(length);
    if consumed > limit {
        return Err(too_large(limit));
    }
    Ok(buffer.get(prefix..consumed).map(|body| Frame { body, consumed }))
}

/// How long a varint at the start of `buffer` is and what it says: seven bits per byte, the lowest first.
#[cfg(any(feature = "msgpack", test))]
fn length_prefix(buffer: &[u8]) -> Result<Option<(usize, usize)>, ProtocolError> {
    const MAX_PREFIX: usize = 5;
    let mut length = 0u64;
    for (index, &byte) in buffer.iter().take(MAX_PREFIX).enumerate() {
        length |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return match i32::try_from(length).ok().and_then(|length| usize::try_from(length).ok()) {
                Some(length) => Ok(Some((index + 1, length))),
                None => Err(over_2gb()),
            };
        }
    }
    if buffer.len() >= MAX_PREFIX { Err(over_2gb()) } else { Ok(None) }
}

#[cfg(any(feature = "msgpack", test))]
#[cold]
fn over_2gb() -> ProtocolError {
    ProtocolError::format("Messages over 2GB in size are not supported.")
}

#[cold]
fn too_large(limit: usize) -> ProtocolError {
    ProtocolError::too_large(format!(
        "The maximum message size of {limit}B was exceeded. The message size can be configured in AddHubOptions."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn json(max_size: Option<usize>) -> Framing {
        Framing::new(Protocol::Json, max_size)
    }

    fn too_large_text(limit: usize) -> String {
        format!(
            "InvalidDataException: The maximum message size of {limit}B was exceeded. \
             The message size can be configured in AddHubOptions."
        )
    }

    fn text(error: &ProtocolError) -> String {
        format!("{}: {error}", error.exception())
    }

    #[test]
    fn finds_messages_by_their_separator() {
        let buffer = b"ab\x1e\x1ecd";
        assert_eq!(json(None).next(buffer), Ok(Some(Frame { body: b"ab", consumed: 3 })));
        assert_eq!(json(None).next(&buffer[3..]), Ok(Some(Frame { body: b"", consumed: 1 })));
        assert_eq!(json(None).next(&buffer[4..]), Ok(None));
        assert_eq!(json(None).next(b""), Ok(None));
    }

    #[test]
    fn limits_separated_messages_with_their_separator() {
        assert_eq!(json(Some(4)).next(b"abc\x1e").unwrap().unwrap().consumed, 4);
        assert_eq!(text(&json(Some(4)).next(b"abcd\x1e").unwrap_err()), too_large_text(4));
        assert_eq!(json(Some(4)).next(b"abc"), Ok(None));
        assert_eq!(text(&json(Some(4)).next(b"abcd").unwrap_err()), too_large_text(4));
        let mut framing = json(Some(4));
        assert_eq!(framing.next(b"abc"), Ok(None));
        assert_eq!(framing.next(b"abc\x1e").unwrap().unwrap().consumed, 4);
        assert_eq!(framing.next(b"abc\x1ed").unwrap().unwrap().consumed, 4);
    }

    #[test]
    fn reads_length_prefixes() {
        let frame = |buffer| next_prefixed(buffer, None).map(|frame| frame.map(|frame| (frame.body, frame.consumed)));
        assert_eq!(frame(b"\x02abc"), Ok(Some((b"ab".as_slice(), 3))));
        assert_eq!(frame(b"\x00"), Ok(Some((b"".as_slice(), 1))));
        assert_eq!(frame(b"\x82\x00ab"), Ok(Some((b"ab".as_slice(), 4))));
        assert_eq!(frame(b""), Ok(None));
        assert_eq!(frame(b"\x80\x80\x80\x80"), Ok(None));
        assert_eq!(frame(b"\x03ab"), Ok(None));
        assert_eq!(length_prefix(b"\xff\xff\xff\xff\x07"), Ok(Some((5, 0x7fff_ffff))));
        for too_long in [b"\xff\xff\xff\xff\x08", b"\x80\x80\x80\x80\x80", b"\xff\xff\xff\xff\xff"] {
            let error = frame(too_long).unwrap_err();
            assert_eq!(text(&error), "FormatException: Messages over 2GB in size are not supported.");
        }
    }

    #[test]
    fn limits_prefixed_messages_as_soon_as_their_length_is_known() {
        assert_eq!(next_prefixed(b"\x03abc", Some(4)).unwrap().unwrap().consumed, 4);
        assert_eq!(text(&next_prefixed(b"\x04", Some(4)).unwrap_err()), too_large_text(4));
        assert_eq!(text(&next_prefixed(b"\xff\xff\xff\xff\x07", Some(32768)).unwrap_err()), too_large_text(32768));
        assert_eq!(next_prefixed(b"\x80\x80", Some(3)), Ok(None));
        assert!(next_prefixed(b"\x80\x80\x80", Some(3)).is_err());
        assert_eq!(text(&next_prefixed(b"\x80\x80\x80\x80\x08", Some(3)).unwrap_err()), too_large_text(3));
    }

    /// Gives `bytes` to `next` in pieces and returns the messages, or how many there were before the error.
    fn in_pieces(
        bytes: &[u8],
        cuts: &[usize],
        mut next: impl FnMut(&[u8]) -> Result<Option<(Vec<u8>, usize)>, ProtocolError>,
    ) -> (Vec<Vec<u8>>, Option<ProtocolError>) {
        let mut cuts: Vec<_> = cuts.iter().map(|&cut| cut % (bytes.len() + 1)).chain([bytes.len()]).collect();
        cuts.sort_unstable();
        let (mut messages, mut start) = (Vec::new(), 0);
        for end in cuts {
            loop {
                match next(&bytes[start..end]) {
                    Ok(Some((body, consumed))) => {
                        messages.push(body);
                        start += consumed;
                    }
                    Ok(None) => break,
                    Err(error) => return (messages, Some(error)),
                }
            }
        }
        (messages, None)
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_separated_messages(
            bytes in prop::collection::vec(prop_oneof![3 => any::<u8>(), 1 => Just(SEPARATOR)], 0..60),
            cuts in prop::collection::vec(any::<usize>(), 0..8),
            limit in prop::option::of(1usize..12),
        ) {
            let run = |cuts: &[usize]| {
                let mut framing = json(limit);
                in_pieces(&bytes, cuts, |buffer| {
                    Ok(framing.next(buffer)?.map(|frame| (frame.body.to_vec(), frame.consumed)))
                })
            };
            let (messages, error) = run(&[]);
            prop_assert_eq!(run(&cuts), (messages.clone(), error.clone()));
            let mut expected: Vec<_> = bytes.split(|&byte| byte == SEPARATOR).map(<[u8]>::to_vec).collect();
            let tail = expected.pop().unwrap_or_default();
            let limit = limit.unwrap_or(usize::MAX);
            let fitting = expected.iter().take_while(|message| message.len() < limit).count();
            prop_assert_eq!(error.is_some(), fitting < expected.len() || tail.len() >= limit);
            prop_assert_eq!(messages, &expected[..fitting]);
        }

        #[test]
        fn any_split_gives_the_same_prefixed_messages(
            bytes in prop::collection::vec(prop_oneof![0u8..6, any::<u8>()], 0..60),
            cuts in prop::collection::vec(any::<usize>(), 0..8),
            limit in prop::option::of(1usize..12),
        ) {
            let run = |cuts: &[usize]| in_pieces(&bytes, cuts, |buffer| {
                Ok(next_prefixed(buffer, limit)?.map(|frame| (frame.body.to_vec(), frame.consumed)))
            });
            prop_assert_eq!(run(&cuts), run(&[]));
        }
    }
}
