//! UTF-8 that arrives in pieces.

use std::str::from_utf8;

/// The beginning of a code point whose rest has not arrived.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Utf8 {
    /// A code point has at most four bytes, so at most three wait for the next.
    bytes: [u8; 3],
    length: u8,
}

/// The text is not UTF-8: the byte after the first `accepted` bytes of the piece can follow nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotUtf8 {
    pub(super) accepted: usize,
}

impl Utf8 {
    /// Whether the text may end here.
    pub(super) fn is_complete(self) -> bool {
        self.length == 0
    }

    /// Checks the next piece of the text.
    #[inline]
    pub(super) fn check(&mut self, piece: &[u8]) -> Result<(), NotUtf8> {
        if self.is_complete() && is_ascii(piece) { Ok(()) } else { self.check_any(piece) }
    }

    fn check_any(&mut self, piece: &[u8]) -> Result<(), NotUtf8> {
        let rest = if self.is_complete() { piece } else { self.complete(piece)? };
        let Err(error) = from_utf8(rest) else {
            return Ok(());
        };
        let (_, invalid) = rest.split_at_checked(error.valid_up_to()).unwrap_or_default();
        if error.error_len().is_none() {
            self.keep(invalid);
            return Ok(());
        }
        // `invalid` begins with the code point that went wrong. Where its beginning alone had been fine, that is accepted,
        // as it would have been if the piece had ended there.
        let fine = (1..=3).rev().filter_map(|length| invalid.get(..length)).find(|beginning| is_beginning(beginning));
        let accepted = piece.len() - invalid.len() + fine.map_or(0, <[u8]>::len);
        Err(NotUtf8 { accepted })
    }

    /// Completes the code point with the first bytes of `piece` and returns those behind it.
    fn complete<'a>(&mut self, piece: &'a [u8]) -> Result<&'a [u8], NotUtf8> {
        let mut rest = piece;
        while let Some((&next, behind)) = rest.split_first() {
            let [a, b, c] = self.bytes;
            let joined = match self.length {
                1 => &[a, next][..],
                2 => &[a, b, next],
                _ => &[a, b, c, next],
            };
            if is_beginning(joined) {
                self.keep(joined);
            } else if from_utf8(joined).is_ok() {
                self.length = 0;
                return Ok(behind);
            } else {
                return Err(NotUtf8 { accepted: piece.len() - rest.len() });
            }
            rest = behind;
        }
        Ok(rest)
    }

    /// Keeps the beginning of a code point.
    fn keep(&mut self, beginning: &[u8]) {
        self.length = 0;
        for (slot, byte) in self.bytes.iter_mut().zip(beginning) {
            *slot = *byte;
            self.length += 1;
        }
    }
}

/// The bit of each byte that no ASCII character has.
const HIGH_BITS: u128 = u128::from_ne_bytes([0x80; 16]);

/// Whether all of `bytes` is ASCII. For short texts this takes a quarter of the time of `from_utf8`; those of fewer bytes
/// than a block are not looked at.
#[inline(always)]
fn is_ascii(bytes: &[u8]) -> bool {
    let (blocks, _) = bytes.as_chunks::<16>();
    let Some(last) = bytes.last_chunk::<16>() else { return false };
    let all = blocks.iter().fold(u128::from_ne_bytes(*last), |bits, block| bits | u128::from_ne_bytes(*block));
    all & HIGH_BITS == 0
}

/// Whether one code point begins like this, but does not end here.
fn is_beginning(bytes: &[u8]) -> bool {
    from_utf8(bytes).is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
}
