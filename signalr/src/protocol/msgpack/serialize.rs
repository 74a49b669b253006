//! Rust values to MessagePack, by serde.

use super::MAX_DEPTH;
use super::value::EXTENSION;
use crate::protocol::error::ValueError;
use crate::protocol::naming::Names;
use crate::protocol::packed::read::Reader;
use crate::protocol::packed::write::{
    FALSE, Head, NIL, TRUE, write_bytes, write_map_len, write_number, write_signed, write_str, write_unsigned,
};
use serde::Serialize;
use serde::ser::{
    Error as _, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use std::marker::PhantomData;

/// Writes one value, with the names that `N` gives to the members of structs.
pub(super) struct ValueSerializer<'a, N> {
    out: &'a mut Vec<u8>,
    /// How many levels of arrays and maps may follow.
    depth: usize,
    names: PhantomData<N>,
}

impl<'a, N> ValueSerializer<'a, N> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        Self::within(out, MAX_DEPTH)
    }

    fn within(out: &'a mut Vec<u8>, depth: usize) -> Self {
        ValueSerializer { out, depth, names: PhantomData }
    }

    fn nested(self) -> Result<Self, ValueError> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Self::within(self.out, depth)),
            None => Err(ValueError::custom(format_args!("the value is nested more than {MAX_DEPTH} levels deep"))),
        }
    }

    /// A variant with values is a map of one entry, whose key is the name.
    fn variant(self, name: &str) -> Result<Self, ValueError> {
        write_map_len(self.out, 1);
        write_str(self.out, name);
        self.nested()
    }

    fn elements(self, length: Option<usize>, head: fn(usize) -> Head) -> Result<Elements<'a, N>, ValueError> {
        let nested = self.nested()?;
        let start = nested.out.len();
        let declared = length.unwrap_or(0);
        let head_bytes = head(declared);
        nested.out.extend_from_slice(head_bytes.as_bytes());
        let end = nested.out.len();
        Ok(Elements {
            out: nested.out,
            depth: nested.depth,
            head,
            head_at: start..end,
            declared,
            written: 0,
            names: PhantomData,
        })
    }
}

/// Writes the values in an array or a map.
pub(super) struct Elements<'a, N> {
    out: &'a mut Vec<u8>,
    depth: usize,
    /// Makes the head for a number of elements.
    head: fn(usize) -> Head,
    /// Where it stands.
    head_at: std::ops::Range<usize>,
    /// The number that it says.
    declared: usize,
    written: usize,
    names: PhantomData<N>,
}

impl<N: Names> Elements<'_, N> {
    #[inline]
    fn write<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ValueError> {
        value.serialize(ValueSerializer::<N>::within(self.out, self.depth))
    }

    /// Writes an element of an array.
    #[inline]
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ValueError> {
        self.written += 1;
        self.write(value)
    }

    /// Writes a member of a struct, which is an entry of a map.
    #[inline]
    fn member<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), ValueError> {
        self.written += 1;
        write_str(self.out, N::written(name));
        self.write(value)
    }

    /// Corrects the head if the number of elements was not known, or was something else.
    #[inline]
    fn finish(self) -> Result<(), ValueError> {
        if self.written != self.declared {
            let head = (self.head)(self.written);
            self.out.splice(self.head_at, head.as_bytes().iter().copied());
        }
        Ok(())
    }
}

