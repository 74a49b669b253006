//! Rust values to JSON, by serde.
//!
//! What is written of a value is written by functions that know no types and are called, not inlined: a program has one copy of
//! them, and each of its types only the calls.

use super::text::{write_escaped, write_string};
use super::value::RAW_VALUE;
use crate::protocol::error::ValueError;
use crate::protocol::naming::{Camel, Names, Naming};
use serde::Serialize;
use serde::ser::{
    Error as _, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use serde_json::ser::{CompactFormatter, Formatter};
use std::fmt::{self, Display, Write};
use std::io;

/// The names of structs whose only member is a text that is JSON already. The second is that of serde_json's numbers where they keep
/// all of their digits.
const VERBATIM: [&str; 2] = [RAW_VALUE, "$serde_json::private::Number"];

/// What a value is written as.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    /// JSON, with the members of structs named so.
    Named(Naming),
    /// A text that is JSON already, as it is.
    Verbatim,
}

/// Writes one value.
///
/// Numbers that JSON does not have are refused; serde_json writes null for them, so that a client would get null or a decoding error
/// far from the cause. A whole number has no fraction even if its type could have one: `1` and `-0`, not `1.0` and `-0.0`, as a
/// client that reads it into an integer accepts only the former.
pub(super) struct ValueSerializer<'a> {
    out: &'a mut Vec<u8>,
    form: Form,
}

impl<'a> ValueSerializer<'a> {
    #[inline]
    pub(super) fn new(out: &'a mut Vec<u8>, naming: Naming) -> Self {
        ValueSerializer { out, form: Form::Named(naming) }
    }

    #[inline(never)]
    fn literal(self, text: &'static str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    #[inline(never)]
    fn signed(self, value: i64) {
        self.out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    }

    #[inline(never)]
    fn unsigned(self, value: u64) {
        self.out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    }

    #[inline(never)]
    fn text(self, value: &str) {
        match self.form {
            Form::Named(_) => write_string(self.out, value),
            Form::Verbatim => self.out.extend_from_slice(value.as_bytes()),
        }
    }

    #[inline(never)]
    fn display(self, value: fmt::Arguments<'_>) -> Result<(), ValueError> {
        struct Escaping<'a>(&'a mut Vec<u8>);
        impl Write for Escaping<'_> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                write_escaped(self.0, text.as_bytes());
                Ok(())
            }
        }
        self.out.push(b'"');
        Escaping(self.out).write_fmt(value).map_err(ValueError::custom)?;
        self.out.push(b'"');
        Ok(())
    }

    fn fraction(self, is_finite: bool, write: impl FnOnce(&mut &mut [u8]) -> io::Result<()>) -> Result<(), ValueError> {
        if !is_finite {
            return Err(ValueError::custom("a number that is infinite or not a number cannot be written in JSON"));
        }
        // Longer than any number in its shortest form: a sign, 17 digits, a point and an exponent of four characters.
        let mut buffer = [0; 32];
        let mut free = buffer.as_mut_slice();
        write(&mut free).map_err(ValueError::custom)?;
        let unused = free.len();
        let text = buffer.get(..buffer.len() - unused).unwrap_or_default();
        self.out.extend_from_slice(text.strip_suffix(b".0").unwrap_or(text));
        Ok(())
    }

    #[inline(never)]
    fn begin(self, open: &'static str, close: &'static str) -> Elements<'a> {
        self.out.extend_from_slice(open.as_bytes());
        Elements { out: self.out, form: self.form, is_first: true, close }
    }

    /// A variant with values is an object with one member, whose name is that of the variant.
    #[inline(never)]
    fn variant(self, name: &'static str) -> Self {
        self.out.push(b'{');
        write_string(self.out, name);
        self.out.push(b':');
        self
    }
}

/// Writes the values in an array or an object.
pub(super) struct Elements<'a> {
    out: &'a mut Vec<u8>,
    form: Form,
    is_first: bool,
    close: &'static str,
}

impl Elements<'_> {
    #[inline]
    fn separate(&mut self) {
        if !std::mem::take(&mut self.is_first) {
            self.out.push(b',');
        }
    }

    #[inline]
    fn write<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ValueError> {
        value.serialize(ValueSerializer { out: self.out, form: self.form })
    }

    /// Writes an element of an array.
    #[inline]
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ValueError> {
        self.separate();
        self.write(value)
    }

    /// Writes a member of a struct.
    #[inline]
    fn member<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), ValueError> {
        self.name(name);
        self.write(value)
    }

    #[inline(never)]
    fn name(&mut self, name: &'static str) {
        let name = match self.form {
            Form::Named(Naming::AsDeclared) => name,
            Form::Named(Naming::DotNet) => Camel::written(name),
            Form::Verbatim => return,
        };
        self.separate();
        write_string(self.out, name);
        self.out.push(b':');
    }

    /// Makes what was written at `start` the key of an entry: a string, or the text of a number or a bool.
    #[inline(never)]
    fn key(&mut self, start: usize) -> Result<(), ValueError> {
        match self.out.get(start) {
            Some(b'"') => {}
            Some(b'-' | b'0'..=b'9' | b't' | b'f') => {
                self.out.insert(start, b'"');
                self.out.push(b'"');
            }
            _ => return Err(ValueError::custom("key must be a string")),
        }
        self.out.push(b':');
        Ok(())
    }

    #[inline(never)]
    fn finish(self) {
        self.out.extend_from_slice(self.close.as_bytes());
    }
}

