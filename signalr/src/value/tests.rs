use super::*;
use crate::protocol::{Codec, Message, Naming, Outcome, Payload, Protocol};
use proptest::prelude::*;

fn written(codec: Codec, value: &Value) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    codec.encode_result(&mut out, "1", value).ok()?;
    let frame = crate::protocol::framing::Framing::new(codec.protocol, None).next(&out).unwrap().unwrap();
    let Ok(Message::Completion(completion)) = codec.decode(frame.body) else { panic!("no completion") };
    let Outcome::Result(result) = completion.outcome else { panic!("no result") };
    Some(result.as_bytes().to_vec())
}

fn through(protocol: Protocol, value: &Value) -> Option<Value> {
    let codec = Codec::new(protocol, Naming::DotNet);
    Payload::new(codec, &written(codec, value)?).decode().ok()
}

#[test]
fn values_are_found_alike_in_both_protocols() {
    let value = Value::from_iter([
        (Value::from("name"), Value::from("ann")),
        (Value::from(7), Value::from_iter([Value::from(1.5), Value::from(true), Value::Null])),
    ]);
    for protocol in Protocol::ALL {
        let read = through(*protocol, &value).unwrap();
        assert_eq!(read.get("name").and_then(Value::as_str), Some("ann"));
        let list = read.get("7").and_then(Value::as_array).unwrap();
        assert_eq!((list[0].as_f64(), list[1].as_bool(), list[2].is_null()), (Some(1.5), Some(true), true));
        assert_eq!(read.get("8"), None);
        assert_eq!(read.as_map().map(<[_]>::len), Some(2));
        let large = through(*protocol, &Value::from(u64::MAX)).unwrap();
        assert_eq!((large.as_u64(), large.as_i64(), large.as_f64()), (Some(u64::MAX), None, Some(u64::MAX as f64)));
    }
}

#[test]
fn what_json_does_not_have_is_text_there() {
    let time: DateTime = "2000-01-02T03:04:05Z".parse().unwrap();
    let value = Value::from(vec![Value::from(Binary::from([1, 2, 3])), Value::from(time)]);
    assert_eq!(
        through(Protocol::Json, &value),
        Some(Value::from(vec![Value::from("AQID"), Value::from("2000-01-02T03:04:05Z")]))
    );
    #[cfg(feature = "msgpack")]
    assert_eq!(through(Protocol::MessagePack, &value), Some(value));
    assert_eq!(through(Protocol::Json, &Value::Extension(5, Binary::default())), None);
}

#[cfg(feature = "msgpack")]
#[test]
fn extensions_are_kept_as_they_are() {
    for extension in [(5, vec![1, 2, 3]), (-1, vec![]), (-1, vec![0xff; 12]), (0, vec![0; 16])] {
        let value = Value::Extension(extension.0, extension.1.into());
        assert_eq!(through(Protocol::MessagePack, &value), Some(value));
    }
}

/// Values that are themselves in MessagePack.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        prop::num::f64::NORMAL.prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        prop::collection::vec(any::<u8>(), 0..9).prop_map(|bytes| Value::from(Binary::from(bytes))),
        (0..3_155_378_975_999_999_999i64).prop_map(|ticks| Value::from(DateTime::from_ticks(ticks).unwrap())),
    ];
    leaf.prop_recursive(4, 20, 4, |inner| {
        let keys = prop_oneof![any::<i64>().prop_map(Value::from), "\\PC{0,4}".prop_map(Value::from)];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((keys, inner), 0..4).prop_map(Value::Map),
        ]
    })
}

proptest! {
    #[test]
    fn values_come_back(value in value()) {
        #[cfg(feature = "msgpack")]
        prop_assert_eq!(through(Protocol::MessagePack, &value), Some(value.clone()));
        // What JSON turns it into stays so.
        let once = through(Protocol::Json, &value).unwrap();
        prop_assert_eq!(through(Protocol::Json, &once), Some(once));
    }
}
