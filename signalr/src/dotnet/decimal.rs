//! Numbers with a decimal point that must not be rounded.

use super::InvalidValue;
use super::parse::Cursor;
use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use std::fmt;
use std::str::FromStr;

/// .NET's `decimal`: a number as it is written, to the last digit, which floating-point numbers would not keep. It is a number
/// in JSON and a string in MessagePack.
///
/// It does not calculate: `text.parse()` and [`as_str`](Self::as_str) lead from and to the type of your choice. Any number of
/// digits is kept, though .NET has no more than 28.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Decimal(Box<str>);

impl Decimal {
    /// The number as text, such as `-12.50` or `1e3`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Decimal {
    fn default() -> Self {
        Decimal("0".into())
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Decimal {
    type Err = InvalidValue;

    /// Reads a number as it stands in JSON.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if is_number(text) { Ok(Decimal(text.into())) } else { Err(InvalidValue("the text is no decimal number")) }
    }
}

macro_rules! from_integers {
    ($($type:ty)+) => {$(
        impl From<$type> for Decimal {
            fn from(number: $type) -> Self {
                Decimal(number.to_string().into())
            }
        }
    )+};
}

from_integers! { i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 }

fn is_number(text: &str) -> bool {
    let mut cursor = Cursor(text.as_bytes());
    cursor.take(b'-');
    if !cursor.take(b'0') && !digits(&mut cursor) {
        return false;
    }
    if cursor.take(b'.') && !digits(&mut cursor) {
        return false;
    }
    if cursor.take(b'e') || cursor.take(b'E') {
        let _sign = cursor.take(b'+') || cursor.take(b'-');
        if !digits(&mut cursor) {
            return false;
        }
    }
    cursor.is_empty()
}

/// Steps over digits, and says whether there were any.
fn digits(cursor: &mut Cursor<'_>) -> bool {
    let count = cursor.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
    cursor.0 = cursor.0.get(count..).unwrap_or_default();
    count > 0
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            let number = RawValue::from_string(self.0.clone().into()).map_err(serde::ser::Error::custom)?;
            number.serialize(serializer)
        } else {
            serializer.serialize_str(&self.0)
        }
    }
}

/// The name by which serde_json is asked for a value as it is written.
const RAW_VALUE: &str = "$serde_json::private::RawValue";

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_newtype_struct(RAW_VALUE, Number { text: false })
        } else {
            deserializer.deserialize_any(Number { text: true })
        }
    }
}

/// Reads a number, or also the text of one.
struct Number {
    text: bool,
}

impl<'de> Visitor<'de> for Number {
    type Value = Decimal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a decimal number")
    }

    /// What serde_json calls for a raw value.
    fn visit_map<A: MapAccess<'de>>(self, mut raw: A) -> Result<Decimal, A::Error> {
        match raw.next_entry::<IgnoredAny, String>()? {
            Some((_, text)) => text.parse().map_err(A::Error::custom),
            None => Err(A::Error::custom("expected a decimal number")),
        }
    }

    /// What a value that serde has collected before calls.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Decimal, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Decimal, E> {
        if !self.text {
            return Err(E::invalid_type(serde::de::Unexpected::Str(text), &self));
        }
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Decimal, E> {
        Ok(number.into())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Decimal, E> {
        Ok(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Decimal, E> {
        number.to_string().parse().map_err(E::custom)
    }
}
