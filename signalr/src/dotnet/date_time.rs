//! For fields that are [`SystemTime`] and travel as a .NET `DateTime`: `#[serde(with = "signalr::dotnet::date_time")]`.

use super::calendar::{self, TICKS_PER_MINUTE, Zone};
use super::parse::Parsed;
use super::timestamp::{Timestamp, UNIX_EPOCH};
use super::{InvalidValue, TICKS_PER_SECOND};
use serde::ser::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

/// .NET's `DateTime`: a date and time of the years 1 to 9999 in steps of 100 nanoseconds, which is known to be UTC or not.
/// The default is the first moment of the year 1, as in .NET.
///
/// In JSON it is ISO 8601 with up to seven decimals, with a `Z` if it is UTC. A time with an offset becomes UTC when it is
/// read. In MessagePack it is a timestamp, which is always UTC.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime {
    ticks: i64,
    utc: bool,
}

impl DateTime {
    /// The last moment of the year 9999.
    pub const MAX: DateTime = DateTime { ticks: calendar::END - 1, utc: false };

    /// The present time, in UTC.
    pub fn now() -> Self {
        SystemTime::now().try_into().unwrap_or_default()
    }

    /// The time so many ticks of 100 nanoseconds after the start of the year 1, in UTC.
    ///
    /// # Errors
    /// Fails when it is not within the years 1 to 9999.
    pub fn from_ticks(ticks: i64) -> Result<Self, InvalidValue> {
        if (0..calendar::END).contains(&ticks) { Ok(DateTime { ticks, utc: true }) } else { Err(OUT_OF_RANGE) }
    }

    /// The ticks of 100 nanoseconds since the start of the year 1.
    pub fn ticks(self) -> i64 {
        self.ticks
    }

    /// Whether the time is known to be in UTC.
    pub fn is_utc(self) -> bool {
        self.utc
    }

    /// The same clock, known to be in UTC or not.
    #[must_use]
    pub fn with_utc(self, utc: bool) -> Self {
        DateTime { utc, ..self }
    }
}

const OUT_OF_RANGE: InvalidValue = InvalidValue("the time is not between the years 1 and 9999");

impl TryFrom<SystemTime> for DateTime {
    type Error = InvalidValue;

    /// What is finer than a tick is dropped.
    fn try_from(time: SystemTime) -> Result<Self, InvalidValue> {
        let ticks = |duration: Duration| i64::try_from(duration.as_nanos().div_ceil(100)).ok();
        let ticks = match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_nanos() / 100).ok(),
            Err(before) => ticks(before.duration()).map(|ticks| -ticks),
        };
        ticks.and_then(|ticks| ticks.checked_add(UNIX_EPOCH)).ok_or(OUT_OF_RANGE).and_then(DateTime::from_ticks)
    }
}

impl TryFrom<DateTime> for SystemTime {
    type Error = InvalidValue;

    /// A time that is not known to be in UTC is taken for UTC. Fails where the system has no such time.
    fn try_from(time: DateTime) -> Result<Self, InvalidValue> {
        let since_1970 = time.ticks - UNIX_EPOCH;
        let seconds = Duration::from_secs(since_1970.div_euclid(TICKS_PER_SECOND).unsigned_abs());
        let whole = if since_1970 < 0 {
            SystemTime::UNIX_EPOCH.checked_sub(seconds)
        } else {
            SystemTime::UNIX_EPOCH.checked_add(seconds)
        };
        let nanoseconds = since_1970.rem_euclid(TICKS_PER_SECOND).unsigned_abs() * 100;
        whole
            .and_then(|whole| whole.checked_add(Duration::from_nanos(nanoseconds)))
            .ok_or(InvalidValue("the system has no such time"))
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        calendar::write(f, self.ticks)?;
        f.write_str(if self.utc { "Z" } else { "" })
    }
}

impl fmt::Debug for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for DateTime {
    type Err = InvalidValue;

    /// Reads ISO 8601.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let (ticks, zone) = calendar::parse(text).ok_or(InvalidValue("the string is no date and time in ISO 8601"))?;
        match zone {
            Zone::Unspecified => Ok(DateTime { ticks, utc: false }),
            Zone::Utc => Ok(DateTime { ticks, utc: true }),
            Zone::Offset(minutes) => DateTime::from_ticks(ticks - i64::from(minutes) * TICKS_PER_MINUTE),
        }
    }
}

impl Serialize for DateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            Timestamp(self.ticks).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for DateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(Parsed::new("a date and time in ISO 8601"))
        } else {
            let Timestamp(ticks) = Timestamp::deserialize(deserializer)?;
            Ok(DateTime { ticks, utc: true })
        }
    }
}

/// Writes the time as a [`DateTime`] in UTC.
///
/// # Errors
/// Fails when it is not within the years 1 to 9999.
pub fn serialize<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    DateTime::try_from(*time).map_err(S::Error::custom)?.serialize(serializer)
}

/// Reads a [`DateTime`]; one that is not known to be in UTC is taken for UTC.
///
/// # Errors
/// Fails when there is none, or the system has no such time.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
    DateTime::deserialize(deserializer)?.try_into().map_err(serde::de::Error::custom)
}
