//! The forms that .NET gives to values which serde has no form for, or another one in each protocol.
//!
//! | .NET | here | for fields of other types | JSON | MessagePack |
//! | --- | --- | --- | --- | --- |
//! | `byte[]` | [`Binary`](crate::protocol::Binary) | [`bytes`] | base64 | binary data |
//! | an enum | [`Enum`] | [`enumeration`], [`numbered`] | number | name |
//! | `DateTime` | [`DateTime`] | [`date_time`] | `2000-01-02T03:04:05Z` | timestamp |
//! | `DateTimeOffset` | [`DateTimeOffset`] | | `2000-01-02T03:04:05+01:00` | timestamp and minutes |
//! | `TimeSpan` | [`TimeSpan`] | [`time_span`] | `1.02:03:04.5000000` | number of ticks |
//! | `Guid` | [`Guid`] | | string | string |
//! | `decimal` | [`Decimal`] | | number | string |
//!
//! The types work everywhere, also inside `Option` and `Vec` and as arguments. The modules are for fields whose type you do
//! not want to change:
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use signalr::dotnet::{self, Guid};
//! use std::time::{Duration, SystemTime};
//!
//! #[derive(Serialize, Deserialize)]
//! enum Colour {
//!     Red,
//!     Green,
//! }
//!
//! #[derive(Serialize, Deserialize)]
//! struct Lamp {
//!     id: Guid,
//!     #[serde(with = "dotnet::enumeration")]
//!     colour: Colour,
//!     #[serde(with = "dotnet::date_time")]
//!     lit_at: SystemTime,
//!     #[serde(with = "dotnet::time_span")]
//!     lit_for: Duration,
//! }
//!
//! let lamp = Lamp {
//!     id: Guid::default(),
//!     colour: Colour::Green,
//!     lit_at: SystemTime::UNIX_EPOCH,
//!     lit_for: Duration::from_secs(90),
//! };
//! assert_eq!(
//!     serde_json::to_string(&lamp).unwrap(),
//!     r#"{"id":"00000000-0000-0000-0000-000000000000","colour":1,"lit_at":"1970-01-01T00:00:00Z","lit_for":"00:01:30"}"#
//! );
//! ```
//!
//! Libraries of your choice are a conversion away: a [`Guid`] is made of 16 bytes and gives them, a [`DateTime`] does so with
//! `SystemTime`, a [`TimeSpan`] with `Duration`, a [`Decimal`] with text.
//!
//! The names of members are the business of the hub: see [`Hub::naming`](crate::Hub::naming).

pub mod bytes;
mod calendar;
pub mod date_time;
mod date_time_offset;
mod decimal;
pub mod enumeration;
mod guid;
pub mod numbered;
mod parse;
pub mod time_span;
pub(crate) mod timestamp;

pub use date_time::DateTime;
pub use date_time_offset::DateTimeOffset;
pub use decimal::Decimal;
pub use enumeration::Enum;
pub use guid::Guid;
pub use time_span::TimeSpan;

use thiserror::Error;

/// A text or a number that is not a value of the type, or outside of its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct InvalidValue(&'static str);

/// Ticks of 100 nanoseconds in a second.
const TICKS_PER_SECOND: i64 = 10_000_000;

/// Implements serde's traits for a type that is text everywhere, by its `Display` and `FromStr`.
macro_rules! as_text {
    ($type:ty, $expected:literal) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(crate::dotnet::parse::Parsed::new($expected))
            }
        }
    };
}
use as_text;

#[cfg(test)]
mod tests;
