//! A serializer around another one that refuses numbers which JSON does not have, and names the members of structs.
//!
//! serde_json writes such numbers as null, so that a client would get null or a decoding error far from the cause.

use crate::protocol::naming::Names;
use serde::ser::{
    Error, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use std::fmt::Display;
use std::marker::PhantomData;

/// Passes everything on to `S` except infinite numbers and those that are not a number, with the names that `N` gives.
pub(super) struct Strict<S, N>(S, PhantomData<N>);

impl<S, N> Strict<S, N> {
    #[inline]
    pub(super) fn new(inner: S) -> Self {
        Strict(inner, PhantomData)
    }
}

/// A value inside another one, to be written under the same rules.
struct Inner<'a, T: ?Sized, N>(&'a T, PhantomData<N>);

#[inline]
fn inner<T: ?Sized, N>(value: &T) -> Inner<'_, T, N> {
    Inner(value, PhantomData)
}

impl<T: Serialize + ?Sized, N: Names> Serialize for Inner<'_, T, N> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(Strict::<_, N>::new(serializer))
    }
}

#[cold]
fn not_finite<E: Error>() -> E {
    E::custom("a number that is infinite or not a number cannot be written in JSON")
}

macro_rules! pass_on {
    ($($function:ident($($name:ident: $type:ty),*) -> $result:ident;)+) => {$(
        #[inline]
        fn $function(self, $($name: $type),*) -> Result<pass_on!(@ $result), S::Error> {
            pass_on!(@ $result self.0.$function($($name),*))
        }
    )+};
    (@ Ok) => { S::Ok };
    (@ SerializeSeq) => { Strict<S::SerializeSeq, N> };
    (@ SerializeTuple) => { Strict<S::SerializeTuple, N> };
    (@ SerializeTupleStruct) => { Strict<S::SerializeTupleStruct, N> };
    (@ SerializeTupleVariant) => { Strict<S::SerializeTupleVariant, N> };
    (@ SerializeMap) => { Strict<S::SerializeMap, N> };
    (@ SerializeStruct) => { Strict<S::SerializeStruct, N> };
    (@ SerializeStructVariant) => { Strict<S::SerializeStructVariant, N> };
    (@ Ok $call:expr) => { $call };
    (@ $compound:ident $call:expr) => { $call.map(Strict::new) };
}

impl<S: Serializer, N: Names> Serializer for Strict<S, N> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Strict<S::SerializeSeq, N>;
    type SerializeTuple = Strict<S::SerializeTuple, N>;
    type SerializeTupleStruct = Strict<S::SerializeTupleStruct, N>;
    type SerializeTupleVariant = Strict<S::SerializeTupleVariant, N>;
    type SerializeMap = Strict<S::SerializeMap, N>;
    type SerializeStruct = Strict<S::SerializeStruct, N>;
    type SerializeStructVariant = Strict<S::SerializeStructVariant, N>;

    #[inline]
    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        if value.is_finite() { self.0.serialize_f32(value) } else { Err(not_finite()) }
    }

    #[inline]
    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        if value.is_finite() { self.0.serialize_f64(value) } else { Err(not_finite()) }
    }

    /// As bytes, which [`Plain`](super::formatter::Plain) writes as a string.
    #[inline]
    fn serialize_str(self, value: &str) -> Result<S::Ok, S::Error> {
        self.0.serialize_bytes(value.as_bytes())
    }

    #[inline]
    fn serialize_bytes(self, value: &[u8]) -> Result<S::Ok, S::Error> {
        self.0.collect_seq(value)
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.0.serialize_some(&inner::<_, N>(value))
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<S::Ok, S::Error> {
        self.0.serialize_newtype_struct(name, &inner::<_, N>(value))
    }

    #[inline]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.0.serialize_newtype_variant(name, index, variant, &inner::<_, N>(value))
    }

    #[inline]
    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.0.collect_str(value)
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }

    pass_on! {
        serialize_bool(value: bool) -> Ok;
        serialize_i8(value: i8) -> Ok;
        serialize_i16(value: i16) -> Ok;
        serialize_i32(value: i32) -> Ok;
        serialize_i64(value: i64) -> Ok;
        serialize_i128(value: i128) -> Ok;
        serialize_u8(value: u8) -> Ok;
        serialize_u16(value: u16) -> Ok;
        serialize_u32(value: u32) -> Ok;
        serialize_u64(value: u64) -> Ok;
        serialize_u128(value: u128) -> Ok;
        serialize_char(value: char) -> Ok;
        serialize_none() -> Ok;
        serialize_unit() -> Ok;
        serialize_unit_struct(name: &'static str) -> Ok;
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str) -> Ok;
        serialize_seq(length: Option<usize>) -> SerializeSeq;
        serialize_tuple(length: usize) -> SerializeTuple;
        serialize_tuple_struct(name: &'static str, length: usize) -> SerializeTupleStruct;
        serialize_tuple_variant(name: &'static str, index: u32, variant: &'static str, length: usize)
            -> SerializeTupleVariant;
        serialize_map(length: Option<usize>) -> SerializeMap;
        serialize_struct(name: &'static str, length: usize) -> SerializeStruct;
        serialize_struct_variant(name: &'static str, index: u32, variant: &'static str, length: usize)
            -> SerializeStructVariant;
    }
}

macro_rules! sequences {
    ($($trait:ident::$function:ident;)+) => {$(
        impl<C: $trait, N: Names> $trait for Strict<C, N> {
            type Ok = C::Ok;
            type Error = C::Error;

            #[inline]
            fn $function<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
                self.0.$function(&inner::<_, N>(value))
            }

            #[inline]
            fn end(self) -> Result<C::Ok, C::Error> {
                self.0.end()
            }
        }
    )+};
}

sequences! {
    SerializeSeq::serialize_element;
    SerializeTuple::serialize_element;
    SerializeTupleStruct::serialize_field;
    SerializeTupleVariant::serialize_field;
}

macro_rules! structs {
    ($($trait:ident;)+) => {$(
        impl<C: $trait, N: Names> $trait for Strict<C, N> {
            type Ok = C::Ok;
            type Error = C::Error;

            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), C::Error> {
                // serde_json hands the text of a `RawValue` to itself this way, as a string that must reach it as one.
                if name.starts_with("$serde_json::private::") {
                    return self.0.serialize_field(name, value);
                }
                self.0.serialize_field(N::written(name), &inner::<_, N>(value))
            }

            #[inline]
            fn skip_field(&mut self, name: &'static str) -> Result<(), C::Error> {
                self.0.skip_field(N::written(name))
            }

            #[inline]
            fn end(self) -> Result<C::Ok, C::Error> {
                self.0.end()
            }
        }
    )+};
}

structs! {
    SerializeStruct;
    SerializeStructVariant;
}

impl<C: SerializeMap, N: Names> SerializeMap for Strict<C, N> {
    type Ok = C::Ok;
    type Error = C::Error;

    // Keys need no wrapping: serde_json itself refuses the numbers in question there.
    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), C::Error> {
        self.0.serialize_key(key)
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
        self.0.serialize_value(&inner::<_, N>(value))
    }

    #[inline]
    fn end(self) -> Result<C::Ok, C::Error> {
        self.0.end()
    }
}
