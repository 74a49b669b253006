//! For fields whose type is an enum with numbers of its own, to travel as a .NET enum:
//! `#[serde(with = "signalr::dotnet::numbered")]`.
//!
//! In JSON it is the number that `i64::from` and `TryFrom<i64>` know, in MessagePack the name that serde knows.
//!
//! ```
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Clone, Copy, Serialize, Deserialize)]
//! enum Status {
//!     Open = 10,
//!     Closed = 20,
//! }
//!
//! impl From<Status> for i64 {
//!     fn from(status: Status) -> i64 {
//!         status as i64
//!     }
//! }
//!
//! impl TryFrom<i64> for Status {
//!     type Error = &'static str;
//!
//!     fn try_from(number: i64) -> Result<Self, Self::Error> {
//!         let all = [Status::Open, Status::Closed];
//!         all.into_iter().find(|status| *status as i64 == number).ok_or("no such status")
//!     }
//! }
//!
//! #[derive(Serialize, Deserialize)]
//! struct Ticket {
//!     #[serde(with = "signalr::dotnet::numbered")]
//!     status: Status,
//! }
//!
//! assert_eq!(serde_json::to_string(&Ticket { status: Status::Closed }).unwrap(), r#"{"status":20}"#);
//! ```

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt::Display;

/// Writes the number or the name of a variant.
///
/// # Errors
/// Fails when the value is not a variant without values.
pub fn serialize<T, S>(value: &T, serializer: S) -> Result<S::Ok, S::Error>
where
    T: Serialize + Clone + Into<i64>,
    S: Serializer,
{
    if serializer.is_human_readable() {
        serializer.serialize_i64(value.clone().into())
    } else {
        super::enumeration::serialize(value, serializer)
    }
}

/// Reads the number or the name of a variant.
///
/// # Errors
/// Fails when there is no such variant.
pub fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Deserialize<'de> + TryFrom<i64, Error: Display>,
    D: Deserializer<'de>,
{
    if deserializer.is_human_readable() {
        T::try_from(i64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    } else {
        super::enumeration::deserialize(deserializer)
    }
}
