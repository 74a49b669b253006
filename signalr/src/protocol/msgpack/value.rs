//! Arguments, items and results: serde's side.
//!
//! Structs are maps by name, variants of enums are names, integers take the smallest format, and types may choose the
//! compact form of serde's two (`is_human_readable` is false).

use super::MAX_DEPTH;
use super::read::Reader;
use crate::protocol::error::{DecodeError, EncodeError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads a value that takes all of `bytes`.
pub(crate) fn decode_value<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    let mut rest = bytes;
    let value = decode_next(&mut rest)?;
    if !rest.is_empty() {
        return Err(DecodeError("unexpected bytes after the value".into()));
    }
    Ok(value)
}

/// Reads the first value of `rest` where it stands, and moves `rest` behind it.
///
/// After an error nothing is left to read.
pub(crate) fn decode_next<T: DeserializeOwned>(rest: &mut &[u8]) -> Result<T, DecodeError> {
    let mut reader = Reader::new(std::mem::take(rest));
    // Serde implementations may trust the lengths they are given, and rmp-serde does not count enums as depth: so the
    // structure is checked first, which also says where the value ends.
    let Some(value) = reader.value(MAX_DEPTH) else {
        return Err(DecodeError("the value is truncated, malformed or nested too deeply".into()));
    };
    let mut deserializer = rmp_serde::Deserializer::from_read_ref(value);
    // One more, since its limit is what it refuses.
    deserializer.set_max_depth(MAX_DEPTH + 1);
    let decoded = T::deserialize(&mut deserializer).map_err(|error| DecodeError(error.to_string()))?;
    *rest = reader.rest();
    Ok(decoded)
}

/// Writes a value.
#[inline]
pub(super) fn encode_value<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) -> Result<(), EncodeError> {
    let mut serializer = rmp_serde::Serializer::new(out).with_struct_map();
    value.serialize(&mut serializer).map_err(|error| EncodeError(error.to_string()))
}
