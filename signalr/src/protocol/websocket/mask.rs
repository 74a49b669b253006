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
        *word = (u64::from_le_bytes(*word) ^ wide).to_le_bytes();
    }
    for (byte, key) in tail.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}

/// Unmasks `buffer[source]` and moves it to `target`, which must not be behind the source's start.
///
/// What lies between the end of the moved bytes and the end of the source is garbage afterwards.
///
/// Small frames decide the speed of the decoder, so this is one pass without a call, instead of a `memmove` and a loop.
#[inline(always)]
pub(super) fn move_unmasked(buffer: &mut [u8], source: Range<usize>, target: usize, key: [u8; 4]) {
    debug_assert!(target <= source.start && source.end <= buffer.len());
    let gap = source.start - target;
    let count = source.len();
    let Some(window) = buffer.get_mut(target..source.end) else { return };
    // The last bytes, which fill no block, are moved as part of the last eight. Those are read before any is overwritten.
    let Some(last) = window.get(gap..).and_then(|payload| payload.last_chunk::<8>()).copied() else {
        for (at, key) in (0..count).zip(key.iter().cycle()) {
            if let Some(&byte) = window.get(at + gap)
                && let Some(slot) = window.get_mut(at)
            {
                *slot = byte ^ key;
            }
        }
        return;
    };
    let wide = widen(key);
    let moved = move_blocks::<32>(window, gap, wide);
    move_blocks::<8>(window.get_mut(moved..).unwrap_or_default(), gap, wide);
    if let Some(slot) = window.get_mut(..count).and_then(|moved| moved.last_chunk_mut()) {
        *slot = (u64::from_le_bytes(last) ^ wide.rotate_right((count % 8) as u32 * 8)).to_le_bytes();
    }
}

/// Unmasks `window[gap..]` in whole blocks of `N` bytes, a multiple of eight, and moves them to the front; tells how many
/// bytes that were.
#[inline(always)]
fn move_blocks<const N: usize>(window: &mut [u8], gap: usize, wide: u64) -> usize {
    let mut at = 0;
    while let Some(mut block) = window.get(at + gap..).and_then(|rest| rest.first_chunk::<N>()).copied() {
        for word in block.as_chunks_mut::<8>().0 {
            *word = (u64::from_le_bytes(*word) ^ wide).to_le_bytes();
        }
        if let Some(slot) = window.get_mut(at..).and_then(|rest| rest.first_chunk_mut()) {
            *slot = block;
        }
        at += N;
    }
    at
}

/// The key for eight bytes, the first of which is the lowest.
fn widen(key: [u8; 4]) -> u64 {
    u64::from(u32::from_le_bytes(key)) * 0x1_0000_0001
}
