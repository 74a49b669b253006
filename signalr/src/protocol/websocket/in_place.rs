//! A buffer that is read while what is worth keeping moves to its front.

use super::mask::move_unmasked;

/// Received bytes (`buffer[read..]`) behind kept payload (`buffer[..kept]`).
///
/// Only what was read can be kept, so `kept <= read <= buffer.len()`.
pub(super) struct InPlace<'a> {
    buffer: &'a mut [u8],
    read: usize,
    kept: usize,
}

impl<'a> InPlace<'a> {
    pub(super) fn new(buffer: &'a mut [u8]) -> Self {
        InPlace { buffer, read: 0, kept: 0 }
    }

    /// How much payload is at the front.
    pub(super) fn kept(&self) -> usize {
        self.kept
    }

    /// What was not read yet.
    pub(super) fn unread(&self) -> &[u8] {
        self.buffer.get(self.read..).unwrap_or_default()
    }

    /// Reads up to `count` bytes which are not payload.
    pub(super) fn take(&mut self, count: usize) -> &[u8] {
        let start = self.read;
        self.read = start + count.min(self.buffer.len() - start);
        self.buffer.get(start..self.read).unwrap_or_default()
    }

    /// Reads up to `count` bytes, unmasks and keeps them. A key of zeros changes nothing.
    #[inline(always)]
    pub(super) fn keep(&mut self, count: usize, mask: [u8; 4]) -> &[u8] {
        let start = self.read;
        let target = self.kept;
        let count = count.min(self.buffer.len() - start);
        self.read = start + count;
        self.kept = target + count;
        move_unmasked(self.buffer, start..self.read, target, mask);
        self.buffer.get(target..self.kept).unwrap_or_default()
    }

    /// Keeps `count` bytes less.
    pub(super) fn forget(&mut self, count: usize) {
        self.kept = self.kept.saturating_sub(count);
    }
}
