//! A deserializer around another one that finds the members of structs by the names that they have on the wire.
//!
//! All values are read through it, also where names are as they are declared, so that each type is compiled once.

use super::naming::{Camel, Names, Naming};
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};
use std::fmt;
use std::marker::PhantomData;

/// The declared names of a struct's members; none for everything that is no struct.
pub(super) type Members = &'static [&'static str];

/// Passes everything on, from `T` or to it, and renames the members of structs to what serde knows them by, if they are named
/// otherwise.
pub(super) struct Renaming<T> {
    inner: T,
    naming: Naming,
    /// Those of the struct that is read, if it renames.
    members: Members,
    /// Members mostly come in the order of their declaration: the one after the last that was found.
    next: usize,
}

impl<T> Renaming<T> {
    #[inline]
    pub(super) fn new(inner: T, naming: Naming) -> Self {
        Renaming { inner, naming, members: &[], next: 0 }
    }

    #[inline]
    fn with(inner: T, naming: Naming, members: Members) -> Self {
        let members = if naming == Naming::AsDeclared { &[] } else { members };
        Renaming { inner, naming, members, next: 0 }
    }
}

macro_rules! pass_on {
    ($($function:ident($($name:ident: $type:ty),*);)+) => {$(
        #[inline]
        fn $function<V: Visitor<'de>>(self, $($name: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$function($($name,)* Renaming::new(visitor, self.naming))
        }
    )+};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Renaming<D> {
    type Error = D::Error;

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        members: Members,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_struct(name, members, Renaming::with(visitor, self.naming, members))
    }

    pass_on! {
        deserialize_any();
        deserialize_bool();
        deserialize_i8();
        deserialize_i16();
        deserialize_i32();
        deserialize_i64();
        deserialize_i128();
        deserialize_u8();
        deserialize_u16();
        deserialize_u32();
        deserialize_u64();
        deserialize_u128();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_str();
        deserialize_string();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_option();
        deserialize_unit();
        deserialize_unit_struct(name: &'static str);
        deserialize_newtype_struct(name: &'static str);
        deserialize_seq();
        deserialize_tuple(length: usize);
        deserialize_tuple_struct(name: &'static str, length: usize);
        deserialize_map();
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_identifier();
        deserialize_ignored_any();
    }
}

macro_rules! visit {
    ($($function:ident($type:ty);)+) => {$(
        #[inline]
        fn $function<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.inner.$function(value)
        }
    )+};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Renaming<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    visit! {
        visit_bool(bool);
        visit_i8(i8);
        visit_i16(i16);
        visit_i32(i32);
        visit_i64(i64);
        visit_i128(i128);
        visit_u8(u8);
        visit_u16(u16);
        visit_u32(u32);
        visit_u64(u64);
        visit_u128(u128);
        visit_f32(f32);
        visit_f64(f64);
        visit_char(char);
        visit_str(&str);
        visit_borrowed_str(&'de str);
        visit_string(String);
        visit_bytes(&[u8]);
        visit_borrowed_bytes(&'de [u8]);
        visit_byte_buf(Vec<u8>);
    }

    #[inline]
    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    #[inline]
    fn visit_some<D: Deserializer<'de>>(self, value: D) -> Result<V::Value, D::Error> {
        self.inner.visit_some(Renaming::new(value, self.naming))
    }

    #[inline]
    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    #[inline]
    fn visit_newtype_struct<D: Deserializer<'de>>(self, value: D) -> Result<V::Value, D::Error> {
        self.inner.visit_newtype_struct(Renaming::new(value, self.naming))
    }

    #[inline]
    fn visit_seq<A: SeqAccess<'de>>(self, values: A) -> Result<V::Value, A::Error> {
        // serde itself would take one for the members of a struct, in their order.
        if !self.members.is_empty() {
            return Err(A::Error::invalid_type(Unexpected::Seq, &self));
        }
        self.inner.visit_seq(Renaming::new(values, self.naming))
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<V::Value, A::Error> {
        self.inner.visit_map(Renaming::with(entries, self.naming, self.members))
    }

    #[inline]
    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<V::Value, A::Error> {
        self.inner.visit_enum(Renaming::new(variant, self.naming))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Renaming<S> {
    type Value = S::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Renaming::new(deserializer, self.naming))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Renaming<A> {
    type Error = A::Error;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, A::Error> {
        self.inner.next_element_seed(Renaming::new(seed, self.naming))
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Renaming<A> {
    type Error = A::Error;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        if self.members.is_empty() {
            return self.inner.next_key_seed(seed);
        }
        let Renaming { inner, members, next, .. } = self;
        inner.next_key_seed(Name::<_, Camel>::new(seed, members, next))
    }

    #[inline]
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        self.inner.next_value_seed(Renaming::new(seed, self.naming))
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for Renaming<A> {
    type Error = A::Error;
    type Variant = Renaming<A::Variant>;

    #[inline]
    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self::Variant), A::Error> {
        let (value, variant) = self.inner.variant_seed(seed)?;
        Ok((value, Renaming::new(variant, self.naming)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Renaming<A> {
    type Error = A::Error;

    #[inline]
    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    #[inline]
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, A::Error> {
        self.inner.newtype_variant_seed(Renaming::new(seed, self.naming))
    }

    #[inline]
    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.inner.tuple_variant(length, Renaming::new(visitor, self.naming))
    }

    #[inline]
    fn struct_variant<V: Visitor<'de>>(self, members: Members, visitor: V) -> Result<V::Value, A::Error> {
        self.inner.struct_variant(members, Renaming::with(visitor, self.naming, members))
    }
}

/// Reads the name of a member, which `N` has made of the declared one.
pub(super) struct Name<'a, S, N> {
    seed: S,
    members: Members,
    next: &'a mut usize,
    names: PhantomData<N>,
}

impl<'a, S, N: Names> Name<'a, S, N> {
    /// `next` is the place of the member that is expected.
    pub(super) fn new(seed: S, members: Members, next: &'a mut usize) -> Self {
        Name { seed, members, next, names: PhantomData }
    }
}

/// The declared name of the member that a received name means; an empty one for a name that is declared but not the one on the
/// wire, which is an unknown one too.
fn declared<'a, N: Names>(members: Members, next: &mut usize, received: &'a str) -> &'a str {
    let (before, after) = members.split_at_checked(*next).unwrap_or_default();
    let after = after.iter().enumerate().map(|(place, member)| (*next + place, *member));
    let mut candidates = after.chain(before.iter().copied().enumerate());
    match candidates.find(|(_, member)| N::is_meant(member, received)) {
        Some((place, declared)) => {
            *next = place + 1;
            declared
        }
        None if members.contains(&received) => "",
        None => received,
    }
}

impl<'de, S: DeserializeSeed<'de>, N: Names> DeserializeSeed<'de> for Name<'_, S, N> {
    type Value = S::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<'de, S: DeserializeSeed<'de>, N: Names> Visitor<'de> for Name<'_, S, N> {
    type Value = S::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E: Error>(self, received: &str) -> Result<S::Value, E> {
        let name = declared::<N>(self.members, self.next, received);
        self.seed.deserialize(StrDeserializer::new(name))
    }
}

#[cfg(test)]
mod tests;
