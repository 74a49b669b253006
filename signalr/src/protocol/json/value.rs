//! Arguments, items and results: between their JSON and their Rust types.

use super::deserialize::ValueDeserializer;
use super::scan::Raw;
use super::serialize::ValueSerializer;
use crate::protocol::error::{DecodeError, EncodeError, ValueError};
use crate::protocol::naming::Naming;
#[cfg(feature = "client-core")]
use crate::protocol::payload::path_in;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The name by which serde_json's `RawValue` asks for a value as it is written, and gives one.
pub(super) const RAW_VALUE: &str = "$serde_json::private::RawValue";

/// Reads one value that fills all of `raw`.
pub(in crate::protocol) fn decode_value<T: DeserializeOwned>(
    mut raw: Raw<'_>,
    naming: Naming,
) -> Result<T, DecodeError> {
    let value = decode_next(&mut raw, naming)?;
    if raw.as_bytes().is_empty() { Ok(value) } else { Err(DecodeError::new("trailing characters")) }
}

/// Reads the first value of `rest` where it stands, and moves `rest` behind it. A comma before it is skipped.
///
/// After an error nothing is left to read.
#[inline(never)]
pub(in crate::protocol) fn decode_next<T: DeserializeOwned>(
    rest: &mut Raw<'_>,
    naming: Naming,
) -> Result<T, DecodeError> {
    let mut deserializer = ValueDeserializer::new(std::mem::replace(rest, Raw::Text("")), naming);
    read_next(&mut deserializer, rest).map_err(|error| DecodeError(deserializer.cause(error)))
}

#[inline(always)]
fn read_next<'a, T: DeserializeOwned>(
    deserializer: &mut ValueDeserializer<'a>,
    rest: &mut Raw<'a>,
) -> Result<T, ValueError> {
    deserializer.begin()?;
    let value = T::deserialize(&mut *deserializer)?;
    deserializer.end(rest)?;
    Ok(value)
}

/// Where in the first value of `raw` reading fails, such as `lines[2].price`; empty where it is the value itself.
#[cfg(feature = "client-core")]
#[cold]
#[inline(never)]
pub(in crate::protocol) fn path_of_failure<T: DeserializeOwned>(raw: Raw<'_>, naming: Naming) -> String {
    let mut deserializer = ValueDeserializer::new(raw, naming);
    if deserializer.begin().is_err() { String::new() } else { path_in::<T, _>(&mut deserializer) }
}

