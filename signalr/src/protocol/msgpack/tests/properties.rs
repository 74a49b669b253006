//! Whatever is written is read again; whatever is received does no harm.

use super::{completion, decode, invocation, stream_item, unframed, written};
use crate::protocol::codec::{InvocationHead, Protocol};
use crate::protocol::message::{CompletionError, Message, Outcome};
use crate::protocol::payload::{Arguments, Payload};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any};
use proptest::{option, prop_assert, prop_assert_eq, prop_oneof, proptest};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One value of each kind that MessagePack and serde share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Value {
    Nil,
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Small(i8),
    Single(f32),
    Double(f64),
    Char(char),
    Text(String),
    Optional(Option<i32>),
    List(Vec<Value>),
    Map(BTreeMap<String, Value>),
    Struct { first: i32, second: Option<Box<Value>> },
    Pair(Box<Value>, u16),
    Bytes(#[serde(with = "bytes_as_bin")] Vec<u8>),
}

/// Uses serde's own kind for bytes, which a plain vector does not.
mod bytes_as_bin {
    use serde::{Deserialize, Deserializer, Serializer};

    #[derive(Deserialize)]
    struct Any(Vec<u8>);

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        Any::deserialize(deserializer).map(|bytes| bytes.0)
    }
}

impl Value {
    fn has_characters(&self) -> bool {
        match self {
            Value::Char(_) => true,
            Value::List(values) => values.iter().any(Value::has_characters),
            Value::Map(entries) => entries.values().any(Value::has_characters),
            Value::Struct { second, .. } => second.as_ref().is_some_and(|value| value.has_characters()),
            Value::Pair(value, _) => value.has_characters(),
            _ => false,
        }
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![4 => ".{0,40}", 1 => ".{250,300}", 1 => Just("x".repeat(3_000))]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![4 => ".{1,40}", 1 => ".{250,300}"]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Signed),
        any::<u64>().prop_map(Value::Unsigned),
        any::<i8>().prop_map(Value::Small),
        any::<f32>().prop_map(Value::Single),
        any::<f64>().prop_map(Value::Double),
        any::<char>().prop_map(Value::Char),
        text().prop_map(Value::Text),
        any::<Option<i32>>().prop_map(Value::Optional),
        vec(any::<u8>(), 0..300).prop_map(Value::Bytes),
    ];
    leaf.prop_recursive(5, 64, 20, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..20).prop_map(Value::List),
            proptest::collection::btree_map(".{0,8}", inner.clone(), 0..20).prop_map(Value::Map),
            (any::<i32>(), option::of(inner.clone().prop_map(Box::new)))
                .prop_map(|(first, second)| Value::Struct { first, second }),
            (inner.prop_map(Box::new), any::<u16>()).prop_map(|(value, number)| Value::Pair(value, number)),
        ]
    })
}

/// Bytes that look like MessagePack more often than chance would have it, with heads that lie about what follows.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        3 => any::<u8>().prop_map(|byte| vec![byte]),
        1 => Just(vec![0x80]),
        2 => (0xa0..0xa4u8).prop_map(|head| [&[head][..], &b"xyz"[..usize::from(head - 0xa0)]].concat()),
        1 => (0x90..0x98u8).prop_map(|head| vec![head]),
        1 => (0x80..0x84u8).prop_map(|head| vec![head]),
        1 => (proptest::sample::select(vec![0xc6, 0xc9, 0xdb, 0xdd, 0xdf]), any::<u32>())
            .prop_map(|(head, length)| [&[head][..], &length.to_be_bytes()].concat()),
        1 => (proptest::sample::select(vec![0xc5, 0xc8, 0xda, 0xdc, 0xde]), any::<u16>())
            .prop_map(|(head, length)| [&[head][..], &length.to_be_bytes()].concat()),
    ];
    // The head of a message, then anything.
    (0x90..0x98u8, 0..12u8, option::weighted(0.8, Just(0x80u8)), vec(piece, 0..24)).prop_map(
        |(items, kind, headers, pieces)| {
            let mut bytes = vec![items, kind];
            bytes.extend(headers);
            bytes.extend(pieces.into_iter().flatten());
            bytes
        },
    )
}

