//! Values in both namings of both protocols.

use crate::protocol::{Arguments, Binary, Codec, Message, Naming, Outcome, Payload, Protocol};
use proptest::prelude::*;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Debug;

fn codecs() -> impl Iterator<Item = Codec> {
    let naming = |naming| Protocol::ALL.iter().map(move |protocol| Codec::new(*protocol, naming));
    naming(Naming::AsDeclared).chain(naming(Naming::DotNet))
}

/// The encoded value of a result.
fn written<T: Serialize>(codec: Codec, value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    codec.encode_result(&mut out, "1", value).unwrap();
    let frame = crate::protocol::framing::Framing::new(codec.protocol, None).next(&out).unwrap().unwrap();
    let Ok(Message::Completion(completion)) = codec.decode(frame.body) else { panic!("no completion") };
    let Outcome::Result(result) = completion.outcome else { panic!("no result") };
    assert_eq!(result.codec(), codec);
    result.as_bytes().to_vec()
}

fn read<T: DeserializeOwned>(codec: Codec, bytes: &[u8]) -> Result<T, String> {
    Payload::new(codec, bytes).decode().map_err(|error| error.to_string())
}

#[track_caller]
fn json<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T, text: &str) {
    let codec = Codec::new(Protocol::Json, Naming::DotNet);
    assert_eq!(String::from_utf8(written(codec, value)).unwrap(), text);
    assert_eq!(read::<T>(codec, text.as_bytes()).as_ref(), Ok(value));
}

fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    read(Codec::new(Protocol::Json, Naming::DotNet), text.as_bytes())
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Player {
    user_name: String,
    high_score: Option<u32>,
    #[serde(rename = "type")]
    kind: Shape,
    friends: Vec<Player>,
    by_key: BTreeMap<i32, Place>,
    raw: Binary,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place(u8, PlaceName);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PlaceName {
    full_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "map_code")]
    code: Option<char>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Shape {
    Point,
    Named(Box<PlaceName>),
    Pair(u8, i64),
    Round { outer_radius: f64, hole: Option<bool> },
}

fn place(full_name: &str) -> PlaceName {
    PlaceName { full_name: full_name.to_owned(), code: None }
}

fn player() -> impl Strategy<Value = Player> {
    let text = "[a-zA-Z_ é\"]{0,6}";
    let name = (text, any::<Option<char>>()).prop_map(|(full_name, code)| PlaceName { full_name, code });
    let shape = prop_oneof![
        Just(Shape::Point),
        name.clone().prop_map(|name| Shape::Named(Box::new(name))),
        any::<(u8, i64)>().prop_map(|(a, b)| Shape::Pair(a, b)),
        (-1e9..1e9, any::<Option<bool>>()).prop_map(|(outer_radius, hole)| Shape::Round { outer_radius, hole }),
    ];
    let places =
        prop::collection::btree_map(any::<i32>(), (any::<u8>(), name).prop_map(|(n, name)| Place(n, name)), 0..3);
    let bytes = prop::collection::vec(any::<u8>(), 0..5);
    let alone =
        (text, any::<Option<u32>>(), shape, places, bytes).prop_map(|(user_name, high_score, kind, by_key, raw)| {
            Player { user_name, high_score, kind, friends: Vec::new(), by_key, raw: raw.into() }
        });
    alone.prop_recursive(3, 8, 3, |friend| {
        (friend.clone(), prop::collection::vec(friend, 0..3)).prop_map(|(player, friends)| Player { friends, ..player })
    })
}

#[test]
fn members_have_the_names_of_dotnet() {
    let player = Player {
        user_name: "ann".to_owned(),
        high_score: None,
        kind: Shape::Round { outer_radius: 1.5, hole: Some(true) },
        friends: Vec::new(),
        by_key: BTreeMap::from([(-1, Place(1, PlaceName { code: Some('x'), ..place("home_town") }))]),
        raw: Binary::from([1]),
    };
    json(
        &player,
        concat!(
            r#"{"userName":"ann","highScore":null,"type":{"Round":{"outerRadius":1.5,"hole":true}},"#,
            r#""friends":[],"byKey":{"-1":[1,{"fullName":"home_town","code":"x"}]},"raw":"AQ=="}"#
        ),
    );
    #[cfg(feature = "msgpack")]
    assert_eq!(
        written(Codec::new(Protocol::MessagePack, Naming::DotNet), &player),
        b"\x86\xa8UserName\xa3ann\xa9HighScore\xc0\xa4Type\x81\xa5Round\x82\xabOuterRadius\xcb\x3f\xf8\0\0\0\0\0\0\xa4Hole\xc3\
          \xa7Friends\x90\xa5ByKey\x81\xff\x92\x01\x82\xa8FullName\xa9home_town\xa4Code\x78\xa3Raw\xc4\x01\x01"
    );
}