/// Appends one value.
///
/// # Errors
/// Fails when the value's `Serialize` does, and for numbers that JSON does not have; part of it may have been written.
#[inline]
pub(in crate::protocol) fn write_value<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    value: &T,
    naming: Naming,
) -> Result<(), EncodeError> {
    value.serialize(ValueSerializer::new(out, naming)).map_err(EncodeError)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde::de::IgnoredAny;
    use std::collections::BTreeMap;

    fn written<T: Serialize + ?Sized>(value: &T) -> Result<String, String> {
        let mut out = Vec::new();
        write_value(&mut out, value, Naming::AsDeclared).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(out).unwrap())
    }

    fn next<T: DeserializeOwned>(rest: &mut Raw<'_>) -> Result<T, DecodeError> {
        decode_next(rest, Naming::AsDeclared)
    }

    fn read<T: DeserializeOwned>(raw: Raw<'_>) -> Result<T, DecodeError> {
        decode_value(raw, Naming::AsDeclared)
    }

    #[test]
    fn reads_one_value_after_the_other() {
        let mut rest = Raw::Text(" 1 ,\"a\", [2,3],true,null, -0.5 ");
        assert_eq!(next::<i32>(&mut rest), Ok(1));
        assert_eq!(next::<String>(&mut rest), Ok("a".to_owned()));
        assert_eq!(next::<Vec<u8>>(&mut rest), Ok(vec![2, 3]));
        assert_eq!(next::<bool>(&mut rest), Ok(true));
        assert_eq!(next::<Option<i32>>(&mut rest), Ok(None));
        assert_eq!(next::<f64>(&mut rest), Ok(-0.5));
        assert_eq!(next::<i32>(&mut rest), Err(DecodeError::new("no value is left to read")));
    }

    #[test]
    fn what_is_not_utf8_can_be_skipped_but_not_read() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Known {
            known: u8,
        }
        let bytes = b"{\"unknown\":\"\xff\",\"known\":1}, \"\xc3\" ,\"\xc3\xa9\"";
        let mut rest = Raw::Bytes(bytes);
        assert_eq!(decode_next(&mut rest, Naming::AsDeclared), Ok(Known { known: 1 }));
        let mut other = rest;
        assert!(decode_next::<String>(&mut other, Naming::AsDeclared).is_err());
        assert_eq!(other.as_bytes(), b"");
        assert!(decode_next::<IgnoredAny>(&mut rest, Naming::AsDeclared).is_ok());
        assert_eq!(decode_next(&mut rest, Naming::AsDeclared), Ok("é".to_owned()));
        assert_eq!(rest.as_bytes(), b"");
    }

    #[test]
    fn reads_nothing_after_an_error() {
        let mut rest = Raw::Text("\"a\",1");
        let error = next::<i32>(&mut rest).unwrap_err();
        assert_eq!(error.to_string(), "invalid type: string \"a\", expected i32");
        assert!(next::<i32>(&mut rest).is_err());
    }

    #[test]
    fn reads_a_value_only_if_nothing_follows() {
        assert_eq!(read::<i32>(Raw::Bytes(b" 1 ")), Ok(1));
        assert_eq!(read::<i32>(Raw::Bytes(b"1 2")).unwrap_err().to_string(), "trailing characters");
        assert!(read::<String>(Raw::Bytes(b"\"\xff\"")).is_err());
        assert!(read::<String>(Raw::Bytes(b"\"\\ud800\"")).is_err());
    }

    #[test]
    fn reads_numbers_to_the_last_bit() {
        assert_eq!(read(Raw::Bytes(b"8.795971662348867e-194")), Ok(8.795971662348867e-194));
        assert_eq!(read(Raw::Bytes(b"3.923189503225859e228")), Ok(3.923189503225859e228));
    }

    #[test]
    fn writes_numbers_as_dotnet_does() {
        for (value, text) in
            [(1.0, "1"), (-0.0, "-0"), (0.5, "0.5"), (-3.0, "-3"), (100.0, "100"), (1.25e-7, "1.25e-7")]
        {
            assert_eq!(written(&value), Ok(text.to_owned()));
        }
        assert_eq!(written(&2f32), Ok("2".to_owned()));
        assert_eq!(written(&0.1f32), Ok("0.1".to_owned()));
        for value in [1e15, 1e16, 1e20, f64::MAX, f64::MIN_POSITIVE, 9007199254740993.0] {
            assert_eq!(written(&value).unwrap().parse(), Ok(value));
        }
    }

    #[test]
    fn refuses_numbers_that_json_does_not_have() {
        #[derive(Serialize)]
        enum Nested {
            Newtype(f64),
            Tuple(u8, f64),
            Struct { value: f64 },
        }
        #[derive(Serialize)]
        struct Newtype(f64);
        #[derive(Serialize)]
        struct Pair(u8, f32);
        let text = "a number that is infinite or not a number cannot be written in JSON";
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let refused = Err(text.to_owned());
            assert_eq!(written(&value), refused);
            assert_eq!(written(&(value as f32)), refused);
            assert_eq!(written(&[1.0, value]), refused);
            assert_eq!(written(&(1, value)), refused);
            assert_eq!(written(&Some(value)), refused);
            assert_eq!(written(&BTreeMap::from([("a", vec![value])])), refused);
            assert_eq!(written(&Nested::Newtype(value)), refused);
            assert_eq!(written(&Nested::Tuple(1, value)), refused);
            assert_eq!(written(&Nested::Struct { value }), refused);
            assert_eq!(written(&Newtype(value)), refused);
            assert_eq!(written(&Pair(1, value as f32)), refused);
        }
    }

    #[test]
    fn writes_all_of_serde_as_serde_json_does() {
        #[derive(Serialize, Deserialize)]
        enum Shape {
            Unit,
            Newtype(u8),
            Tuple(u8, String),
            Struct { a: Option<i64>, b: () },
        }
        #[derive(Serialize)]
        struct Unit;
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Many {
            some_char: char,
            wide: i128,
            unsigned: u128,
            bytes: &'static [u8],
            shapes: Vec<Shape>,
            map: BTreeMap<i32, bool>,
            #[serde(skip_serializing_if = "Option::is_none")]
            absent: Option<u8>,
            #[serde(flatten)]
            more: BTreeMap<String, u64>,
        }
        let many = Many {
            some_char: '🦀',
            wide: i128::MIN,
            unsigned: u128::MAX,
            bytes: b"ab",
            shapes: vec![
                Shape::Unit,
                Shape::Newtype(1),
                Shape::Tuple(2, "\u{1}\"".to_owned()),
                Shape::Struct { a: Some(i64::MIN), b: () },
            ],
            map: BTreeMap::from([(-1, true), (2, false)]),
            absent: None,
            more: BTreeMap::from([("x".to_owned(), u64::MAX)]),
        };
        assert_eq!(written(&many), Ok(serde_json::to_string(&many).unwrap()));
        assert_eq!(written(&Unit), Ok("null".to_owned()));
        assert_eq!(written(&std::net::Ipv4Addr::LOCALHOST), Ok("\"127.0.0.1\"".to_owned()));
        assert_eq!(written(&format_args!("{}\n", 1)), Ok("\"1\\n\"".to_owned()));
    }

    #[test]
    fn writes_what_serde_json_passes_through() {
        let raw = serde_json::value::RawValue::from_string("{ \"a\" : 1.0 }".to_owned()).unwrap();
        assert_eq!(written(&vec![Some(raw)]), Ok("[{ \"a\" : 1.0 }]".to_owned()));
        let value = serde_json::json!({ "a\n": ["\u{1}\"", -1, null, true] });
        assert_eq!(written(&value), Ok(value.to_string()));
    }

    #[test]
    fn writes_bytes_as_numbers() {
        struct Bytes(&'static [u8]);
        impl Serialize for Bytes {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_bytes(self.0)
            }
        }
        assert_eq!(written(&(Bytes(b"\"a"), Bytes(b""))), Ok("[[34,97],[]]".to_owned()));
    }

    #[test]
    fn passes_on_what_a_serialize_says() {
        assert_eq!(written(&BTreeMap::from([((), 1)])), Err("key must be a string".to_owned()));
    }
}
