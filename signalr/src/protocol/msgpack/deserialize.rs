//! MessagePack to Rust values, by serde.

use super::value::EXTENSION;
use super::{MAX_DEPTH, MAX_DEPTH_RENAMED};
use crate::protocol::error::ValueError;
use crate::protocol::naming::{Members, Naming, Pascal, declared};
use crate::protocol::packed::read::{Kind, Reader};
use serde::de::value::{BorrowedStrDeserializer, I8Deserializer, SeqDeserializer, StrDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

/// Reads one value after the other.
pub(super) struct ValueDeserializer<'de> {
    reader: Reader<'de>,
    /// How many levels of arrays and maps may follow.
    depth: usize,
    naming: Naming,
}

impl<'de> ValueDeserializer<'de> {
    pub(super) fn new(bytes: &'de [u8], naming: Naming) -> Self {
        let depth = if naming == Naming::AsDeclared { MAX_DEPTH } else { MAX_DEPTH_RENAMED };
        ValueDeserializer { reader: Reader::new(bytes), depth, naming }
    }

    /// The bytes that were not read yet.
    pub(super) fn rest(&self) -> &'de [u8] {
        self.reader.rest()
    }

    fn kind(&self) -> Result<Kind, ValueError> {
        self.reader.peek().ok_or_else(malformed)
    }

    fn array<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, ValueError> {
        let left = self.reader.array_len().ok_or_else(malformed)?;
        self.nested(|inner| {
            let mut elements = Elements { inner, left, members: &[], next: 0 };
            let value = visitor.visit_seq(&mut elements)?;
            elements.finish(left, value)
        })
    }

    /// `members` are those of a struct, if it renames.
    fn map<V: Visitor<'de>>(&mut self, members: Members, visitor: V) -> Result<V::Value, ValueError> {
        let left = self.reader.map_len().ok_or_else(malformed)?;
        self.nested(|inner| {
            let mut elements = Elements { inner, left, members, next: 0 };
            let value = visitor.visit_map(&mut elements)?;
            elements.finish(left, value)
        })
    }

    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, ValueError>) -> Result<T, ValueError> {
        self.depth = self.depth.checked_sub(1).ok_or_else(malformed)?;
        let value = read(self)?;
        self.depth += 1;
        Ok(value)
    }

    fn bytes(&mut self) -> Result<&'de [u8], ValueError> {
        self.reader.bytes().ok_or_else(malformed)
    }

    fn text(&mut self) -> Result<&'de str, ValueError> {
        let bytes = self.reader.text_bytes().ok_or_else(malformed)?;
        std::str::from_utf8(bytes).map_err(|_| ValueError::custom("a string is not UTF-8"))
    }

    /// Reads binary data as the elements of a list, which .NET's `byte[]` is.
    fn list<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, ValueError> {
        if self.kind()? == Kind::Bytes {
            let mut bytes = SeqDeserializer::<_, ValueError>::new(self.bytes()?.iter().copied());
            let value = visitor.visit_seq(&mut bytes)?;
            bytes.end()?;
            return Ok(value);
        }
        self.deserialize_any(visitor)
    }

    fn wide<V: Visitor<'de>>(
        &mut self,
        visitor: V,
        read: impl FnOnce(V, [u8; 16]) -> Result<V::Value, ValueError>,
    ) -> Result<V::Value, ValueError> {
        if self.kind()? == Kind::Bytes {
            let bytes = self.bytes()?;
            return match bytes.try_into() {
                Ok(bytes) => read(visitor, bytes),
                Err(_) => Err(ValueError::invalid_length(bytes.len(), &"16 bytes")),
            };
        }
        self.deserialize_any(visitor)
    }
}

/// A value is not all there, is no value, or has more inside than is allowed.
#[cold]
fn malformed() -> ValueError {
    ValueError::custom("the value is truncated, malformed or nested too deeply")
}

