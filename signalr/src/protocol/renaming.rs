//! A deserializer around another one that finds the members of structs by the names that they have on the wire.

use super::naming::Names;
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};
use std::fmt;
use std::marker::PhantomData;

/// The declared names of a struct's members; none for everything that is no struct.
type Members = &'static [&'static str];

/// Passes everything on, from `T` or to it, and renames the members of structs to what serde knows them by.
pub(super) struct Renaming<T, N> {
    inner: T,
    members: Members,
    /// Members mostly come in the order of their declaration: the one after the last that was found.
    next: usize,
    names: PhantomData<N>,
}

impl<T, N> Renaming<T, N> {
    pub(super) fn new(inner: T) -> Self {
        Self::with(inner, &[])
    }

    fn with(inner: T, members: Members) -> Self {
        Renaming { inner, members, next: 0, names: PhantomData }
    }
}

impl<N: Names> Renaming<(), N> {
    /// The declared name of the member that a received name means.
    fn declared(members: Members, next: usize, received: &str) -> Option<(usize, &'static str)> {
        let (before, after) = members.split_at_checked(next).unwrap_or_default();
        let after = after.iter().enumerate().map(|(place, member)| (next + place, *member));
        let mut candidates = after.chain(before.iter().copied().enumerate());
        candidates.find(|(_, member)| N::is_meant(member, received))
    }
}

macro_rules! pass_on {
    ($($function:ident($($name:ident: $type:ty),*);)+) => {$(
        #[inline]
        fn $function<V: Visitor<'de>>(self, $($name: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$function($($name,)* Renaming::<_, N>::new(visitor))
        }
    )+};
}

impl<'de, D: Deserializer<'de>, N: Names> Deserializer<'de> for Renaming<D, N> {
    type Error = D::Error;

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        members: Members,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_struct(name, members, Renaming::<_, N>::with(visitor, members))
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

impl<'de, V: Visitor<'de>, N: Names> Visitor<'de> for Renaming<V, N> {
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

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, value: D) -> Result<V::Value, D::Error> {
        self.inner.visit_some(Renaming::<_, N>::new(value))
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, value: D) -> Result<V::Value, D::Error> {
        self.inner.visit_newtype_struct(Renaming::<_, N>::new(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, values: A) -> Result<V::Value, A::Error> {
        // serde itself would take one for the members of a struct, in their order.
        if !self.members.is_empty() {
            return Err(A::Error::invalid_type(Unexpected::Seq, &self));
        }
        self.inner.visit_seq(Renaming::<_, N>::new(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<V::Value, A::Error> {
        self.inner.visit_map(Renaming::<_, N>::with(entries, self.members))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<V::Value, A::Error> {
        self.inner.visit_enum(Renaming::<_, N>::new(variant))
    }
}

impl<'de, S: DeserializeSeed<'de>, N: Names> DeserializeSeed<'de> for Renaming<S, N> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Renaming::<_, N>::new(deserializer))
    }
}

impl<'de, A: SeqAccess<'de>, N: Names> SeqAccess<'de> for Renaming<A, N> {
    type Error = A::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, A::Error> {
        self.inner.next_element_seed(Renaming::<_, N>::new(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'de, A: MapAccess<'de>, N: Names> MapAccess<'de> for Renaming<A, N> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        if self.members.is_empty() {
            return self.inner.next_key_seed(seed);
        }
        let Renaming { inner, members, next, .. } = self;
        inner.next_key_seed(Name { seed, members, next, names: PhantomData::<N> })
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        self.inner.next_value_seed(Renaming::<_, N>::new(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'de, A: EnumAccess<'de>, N: Names> EnumAccess<'de> for Renaming<A, N> {
    type Error = A::Error;
    type Variant = Renaming<A::Variant, N>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self::Variant), A::Error> {
        let (value, variant) = self.inner.variant_seed(seed)?;
        Ok((value, Renaming::new(variant)))
    }
}

impl<'de, A: VariantAccess<'de>, N: Names> VariantAccess<'de> for Renaming<A, N> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, A::Error> {
        self.inner.newtype_variant_seed(Renaming::<_, N>::new(seed))
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.inner.tuple_variant(length, Renaming::<_, N>::new(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(self, members: Members, visitor: V) -> Result<V::Value, A::Error> {
        self.inner.struct_variant(members, Renaming::<_, N>::with(visitor, members))
    }
}

/// Reads the name of a member.
struct Name<'a, S, N> {
    seed: S,
    members: Members,
    next: &'a mut usize,
    names: PhantomData<N>,
}

impl<'de, S: DeserializeSeed<'de>, N: Names> DeserializeSeed<'de> for Name<'_, S, N> {
    type Value = S::Value;

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
        // A name that is declared but not the one on the wire is an unknown one, and so is "".
        let name = match Renaming::<(), N>::declared(self.members, *self.next, received) {
            Some((place, declared)) => {
                *self.next = place + 1;
                declared
            }
            None if self.members.contains(&received) => "",
            None => received,
        };
        self.seed.deserialize(StrDeserializer::new(name))
    }
}

#[cfg(test)]
mod tests;
