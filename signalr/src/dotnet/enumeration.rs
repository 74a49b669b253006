//! For fields whose type is an enum without values, to travel as a .NET enum:
//! `#[serde(with = "signalr::dotnet::enumeration")]`.
//!
//! In JSON it is its number, which is the place among the variants, counted from 0, as in C# if no numbers are given there
//! (otherwise use [`numbered`](super::numbered)). In MessagePack it is the name. The enum derives serde's traits as usual, and
//! the field may be an `Option` of it.

use serde::de::value::U32Deserializer;
use serde::de::{Error as _, IntoDeserializer, Visitor};
use serde::ser::Impossible;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// An enum without values that travels as a .NET enum: its number in JSON, its name in MessagePack. For where no field can
/// be marked with [`enumeration`](self): arguments, results, and inside of collections.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use signalr::dotnet::Enum;
///
/// #[derive(Serialize, Deserialize)]
/// enum Colour {
///     Red,
///     Green,
/// }
///
/// assert_eq!(serde_json::to_string(&[Enum(Colour::Green), Enum(Colour::Red)]).unwrap(), "[1,0]");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Enum<T>(pub T);

impl<T: Serialize> Serialize for Enum<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(&self.0, serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Enum<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize(deserializer).map(Enum)
    }
}

/// Writes the number or the name of a variant.
///
/// # Errors
/// Fails when the value is not a variant without values.
pub fn serialize<T: Serialize, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    value.serialize(Variant(serializer))
}

/// Reads the number or the name of a variant.
///
/// # Errors
/// Fails when there is no such variant.
pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::deserialize(Variant(deserializer))
}

/// Lets variants without values pass, and nothing else: a number in text formats, a name in binary ones.
struct Variant<T>(T);

fn no_variant<E: serde::ser::Error>() -> E {
    E::custom("only variants without values have the form of a .NET enum")
}

macro_rules! refuse {
    ($($function:ident($($type:ty),*) -> $result:ident;)+) => {$(
        fn $function(self, $(_: $type),*) -> Result<refuse!(@ $result), S::Error> {
            Err(no_variant())
        }
    )+};
    (@ Ok) => { S::Ok };
    (@ Compound) => { Impossible<S::Ok, S::Error> };
}

impl<S: Serializer> Serializer for Variant<S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Impossible<S::Ok, S::Error>;
    type SerializeTuple = Impossible<S::Ok, S::Error>;
    type SerializeTupleStruct = Impossible<S::Ok, S::Error>;
    type SerializeTupleVariant = Impossible<S::Ok, S::Error>;
    type SerializeMap = Impossible<S::Ok, S::Error>;
    type SerializeStruct = Impossible<S::Ok, S::Error>;
    type SerializeStructVariant = Impossible<S::Ok, S::Error>;

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }

    fn serialize_unit_variant(self, _: &'static str, index: u32, variant: &'static str) -> Result<S::Ok, S::Error> {
        if self.0.is_human_readable() { self.0.serialize_u32(index) } else { self.0.serialize_str(variant) }
    }

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.0.serialize_none()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, _: &T) -> Result<S::Ok, S::Error> {
        Err(no_variant())
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<S::Ok, S::Error> {
        Err(no_variant())
    }

    refuse! {
        serialize_bool(bool) -> Ok;
        serialize_i8(i8) -> Ok;
        serialize_i16(i16) -> Ok;
        serialize_i32(i32) -> Ok;
        serialize_i64(i64) -> Ok;
        serialize_u8(u8) -> Ok;
        serialize_u16(u16) -> Ok;
        serialize_u32(u32) -> Ok;
        serialize_u64(u64) -> Ok;
        serialize_f32(f32) -> Ok;
        serialize_f64(f64) -> Ok;
        serialize_char(char) -> Ok;
        serialize_str(&str) -> Ok;
        serialize_bytes(&[u8]) -> Ok;
        serialize_unit() -> Ok;
        serialize_unit_struct(&'static str) -> Ok;
        serialize_seq(Option<usize>) -> Compound;
        serialize_tuple(usize) -> Compound;
        serialize_tuple_struct(&'static str, usize) -> Compound;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Compound;
        serialize_map(Option<usize>) -> Compound;
        serialize_struct(&'static str, usize) -> Compound;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Compound;
    }
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Variant<D> {
    type Error = D::Error;

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        if self.0.is_human_readable() {
            let number = u32::deserialize(self.0)?;
            let number: U32Deserializer<D::Error> = number.into_deserializer();
            visitor.visit_enum(number)
        } else {
            self.0.deserialize_str(Name(visitor))
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_option(Optional(visitor))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, D::Error> {
        Err(D::Error::custom("only enums without values have the form of a .NET enum"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// Reads the name of a variant.
struct Name<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Name<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<V::Value, E> {
        self.0.visit_enum(name.into_deserializer())
    }
}

/// Reads a variant or nothing.
struct Optional<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Optional<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<V::Value, E> {
        self.0.visit_none()
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<V::Value, E> {
        self.0.visit_none()
    }

    fn visit_some<T: Deserializer<'de>>(self, value: T) -> Result<V::Value, T::Error> {
        self.0.visit_some(Variant(value))
    }
}
