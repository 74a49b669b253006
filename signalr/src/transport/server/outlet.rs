//! The bytes that wait for a response to take them.

use bytes::{Bytes, BytesMut};

/// No more is put in above so many bytes.
pub(super) const CAPACITY: usize = 64 * 1024;

/// What a session has handed over already. A batch may exceed the capacity when there was room before.
#[derive(Debug, Default)]
pub(super) struct Outlet(Bytes);

impl Outlet {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn has_room(&self) -> bool {
        self.0.len() < CAPACITY
    }

    /// Appends a batch. The first one is kept as it is.
    pub(super) fn push(&mut self, batch: Bytes) {
        if self.0.is_empty() {
            self.0 = batch;
            return;
        }
        let mut joined = self.take().try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]));
        joined.extend_from_slice(&batch);
        self.0 = joined.freeze();
    }

    /// Puts back what was taken and did not get out.
    pub(super) fn put_back(&mut self, taken: Bytes) {
        let later = std::mem::replace(&mut self.0, taken);
        if !later.is_empty() {
            self.push(later);
        }
    }

    pub(super) fn take(&mut self) -> Bytes {
        std::mem::take(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_order_of_batches_and_of_what_comes_back() {
        let mut outlet = Outlet::default();
        outlet.push(Bytes::from_static(b"one "));
        outlet.push(Bytes::from_static(b"two "));
        let taken = outlet.take();
        outlet.push(Bytes::from_static(b"three"));
        outlet.put_back(taken);
        assert_eq!(&outlet.take()[..], b"one two three");
        assert!(outlet.is_empty() && outlet.has_room());
    }
}
