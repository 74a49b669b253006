//! What serde_json reads and writes, our own reader and writer read and write too.

use super::scan::Raw;
use super::value::{decode_value, write_value};
use crate::protocol::naming::Naming;
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
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