impl<'de> Deserializer<'de> for &mut ValueDeserializer<'de> {
    type Error = ValueError;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.kind()? {
            Kind::Nil => {
                self.reader.value(0).ok_or_else(malformed)?;
                visitor.visit_unit()
            }
            Kind::Bool => visitor.visit_bool(self.reader.bool().ok_or_else(malformed)?),
            Kind::Int => match self.reader.wide_int().ok_or_else(malformed)? {
                Ok(number) => visitor.visit_u64(number),
                Err(negative) => visitor.visit_i64(negative),
            },
            Kind::Single => visitor.visit_f32(self.reader.single().ok_or_else(malformed)?),
            Kind::Double => visitor.visit_f64(self.reader.double().ok_or_else(malformed)?),
            Kind::Text => visitor.visit_borrowed_str(self.text()?),
            Kind::Bytes => visitor.visit_borrowed_bytes(self.bytes()?),
            Kind::Array => self.array(visitor),
            Kind::Map => self.map(&[], visitor),
            Kind::Extension => {
                let (kind, data) = self.reader.extension().ok_or_else(malformed)?;
                visitor.visit_newtype_struct(Extension { kind, data })
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        if self.kind()? == Kind::Nil {
            self.reader.value(0).ok_or_else(malformed)?;
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    /// What serde takes for text it also takes from UTF-8 bytes; but binary data is not text.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.kind()? {
            Kind::Text => visitor.visit_borrowed_str(self.text()?),
            Kind::Bytes => Err(ValueError::invalid_type(Unexpected::Bytes(self.bytes()?), &visitor)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.deserialize_str(visitor)
    }

    /// A string of one character, or its number, which is what .NET's `char` is.
    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        if self.kind()? == Kind::Int {
            let number = self.reader.int().and_then(|number| u32::try_from(number).ok());
            let character = number.and_then(char::from_u32);
            return visitor.visit_char(character.ok_or_else(|| ValueError::custom("a number is not a character's"))?);
        }
        self.deserialize_str(visitor)
    }

    /// Text is taken as it is, since old formats have no other type for bytes.
    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        if self.kind()? == Kind::Text {
            return visitor.visit_borrowed_bytes(self.reader.text_bytes().ok_or_else(malformed)?);
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.wide(visitor, |visitor, bytes| visitor.visit_i128(i128::from_be_bytes(bytes)))
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.wide(visitor, |visitor, bytes| visitor.visit_u128(u128::from_be_bytes(bytes)))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.list(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, ValueError> {
        self.list(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        if name == EXTENSION {
            let Some((kind, data)) = self.reader.extension() else {
                return Err(ValueError::custom("the value is no extension"));
            };
            return visitor.visit_newtype_struct(Extension { kind, data });
        }
        visitor.visit_newtype_struct(self)
    }

    /// A name, or a map of one entry from the name to what the variant has.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        match self.kind()? {
            Kind::Text => visitor.visit_enum(BorrowedStrDeserializer::new(self.text()?)),
            Kind::Map => match self.reader.map_len() {
                Some(1) => self.nested(|inner| visitor.visit_enum(Variant { inner })),
                _ => Err(ValueError::custom("a variant is a name, or a map with one entry")),
            },
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        members: Members,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        let renames = self.naming != Naming::AsDeclared;
        match self.kind()? {
            Kind::Map => self.map(if renames { members } else { &[] }, visitor),
            // serde itself would take the elements for the members, in their order.
            Kind::Array if renames => Err(ValueError::invalid_type(Unexpected::Seq, &visitor)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.reader.value(self.depth).ok_or_else(malformed)?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 unit unit_struct tuple_struct map identifier
    }
}

/// The values in an array or the entries of a map.
struct Elements<'a, 'de> {
    inner: &'a mut ValueDeserializer<'de>,
    left: usize,
    members: Members,
    next: usize,
}

impl Elements<'_, '_> {
    /// What the visitor did not read would be taken for what follows.
    fn finish<T>(self, length: usize, value: T) -> Result<T, ValueError> {
        if self.left == 0 { Ok(value) } else { Err(ValueError::invalid_length(length, &"fewer elements")) }
    }
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = ValueError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ValueError> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        self.left = left;
        seed.deserialize(&mut *self.inner).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

impl<'de> MapAccess<'de> for Elements<'_, 'de> {
    type Error = ValueError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ValueError> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        self.left = left;
        if !self.members.is_empty() {
            let received = self.inner.text()?;
            let name = declared::<Pascal>(self.members, &mut self.next, received);
            return seed.deserialize(StrDeserializer::new(name)).map(Some);
        }
        seed.deserialize(Key(&mut *self.inner)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ValueError> {
        seed.deserialize(&mut *self.inner)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// The key of an entry. A number may also be the text that it is in JSON, where keys are strings: JavaScript's objects have
/// no other keys either, so that is how its clients write the numbers of a .NET `Dictionary<int, …>`.
struct Key<'a, 'de>(&'a mut ValueDeserializer<'de>);

macro_rules! numbers {
    ($($function:ident: $visit:ident($type:ty);)+) => {$(
        fn $function<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
            if self.0.kind()? != Kind::Text {
                return self.0.$function(visitor);
            }
            let text = self.0.text()?;
            match text.parse::<$type>() {
                Ok(number) => visitor.$visit(number),
                Err(_) => Err(ValueError::invalid_type(Unexpected::Str(text), &visitor)),
            }
        }
    )+};
}

impl<'de> Deserializer<'de> for Key<'_, 'de> {
    type Error = ValueError;

    fn is_human_readable(&self) -> bool {
        false
    }

    #[inline]
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.0.deserialize_identifier(visitor)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.0.deserialize_str(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.0.deserialize_string(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.0.deserialize_bytes(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.0.deserialize_byte_buf(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.0.deserialize_char(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.0.deserialize_option(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.0.deserialize_seq(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, ValueError> {
        self.0.deserialize_tuple(length, visitor)
    }

    /// A key of a type of its own is read as what is inside.
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        if name == EXTENSION {
            return self.0.deserialize_newtype_struct(name, visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.0.deserialize_ignored_any(visitor)
    }

    numbers! {
        deserialize_bool: visit_bool(bool);
        deserialize_i8: visit_i8(i8);
        deserialize_i16: visit_i16(i16);
        deserialize_i32: visit_i32(i32);
        deserialize_i64: visit_i64(i64);
        deserialize_i128: visit_i128(i128);
        deserialize_u8: visit_u8(u8);
        deserialize_u16: visit_u16(u16);
        deserialize_u32: visit_u32(u32);
        deserialize_u64: visit_u64(u64);
        deserialize_u128: visit_u128(u128);
        deserialize_f32: visit_f32(f32);
        deserialize_f64: visit_f64(f64);
    }

    forward_to_deserialize_any! { unit unit_struct tuple_struct map struct }
}

/// The only entry of a map, from the name of a variant to what it has.
struct Variant<'a, 'de> {
    inner: &'a mut ValueDeserializer<'de>,
}

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = ValueError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), ValueError> {
        let name = seed.deserialize(&mut *self.inner)?;
        Ok((name, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = ValueError;

    fn unit_variant(self) -> Result<(), ValueError> {
        serde::Deserialize::deserialize(self.inner)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, ValueError> {
        seed.deserialize(self.inner)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, ValueError> {
        self.inner.deserialize_tuple(length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.inner.deserialize_struct("", fields, visitor)
    }
}

/// An extension, which serde sees as a pair.
struct Extension<'de> {
    kind: i8,
    data: &'de [u8],
}

impl<'de> Deserializer<'de> for Extension<'de> {
    type Error = ValueError;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_seq(ExtensionParts { kind: Some(self.kind), data: Some(self.data) })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The type of an extension and its data, as far as they were not read.
struct ExtensionParts<'de> {
    kind: Option<i8>,
    data: Option<&'de [u8]>,
}

impl<'de> SeqAccess<'de> for ExtensionParts<'de> {
    type Error = ValueError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ValueError> {
        if let Some(kind) = self.kind.take() {
            let kind: I8Deserializer<ValueError> = kind.into_deserializer();
            return seed.deserialize(kind).map(Some);
        }
        self.data.take().map(|data| seed.deserialize(Data(data))).transpose()
    }
}

/// The data of an extension.
struct Data<'de>(&'de [u8]);

impl<'de> Deserializer<'de> for Data<'de> {
    type Error = ValueError;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_borrowed_bytes(self.0)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
