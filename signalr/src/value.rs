//! A value of any type.

use crate::dotnet::DateTime;
use crate::dotnet::timestamp;
use crate::protocol::Binary;
use crate::protocol::extension::Extension;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A value whose type is not known: whatever a client sends can be read as one, in either protocol.
///
/// As JSON has fewer types, what is a [`Binary`](Self::Binary) or a [`Timestamp`](Self::Timestamp) is a
/// [`Text`](Self::Text) after a way through JSON, and a whole [`Float`](Self::Float) is an integer. Members of structs and
/// entries of maps are both entries of a [`Map`](Self::Map), under the names that they have on the wire.
///
/// ```
/// use signalr::Value;
///
/// let value: Value = serde_json::from_str(r#"{"name":"ann","scores":[1,-2]}"#).unwrap();
/// assert_eq!(value.get("name").and_then(Value::as_str), Some("ann"));
/// assert_eq!(value.get("scores"), Some(&Value::from(vec![Value::from(1), Value::from(-2)])));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// Nothing: `null`, or nil.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number, whatever its type was.
    Int(i64),
    /// A whole number above those of an `i64`.
    UInt(u64),
    /// A number with a fraction, or of a type that can have one.
    Float(f64),
    /// Text.
    Text(String),
    /// Bytes, which MessagePack has. In JSON they are written as base64.
    Binary(Binary),
    /// A list.
    Array(Vec<Value>),
    /// Keys and values, in the order in which they came. JSON has no keys but strings; numbers are written as such.
    Map(Vec<(Value, Value)>),
    /// A point in time, which MessagePack has. In JSON it is written as ISO 8601.
    Timestamp(DateTime),
    /// Any other extension of MessagePack: its type and its data. It cannot be written in JSON.
    Extension(i8, Binary),
}

impl Value {
    /// Whether this is nothing.
    pub fn is_null(&self) -> bool {
        *self == Value::Null
    }

    /// True or false.
    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(value) = self { Some(*value) } else { None }
    }

    /// A whole number.
    pub fn as_i64(&self) -> Option<i64> {
        if let Value::Int(number) = self { Some(*number) } else { None }
    }

    /// A whole number that is not negative.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Value::Int(number) => u64::try_from(*number).ok(),
            Value::UInt(number) => Some(*number),
            _ => None,
        }
    }

    /// Any number; a whole one above 2⁵³ may be rounded.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Int(number) => Some(*number as f64),
            Value::UInt(number) => Some(*number as f64),
            Value::Float(number) => Some(*number),
            _ => None,
        }
    }

    /// Text.
    pub fn as_str(&self) -> Option<&str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    /// Bytes.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        if let Value::Binary(bytes) = self { Some(bytes) } else { None }
    }

    /// The elements of a list.
    pub fn as_array(&self) -> Option<&[Value]> {
        if let Value::Array(values) = self { Some(values) } else { None }
    }

    /// The entries of a map.
    pub fn as_map(&self) -> Option<&[(Value, Value)]> {
        if let Value::Map(entries) = self { Some(entries) } else { None }
    }

    /// The value of a key in a map. A key that is a number is found by its text, as that is what it is in JSON.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let is_meant = |known: &Value| match known {
            Value::Text(text) => text == key,
            Value::Int(number) => key.parse() == Ok(*number),
            Value::UInt(number) => key.parse() == Ok(*number),
            _ => false,
        };
        self.as_map()?.iter().find(|(known, _)| is_meant(known)).map(|(_, value)| value)
    }
}

macro_rules! from {
    ($($type:ty: $name:ident => $value:expr;)+) => {$(
        impl From<$type> for Value {
            fn from($name: $type) -> Self {
                $value
            }
        }
    )+};
}

from! {
    bool: value => Value::Bool(value);
    i8: number => Value::Int(number.into());
    i16: number => Value::Int(number.into());
    i32: number => Value::Int(number.into());
    i64: number => Value::Int(number);
    u8: number => Value::Int(number.into());
    u16: number => Value::Int(number.into());
    u32: number => Value::Int(number.into());
    u64: number => i64::try_from(number).map_or(Value::UInt(number), Value::Int);
    f32: number => Value::Float(number.into());
    f64: number => Value::Float(number);
    &str: text => Value::Text(text.to_owned());
    String: text => Value::Text(text);
    Binary: bytes => Value::Binary(bytes);
    DateTime: time => Value::Timestamp(time);
    Vec<Value>: values => Value::Array(values);
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

impl FromIterator<Value> for Value {
    fn from_iter<I: IntoIterator<Item = Value>>(values: I) -> Self {
        Value::Array(values.into_iter().collect())
    }
}

impl<K: Into<Value>, V: Into<Value>> FromIterator<(K, V)> for Value {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        Value::Map(entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Int(number) => serializer.serialize_i64(*number),
            Value::UInt(number) => serializer.serialize_u64(*number),
            Value::Float(number) => serializer.serialize_f64(*number),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Binary(bytes) => bytes.serialize(serializer),
            Value::Array(values) => values.serialize(serializer),
            Value::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
            Value::Timestamp(time) => time.serialize(serializer),
            Value::Extension(..) if serializer.is_human_readable() => {
                Err(serde::ser::Error::custom("an extension of MessagePack cannot be written as text"))
            }
            Value::Extension(kind, data) => Extension { kind: *kind, data }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Value, E> {
        Ok(Value::Binary(bytes.into()))
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Value, E> {
        Ok(Value::Binary(bytes.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        // The length that a list declares is only a hint: it is not reserved.
        let mut values = Vec::new();
        while let Some(value) = elements.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Value::Map(map))
    }

    /// What an extension is to serde.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, extension: D) -> Result<Value, D::Error> {
        let (kind, data): (i8, Binary) = Deserialize::deserialize(extension)?;
        if kind == timestamp::TYPE
            && let Ok(time) = timestamp::from_data(&data)
        {
            return Ok(Value::Timestamp(time));
        }
        Ok(Value::Extension(kind, data))
    }
}

#[cfg(test)]
mod tests;
