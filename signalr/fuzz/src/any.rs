//! A value of any type that a peer may send.

use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The name by which rmp-serde knows MessagePack's extension types.
const EXTENSION: &str = "_ExtStruct";

#[derive(Debug, Clone)]
pub enum Any {
    Nil,
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Single(f32),
    Double(f64),
    Text(String),
    Bytes(Bytes),
    List(Vec<Any>),
    Map(Vec<(Any, Any)>),
    Extension(i8, Bytes),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Bytes(Vec<u8>);

impl PartialEq for Any {
    fn eq(&self, other: &Any) -> bool {
        match (self, other) {
            (Any::Nil, Any::Nil) => true,
            (Any::Bool(a), Any::Bool(b)) => a == b,
            // Which of the two a small number is depends on how the peer wrote it.
            (Any::Signed(_) | Any::Unsigned(_), Any::Signed(_) | Any::Unsigned(_)) => self.integer() == other.integer(),
            (Any::Single(a), Any::Single(b)) => a.to_bits() == b.to_bits(),
            // serde_json may read the last digit wrong.
            (Any::Double(a), Any::Double(b)) => a.to_bits().abs_diff(b.to_bits()) <= 1 || (a.is_nan() && b.is_nan()),
            // JSON writes 1.0 as 1.
            (Any::Double(a), integer) | (integer, Any::Double(a)) => {
                integer.integer().is_some_and(|integer| integer as f64 == *a)
            }
            (Any::Text(a), Any::Text(b)) => a == b,
            (Any::Bytes(a), Any::Bytes(b)) => a == b,
            (Any::List(a), Any::List(b)) => a == b,
            (Any::Map(a), Any::Map(b)) => a == b,
            (Any::Extension(a, b), Any::Extension(c, d)) => a == c && b == d,
            _ => false,
        }
    }
}

impl Any {
    fn integer(&self) -> Option<i128> {
        match *self {
            Any::Signed(number) => Some(number.into()),
            Any::Unsigned(number) => Some(number.into()),
            _ => None,
        }
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl Serialize for Any {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Any::Nil => serializer.serialize_unit(),
            Any::Bool(value) => serializer.serialize_bool(*value),
            Any::Signed(value) => serializer.serialize_i64(*value),
            Any::Unsigned(value) => serializer.serialize_u64(*value),
            Any::Single(value) => serializer.serialize_f32(*value),
            Any::Double(value) => serializer.serialize_f64(*value),
            Any::Text(value) => serializer.serialize_str(value),
            Any::Bytes(value) => value.serialize(serializer),
            Any::List(values) => values.serialize(serializer),
            Any::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
            Any::Extension(kind, bytes) => serializer.serialize_newtype_struct(EXTENSION, &(*kind, bytes)),
        }
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Any::deserialize(deserializer)? {
            Any::Bytes(bytes) => Ok(bytes),
            _ => Err(D::Error::custom("not bytes")),
        }
    }
}

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyVisitor)
    }
}

struct AnyVisitor;

impl<'de> Visitor<'de> for AnyVisitor {
    type Value = Any;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E: Error>(self) -> Result<Any, E> {
        Ok(Any::Nil)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Any, E> {
        Ok(Any::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Any, E> {
        Ok(Any::Signed(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Any, E> {
        Ok(Any::Unsigned(value))
    }

    fn visit_f32<E: Error>(self, value: f32) -> Result<Any, E> {
        Ok(Any::Single(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Any, E> {
        Ok(Any::Double(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Any, E> {
        Ok(Any::Text(value.to_owned()))
    }

    fn visit_bytes<E: Error>(self, value: &[u8]) -> Result<Any, E> {
        Ok(Any::Bytes(Bytes(value.to_vec())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Any, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = values.next_element()? {
            list.push(value);
        }
        Ok(Any::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Any, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Any::Map(map))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Any, D::Error> {
        let (kind, bytes) = <(i8, Bytes)>::deserialize(deserializer)?;
        Ok(Any::Extension(kind, bytes))
    }
}
