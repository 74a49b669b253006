//! Arguments, items and results: between their MessagePack and their Rust types.
//!
//! Structs are maps by name, variants of enums are names, integers take the smallest format, characters are numbers, and
//! types may choose the compact form of serde's two (`is_human_readable` is false). A newtype struct named `_ExtStruct`
//! around an `i8` and bytes is an extension, as it is for `rmp-serde`.

use super::deserialize::ValueDeserializer;
use super::serialize::ValueSerializer;
use crate::protocol::error::{DecodeError, EncodeError};
use crate::protocol::naming::{Declared, Naming, Pascal};
#[cfg(feature = "client-core")]
use crate::protocol::payload::path_in;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(super) use crate::protocol::extension::NAME as EXTENSION;

/// Reads a value that takes all of `bytes`.
pub(crate) fn decode_value<T: DeserializeOwned>(bytes: &[u8], naming: Naming) -> Result<T, DecodeError> {
    let mut rest = bytes;
    let value = decode_next(&mut rest, naming)?;
    if !rest.is_empty() {
        return Err(DecodeError::new("unexpected bytes after the value"));
    }
    Ok(value)
}

/// Reads the first value of `rest` where it stands, and moves `rest` behind it.
///
/// After an error nothing is left to read.
#[inline(never)]
pub(crate) fn decode_next<T: DeserializeOwned>(rest: &mut &[u8], naming: Naming) -> Result<T, DecodeError> {
    let mut deserializer = ValueDeserializer::new(std::mem::take(rest), naming);
    let value = T::deserialize(&mut deserializer).map_err(DecodeError)?;
    *rest = deserializer.rest();
    Ok(value)
}

/// Where in the first value of `bytes` reading fails, such as `lines[2].price`; empty where it is the value itself.
#[cfg(feature = "client-core")]
#[cold]
#[inline(never)]
pub(crate) fn path_of_failure<T: DeserializeOwned>(bytes: &[u8], naming: Naming) -> String {
    path_in::<T, _>(&mut ValueDeserializer::new(bytes, naming))
}

/// Writes a value; part of it may have been written when that fails.
#[inline]
pub(in crate::protocol) fn write_value<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    value: &T,
    naming: Naming,
) -> Result<(), EncodeError> {
    match naming {
        Naming::AsDeclared => value.serialize(ValueSerializer::<Declared>::new(out)),
        Naming::DotNet => value.serialize(ValueSerializer::<Pascal>::new(out)),
    }
    .map_err(EncodeError)
}