#[test]
fn json_is_read_in_any_case_and_order() {
    for text in [
        r#"{"fullName":"a"}"#,
        r#"{"FULLNAME":"a"}"#,
        r#"{"full\u004eame":"a","CODE":null}"#,
        r#"{"Code":null,"FullName":"a"}"#,
        r#"{"MapCode":null,"fullname":"a"}"#,
    ] {
        assert_eq!(from_json(text), Ok(place("a")), "{text}");
    }
    assert!(from_json::<PlaceName>(r#"{"fullName":"a","other":1}"#).unwrap_err().starts_with("unknown field `other`"));
    assert_eq!(from_json::<PlaceName>("{}"), Err("missing field `fullName`".to_owned()));
    assert!(from_json::<PlaceName>(r#"["a",null]"#).is_err(), "a list is no struct");
    assert!(from_json::<Shape>(r#"{"Round":[1.5,null]}"#).is_err());
    assert_eq!(from_json::<Place>(r#"[1,{"fullName":"a"}]"#), Ok(Place(1, place("a"))), "but it is a tuple");
}

#[cfg(feature = "msgpack")]
#[test]
fn messagepack_is_read_as_it_is_written() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(default)]
    struct Loose {
        full_name: Option<String>,
    }
    impl Default for Loose {
        fn default() -> Self {
            Loose { full_name: Some("default".to_owned()) }
        }
    }
    let codec = Codec::new(Protocol::MessagePack, Naming::DotNet);
    let named = |name: Option<&str>| Ok(Loose { full_name: name.map(str::to_owned) });
    assert_eq!(read(codec, b"\x81\xa8FullName\xa1a"), named(Some("a")));
    assert_eq!(read(codec, b"\x81\xa8FullName\xc0"), named(None));
    for other in [b"\x81\xa9full_name\xa1a".as_slice(), b"\x81\xa8fullName\xa1a", b"\x81\xa8FULLNAME\xa1a", b"\x80"] {
        assert_eq!(read(codec, other), named(Some("default")));
    }
    for refused in [b"\x91\xa1a".as_slice(), b"\x81\x00\xa1a", b"\x81\xc0\xa1a", b"\xa1a", b"\xc0"] {
        assert!(read::<Loose>(codec, refused).is_err(), "{refused:x?}");
    }
}

#[test]
fn nothing_else_is_renamed() {
    json(&BTreeMap::from([("user_name".to_owned(), 1), ("UserName".to_owned(), 2)]), r#"{"UserName":2,"user_name":1}"#);
    json(&serde_json::json!({ "user_name": { "a_b": [null] } }), r#"{"user_name":{"a_b":[null]}}"#);
    json(&crate::Value::from_iter([("user_name", 1)]), r#"{"user_name":1}"#);
    let raw = serde_json::value::RawValue::from_string("{ \"a_b\" : 1.0 }".to_owned()).unwrap();
    assert_eq!(written(Codec::new(Protocol::Json, Naming::DotNet), &[&raw]), b"[{ \"a_b\" : 1.0 }]");
    assert_eq!(from_json::<Box<serde_json::value::RawValue>>(raw.get()).unwrap().get(), raw.get());
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "$type")]
enum Tagged {
    Card {
        card_number: u32,
    },
    #[serde(rename_all = "camelCase")]
    Transfer {
        #[serde(alias = "BankName")]
        bank_name: String,
    },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Flattened {
    user_name: String,
    place_name: PlaceName,
    #[serde(flatten)]
    more: BTreeMap<String, u32>,
}

#[test]
fn what_serde_collects_is_read_as_it_is_declared() {
    let card = Tagged::Card { card_number: 5 };
    let codec = Codec::new(Protocol::Json, Naming::DotNet);
    assert_eq!(written(codec, &card), br#"{"$type":"Card","cardNumber":5}"#);
    assert_eq!(read(codec, br#"{"$type":"Card","card_number":5}"#), Ok(card));
    assert!(read::<Tagged>(codec, br#"{"$type":"Card","cardNumber":5}"#).is_err());
    let transfer = Tagged::Transfer { bank_name: "x".to_owned() };
    for codec in codecs() {
        assert_eq!(
            read(codec, &written(codec, &transfer)).as_ref(),
            Ok(&transfer),
            "declared in both forms: {codec:?}"
        );
    }
    let flattened = Flattened {
        user_name: "a".to_owned(),
        place_name: place("b"),
        more: BTreeMap::from([("other_key".to_owned(), 1)]),
    };
    json(&flattened, r#"{"user_name":"a","place_name":{"fullName":"b"},"other_key":1}"#);
}

#[test]
fn numbers_are_keys_in_both_protocols() {
    #[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
    struct Id(u64);
    let numbers = BTreeMap::from([(-3, "a".to_owned()), (300, "b".to_owned())]);
    let ids = BTreeMap::from([(Id(u64::MAX), true)]);
    for codec in codecs() {
        assert_eq!(read(codec, &written(codec, &numbers)).as_ref(), Ok(&numbers));
        assert_eq!(read(codec, &written(codec, &ids)).as_ref(), Ok(&ids));
    }
    #[cfg(feature = "msgpack")]
    for naming in [Naming::AsDeclared, Naming::DotNet] {
        let codec = Codec::new(Protocol::MessagePack, naming);
        assert_eq!(written(codec, &numbers), b"\x82\xfd\xa1a\xcd\x01\x2c\xa1b");
        assert_eq!(read(codec, b"\x82\xa2-3\xa1a\xa3300\xa1b").as_ref(), Ok(&numbers), "JavaScript's keys are strings");
        for refused in
            [b"\x81\xa1x\xa1a".as_slice(), b"\x81\xa1 \xa1a", b"\x81\xc4\x011\xa1a", b"\x81\xa99999999999\xa1a"]
        {
            assert!(read::<BTreeMap<i32, String>>(codec, refused).is_err(), "{refused:x?}");
        }
        assert!(read::<Vec<i32>>(codec, b"\x91\xa11").is_err(), "only keys are");
    }
}

#[test]
fn arguments_and_items_are_renamed_too() {
    for codec in codecs() {
        let mut out = Vec::new();
        let head = crate::protocol::codec::InvocationHead { target: "T", ..Default::default() };
        codec.encode_invocation(&mut out, head, &(place("a"), 5, place("b"))).unwrap();
        codec.encode_stream_item(&mut out, "1", &place("c")).unwrap();
        let mut framing = crate::protocol::framing::Framing::new(codec.protocol, None);
        let frame = framing.next(&out).unwrap().unwrap();
        let Ok(Message::Invocation(invocation)) = codec.decode(frame.body) else { panic!("no invocation") };
        let arguments = invocation.arguments;
        let kept = arguments.as_bytes().to_vec();
        let mut arguments = Arguments::new(arguments.codec(), &kept, arguments.len());
        assert_eq!(arguments.next(), Ok(place("a")));
        assert_eq!(arguments.next(), Ok(5));
        assert_eq!(arguments.next(), Ok(place("b")));
        assert_eq!(arguments.next::<Option<PlaceName>>(), Ok(None));
        let consumed = frame.consumed;
        let frame = framing.next(&out[consumed..]).unwrap().unwrap();
        let Ok(Message::StreamItem(item)) = codec.decode(frame.body) else { panic!("no item") };
        assert_eq!(item.item.decode(), Ok(place("c")));
    }
}

#[test]
fn deep_nesting_is_an_error() {
    deep_nesting(Naming::AsDeclared);
}

#[test]
fn deep_nesting_is_an_error_with_names_of_dotnet() {
    deep_nesting(Naming::DotNet);
}

fn deep_nesting(naming: Naming) {
    let json = Codec::new(Protocol::Json, naming);
    assert!(read::<crate::Value>(json, &[b"[".repeat(127), b"]".repeat(127)].concat()).is_ok());
    assert!(read::<crate::Value>(json, &b"[".repeat(100_000)).is_err());
    #[cfg(feature = "msgpack")]
    {
        let levels = if naming == Naming::AsDeclared { 500 } else { 250 };
        let pack = Codec::new(Protocol::MessagePack, naming);
        assert!(read::<crate::Value>(pack, &[b"\x91".repeat(levels), b"\xc0".to_vec()].concat()).is_ok());
        assert!(read::<crate::Value>(pack, &[b"\x91".repeat(levels + 1), b"\xc0".to_vec()].concat()).is_err());
        assert!(read::<Player>(pack, &b"\x81\xa7Friends\x91".repeat(10_000)).is_err());
    }
}

/// Reads bytes as all kinds of types, none of which may do harm.
fn read_all(codec: Codec, bytes: &[u8]) {
    let _ = read::<Player>(codec, bytes);
    let _ = read::<Shape>(codec, bytes);
    let _ = read::<Flattened>(codec, bytes);
    let _ = read::<Tagged>(codec, bytes);
    let _ = read::<crate::Value>(codec, bytes);
    let _ = read::<IgnoredAny>(codec, bytes);
    let _ = read::<BTreeMap<i32, PlaceName>>(codec, bytes);
}

proptest! {
    #[test]
    fn values_come_back_in_all_codecs(player in player()) {
        for codec in codecs() {
            prop_assert_eq!(read::<Player>(codec, &written(codec, &player)), Ok(player.clone()));
        }
    }

    #[test]
    fn broken_values_do_no_harm(player in player(), cut: prop::sample::Index, at: prop::sample::Index, byte: u8) {
        for codec in codecs() {
            let mut bytes = written(codec, &player);
            read_all(codec, &bytes[..cut.index(bytes.len())]);
            let place = at.index(bytes.len());
            bytes[place] = byte;
            read_all(codec, &bytes);
        }
    }

    #[test]
    fn noise_does_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        for codec in codecs() {
            read_all(codec, &bytes);
        }
    }
}
