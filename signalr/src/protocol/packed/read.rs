//! Single MessagePack values in received bytes.

/// The received bytes that were not read yet.
///
/// Every method answers `None` where the next value is not of the kind asked for or is not all there; where the reader
/// stands after that is unspecified. Nothing is allocated, and no declared length is believed before the bytes for it
/// were seen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Nil,
    Bool,
    Int,
    Single,
    Double,
    Text,
    Bytes,
    Array,
    Map,
    Extension,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: bytes }
    }

    /// The bytes that were not read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The length of an array, if as many values can be there at all: each takes at least one byte.
    #[inline]
    pub(crate) fn array_len(&mut self) -> Option<usize> {
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
    pub(crate) fn map_len(&mut self) -> Option<usize> {
        let length = match self.byte()? {
            head @ 0x80..=0x8f => usize::from(head & 0x0f),
            0xde => self.length::<2>()?,
            0xdf => self.length::<4>()?,
            _ => return None,
        };
        (length <= self.rest.len() / 2).then_some(length)
    }

    /// What the next value is, as far as its first byte says.
    #[inline]
    pub(crate) fn peek(&self) -> Option<Kind> {
        Some(match self.rest.first()? {
            0x00..=0x7f | 0xe0..=0xff | 0xcc..=0xd3 => Kind::Int,
            0xa0..=0xbf | 0xd9..=0xdb => Kind::Text,
            0x80..=0x8f | 0xde | 0xdf => Kind::Map,
            0x90..=0x9f | 0xdc | 0xdd => Kind::Array,
            0xc0 => Kind::Nil,
            0xc2 | 0xc3 => Kind::Bool,
            0xca => Kind::Single,
            0xcb => Kind::Double,
            0xc4..=0xc6 => Kind::Bytes,
            0xc7..=0xc9 | 0xd4..=0xd8 => Kind::Extension,
            // Never used.
            0xc1 => return None,
        })
    }

    /// A string, or nil.
    #[inline]
    pub(crate) fn string_or_nil(&mut self) -> Option<Option<&'a str>> {
        if self.rest.first() == Some(&0xc0) {
            self.byte()?;
            return Some(None);
        }
        std::str::from_utf8(self.text_bytes()?).ok().map(Some)
    }

    /// The bytes of a string, which may not be UTF-8.
    #[inline]
    pub(crate) fn text_bytes(&mut self) -> Option<&'a [u8]> {
        let length = match self.byte()? {
            head @ 0xa0..=0xbf => usize::from(head & 0x1f),
            0xd9 => self.length::<1>()?,
            0xda => self.length::<2>()?,
            0xdb => self.length::<4>()?,
            _ => return None,
        };
        self.take(length)
    }

    /// Binary data.
    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = match self.byte()? {
            0xc4 => self.length::<1>()?,
            0xc5 => self.length::<2>()?,
            0xc6 => self.length::<4>()?,
            _ => return None,
        };
        self.take(length)
    }

    /// The type of an extension and its data.
    pub(crate) fn extension(&mut self) -> Option<(i8, &'a [u8])> {
        let length = match self.byte()? {
            head @ 0xd4..=0xd8 => 1 << (head - 0xd4),
            0xc7 => self.length::<1>()?,
            0xc8 => self.length::<2>()?,
            0xc9 => self.length::<4>()?,
            _ => return None,
        };
        let kind = self.byte()?.cast_signed();
        Some((kind, self.take(length)?))
    }

    /// A whole number in any of its formats, if it fits.
    #[inline]
    pub(crate) fn int(&mut self) -> Option<i64> {
        match self.wide_int()? {
            Ok(number) => i64::try_from(number).ok(),
            Err(negative) => Some(negative),
        }
    }

    /// A whole number in any of its formats; `Err` if it is negative.
    #[inline]
    pub(crate) fn wide_int(&mut self) -> Option<Result<u64, i64>> {
        let signed = match self.byte()? {
            head @ 0x00..=0x7f => return Some(Ok(head.into())),
            head @ 0xe0..=0xff => head.cast_signed().into(),
            0xcc => return Some(Ok(u8::from_be_bytes(self.array()?).into())),
            0xcd => return Some(Ok(u16::from_be_bytes(self.array()?).into())),
            0xce => return Some(Ok(u32::from_be_bytes(self.array()?).into())),
            0xcf => return Some(Ok(u64::from_be_bytes(self.array()?))),
            0xd0 => i8::from_be_bytes(self.array()?).into(),
            0xd1 => i16::from_be_bytes(self.array()?).into(),
            0xd2 => i32::from_be_bytes(self.array()?).into(),
            0xd3 => i64::from_be_bytes(self.array()?),
            _ => return None,
        };
        Some(u64::try_from(signed).map_err(|_| signed))
    }

    pub(crate) fn single(&mut self) -> Option<f32> {
        match self.byte()? {
            0xca => self.array().map(f32::from_be_bytes),
            _ => None,
        }
    }

    pub(crate) fn double(&mut self) -> Option<f64> {
        match self.byte()? {
            0xcb => self.array().map(f64::from_be_bytes),
            _ => None,
        }
    }

    pub(crate) fn bool(&mut self) -> Option<bool> {
        match self.byte()? {
            0xc2 => Some(false),
            0xc3 => Some(true),
            _ => None,
        }
    }

    /// Steps over one value of any kind and returns its bytes. Arrays and maps may be nested `depth` deep.
    #[inline]
    pub(crate) fn value(&mut self, depth: usize) -> Option<&'a [u8]> {
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
