//! Arguments, items and results of many types.

use super::{invocation, result_of, stream_item, unframed, written};
use crate::protocol::binary::Binary;
use crate::protocol::codec::{InvocationHead, Protocol};
use crate::protocol::payload::{Arguments, Payload};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Debug;

/// The bytes of a value alone.
fn value<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let framed = written(|out| Protocol::MessagePack.encode_stream_item(out, "1", value).unwrap());
    stream_item(unframed(&framed)).item.as_bytes().to_vec()
}

#[track_caller]
fn decoded<T: DeserializeOwned>(bytes: &[u8]) -> T {
    Payload::new(Protocol::MessagePack, bytes).decode().expect("readable")
}

fn fails<T: DeserializeOwned + Debug>(bytes: &[u8]) -> String {
    Payload::new(Protocol::MessagePack, bytes).decode::<T>().expect_err("not readable").to_string()
}

#[test]
fn numbers_take_the_smallest_format() {
    for (number, bytes) in [
        (0i64, &b"\x00"[..]),
        (127, b"\x7f"),
        (128, b"\xcc\x80"),
        (255, b"\xcc\xff"),
        (256, b"\xcd\x01\x00"),
        (65_535, b"\xcd\xff\xff"),
        (65_536, b"\xce\x00\x01\x00\x00"),
        (4_294_967_295, b"\xce\xff\xff\xff\xff"),
        (4_294_967_296, b"\xcf\x00\x00\x00\x01\x00\x00\x00\x00"),
        (i64::MAX, b"\xcf\x7f\xff\xff\xff\xff\xff\xff\xff"),
        (-1, b"\xff"),
        (-32, b"\xe0"),
        (-33, b"\xd0\xdf"),
        (-128, b"\xd0\x80"),
        (-129, b"\xd1\xff\x7f"),
        (-32_768, b"\xd1\x80\x00"),
        (-32_769, b"\xd2\xff\xff\x7f\xff"),
        (i64::from(i32::MIN), b"\xd2\x80\x00\x00\x00"),
        (i64::from(i32::MIN) - 1, b"\xd3\xff\xff\xff\xff\x7f\xff\xff\xff"),
        (i64::MIN, b"\xd3\x80\x00\x00\x00\x00\x00\x00\x00"),
    ] {
        assert_eq!(value(&number), bytes, "{number}");
        assert_eq!(decoded::<i64>(bytes), number);
        // The numbers of Ack and Sequence are written by other code.
        let ack = written(|out| Protocol::MessagePack.encode_ack(out, number));
        assert_eq!(unframed(&ack).strip_prefix(b"\x92\x08"), Some(bytes));
    }
    assert_eq!(value(&u64::MAX), b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff");
}

#[test]
fn floats_keep_their_width() {
    assert_eq!(value(&0.5f32), b"\xca\x3f\x00\x00\x00");
    assert_eq!(value(&0.5f64), b"\xcb\x3f\xe0\x00\x00\x00\x00\x00\x00");
    assert!(decoded::<f64>(&value(&f64::NAN)).is_nan());
    assert_eq!(decoded::<f64>(&value(&f64::INFINITY)), f64::INFINITY);
    assert_eq!(decoded::<f64>(b"\x07"), 7.0, "clients in JavaScript send whole numbers as integers");
    assert!(fails::<i32>(b"\xca\x40\x00\x00\x00").contains("floating point"));
}

#[test]
fn integers_out_of_range_are_refused() {
    fails::<u8>(b"\xcd\x01\x00");
    fails::<u32>(b"\xff");
    fails::<i32>(b"\xce\xff\xff\xff\xff");
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Line {
    user: String,
    #[serde(default)]
    count: u32,
    colour: Option<Colour>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Colour {
    Red,
    Custom(u8, u8, u8),
    Named { name: String },
    Same(Box<Colour>),
}

#[test]
fn structs_are_maps_and_variants_are_names() {
    let line = Line { user: "ann".into(), count: 3, colour: Some(Colour::Red) };
    let bytes = b"\x83\xa4User\xa3ann\xa5Count\x03\xa6Colour\xa3Red";
    assert_eq!(value(&line), bytes);
    assert_eq!(decoded::<Line>(bytes), line);
    // Unknown names are skipped, missing ones take their default, the order is free.
    let other = b"\x83\xa6Colour\xc0\xa5Extra\x81\xa1x\x93\x01\x02\xc4\x01x\xa4User\xa3bob";
    assert_eq!(decoded::<Line>(other), Line { user: "bob".into(), count: 0, colour: None });
    // Types with integer keys are arrays in .NET.
    assert_eq!(decoded::<Line>(b"\x93\xa3ann\x03\xa3Red"), line);
}

#[test]
fn variants_with_values() {
    for (colour, bytes) in [
        (Colour::Custom(1, 2, 3), &b"\x81\xa6Custom\x93\x01\x02\x03"[..]),
        (Colour::Named { name: "x".into() }, b"\x81\xa5Named\x81\xa4name\xa1x"),
        (Colour::Same(Box::new(Colour::Red)), b"\x81\xa4Same\xa3Red"),
    ] {
        assert_eq!(value(&colour), bytes);
        assert_eq!(decoded::<Colour>(bytes), colour);
    }
    fails::<Colour>(b"\xa4Blue");
}

#[test]
fn other_types() {
    let map = BTreeMap::from([("one".to_owned(), 1), ("two".to_owned(), 2)]);
    assert_eq!(value(&map), b"\x82\xa3one\x01\xa3two\x02");
    assert_eq!(decoded::<BTreeMap<String, i32>>(&value(&map)), map);
    assert_eq!(value(&(1, "x", true, None::<u8>)), b"\x94\x01\xa1x\xc3\xc0");
    assert_eq!(decoded::<(i32, String, bool, Option<u8>)>(b"\x94\x01\xa1x\xc3\xc0"), (1, "x".into(), true, None));
    assert_eq!(decoded::<Option<Option<i32>>>(b"\x05"), Some(Some(5)));
    assert_eq!(value(&vec![vec![1], vec![]]), b"\x92\x91\x01\x90");
    decoded::<()>(b"\xc0");
    // An iterator whose length is not known.
    #[derive(Serialize)]
    struct Flat {
        id: u8,
        #[serde(flatten)]
        rest: BTreeMap<String, i32>,
    }
    assert_eq!(value(&Flat { id: 1, rest: map }), b"\x83\xa2id\x01\xa3one\x01\xa3two\x02");
}

#[test]
fn vectors_of_bytes_are_arrays_but_read_from_both() {
    assert_eq!(value(&vec![1u8, 200]), b"\x92\x01\xcc\xc8");
    assert_eq!(decoded::<Vec<u8>>(b"\x92\x01\xcc\xc8"), [1, 200]);
    assert_eq!(decoded::<Vec<u8>>(b"\xc4\x02\x01\xc8"), [1, 200]);
    assert_eq!(decoded::<[u8; 2]>(b"\xc4\x02\x01\xc8"), [1, 200]);
    assert_eq!(decoded::<Option<Vec<u8>>>(b"\xc4\x00"), Some(vec![]));
}

#[test]
fn a_value_takes_all_of_its_payload() {
    assert_eq!(fails::<i32>(b"\x01\x01"), "unexpected bytes after the value");
    fails::<i32>(b"");
    fails::<Vec<i32>>(b"\x92\x01");
    fails::<(i32, i32)>(b"\x93\x01\x02\x03");
}

#[test]
fn text_is_not_bytes() {
    fails::<String>(b"\xc4\x01x");
    fails::<Vec<Option<String>>>(b"\x91\xc4\x01x");
    fails::<char>(b"\xc4\x01x");
    fails::<Colour>(b"\xc4\x03Red");
    fails::<Vec<u8>>(b"\xa1x");
}

#[test]
fn characters_are_numbers_but_read_from_both() {
    assert_eq!(value(&'x'), b"x");
    assert_eq!(value(&'\u{1f980}'), b"\xce\x00\x01\xf9\x80");
    assert_eq!(decoded::<char>(b"\xcd\x20\xac"), '\u{20ac}');
    assert_eq!(decoded::<char>(b"\xa3\xe2\x82\xac"), '\u{20ac}');
    fails::<char>(b"\xcd\xd8\x00");
    fails::<char>(b"\xff");
    fails::<char>(b"\xa2ab");
}

#[test]
fn integers_of_128_bits() {
    assert_eq!(value(&5i128), b"\x05");
    assert_eq!(value(&u128::from(u64::MAX)), b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff");
    for number in [i128::MIN, i64::MIN.into(), -1, 0, u64::MAX.into(), i128::MAX] {
        assert_eq!(decoded::<i128>(&value(&number)), number);
        let unsigned = number.cast_unsigned();
        assert_eq!(decoded::<u128>(&value(&unsigned)), unsigned);
    }
    fails::<i128>(b"\xc4\x01x");
}

/// A timestamp as .NET has it, in the manner of `rmp-serde`.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "_ExtStruct")]
struct Extension((i8, Binary));

#[test]
fn extensions() {
    for (length, head) in [
        (0, &b"\xc7\x00\xff"[..]),
        (1, b"\xd4\xff"),
        (2, b"\xd5\xff"),
        (3, b"\xc7\x03\xff"),
        (4, b"\xd6\xff"),
        (8, b"\xd7\xff"),
        (12, b"\xc7\x0c\xff"),
        (16, b"\xd8\xff"),
        (255, b"\xc7\xff\xff"),
        (256, b"\xc8\x01\x00\xff"),
        (65_536, b"\xc9\x00\x01\x00\x00\xff"),
    ] {
        let extension = Extension((-1, vec![7; length].into()));
        let bytes = value(&extension);
        assert_eq!(bytes, [head, &[7].repeat(length)].concat());
        assert_eq!(decoded::<Extension>(&bytes), extension);
        assert_eq!(decoded::<Vec<Extension>>(&[&b"\x91"[..], &bytes].concat()), [extension]);
    }
    fails::<Extension>(b"\x92\xff\xc4\x01x");
    fails::<Extension>(b"\xd6\xff\0\0\0");
    fails::<i32>(b"\xd6\xff\0\0\0\0");
    #[derive(Serialize)]
    #[serde(rename = "_ExtStruct")]
    struct Wrong(i32);
    Protocol::MessagePack.encode_result(&mut Vec::new(), "1", &Wrong(1)).unwrap_err();
}

#[test]
fn units_are_nil() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Unit;
    assert_eq!(value(&Unit), b"\xc0");
    assert_eq!(decoded::<Unit>(b"\xc0"), Unit);
    assert_eq!(decoded::<Colour>(b"\x81\xa3Red\xc0"), Colour::Red);
}

/// Says that it has another number of elements than it has.
struct Miscounted(Option<usize>, usize);

impl Serialize for Miscounted {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(self.0)?;
        for _ in 0..self.1 {
            seq.serialize_element(&7)?;
        }
        seq.end()
    }
}

#[test]
fn lengths_are_those_of_what_was_written() {
    for length in [0, 1, 15, 16, 17, 65_535, 65_536] {
        let expected = value(&vec![7; length]);
        for declared in [None, Some(0), Some(length), Some(15), Some(16), Some(70_000)] {
            assert_eq!(value(&Miscounted(declared, length)), expected, "{length} declared as {declared:?}");
        }
    }
}

#[test]
fn nesting_is_limited_in_what_is_written() {
    #[derive(Serialize)]
    struct Nest(Vec<Nest>);
    let nested = |depth| (1..depth).fold(Nest(Vec::new()), |nest, _| Nest(vec![nest]));
    assert_eq!(value(&nested(500)).len(), 500);
    Protocol::MessagePack.encode_result(&mut Vec::new(), "1", &nested(501)).unwrap_err();
}

#[test]
fn text_must_be_utf8() {
    fails::<String>(b"\xa1\xff");
    fails::<Line>(b"\x82\xa4User\xa1\xff\xa6Colour\xc0");
}

#[test]
fn arguments_are_read_in_turn() {
    let target = InvocationHead { target: "M", ..InvocationHead::default() };
    let line = Line { user: "ann".into(), count: 3, colour: None };
    let framed = written(|out| {
        Protocol::MessagePack.encode_invocation(out, target, &(1, "x", &line, [1.5], None::<i32>)).unwrap();
    });
    let mut arguments = invocation(unframed(&framed)).arguments;
    assert_eq!(arguments.len(), 5);
    assert_eq!(arguments.next(), Ok(1));
    assert_eq!(arguments.next(), Ok("x".to_owned()));
    assert_eq!(arguments.next(), Ok(line));
    assert_eq!(arguments.next(), Ok(vec![1.5]));
    assert_eq!(arguments.next(), Ok(None::<i32>));
    assert!(arguments.is_empty());
    assert!(arguments.as_bytes().is_empty());
    assert_eq!(arguments.next(), Ok(None::<i32>), "one more is nil");
    assert!(arguments.next::<i32>().is_err());
}

#[test]
fn values_that_nobody_wants_are_stepped_over() {
    let bytes = b"\x92\x01\x81\xa1x\xc4\x02ab\xd6\xff\0\0\0\x05\xc7\x01\x05x\x07";
    let mut arguments = Arguments::new(Protocol::MessagePack, bytes, 4);
    arguments.next::<IgnoredAny>().unwrap();
    arguments.next::<IgnoredAny>().unwrap();
    arguments.next::<IgnoredAny>().unwrap();
    assert_eq!(arguments.next(), Ok(7));
}

#[test]
fn nothing_is_read_after_an_error() {
    let mut arguments = Arguments::new(Protocol::MessagePack, b"\xa1x\x07", 2);
    arguments.next::<i32>().unwrap_err();
    arguments.next::<i32>().unwrap_err();
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only the depth matters")]
enum Nested {
    Seq(Vec<Nested>),
    Same(Box<Nested>),
    Leaf,
}

#[derive(Debug, Deserialize)]
struct Tree(#[expect(dead_code, reason = "only the depth matters")] Vec<Tree>);

#[test]
fn nesting_ends_at_500() {
    let arrays = |depth: usize| [vec![0x91; depth - 1], vec![0x90]].concat();
    decoded::<Tree>(&arrays(500));
    fails::<Tree>(&arrays(501));
    fails::<IgnoredAny>(&arrays(501));
    fails::<Tree>(&[0x91; 1_000_000]);
    // Variants with a value are maps of one entry.
    let variants = |depth: usize| [b"\x81\xa4Same".repeat(depth), b"\xa4Leaf".to_vec()].concat();
    decoded::<Nested>(&variants(500));
    fails::<Nested>(&variants(501));
    fails::<Nested>(&variants(200_000));
}

#[test]
fn declared_lengths_are_not_believed() {
    for bytes in [
        &b"\xdd\xff\xff\xff\xff\x01"[..],
        b"\xdf\x7f\xff\xff\xff\x01\x01",
        b"\xdc\xff\xff\x01",
        b"\xdb\xff\xff\xff\xffx",
        b"\xc6\xff\xff\xff\xffx",
        b"\xc9\xff\xff\xff\xff\x01x",
        b"\xc7\xff\x01x",
        b"\x91\xdd\xff\xff\xff\xff\x01",
        b"\x81\xa1x\xdd\xff\xff\xff\xff\x01",
        b"\x9f\xdd\x00\x00\x00\x10\x01",
    ] {
        fails::<IgnoredAny>(bytes);
        fails::<Vec<u8>>(bytes);
        fails::<Vec<String>>(bytes);
    }
}

struct Fails;

impl Serialize for Fails {
    fn serialize<S: serde::Serializer>(&self, _serializer: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("not today"))
    }
}

#[test]
fn a_value_that_cannot_be_written_leaves_nothing_behind() {
    let mut out = b"before".to_vec();
    let error = Protocol::MessagePack.encode_result(&mut out, "1", &("x", Fails)).unwrap_err();
    assert_eq!(error.to_string(), "not today");
    assert_eq!(out, b"before");
    Protocol::MessagePack
        .encode_invocation(&mut out, InvocationHead { target: "M", ..InvocationHead::default() }, &(1, Fails))
        .unwrap_err();
    assert_eq!(out, b"before");
}

#[test]
fn results_keep_extra_items_out() {
    assert_eq!(result_of(b"\x96\x03\x80\xa11\x03\x05\x06").as_bytes(), [5]);
}