/// Reads all that a message has, as types that take every kind of value.
fn read_through(message: &Message<'_>) -> usize {
    let mut values = 0;
    let mut read = |payload: Payload<'_>| {
        values += usize::from(payload.decode::<IgnoredAny>().is_ok());
        let _ = payload.decode::<Value>();
        let _ = payload.decode::<Vec<Option<String>>>();
        let _ = payload.decode::<BTreeMap<String, Vec<u8>>>();
    };
    match message {
        Message::Invocation(invocation) => {
            let mut arguments = invocation.arguments;
            // A count is at most the number of bytes that were there.
            while !arguments.is_empty() && arguments.next::<IgnoredAny>().is_ok() {
                values += 1;
            }
        }
        Message::StreamItem(item) => read(item.item),
        Message::Completion(completion) => {
            if let Outcome::Result(result) = completion.outcome {
                read(result);
            }
        }
        _ => {}
    }
    values
}

proptest! {
    #[test]
    fn invocations_are_read_as_they_were_written(
        streaming in any::<bool>(),
        id in option::of(name()),
        target in name(),
        arguments in vec(value(), 0..20),
        stream_ids in vec(name(), 0..20),
        headers in vec((name(), name()), 0..20),
    ) {
        let id = if streaming { Some(id.unwrap_or_else(|| "1".into())) } else { id };
        let stream_ids: Vec<_> = stream_ids.iter().map(String::as_str).collect();
        let headers: Vec<_> = headers.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let head = InvocationHead {
            streaming,
            id: id.as_deref(),
            target: &target,
            stream_ids: &stream_ids,
            headers: &headers,
        };
        let framed = written(|out| Protocol::MessagePack.encode_invocation(out, head, &arguments).unwrap());
        let mut read = invocation(unframed(&framed));
        prop_assert_eq!(read.streaming, streaming);
        prop_assert_eq!(read.id.as_deref(), id.as_deref());
        prop_assert_eq!(&read.target, &target);
        prop_assert_eq!(&read.stream_ids, &stream_ids);
        prop_assert_eq!(read.headers.len(), headers.len());
        for ((key, value), (read_key, read_value)) in headers.iter().zip(&read.headers) {
            prop_assert_eq!((*key, *value), (&**read_key, &**read_value));
        }
        prop_assert_eq!(read.arguments.len(), arguments.len());
        for argument in &arguments {
            prop_assert_eq!(&read.arguments.next::<Value>().unwrap(), argument);
        }
        prop_assert!(read.arguments.as_bytes().is_empty());
    }

    #[test]
    fn items_and_results_are_read_as_they_were_written(id in name(), sent in value()) {
        let framed = written(|out| Protocol::MessagePack.encode_stream_item(out, &id, &sent).unwrap());
        let read = stream_item(unframed(&framed));
        prop_assert_eq!(&read.id, &id);
        prop_assert_eq!(&read.item.decode::<Value>().unwrap(), &sent);

        let framed = written(|out| Protocol::MessagePack.encode_result(out, &id, &sent).unwrap());
        let read = completion(unframed(&framed));
        prop_assert_eq!(&read.id, &id);
        prop_assert!(matches!(read.outcome, Outcome::Result(result) if result.decode::<Value>().unwrap() == sent));
    }

    #[test]
    fn values_are_those_of_another_implementation(sent in value()) {
        let framed = written(|out| Protocol::MessagePack.encode_stream_item(out, "1", &sent).unwrap());
        let ours = stream_item(unframed(&framed)).item;
        // The other one writes characters as strings.
        if !sent.has_characters() {
            prop_assert_eq!(ours.as_bytes(), rmp_serde::to_vec_named(&sent).unwrap());
        }
        prop_assert_eq!(&ours.decode::<Value>().unwrap(), &sent);
        let others = rmp_serde::to_vec_named(&sent).unwrap();
        prop_assert_eq!(&Payload::new(Protocol::MessagePack, &others).decode::<Value>().unwrap(), &sent);
    }

    #[test]
    fn other_messages_are_read_as_they_were_written(
        id in name(),
        error in text(),
        code in option::of(text()),
        data in option::of(value()),
        close in option::of(text()),
        reconnect in any::<bool>(),
        number in any::<i64>(),
    ) {
        let framed = written(|out| Protocol::MessagePack.encode_error(out, &id, &error));
        let read = completion(unframed(&framed));
        prop_assert_eq!(&read.id, &id);
        prop_assert!(matches!(read.outcome, Outcome::Error(read) if read.message == error));

        let encoded = data.as_ref().map(|data| rmp_serde::to_vec_named(data).unwrap());
        let sent = CompletionError {
            message: error.into(),
            code: code.as_deref().map(Into::into),
            data: encoded.as_deref().map(|data| Payload::new(Protocol::MessagePack, data)),
        };
        let framed = written(|out| Protocol::MessagePack.encode_error_with_info(out, &id, &sent).unwrap());
        let read = completion(unframed(&framed));
        prop_assert_eq!(&read.id, &id);
        let Outcome::Error(read) = read.outcome else { panic!("no error") };
        prop_assert_eq!((read.message, read.code), (sent.message, sent.code));
        prop_assert_eq!(read.data.map(|data| data.as_bytes().to_vec()), encoded);

        let framed = written(|out| Protocol::MessagePack.encode_end(out, &id));
        let read = completion(unframed(&framed));
        prop_assert!(read.id == id && matches!(read.outcome, Outcome::Void));

        let framed = written(|out| Protocol::MessagePack.encode_cancel(out, &id));
        assert!(matches!(decode(unframed(&framed)), Ok(Message::CancelInvocation { id: read }) if read == id));

        let framed = written(|out| Protocol::MessagePack.encode_close(out, close.as_deref(), reconnect));
        let Ok(Message::Close { error: read, allow_reconnect }) = decode(unframed(&framed)) else {
            panic!("no close message");
        };
        prop_assert_eq!(read.as_deref(), close.as_deref());
        prop_assert_eq!(allow_reconnect, reconnect);

        let framed = written(|out| Protocol::MessagePack.encode_ack(out, number));
        assert!(matches!(decode(unframed(&framed)), Ok(Message::Ack { sequence_id }) if sequence_id == number));

        let framed = written(|out| Protocol::MessagePack.encode_sequence(out, number));
        assert!(
            matches!(decode(unframed(&framed)), Ok(Message::Sequence { sequence_id }) if sequence_id == number)
        );
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(bytes in vec(any::<u8>(), 0..200)) {
        if let Ok(message) = decode(&bytes) {
            read_through(&message);
        }
        let _ = Payload::new(Protocol::MessagePack, &bytes).decode::<Value>();
        let _ = Arguments::new(Protocol::MessagePack, &bytes, usize::MAX).next::<Value>();
    }

    #[test]
    fn hostile_bytes_do_no_harm(bytes in hostile()) {
        if let Ok(message) = decode(&bytes) {
            prop_assert!(read_through(&message) <= bytes.len());
            if let Message::Invocation(invocation) = message {
                prop_assert!(invocation.arguments.len() <= bytes.len());
                prop_assert!(invocation.stream_ids.len() <= bytes.len());
                prop_assert!(invocation.headers.len() <= bytes.len());
            }
        }
    }

    #[test]
    fn cut_off_messages_are_never_whole(sent in value(), cut in any::<proptest::sample::Index>()) {
        let framed = written(|out| Protocol::MessagePack.encode_stream_item(out, "1", &sent).unwrap());
        let body = unframed(&framed);
        if let Ok(Message::StreamItem(item)) = decode(&body[..cut.index(body.len())]) {
            prop_assert!(item.item.decode::<IgnoredAny>().is_err());
        }
    }
}
