//! The XOR that a client applies to all it sends.

use std::ops::Range;

/// Masks `payload`, or unmasks it: both are the same.
///
/// `key` applies to the first byte of `payload`. Before the next piece of the same frame it must be rotated left by the
/// length of this piece.
pub fn apply_mask(payload: &mut [u8], key: [u8; 4]) {
    let wide = widen(key);
    let (words, tail) = payload.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, key) in tail.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}

/// Unmasks `buffer[source]` and moves it to `target`, which must not be behind the source's start.
///
/// What lies between the end of the moved bytes and the end of the source is garbage afterwards.
///
/// Small frames decide the speed of the decoder, so this is one pass without a call, instead of a `memmove` and a loop,
/// and the last block may reach beyond the payload as long as it is written where everything has been read.
pub(super) fn move_unmasked(buffer: &mut [u8], source: Range<usize>, target: usize, key: [u8; 4]) {
    debug_assert!(target <= source.start && source.end <= buffer.len());
    let Range { start: mut from, end } = source;
    let mut to = target;
    move_blocks::<32>(buffer, &mut from, &mut to, end, key);
    move_blocks::<8>(buffer, &mut from, &mut to, end, key);
    for key in key.iter().cycle().take(end.saturating_sub(from)) {
        if let Some(&byte) = buffer.get(from)
            && let Some(slot) = buffer.get_mut(to)
        {
            *slot = byte ^ key;
        }
        (from, to) = (from + 1, to + 1);
    }
}

/// Unmasks and moves blocks of `N` bytes, a multiple of eight, until the source ends or fewer have to be moved at once.
#[inline]
fn move_blocks<const N: usize>(buffer: &mut [u8], from: &mut usize, to: &mut usize, end: usize, key: [u8; 4]) {
    let wide = widen(key);
    while *from < end && *to + N <= end {
        let Some(mut block) = buffer.get(*from..).and_then(|rest| rest.first_chunk::<N>()).copied() else {
            return;
        };
        for word in block.as_chunks_mut::<8>().0 {
            *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
        }
        if let Some(slot) = buffer.get_mut(*to..).and_then(|rest| rest.first_chunk_mut()) {
            *slot = block;
        }
        *from += N;
        *to += N;
    }
}

/// The key for eight bytes.
fn widen([a, b, c, d]: [u8; 4]) -> u64 {
    u64::from_ne_bytes([a, b, c, d, a, b, c, d])
}
