//! MessagePack's timestamp extension, in all three sizes.

use super::{DateTime, InvalidValue, TICKS_PER_SECOND, calendar};
use crate::protocol::extension::{self, Extension};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// The type of the extension.
pub(crate) const TYPE: i8 = -1;

/// From the start of the year 1 to that of 1970.
pub(super) const UNIX_EPOCH: i64 = 62_135_596_800 * TICKS_PER_SECOND;

/// The time that the data of the extension means.
pub(crate) fn from_data(data: &[u8]) -> Result<DateTime, InvalidValue> {
    Timestamp::from_data(data).and_then(|Timestamp(ticks)| DateTime::from_ticks(ticks))
}

/// Ticks since the year 1, as the timestamp of that time.
pub(super) struct Timestamp(pub(super) i64);

impl Timestamp {
    /// Reads the data of the extension. What is finer than a tick is dropped.
    fn from_data(data: &[u8]) -> Result<Self, InvalidValue> {
        let (seconds, nanoseconds) = if let Ok(seconds) = <[u8; 4]>::try_from(data) {
            (u32::from_be_bytes(seconds).into(), 0)
        } else if let Ok(both) = <[u8; 8]>::try_from(data) {
            let both = u64::from_be_bytes(both);
            ((both & 0x3_ffff_ffff).cast_signed(), both >> 34)
        } else if let Ok([n0, n1, n2, n3, seconds @ ..]) = <[u8; 12]>::try_from(data) {
            (i64::from_be_bytes(seconds), u32::from_be_bytes([n0, n1, n2, n3]).into())
        } else {
            return Err(InvalidValue("a timestamp is 4, 8 or 12 bytes long"));
        };
        let fraction = i64::try_from(nanoseconds / 100).ok().filter(|ticks| *ticks < TICKS_PER_SECOND);
        let ticks = fraction.and_then(|fraction| {
            let since_1970 = seconds.checked_mul(TICKS_PER_SECOND)?.checked_add(fraction)?;
            since_1970.checked_add(UNIX_EPOCH).filter(|ticks| (0..calendar::END).contains(ticks))
        });
        ticks.map(Timestamp).ok_or(InvalidValue("the timestamp is not between the years 1 and 9999"))
    }
}

impl Serialize for Timestamp {
    /// In the smallest of the sizes.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let since_1970 = self.0 - UNIX_EPOCH;
        let seconds = since_1970.div_euclid(TICKS_PER_SECOND);
        let nanoseconds = u32::try_from(since_1970.rem_euclid(TICKS_PER_SECOND) * 100).unwrap_or_default();
        if let (Ok(seconds), 0) = (u32::try_from(seconds), nanoseconds) {
            return Extension { kind: TYPE, data: &seconds.to_be_bytes() }.serialize(serializer);
        }
        if let Ok(seconds @ 0..0x4_0000_0000) = u64::try_from(seconds) {
            let both = u64::from(nanoseconds) << 34 | seconds;
            return Extension { kind: TYPE, data: &both.to_be_bytes() }.serialize(serializer);
        }
        let mut data = [0; 12];
        let (first, last) = data.split_at_mut(4);
        first.copy_from_slice(&nanoseconds.to_be_bytes());
        last.copy_from_slice(&seconds.to_be_bytes());
        Extension { kind: TYPE, data: &data }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(extension::NAME, Pair)
    }
}

/// Reads the pair of a type and data that serde sees in an extension.
struct Pair;

impl<'de> Visitor<'de> for Pair {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a timestamp")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, extension: D) -> Result<Timestamp, D::Error> {
        extension.deserialize_tuple(2, self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Timestamp, A::Error> {
        let missing = || A::Error::custom("the value is no timestamp");
        let kind: i8 = parts.next_element()?.ok_or_else(missing)?;
        if kind != TYPE {
            return Err(A::Error::custom("an extension of another type is no timestamp"));
        }
        let Data(timestamp) = parts.next_element()?.ok_or_else(missing)?;
        Ok(timestamp)
    }
}

/// The data of the extension.
struct Data(Timestamp);

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Timestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the data of a timestamp")
            }

            fn visit_bytes<E: Error>(self, data: &[u8]) -> Result<Timestamp, E> {
                Timestamp::from_data(data).map_err(E::custom)
            }
        }
        deserializer.deserialize_bytes(Bytes).map(Data)
    }
}
