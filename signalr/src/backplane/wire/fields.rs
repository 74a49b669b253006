//! The items of a payload, read one by one.

use super::WireError;
use crate::protocol::packed::read::{Kind, Reader};

/// How deep items that nobody reads may be nested.
const MAX_DEPTH: usize = 64;

/// Reads the items of an array, and says what is wrong with which.
///
/// Nothing is allocated or believed because a length says so.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    reader: Reader<'a>,
    /// How many items of the payload's array are left.
    left: usize,
}

impl<'a> Fields<'a> {
    /// The items of a payload that is called `part` and has at least `expected` of them.
    pub(super) fn new(payload: &'a [u8], part: &'static str, expected: usize) -> Result<Self, WireError> {
        let mut fields = Fields { reader: Reader::new(payload), left: 0 };
        let found = fields.value(part, Kind::Array, Reader::array_len)?;
        if found < expected {
            return Err(WireError::TooFewItems { part, found, expected });
        }
        fields.left = found;
        Ok(fields)
    }

    /// How many items are left, the one that is next included.
    pub(super) fn left(&self) -> usize {
        self.left
    }

    pub(super) fn text(&mut self, part: &'static str) -> Result<&'a str, WireError> {
        self.item(part)?;
        self.inner_text(part)
    }

    pub(super) fn text_or_nil(&mut self, part: &'static str) -> Result<Option<&'a str>, WireError> {
        self.item(part)?;
        self.value(part, Kind::Text, Reader::string_or_nil)
    }

    pub(super) fn bytes(&mut self, part: &'static str) -> Result<&'a [u8], WireError> {
        self.item(part)?;
        self.inner_bytes(part)
    }

    pub(super) fn bool(&mut self, part: &'static str) -> Result<bool, WireError> {
        self.item(part)?;
        self.value(part, Kind::Bool, Reader::bool)
    }

    pub(super) fn int(&mut self, part: &'static str) -> Result<i64, WireError> {
        self.item(part)?;
        self.value(part, Kind::Int, Reader::int)
    }

    pub(super) fn int32(&mut self, part: &'static str) -> Result<i32, WireError> {
        let value = self.int(part)?;
        i32::try_from(value).map_err(|_| WireError::UnknownValue { part, value })
    }

    pub(super) fn unsigned(&mut self, part: &'static str) -> Result<u64, WireError> {
        self.item(part)?;
        match self.value(part, Kind::Int, Reader::wide_int)? {
            Ok(value) => Ok(value),
            Err(value) => Err(WireError::UnknownValue { part, value }),
        }
    }

    /// A list of texts, each of which is called `part`.
    pub(super) fn texts(&mut self, list: &'static str, part: &'static str) -> Result<Vec<&'a str>, WireError> {
        self.item(list)?;
        let count = self.value(list, Kind::Array, Reader::array_len)?;
        // It is not reserved: that would be a multiple of the payload.
        let mut texts = Vec::new();
        for _ in 0..count {
            texts.push(self.inner_text(part)?);
        }
        Ok(texts)
    }

    /// A map of texts to bytes.
    pub(super) fn entries(
        &mut self,
        map: &'static str,
        mut each: impl FnMut(&'a str, &'a [u8]) -> Result<(), WireError>,
    ) -> Result<(), WireError> {
        self.item(map)?;
        let count = self.value(map, Kind::Map, Reader::map_len)?;
        for _ in 0..count {
            let name = self.inner_text("the name of an entry")?;
            each(name, self.inner_bytes("the value of an entry")?)?;
        }
        Ok(())
    }

    /// Steps over the items that are left.
    pub(super) fn finish(mut self) -> Result<(), WireError> {
        for _ in 0..self.left {
            self.reader.value(MAX_DEPTH).ok_or(WireError::Malformed("a surplus item"))?;
        }
        match self.reader.rest().len() {
            0 => Ok(()),
            surplus => Err(WireError::TooLong(surplus)),
        }
    }

    /// Counts an item that is to be read.
    fn item(&mut self, part: &'static str) -> Result<(), WireError> {
        self.left = self.left.checked_sub(1).ok_or(WireError::Missing(part))?;
        Ok(())
    }

    fn inner_text(&mut self, part: &'static str) -> Result<&'a str, WireError> {
        let wrong = WireError::WrongKind { part, expected: Kind::Text, found: Kind::Nil };
        self.value(part, Kind::Text, Reader::string_or_nil)?.ok_or(wrong)
    }

    fn inner_bytes(&mut self, part: &'static str) -> Result<&'a [u8], WireError> {
        self.value(part, Kind::Bytes, Reader::bytes)
    }

    #[inline]
    fn value<T>(
        &mut self,
        part: &'static str,
        expected: Kind,
        read: impl FnOnce(&mut Reader<'a>) -> Option<T>,
    ) -> Result<T, WireError> {
        let before = self.reader;
        read(&mut self.reader).ok_or_else(|| wrong(before, part, expected))
    }
}

/// Why the next value cannot be read.
#[cold]
fn wrong(reader: Reader<'_>, part: &'static str, expected: Kind) -> WireError {
    match reader.peek() {
        _ if reader.rest().is_empty() => WireError::Missing(part),
        Some(found) if found != expected => WireError::WrongKind { part, expected, found },
        _ => WireError::Malformed(part),
    }
}