impl<'a, N: Names> Serializer for ValueSerializer<'a, N> {
    type Ok = ();
    type Error = ValueError;
    type SerializeSeq = Elements<'a, N>;
    type SerializeTuple = Elements<'a, N>;
    type SerializeTupleStruct = Elements<'a, N>;
    type SerializeTupleVariant = Elements<'a, N>;
    type SerializeMap = Elements<'a, N>;
    type SerializeStruct = Elements<'a, N>;
    type SerializeStructVariant = Elements<'a, N>;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn serialize_bool(self, value: bool) -> Result<(), ValueError> {
        self.out.push(if value { TRUE } else { FALSE });
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), ValueError> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), ValueError> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), ValueError> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<(), ValueError> {
        write_signed(self.out, value);
        Ok(())
    }

    /// MessagePack has no integers of 128 bits: those that do not fit in 64 are 16 bytes.
    fn serialize_i128(self, value: i128) -> Result<(), ValueError> {
        match (i64::try_from(value), u64::try_from(value)) {
            (Ok(value), _) => write_signed(self.out, value),
            (_, Ok(value)) => write_unsigned(self.out, value),
            _ => write_bytes(self.out, &value.to_be_bytes()),
        }
        Ok(())
    }

    fn serialize_u8(self, value: u8) -> Result<(), ValueError> {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), ValueError> {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), ValueError> {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<(), ValueError> {
        write_unsigned(self.out, value);
        Ok(())
    }

    fn serialize_u128(self, value: u128) -> Result<(), ValueError> {
        match u64::try_from(value) {
            Ok(value) => write_unsigned(self.out, value),
            Err(_) => write_bytes(self.out, &value.to_be_bytes()),
        }
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<(), ValueError> {
        write_number(self.out, 0xca, value.to_be_bytes());
        Ok(())
    }

    fn serialize_f64(self, value: f64) -> Result<(), ValueError> {
        write_number(self.out, 0xcb, value.to_be_bytes());
        Ok(())
    }

    /// .NET's `char` is a number.
    fn serialize_char(self, value: char) -> Result<(), ValueError> {
        write_unsigned(self.out, u32::from(value).into());
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), ValueError> {
        write_str(self.out, value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), ValueError> {
        write_bytes(self.out, value);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), ValueError> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), ValueError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), ValueError> {
        self.out.push(NIL);
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), ValueError> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _name: &'static str, _index: u32, variant: &'static str) -> Result<(), ValueError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<(), ValueError> {
        if name == EXTENSION {
            let start = self.out.len();
            value.serialize(ValueSerializer::<N>::within(self.out, self.depth))?;
            return extension_from(self.out, start);
        }
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), ValueError> {
        value.serialize(self.variant(variant)?)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Elements<'a, N>, ValueError> {
        self.elements(length, Head::array)
    }

    fn serialize_tuple(self, length: usize) -> Result<Elements<'a, N>, ValueError> {
        self.elements(Some(length), Head::array)
    }

    fn serialize_tuple_struct(self, _name: &'static str, length: usize) -> Result<Elements<'a, N>, ValueError> {
        self.elements(Some(length), Head::array)
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Elements<'a, N>, ValueError> {
        self.variant(variant)?.elements(Some(length), Head::array)
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Elements<'a, N>, ValueError> {
        self.elements(length, Head::map)
    }

    fn serialize_struct(self, _name: &'static str, length: usize) -> Result<Elements<'a, N>, ValueError> {
        self.elements(Some(length), Head::map)
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Elements<'a, N>, ValueError> {
        self.variant(variant)?.elements(Some(length), Head::map)
    }
}

/// Turns the pair of a number and bytes that was written at `start` into an extension of that type.
fn extension_from(out: &mut Vec<u8>, start: usize) -> Result<(), ValueError> {
    let mut pair = Reader::new(out.get(start..).unwrap_or_default());
    let kind = match pair.array_len() {
        Some(2) => pair.int().and_then(|kind| i8::try_from(kind).ok()),
        _ => None,
    };
    let (Some(kind), Some(length)) = (kind, pair.bytes().map(<[u8]>::len)) else {
        return Err(ValueError::custom("an extension is a pair of an i8 and bytes"));
    };
    let head = Head::extension(kind, length);
    let data = out.len() - length;
    out.splice(start..data, head.as_bytes().iter().copied());
    Ok(())
}

/// Implements the traits of what is written piece by piece: `$method` writes a piece, and its arguments are what a piece has
/// besides its value.
macro_rules! compounds {
    ($($kind:ident: $function:ident($($name:ident: $type:ty)?) = $method:ident;)+) => {$(
        impl<N: Names> $kind for Elements<'_, N> {
            type Ok = ();
            type Error = ValueError;

            #[inline]
            fn $function<T: Serialize + ?Sized>(&mut self, $($name: $type,)? value: &T) -> Result<(), ValueError> {
                self.$method($($name,)? value)
            }

            #[inline]
            fn end(self) -> Result<(), ValueError> {
                self.finish()
            }
        }
    )+};
}

compounds! {
    SerializeSeq: serialize_element() = element;
    SerializeTuple: serialize_element() = element;
    SerializeTupleStruct: serialize_field() = element;
    SerializeTupleVariant: serialize_field() = element;
    SerializeStruct: serialize_field(name: &'static str) = member;
    SerializeStructVariant: serialize_field(name: &'static str) = member;
}

impl<N: Names> SerializeMap for Elements<'_, N> {
    type Ok = ();
    type Error = ValueError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), ValueError> {
        self.element(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ValueError> {
        self.write(value)
    }

    fn end(self) -> Result<(), ValueError> {
        self.finish()
    }
}
