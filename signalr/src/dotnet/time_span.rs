//! For fields that are [`Duration`] and travel as a .NET `TimeSpan`: `#[serde(with = "signalr::dotnet::time_span")]`.

use super::parse::{Cursor, Fraction, Parsed};
use super::{InvalidValue, TICKS_PER_SECOND};
use serde::ser::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// .NET's `TimeSpan`: a time in steps of 100 nanoseconds, which may be negative.
///
/// In JSON it is `[-][d.]hh:mm:ss[.fffffff]`, in MessagePack the number of its ticks.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeSpan(i64);

impl TimeSpan {
    /// So many ticks of 100 nanoseconds.
    pub const fn from_ticks(ticks: i64) -> Self {
        TimeSpan(ticks)
    }

    /// The ticks of 100 nanoseconds.
    pub const fn ticks(self) -> i64 {
        self.0
    }
}

impl TryFrom<Duration> for TimeSpan {
    type Error = InvalidValue;

    /// What is finer than a tick is dropped. Fails above some 29,000 years.
    fn try_from(duration: Duration) -> Result<Self, InvalidValue> {
        i64::try_from(duration.as_nanos() / 100).map(TimeSpan).map_err(|_| InvalidValue("the duration is too long"))
    }
}

impl TryFrom<TimeSpan> for Duration {
    type Error = InvalidValue;

    /// Fails when it is negative.
    fn try_from(TimeSpan(ticks): TimeSpan) -> Result<Self, InvalidValue> {
        let ticks = u64::try_from(ticks).map_err(|_| InvalidValue("the time span is negative"))?;
        let second = TICKS_PER_SECOND.unsigned_abs();
        let nanoseconds = u32::try_from(ticks % second * 100).unwrap_or_default();
        Ok(Duration::new(ticks / second, nanoseconds))
    }
}

impl fmt::Display for TimeSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ticks = self.0.unsigned_abs();
        let seconds = ticks / TICKS_PER_SECOND.unsigned_abs();
        if self.0 < 0 {
            f.write_str("-")?;
        }
        if seconds >= 86_400 {
            write!(f, "{}.", seconds / 86_400)?;
        }
        let fraction = Fraction { ticks: (self.0 % TICKS_PER_SECOND).abs(), short: false };
        write!(f, "{:02}:{:02}:{:02}{fraction}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
    }
}

impl fmt::Debug for TimeSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for TimeSpan {
    type Err = InvalidValue;

    /// Reads `[-][d.]hh:mm:ss[.fffffff]`; the seconds may be missing.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        parse(text).ok_or(InvalidValue("the string is no time span"))
    }
}

fn parse(text: &str) -> Option<TimeSpan> {
    let mut cursor = Cursor(text.as_bytes());
    let negative = cursor.take(b'-');
    let first = cursor.number(1, 8)?;
    let (days, hours) = if cursor.take(b'.') { (first, cursor.number(1, 2)?) } else { (0, first) };
    let minutes = cursor.take(b':').then(|| cursor.number(1, 2))??;
    let seconds = if cursor.take(b':') { cursor.number(1, 2)? } else { 0 };
    let fraction = if cursor.take(b'.') { cursor.fraction(7)? } else { 0 };
    if !cursor.is_empty() || hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    // All of it is at most 10^8 days. The least time span has no positive counterpart.
    let whole = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
    let sign = if negative { -1 } else { 1 };
    whole.checked_mul(sign * TICKS_PER_SECOND)?.checked_add(sign * fraction).map(TimeSpan)
}

impl Serialize for TimeSpan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { serializer.serialize_i64(self.0) }
    }
}

impl<'de> Deserialize<'de> for TimeSpan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(Parsed::new("a time span"))
        } else {
            i64::deserialize(deserializer).map(TimeSpan)
        }
    }
}

/// Writes the duration as a [`TimeSpan`].
///
/// # Errors
/// Fails when it is longer than some 29,000 years.
pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    TimeSpan::try_from(*duration).map_err(S::Error::custom)?.serialize(serializer)
}

/// Reads a [`TimeSpan`].
///
/// # Errors
/// Fails when there is none, or a negative one.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    TimeSpan::deserialize(deserializer)?.try_into().map_err(serde::de::Error::custom)
}
