//! Strings as values: the most common of all arguments, without the detour by serde_json's reader.

use super::scan::skip_plain;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeOwned, Visitor};
use serde::{Deserializer, forward_to_deserialize_any};
use std::fmt;

/// Reads the string that `text` begins with, and gives what follows it.
///
/// `None` where serde_json has to read the value: it is no string, has escapes, or is not what a `T` is made from.
#[inline]
pub(super) fn decode_string<T: DeserializeOwned>(text: &str) -> Option<(T, &str)> {
    let inside = text.strip_prefix('"')?;
    let rest = skip_plain(inside.as_bytes());
    let string = inside.get(..inside.len() - rest.len())?;
    let behind = inside.get(string.len()..)?.strip_prefix('"')?;
    T::deserialize(PlainString(string)).ok().map(|value| (value, behind))
}

/// A string without escapes, for types that are made from one.
struct PlainString<'a>(&'a str);

/// The type is not made from a string. serde_json reads the value once more, and says what it has to say.
#[derive(Debug)]
struct Unfit;

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not made from a string")
    }
}

impl std::error::Error for Unfit {}

impl serde::de::Error for Unfit {
    fn custom<T: fmt::Display>(_message: T) -> Self {
        Unfit
    }
}

impl<'de> Deserializer<'de> for PlainString<'de> {
    type Error = Unfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_some(self)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_borrowed_bytes(self.0.as_bytes())
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        self.deserialize_bytes(visitor)
    }

    /// Some names of such types mean something to serde_json.
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Unfit> {
        if name.starts_with('$') { Err(Unfit) } else { visitor.visit_newtype_struct(self) }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        // The string names a variant without content.
        visitor.visit_enum(BorrowedStrDeserializer::new(self.0))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string unit unit_struct seq tuple tuple_struct
        map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::decode_string;
    use serde::Deserialize;
    use serde::de::DeserializeOwned;
    use serde_json::value::RawValue;
    use std::fmt::Debug;

    #[derive(Debug, PartialEq, Deserialize)]
    enum Choice {
        Unit,
        Newtype(u8),
        Struct { field: u8 },
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(tag = "kind")]
    enum Tagged {
        Unit,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(untagged)]
    enum Untagged {
        Number(u8),
        Text(String),
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Newtype(Option<Box<str>>);

    #[derive(Debug, PartialEq, Deserialize)]
    struct Fields {
        field: String,
    }

    /// Whatever comes out is what serde_json makes of it, or nothing.
    fn agrees<T: DeserializeOwned + Debug>(text: &str, is_read: bool) {
        let expected: Result<T, _> = serde_json::from_str(text);
        let more = format!("{text},\"more\"");
        let read: Option<(T, &str)> = decode_string(&more);
        assert_eq!(read.is_some(), is_read, "{text}");
        if let Some((value, rest)) = read {
            assert_eq!(format!("{value:?}"), format!("{:?}", expected.unwrap()));
            assert_eq!(rest, ",\"more\"");
        }
    }

    #[test]
    fn types_made_from_strings_are_read_as_serde_json_reads_them() {
        for text in ["\"\"", "\"a\"", "\"Unit\"", "\"a longer text, with a comma: é\""] {
            agrees::<String>(text, true);
            agrees::<Option<String>>(text, true);
            agrees::<Newtype>(text, true);
            agrees::<Untagged>(text, true);
            agrees::<serde_json::Value>(text, true);
            agrees::<serde::de::IgnoredAny>(text, true);
            agrees::<Choice>(text, text == "\"Unit\"");
            agrees::<char>(text, text == "\"a\"");
        }
        agrees::<std::net::IpAddr>("\"::1\"", true);
    }

    #[test]
    fn everything_else_is_left_to_serde_json() {
        for text in ["\"Unit\"", "\"Newtype\"", "\"Struct\""] {
            agrees::<Tagged>(text, false);
            agrees::<Fields>(text, false);
            agrees::<u64>(text, false);
            agrees::<Vec<String>>(text, false);
            agrees::<()>(text, false);
            agrees::<Box<RawValue>>(text, false);
        }
        agrees::<Choice>("\"Newtype\"", false);
        agrees::<Choice>("\"Struct\"", false);
        for text in ["1", "null", "[\"\"]", r#""\n""#, r#""aaaaaaaa\"""#] {
            assert!(decode_string::<String>(text).is_none(), "{text}");
        }
    }
}
