//! What is inside of an array or an object.

use super::key::Key;
use super::{Progress, ValueDeserializer};
use crate::protocol::error::ValueError;
use crate::protocol::naming::{Camel, Members, Naming, declared};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

/// The elements of an array, or the entries of a map.
pub(super) struct Contents<'a, 'de> {
    pub(super) inner: &'a mut ValueDeserializer<'de>,
    pub(super) progress: Progress,
}

impl<'de> SeqAccess<'de> for Contents<'_, 'de> {
    type Error = ValueError;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ValueError> {
        if self.inner.element(&mut self.progress)? { seed.deserialize(&mut *self.inner).map(Some) } else { Ok(None) }
    }
}

impl<'de> MapAccess<'de> for Contents<'_, 'de> {
    type Error = ValueError;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ValueError> {
        match self.inner.key(&mut self.progress)? {
            Some(key) => seed.deserialize(Key(key)).map(Some),
            None => Ok(None),
        }
    }

    #[inline]
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, ValueError> {
        seed.deserialize(&mut *self.inner)
    }
}

/// The members of a struct.
pub(super) struct StructMembers<'c, 'a, 'de> {
    pub(super) contents: &'c mut Contents<'a, 'de>,
    pub(super) expectation: Expectation,
}

/// Members mostly come in the order of their declaration.
pub(super) struct Expectation {
    pub(super) all: Members,
    /// The one after the last that was found.
    pub(super) next: usize,
}

impl Expectation {
    /// The name by which serde knows a member.
    pub(super) fn declared<'a>(&mut self, naming: Naming, received: &'a str) -> &'a str {
        match naming {
            Naming::AsDeclared => received,
            Naming::DotNet => declared::<Camel>(self.all, &mut self.next, received),
        }
    }
}

impl<'de> MapAccess<'de> for StructMembers<'_, '_, 'de> {
    type Error = ValueError;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ValueError> {
        let Contents { inner, progress } = &mut *self.contents;
        match inner.member(&mut self.expectation, progress)? {
            Some(name) => seed.deserialize(name).map(Some),
            None => Ok(None),
        }
    }

    #[inline]
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, ValueError> {
        self.contents.next_value_seed(seed)
    }
}

/// The name of a member.
pub(super) enum Name<'a, 'de> {
    Lent(&'de str),
    Unescaped(&'a str),
}

impl<'de> Deserializer<'de> for Name<'_, 'de> {
    type Error = ValueError;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self {
            Name::Lent(name) => visitor.visit_borrowed_str(name),
            Name::Unescaped(name) => visitor.visit_str(name),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
