//! A string that is usually short: ids of invocations, streams and connections.

use std::fmt;

const INLINE: usize = 22;

/// Up to 22 bytes are kept in place, longer strings on the heap.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ShortString(Kind);

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    Inline(u8, [u8; INLINE]),
    Heap(Box<str>),
}

impl ShortString {
    pub(crate) fn as_str(&self) -> &str {
        match &self.0 {
            // The bytes were a `str`, so neither fallback is ever taken.
            Kind::Inline(length, bytes) => {
                std::str::from_utf8(bytes.get(..usize::from(*length)).unwrap_or_default()).unwrap_or_default()
            }
            Kind::Heap(text) => text,
        }
    }
}

impl From<&str> for ShortString {
    fn from(text: &str) -> Self {
        let mut bytes = [0; INLINE];
        match (u8::try_from(text.len()), bytes.get_mut(..text.len())) {
            (Ok(length), Some(place)) => {
                place.copy_from_slice(text.as_bytes());
                ShortString(Kind::Inline(length, bytes))
            }
            _ => ShortString(Kind::Heap(text.into())),
        }
    }
}

/// As `str` hashes, so that maps can be asked with a `&str`.
impl std::hash::Hash for ShortString {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl std::borrow::Borrow<str> for ShortString {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for ShortString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::ShortString;

    #[test]
    fn keeps_the_text_whatever_its_length() {
        for length in 0..40 {
            let text = "é".repeat(length / 2) + &"x".repeat(length % 2);
            assert_eq!(ShortString::from(text.as_str()).as_str(), text);
        }
        assert_eq!(size_of::<Option<ShortString>>(), 24);
    }
}
