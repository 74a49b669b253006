//! What serde_json reads and writes, our own reader and writer read and write too.

use super::scan::Raw;
use super::value::{decode_next, decode_value, write_value};
use crate::protocol::naming::Naming;
use proptest::prelude::*;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fmt::Debug;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Shape {
    Unit,
    Newtype(Box<Shape>),
    Tuple(u8, String),
    Struct { a: Option<i64>, b: () },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Tagged {
    One { value: i32 },
    Other { text: String },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(i64),
    Fraction(f64),
    Text(String),
    List(Vec<Untagged>),
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Key {
    Left,
    Right,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Everything {
    text: String,
    letter: char,
    small: i8,
    large: u64,
    wide: i128,
    single: f32,
    double: f64,
    choice: bool,
    shape: Shape,
    tagged: Tagged,
    untagged: Untagged,
    numbers: BTreeMap<i16, Option<bool>>,
    keys: BTreeMap<Key, ()>,
    letters: BTreeMap<char, (u8, u8)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    absent: Option<Vec<u8>>,
    #[serde(flatten)]
    more: BTreeMap<String, u32>,
}

/// Makes do without what cannot be read.
#[derive(Debug, Clone, PartialEq)]
struct Lossy<T>(Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Lossy<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Lossy(T::deserialize(deserializer).ok()))
    }
}

#[derive(Debug, PartialEq, Deserialize)]
struct Partly {
    text: Lossy<Vec<u8>>,
    large: Lossy<BTreeMap<String, u8>>,
    choice: bool,
    shape: Lossy<u64>,
}

#[derive(Debug, PartialEq)]
struct AsWritten(String);

impl<'de> Deserialize<'de> for AsWritten {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw: &RawValue = Deserialize::deserialize(deserializer)?;
        Ok(AsWritten(raw.get().to_owned()))
    }
}

fn shape() -> impl Strategy<Value = Shape> {
    let alone = prop_oneof![
        Just(Shape::Unit),
        any::<(u8, String)>().prop_map(|(a, b)| Shape::Tuple(a, b)),
        any::<Option<i64>>().prop_map(|a| Shape::Struct { a, b: () }),
    ];
    alone.prop_recursive(3, 4, 1, |inner| inner.prop_map(|inner| Shape::Newtype(Box::new(inner))))
}

fn untagged() -> impl Strategy<Value = Untagged> {
    let alone = prop_oneof![
        any::<i64>().prop_map(Untagged::Number),
        (-1e9..1e9).prop_map(Untagged::Fraction),
        any::<String>().prop_map(Untagged::Text),
    ];
    alone.prop_recursive(2, 6, 3, |inner| prop::collection::vec(inner, 0..3).prop_map(Untagged::List))
}

prop_compose! {
    fn everything()(
        (text, letter, small, large, wide) in any::<(String, char, i8, u64, i128)>(),
        (single, double, choice) in (prop::num::f32::NORMAL, prop::num::f64::NORMAL, any::<bool>()),
        shape in shape(),
        tagged in prop_oneof![
            any::<i32>().prop_map(|value| Tagged::One { value }),
            any::<String>().prop_map(|text| Tagged::Other { text }),
        ],
        untagged in untagged(),
        numbers in prop::collection::btree_map(any::<i16>(), any::<Option<bool>>(), 0..3),
        keys in prop::collection::btree_map(prop_oneof![Just(Key::Left), Just(Key::Right)], Just(()), 0..3),
        letters in prop::collection::btree_map(any::<char>(), any::<(u8, u8)>(), 0..3),
        absent in any::<Option<Vec<u8>>>(),
        more in prop::collection::btree_map("x[a-z\"é]{0,4}", any::<u32>(), 0..3),
    ) -> Everything {
        Everything {
            text, letter, small, large, wide, single, double, choice, shape, tagged, untagged, numbers, keys, letters, absent,
            more,
        }
    }
}

fn written<T: Serialize>(value: &T) -> String {
    let mut out = Vec::new();
    write_value(&mut out, value, Naming::AsDeclared).unwrap();
    String::from_utf8(out).unwrap()
}

/// Both read the same, or neither reads anything.
fn agrees<T: DeserializeOwned + Debug + PartialEq>(text: &str) {
    let ours = decode_value::<T>(Raw::Text(text), Naming::AsDeclared).ok();
    assert_eq!(ours, serde_json::from_str(text).ok(), "{text}");
}

/// The same for types that make do without what cannot be read. serde_json may stop before it has noticed what is no JSON, and does not
/// always find the way back into what is.
fn agrees_lossily<T: DeserializeOwned + Debug + PartialEq>(text: &str) {
    let ours = decode_value::<T>(Raw::Text(text), Naming::AsDeclared).ok();
    let theirs = serde_json::from_str(text).ok();
    let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
    assert!(
        ours == theirs || ours.is_some() == is_json && (ours.is_none() || theirs.is_none()),
        "{text}: {ours:?}, {theirs:?}"
    );
}

fn all_agree(text: &str) {
    agrees::<Everything>(text);
    agrees::<Shape>(text);
    agrees::<Untagged>(text);
    agrees::<Tagged>(text);
    agrees::<serde_json::Value>(text);
    agrees::<BTreeMap<i16, Option<bool>>>(text);
    agrees::<BTreeMap<Key, Vec<u8>>>(text);
    agrees::<(f64, f32, i128, String)>(text);
    agrees::<Option<char>>(text);
    agrees_lossily::<Partly>(text);
    agrees_lossily::<Lossy<Vec<Lossy<u8>>>>(text);
    agrees_lossily::<Vec<Lossy<Vec<u8>>>>(text);
    agrees_lossily::<Vec<Lossy<(u8, u8)>>>(text);
    agrees_lossily::<BTreeMap<String, Lossy<Shape>>>(text);
    agrees::<BTreeMap<String, AsWritten>>(text);
}

