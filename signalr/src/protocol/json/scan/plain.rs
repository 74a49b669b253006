//! The inside of strings, many bytes at a time.

/// What is left of `bytes` from the first on that cannot stand in a string as it is: a quote, a backslash or a control
/// character.
#[inline(always)]
pub(in crate::protocol::json) fn skip_plain(bytes: &[u8]) -> &[u8] {
    // Ids and names are short.
    match bytes.split_first_chunk::<8>() {
        Some((word, rest)) => match special_bytes(u64::from_le_bytes(*word)) {
            0 => skip_many(rest),
            special => bytes.get(special.trailing_zeros() as usize / 8..).unwrap_or_default(),
        },
        None => skip_few(bytes),
    }
}

#[inline(never)]
fn skip_many(mut bytes: &[u8]) -> &[u8] {
    while let Some((block, rest)) = bytes.split_first_chunk::<16>()
        && !block.iter().fold(false, |found, &byte| found | is_special(byte))
    {
        bytes = rest;
    }
    while let Some((word, rest)) = bytes.split_first_chunk::<8>() {
        let special = special_bytes(u64::from_le_bytes(*word));
        if special != 0 {
            return bytes.get(special.trailing_zeros() as usize / 8..).unwrap_or_default();
        }
        bytes = rest;
    }
    skip_few(bytes)
}

#[inline(always)]
fn skip_few(mut bytes: &[u8]) -> &[u8] {
    while let [byte, rest @ ..] = bytes
        && !is_special(*byte)
    {
        bytes = rest;
    }
    bytes
}

#[inline]
const fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// The high bit of each of the eight bytes that is a quote, a backslash or a control character. A borrow may set bits
/// too many, but only above a true one, so that the lowest bit is exact.
#[inline(always)]
const fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let below = quote.wrapping_sub(ONES) | backslash.wrapping_sub(ONES) | word.wrapping_sub(ONES * 0x20);
    // Bytes with a high bit of their own are not ASCII, and these three subtractions do not clear it.
    below & !word & (ONES * 0x80)
}

#[cfg(test)]
mod tests {
    use super::skip_plain;

    #[test]
    fn finds_special_bytes_at_every_offset() {
        for special in (0..0x20).chain([b'"', b'\\']) {
            for length in 0..50 {
                for before in ["a", "\u{7f}", "!", "#", "[", "]", " ", "é"] {
                    let mut text = before.repeat(length).into_bytes();
                    let at = text.len();
                    text.push(special);
                    text.extend_from_slice(b"\"\0\\ more");
                    assert_eq!(text.len() - skip_plain(&text).len(), at);
                }
            }
        }
    }
}
