//! The variants of enums.

use super::ValueDeserializer;
use crate::protocol::error::ValueError;
use crate::protocol::naming::Members;
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error as _, Unexpected, VariantAccess, Visitor};

/// A variant of an enum, whose name is next.
pub(super) struct Variant<'a, 'de> {
    pub(super) inner: &'a mut ValueDeserializer<'de>,
    /// Whether it is the member of an object, and not a name alone.
    pub(super) has_content: bool,
}

impl Variant<'_, '_> {
    fn content(&self, expected: &'static str) -> Result<(), ValueError> {
        if self.has_content { Ok(()) } else { Err(ValueError::invalid_type(Unexpected::UnitVariant, &expected)) }
    }
}

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = ValueError;
    type Variant = Self;

    #[inline]
    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), ValueError> {
        let name = self.inner.variant(self.has_content)?;
        let name = seed.deserialize(StrDeserializer::<ValueError>::new(&name))?;
        Ok((name, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = ValueError;

    fn unit_variant(self) -> Result<(), ValueError> {
        if self.has_content { serde::Deserialize::deserialize(self.inner) } else { Ok(()) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, ValueError> {
        self.content("newtype variant")?;
        seed.deserialize(self.inner)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, ValueError> {
        self.content("tuple variant")?;
        self.inner.visit_array(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, members: Members, visitor: V) -> Result<V::Value, ValueError> {
        self.content("struct variant")?;
        self.inner.deserialize_struct("", members, visitor)
    }
}