#[test]
fn what_somebody_makes_do_without_does_not_move_what_follows() {
    let mut rest = Raw::Text("[[\"a\"],9,3],7");
    let lossy = decode_next::<Vec<Lossy<Vec<u8>>>>(&mut rest, Naming::AsDeclared);
    assert_eq!(lossy, Ok(vec![Lossy(None), Lossy(None), Lossy(None)]));
    assert_eq!(decode_next(&mut rest, Naming::AsDeclared), Ok(7));
    // Here nobody knows where the value ends.
    let mut rest = Raw::Text("[[\"a\",[1]],[2]],7");
    assert!(decode_next::<Vec<Lossy<Vec<u8>>>>(&mut rest, Naming::AsDeclared).is_err());
    assert!(decode_next::<u8>(&mut rest, Naming::AsDeclared).is_err());
    let deep = format!("[{}{},9],7", "[".repeat(128), "]".repeat(128));
    let mut rest = Raw::Text(&deep);
    assert!(decode_next::<Vec<Lossy<serde_json::Value>>>(&mut rest, Naming::AsDeclared).is_err());
    assert!(decode_next::<u8>(&mut rest, Naming::AsDeclared).is_err());
    let many = format!("[{}[1]]", "[1],".repeat(200));
    assert_eq!(
        decode_value::<Vec<Lossy<(u8, u8)>>>(Raw::Text(&many), Naming::AsDeclared).map(|read| read.len()),
        Ok(201)
    );
}

#[test]
fn the_first_thing_that_is_wrong_is_told() {
    let read = |text| decode_value::<Vec<(u8, u8)>>(Raw::Text(text), Naming::AsDeclared).unwrap_err().to_string();
    assert_eq!(read("[[1,2,3],[1,2]]"), "trailing characters");
    assert_eq!(read("[[1,2],[1,\"x\",3]]"), "invalid type: string \"x\", expected u8");
}

#[test]
fn what_looks_odd_is_read_alike() {
    for text in [
        "-0",
        "0",
        "-1",
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775808",
        "-9223372036854775809",
        "1e3",
        "1E-400",
        "1e400",
        "01",
        "1.",
        ".5",
        "+1",
        "-",
        "1.0",
        " 1 ",
        "\t[ 1 , 2 ]\n",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{a:1}",
        "tru",
        "true1",
        "nul",
        "null",
        "\"\\u0041\\n\"",
        "\"\\ud83e\\udd80\"",
        "\"\\ud800\"",
        "\"\\x\"",
        "\"\u{1}\"",
        "\"",
        "\"Unit\"",
        "\"Newtype\"",
        "{\"Unit\":null}",
        "{\"Unit\":1}",
        "{\"Newtype\":\"Unit\"}",
        "{}",
        "{\"Tuple\":[1,\"a\"]}",
        "{\"Tuple\":[1]}",
        "{\"Tuple\":[1,\"a\",2]}",
        "{\"Struct\":{\"a\":1,\"b\":null}}",
        "{\"Struct\":{\"a\":1,\"b\":null},\"Unit\":null}",
        "{\"Struct\":{\"b\":null,\"other\":[{}]}}",
        "{\"1\":true,\"-2\":null}",
        "{\"1.5\":true}",
        "{\" 1\":true}",
        "{\"Left\":[1,2]}",
        "{\"L\\u0065ft\":[]}",
        "[1,2,3,\"a\"]",
        "[1,2.5,3,\"a\"]",
        "[1,2,3.5,\"a\"]",
        "[16777217,16777217,1,\"\"]",
        "{\"+1\":null}",
        "{\"01\":true}",
        "{\"1e400\":1}",
        "[null,1]",
        "[{\"a\":1},2]",
        "[[],[[]],[1]]",
        "[[1,2],[1],{}]",
        "{\"text\":[\"x\"],\"large\":{\"a\":\"x\"},\"choice\":true,\"shape\":null}",
        "{\"text\":{},\"large\":[],\"choice\":true,\"shape\":[1]}",
        "{\"kind\":\"One\",\"value\":1}",
        "{\"value\":1,\"kind\":\"One\"}",
        "\"a\"",
        "\"ab\"",
        "",
        " ",
        "/**/1",
        "[[[[1]]]]",
        "{\"$serde_json::private::RawValue\":1}",
    ] {
        all_agree(text);
    }
}

proptest! {
    #[test]
    fn serde_json_reads_what_is_written(value in everything()) {
        prop_assert_eq!(serde_json::from_str::<Everything>(&written(&value)).unwrap(), value);
    }

    #[test]
    fn values_are_read_alike(value in everything()) {
        let text = written(&value);
        prop_assert_eq!(decode_value::<Everything>(Raw::Text(&text), Naming::AsDeclared), Ok(value));
        all_agree(&text);
        all_agree(&serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(&text).unwrap()).unwrap());
    }

    #[test]
    fn broken_values_are_refused_alike(value in everything(), at: prop::sample::Index, byte in any::<u8>()) {
        let mut bytes = written(&value).into_bytes();
        let at = at.index(bytes.len());
        all_agree(&String::from_utf8_lossy(&bytes[..at]));
        bytes[at] = byte;
        all_agree(&String::from_utf8_lossy(&bytes));
    }
}
