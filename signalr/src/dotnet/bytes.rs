//! For fields that are bytes in a type of your own choice, to travel as .NET's `byte[]`:
//! `#[serde(with = "signalr::dotnet::bytes")]`.
//!
//! In JSON they are base64, in MessagePack binary data, as [`Binary`] is, which is also for what cannot be marked.
//!
//! ```
//! # use serde::{Deserialize, Serialize};
//! #[derive(Serialize, Deserialize)]
//! struct Picture {
//!     #[serde(with = "signalr::dotnet::bytes")]
//!     pixels: Vec<u8>,
//! }
//!
//! assert_eq!(serde_json::to_string(&Picture { pixels: vec![1, 2, 3] }).unwrap(), r#"{"pixels":"AQID"}"#);
//! ```

use crate::protocol::Binary;
use crate::protocol::binary;
use serde::{Deserialize, Deserializer, Serializer};

/// Writes the bytes.
///
/// # Errors
/// Passes on those of the format.
pub fn serialize<T: AsRef<[u8]> + ?Sized, S: Serializer>(bytes: &T, serializer: S) -> Result<S::Ok, S::Error> {
    binary::serialize(bytes.as_ref(), serializer)
}

/// Reads bytes.
///
/// # Errors
/// Fails when there are none.
pub fn deserialize<'de, T: From<Vec<u8>>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    Binary::deserialize(deserializer).map(|binary| Vec::from(binary).into())
}
