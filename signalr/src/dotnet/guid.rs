//! Identifiers.

use super::{InvalidValue, as_text};
use std::fmt;
use std::str::FromStr;

/// .NET's `Guid`, and everybody's UUID: 16 bytes in the order in which they are written. It is a string in both protocols:
/// 32 small hexadecimal digits with hyphens.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guid(pub [u8; 16]);

impl From<[u8; 16]> for Guid {
    fn from(bytes: [u8; 16]) -> Self {
        Guid(bytes)
    }
}

impl From<Guid> for [u8; 16] {
    fn from(guid: Guid) -> Self {
        guid.0
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, byte) in self.0.iter().enumerate() {
            if matches!(place, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Guid {
    type Err = InvalidValue;

    /// Reads what [`Display`](fmt::Display) writes, in any case.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        const INVALID: InvalidValue = InvalidValue("the string is no GUID");
        let mut guid = Guid::default();
        let mut bytes = guid.0.iter_mut();
        let groups = text.split('-').map(str::as_bytes);
        let lengths = groups.clone().map(<[u8]>::len);
        if !lengths.eq([8, 4, 4, 4, 12]) {
            return Err(INVALID);
        }
        for pair in groups.flat_map(|group| group.chunks(2)) {
            let digit = |digit: &u8| char::from(*digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            match (pair, bytes.next()) {
                ([high, low], Some(byte)) => {
                    *byte = digit(high).ok_or(INVALID)? << 4 | digit(low).ok_or(INVALID)?;
                }
                _ => return Err(INVALID),
            }
        }
        Ok(guid)
    }
}

as_text!(Guid, "a GUID");
