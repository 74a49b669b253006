//! Single MessagePack values in received bytes.

/// The received bytes that were not read yet.
///
/// Every method answers `None` where the next value is not of the kind asked for or is not all there; where the reader
/// stands after that is unspecified. Nothing is allocated, and no declared length is believed before the bytes for it
/// were seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: bytes }
    }

    /// The bytes that were not read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The length of an array, if as many values can be there at all: each takes at least one byte.
    #[inline]
    pub(super) fn array_len(&mut self) -> Option<usize> {
        let length = match self.byte()? {
            head @ 0x90..=0x9f => usize::from(head & 0x0f),
            0xdc => self.length::<2>()?,
            0xdd => self.length::<4>()?,
            _ => return None,
        };
        (length <= self.rest.len()).then_some(length)
    }

    /// The number of entries of a map, if as many can be there at all: each takes at least two bytes.
    #[inline]
    pub(super) fn map_len(&mut self) -> Option<usize> {
        let length = match self.byte()? {
            head @ 0x80..=0x8f => usize::from(head & 0x0f),
            0xde => self.length::<2>()?,
            0xdf => self.length::<4>()?,
            _ => return None,
        };
        (length <= self.rest.len() / 2).then_some(length)
    }

    /// A string, or nil.
    #[inline]
    pub(super) fn string_or_nil(&mut self) -> Option<Option<&'a str>> {
        let length = match self.byte()? {
            0xc0 => return Some(None),
            head @ 0xa0..=0xbf => usize::from(head & 0x1f),
            0xd9 => self.length::<1>()?,
            0xda => self.length::<2>()?,
            0xdb => self.length::<4>()?,
            _ => return None,
        };
        std::str::from_utf8(self.take(length)?).ok().map(Some)
    }

    /// A whole number in any of its formats, if it fits.
    #[inline]
    pub(super) fn int(&mut self) -> Option<i64> {
        Some(match self.byte()? {
            head @ 0x00..=0x7f => i64::from(head),
            head @ 0xe0..=0xff => i64::from(head.cast_signed()),
            0xcc => i64::from(u8::from_be_bytes(self.array()?)),
            0xcd => i64::from(u16::from_be_bytes(self.array()?)),
            0xce => i64::from(u32::from_be_bytes(self.array()?)),
            0xcf => i64::try_from(u64::from_be_bytes(self.array()?)).ok()?,
            0xd0 => i64::from(i8::from_be_bytes(self.array()?)),
            0xd1 => i64::from(i16::from_be_bytes(self.array()?)),
            0xd2 => i64::from(i32::from_be_bytes(self.array()?)),
            0xd3 => i64::from_be_bytes(self.array()?),
            _ => return None,
        })
    }

    pub(super) fn bool(&mut self) -> Option<bool> {
        match self.byte()? {
            0xc2 => Some(false),
            0xc3 => Some(true),
            _ => None,
        }
    }

    /// Steps over one value of any kind and returns its bytes. Arrays and maps may be nested `depth` deep.
    #[inline]
    pub(super) fn value(&mut self, depth: usize) -> Option<&'a [u8]> {
        let before = self.rest;
        self.skip(depth)?;
        before.get(..before.len() - self.rest.len())
    }

    /// Steps over one value. Recursion ends at `depth`, and each step takes at least one byte, so the time is
    /// proportional to the bytes whatever they claim.
    fn skip(&mut self, depth: usize) -> Option<()> {
        let head = self.byte()?;
        let bytes = match head {
            // Numbers in one byte, nil, false, true.
            0x00..=0x7f | 0xe0..=0xff | 0xc0 | 0xc2 | 0xc3 => return Some(()),
            // Never used.
            0xc1 => return None,
            0xa0..=0xbf => usize::from(head & 0x1f),
            // Strings and binary data.
            0xd9 | 0xc4 => self.length::<1>()?,
            0xda | 0xc5 => self.length::<2>()?,
            0xdb | 0xc6 => self.length::<4>()?,
            // Numbers of 1, 2, 4 and 8 bytes.
            0xcc | 0xd0 => 1,
            0xcd | 0xd1 => 2,
            0xca | 0xce | 0xd2 => 4,
            0xcb | 0xcf | 0xd3 => 8,
            // Extensions: a byte for the type precedes the data.
            0xd4 => 2,
            0xd5 => 3,
            0xd6 => 5,
            0xd7 => 9,
            0xd8 => 17,
            0xc7 => self.length::<1>()?.checked_add(1)?,
            0xc8 => self.length::<2>()?.checked_add(1)?,
            0xc9 => self.length::<4>()?.checked_add(1)?,
            0x80..=0x8f => return self.skip_many(usize::from(head & 0x0f).checked_mul(2)?, depth),
            0xde => {
                let entries = self.length::<2>()?;
                return self.skip_many(entries.checked_mul(2)?, depth);
            }
            0xdf => {
                let entries = self.length::<4>()?;
                return self.skip_many(entries.checked_mul(2)?, depth);
            }
            0x90..=0x9f => return self.skip_many(usize::from(head & 0x0f), depth),
            0xdc => {
                let values = self.length::<2>()?;
                return self.skip_many(values, depth);
            }
            0xdd => {
                let values = self.length::<4>()?;
                return self.skip_many(values, depth);
            }
        };
        self.take(bytes).map(|_| ())
    }

    /// Steps over the values in an array or a map.
    fn skip_many(&mut self, count: usize, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        if count > self.rest.len() {
            return None;
        }
        for _ in 0..count {
            self.skip(depth)?;
        }
        Some(())
    }

    #[inline]
    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    #[inline]
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (&taken, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(taken)
    }

    /// A length in `N` bytes, at most 4.
    #[inline]
    fn length<const N: usize>(&mut self) -> Option<usize> {
        let length = self.array::<N>()?.iter().fold(0u32, |length, &byte| (length << 8) | u32::from(byte));
        usize::try_from(length).ok()
    }
}
