//! The keys of maps.

use crate::protocol::error::ValueError;
use crate::protocol::json::scan::{Raw, Scanner};
use serde::de::{Deserializer, Error as _, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use std::borrow::Cow;
use std::str::FromStr;

/// The key of an entry: a string, which also stands for the number or the bool that is written in it.
pub(super) struct Key<'de>(pub(super) Cow<'de, str>);

macro_rules! parsed {
    ($($function:ident: $visit:ident($type:ty) if $accepted:expr;)+) => {$(
        fn $function<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
            match self.parsed::<$type>().filter($accepted) {
                Some(value) => visitor.$visit(value),
                None => Err(ValueError::invalid_type(Unexpected::Str(&self.0), &visitor)),
            }
        }
    )+};
}

impl Key<'_> {
    /// The number or the bool that the key is the text of, as JSON writes it.
    fn parsed<T: FromStr>(&self) -> Option<T> {
        // Rust takes more for numbers than JSON does.
        let mut scanner = Scanner::new(Raw::Text(&self.0));
        let is_value = scanner.skip_value(0).is_ok() && scanner.rest().is_empty();
        if is_value { self.0.parse().ok() } else { None }
    }
}

impl<'de> Deserializer<'de> for Key<'de> {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0 {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        visitor.visit_enum(self.0.into_deserializer())
    }

    parsed! {
        deserialize_bool: visit_bool(bool) if |_| true;
        deserialize_i8: visit_i8(i8) if |_| true;
        deserialize_i16: visit_i16(i16) if |_| true;
        deserialize_i32: visit_i32(i32) if |_| true;
        deserialize_i64: visit_i64(i64) if |_| true;
        deserialize_i128: visit_i128(i128) if |_| true;
        deserialize_u8: visit_u8(u8) if |_| true;
        deserialize_u16: visit_u16(u16) if |_| true;
        deserialize_u32: visit_u32(u32) if |_| true;
        deserialize_u64: visit_u64(u64) if |_| true;
        deserialize_u128: visit_u128(u128) if |_| true;
        deserialize_f32: visit_f32(f32) if |value| value.is_finite();
        deserialize_f64: visit_f64(f64) if |value| value.is_finite();
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}
