//! A time and where its clock stands.

use super::calendar::{self, MAX_OFFSET, TICKS_PER_MINUTE, Zone};
use super::parse::Parsed;
use super::timestamp::Timestamp;
use super::{DateTime, InvalidValue};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// .NET's `DateTimeOffset`: the date and time that a clock shows, and how many minutes it is ahead of UTC.
///
/// In JSON it is ISO 8601 with the offset, which is `+00:00` for UTC; a text without one is taken for UTC. In MessagePack it is
/// an array of what the clock shows, as a timestamp, and the minutes.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct DateTimeOffset {
    clock: i64,
    minutes: i16,
}

const OUT_OF_RANGE: InvalidValue =
    InvalidValue("the time is not between the years 1 and 9999, or its offset above 14 hours");

impl DateTimeOffset {
    /// A time in UTC, as a clock shows it that is so many minutes ahead.
    ///
    /// # Errors
    /// Fails when the offset is more than 14 hours, or the clock does not show a time of the years 1 to 9999.
    pub fn new(utc: DateTime, minutes_ahead: i16) -> Result<Self, InvalidValue> {
        Self::from_clock(utc.ticks() + i64::from(minutes_ahead) * TICKS_PER_MINUTE, minutes_ahead)
    }

    fn from_clock(clock: i64, minutes: i16) -> Result<Self, InvalidValue> {
        let time = DateTimeOffset { clock, minutes };
        let in_range = |ticks| (0..calendar::END).contains(&ticks);
        let offset = (-MAX_OFFSET..=MAX_OFFSET).contains(&minutes);
        if offset && in_range(clock) && in_range(time.utc_ticks()) { Ok(time) } else { Err(OUT_OF_RANGE) }
    }

    fn utc_ticks(self) -> i64 {
        self.clock - i64::from(self.minutes) * TICKS_PER_MINUTE
    }

    /// The time in UTC.
    pub fn utc(self) -> DateTime {
        DateTime::from_ticks(self.utc_ticks()).unwrap_or_default()
    }

    /// How many minutes the clock is ahead of UTC.
    pub fn minutes_ahead(self) -> i16 {
        self.minutes
    }
}

impl fmt::Display for DateTimeOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        calendar::write(f, self.clock)?;
        let minutes = self.minutes.unsigned_abs();
        write!(f, "{}{:02}:{:02}", if self.minutes < 0 { '-' } else { '+' }, minutes / 60, minutes % 60)
    }
}

impl fmt::Debug for DateTimeOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for DateTimeOffset {
    type Err = InvalidValue;

    /// Reads ISO 8601.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let (clock, zone) = calendar::parse(text).ok_or(InvalidValue("the string is no date and time in ISO 8601"))?;
        let minutes = match zone {
            Zone::Unspecified | Zone::Utc => 0,
            Zone::Offset(minutes) => minutes,
        };
        Self::from_clock(clock, minutes)
    }
}

impl Serialize for DateTimeOffset {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            (Timestamp(self.clock), self.minutes).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for DateTimeOffset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_str(Parsed::new("a date and time with an offset, in ISO 8601"));
        }
        let (Timestamp(clock), minutes) = Deserialize::deserialize(deserializer)?;
        Self::from_clock(clock, minutes).map_err(serde::de::Error::custom)
    }
}
