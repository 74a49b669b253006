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
/// Small frames decide the speed of the decoder, so this is one pass without a call, instead of a `memmove` and a loop.
/// Every block is read before it is written, and written at or before where it was read, so the overlap does no harm.
pub(super) fn move_unmasked(buffer: &mut [u8], source: Range<usize>, target: usize, key: [u8; 4]) {
    debug_assert!(target <= source.start && source.end <= buffer.len());
    let Range { start: mut from, end } = source;
    let mut to = target;
    let wide = widen(key);
    while let Some(mut block) = block_at::<32>(buffer, from, end) {
        for word in block.as_chunks_mut::<8>().0 {
            *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
        }
        put(buffer, to, block);
        (from, to) = (from + 32, to + 32);
    }
    while let Some(block) = block_at::<4>(buffer, from, end) {
        put(
            buffer,
            to,
            (u32::from_ne_bytes(block) ^ u32::from_ne_bytes(key)).to_ne_bytes(),
        );
        (from, to) = (from + 4, to + 4);
    }
    for (offset, key) in (0..end.saturating_sub(from)).zip(key) {
        if let Some(&[byte]) = buffer.get(from + offset..).and_then(|rest| rest.first_chunk()) {
            put(buffer, to + offset, [byte ^ key]);
        }
    }
}

/// The `N` bytes at `from`, if they do not reach beyond `end`.
fn block_at<const N: usize>(buffer: &[u8], from: usize, end: usize) -> Option<[u8; N]> {
    buffer.get(from..end).and_then(|rest| rest.first_chunk()).copied()
}

/// Writes `block` at `to`.
fn put<const N: usize>(buffer: &mut [u8], to: usize, block: [u8; N]) {
    if let Some(slot) = buffer.get_mut(to..).and_then(|rest| rest.first_chunk_mut()) {
        *slot = block;
    }
}

/// The key for eight bytes.
fn widen([a, b, c, d]: [u8; 4]) -> u64 {
    u64::from_ne_bytes([a, b, c, d, a, b, c, d])
}
