//! ISO 8601 and the ticks since the year 1, in the proleptic Gregorian calendar.

use super::TICKS_PER_SECOND;
use super::parse::{Cursor, Fraction};
use std::fmt;

const DAYS_PER_400_YEARS: i64 = 146_097;
const TICKS_PER_DAY: i64 = 86_400 * TICKS_PER_SECOND;
/// The first tick of the year 10000.
pub(super) const END: i64 = 3_652_059 * TICKS_PER_DAY;
pub(super) const TICKS_PER_MINUTE: i64 = 60 * TICKS_PER_SECOND;
/// How far a clock may be from UTC.
pub(super) const MAX_OFFSET: i16 = 14 * 60;

/// What a text says about where its clock stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zone {
    Unspecified,
    Utc,
    /// Minutes ahead of UTC.
    Offset(i16),
}

/// The days from 0001-01-01 to a date; `None` if there is no such date.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let in_month = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => return None,
    };
    if !(1..=9999).contains(&year) || !(1..=in_month).contains(&day) {
        return None;
    }
    // Years that begin in March have their leap day at the end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let before_month = (153 * month + 2) / 5;
    Some(365 * year + year / 4 - year / 100 + year / 400 + before_month + day - 307)
}

/// The year, month and day that lie so many days behind 0001-01-01.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 306;
    let (era, day) = (days / DAYS_PER_400_YEARS, days % DAYS_PER_400_YEARS);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}

/// Reads a date, or a date and time, as ASP.NET Core does: the ticks of the clock, and where the clock stands.
pub(super) fn parse(text: &str) -> Option<(i64, Zone)> {
    let mut cursor = Cursor(text.as_bytes());
    let year = cursor.number(4, 4)?;
    let month = cursor.take(b'-').then(|| cursor.number(2, 2))??;
    let day = cursor.take(b'-').then(|| cursor.number(2, 2))??;
    let mut ticks = days(year, month, day)? * TICKS_PER_DAY;
    if cursor.is_empty() {
        return Some((ticks, Zone::Unspecified));
    }
    let hour = cursor.take(b'T').then(|| cursor.two(24))??;
    let minute = cursor.take(b':').then(|| cursor.two(60))??;
    ticks += (hour * 60 + minute) * TICKS_PER_MINUTE;
    if cursor.take(b':') {
        ticks += cursor.two(60)? * TICKS_PER_SECOND;
        if cursor.take(b'.') {
            ticks += cursor.fraction(16)?;
        }
    }
    let zone = zone(&mut cursor)?;
    cursor.is_empty().then_some((ticks, zone))
}

fn zone(cursor: &mut Cursor<'_>) -> Option<Zone> {
    if cursor.is_empty() {
        return Some(Zone::Unspecified);
    }
    if cursor.take(b'Z') {
        return Some(Zone::Utc);
    }
    let sign = if cursor.take(b'+') {
        1
    } else if cursor.take(b'-') {
        -1
    } else {
        return None;
    };
    let hours = cursor.two(15)?;
    let minutes = if cursor.take(b':') { cursor.two(60)? } else { 0 };
    let minutes = i16::try_from(hours * 60 + minutes).ok().filter(|minutes| *minutes <= MAX_OFFSET)?;
    Some(Zone::Offset(sign * minutes))
}

/// Writes the date and time that a clock shows, with up to seven decimals.
pub(super) fn write(f: &mut fmt::Formatter<'_>, ticks: i64) -> fmt::Result {
    let (year, month, day) = date(ticks / TICKS_PER_DAY);
    let seconds = ticks % TICKS_PER_DAY / TICKS_PER_SECOND;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let fraction = Fraction { ticks: ticks % TICKS_PER_SECOND, short: true };
    write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_is_the_one_after_the_day_before() {
        let mut expected = (1, 1, 1);
        for number in 0..3_652_059 {
            let (year, month, day) = date(number);
            assert_eq!((year, month, day), expected);
            assert_eq!(days(year, month, day), Some(number));
            expected = if days(year, month, day + 1).is_some() {
                (year, month, day + 1)
            } else if month < 12 {
                (year, month + 1, 1)
            } else {
                (year + 1, 1, 1)
            };
        }
        assert_eq!(expected, (10_000, 1, 1));
    }

    #[test]
    fn there_are_no_other_days() {
        for (year, month, day) in [
            (0, 1, 1),
            (10_000, 1, 1),
            (2001, 0, 1),
            (2001, 13, 1),
            (2001, 1, 0),
            (2001, 1, 32),
            (2001, 2, 29),
            (1900, 2, 29),
        ] {
            assert_eq!(days(year, month, day), None);
        }
        assert!(days(2000, 2, 29).is_some());
    }
}