macro_rules! numbers {
    ($($function:ident($type:ty) = $write:ident;)+) => {$(
        #[inline]
        fn $function(self, value: $type) -> Result<(), ValueError> {
            self.$write(value.into());
            Ok(())
        }
    )+};
}

impl<'a> Serializer for ValueSerializer<'a> {
    type Ok = ();
    type Error = ValueError;
    type SerializeSeq = Elements<'a>;
    type SerializeTuple = Elements<'a>;
    type SerializeTupleStruct = Elements<'a>;
    type SerializeTupleVariant = Elements<'a>;
    type SerializeMap = Elements<'a>;
    type SerializeStruct = Elements<'a>;
    type SerializeStructVariant = Elements<'a>;

    numbers! {
        serialize_i8(i8) = signed;
        serialize_i16(i16) = signed;
        serialize_i32(i32) = signed;
        serialize_i64(i64) = signed;
        serialize_u8(u8) = unsigned;
        serialize_u16(u16) = unsigned;
        serialize_u32(u32) = unsigned;
        serialize_u64(u64) = unsigned;
    }

    fn serialize_i128(self, value: i128) -> Result<(), ValueError> {
        self.out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
        Ok(())
    }

    fn serialize_u128(self, value: u128) -> Result<(), ValueError> {
        self.out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
        Ok(())
    }

    #[inline(never)]
    fn serialize_f32(self, value: f32) -> Result<(), ValueError> {
        self.fraction(value.is_finite(), |text| CompactFormatter.write_f32(text, value))
    }

    #[inline(never)]
    fn serialize_f64(self, value: f64) -> Result<(), ValueError> {
        self.fraction(value.is_finite(), |text| CompactFormatter.write_f64(text, value))
    }

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<(), ValueError> {
        self.literal(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), ValueError> {
        self.text(value.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<(), ValueError> {
        self.text(value);
        Ok(())
    }

    /// As an array of numbers.
    fn serialize_bytes(self, value: &[u8]) -> Result<(), ValueError> {
        self.collect_seq(value)
    }

    #[inline]
    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), ValueError> {
        self.display(format_args!("{value}"))
    }

    #[inline]
    fn serialize_none(self) -> Result<(), ValueError> {
        self.serialize_unit()
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), ValueError> {
        value.serialize(self)
    }

    #[inline]
    fn serialize_unit(self) -> Result<(), ValueError> {
        self.literal("null");
        Ok(())
    }

    #[inline]
    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), ValueError> {
        self.serialize_unit()
    }

    #[inline]
    fn serialize_unit_variant(self, _name: &'static str, _index: u32, variant: &'static str) -> Result<(), ValueError> {
        self.serialize_str(variant)
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _name: &'static str, value: &T) -> Result<(), ValueError> {
        value.serialize(self)
    }

    #[inline]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), ValueError> {
        let ValueSerializer { out, form } = self.variant(variant);
        value.serialize(ValueSerializer { out: &mut *out, form })?;
        out.push(b'}');
        Ok(())
    }

    #[inline]
    fn serialize_seq(self, _length: Option<usize>) -> Result<Elements<'a>, ValueError> {
        Ok(self.begin("[", "]"))
    }

    #[inline]
    fn serialize_tuple(self, _length: usize) -> Result<Elements<'a>, ValueError> {
        Ok(self.begin("[", "]"))
    }

    #[inline]
    fn serialize_tuple_struct(self, _name: &'static str, _length: usize) -> Result<Elements<'a>, ValueError> {
        Ok(self.begin("[", "]"))
    }

    #[inline]
    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Elements<'a>, ValueError> {
        Ok(self.variant(variant).begin("[", "]}"))
    }

    #[inline]
    fn serialize_map(self, _length: Option<usize>) -> Result<Elements<'a>, ValueError> {
        Ok(self.begin("{", "}"))
    }

    #[inline]
    fn serialize_struct(self, name: &'static str, _length: usize) -> Result<Elements<'a>, ValueError> {
        if VERBATIM.contains(&name) {
            return Ok(Elements { out: self.out, form: Form::Verbatim, is_first: true, close: "" });
        }
        Ok(self.begin("{", "}"))
    }

    #[inline]
    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Elements<'a>, ValueError> {
        Ok(self.variant(variant).begin("{", "}}"))
    }
}

/// Implements the traits of what is written piece by piece: `$method` writes a piece, and its arguments are what a piece has
/// besides its value.
macro_rules! compounds {
    ($($kind:ident: $function:ident($($name:ident: $type:ty)?) = $method:ident;)+) => {$(
        impl $kind for Elements<'_> {
            type Ok = ();
            type Error = ValueError;

            #[inline]
            fn $function<T: Serialize + ?Sized>(&mut self, $($name: $type,)? value: &T) -> Result<(), ValueError> {
                self.$method($($name,)? value)
            }

            #[inline]
            fn end(self) -> Result<(), ValueError> {
                self.finish();
                Ok(())
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

impl SerializeMap for Elements<'_> {
    type Ok = ();
    type Error = ValueError;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), ValueError> {
        self.separate();
        let start = self.out.len();
        self.write(key)?;
        self.key(start)
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ValueError> {
        self.write(value)
    }

    #[inline]
    fn end(self) -> Result<(), ValueError> {
        self.finish();
        Ok(())
    }
}
