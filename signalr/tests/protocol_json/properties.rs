//! What holds for all messages and all bytes.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde::de::IgnoredAny;
use serde_json::de::Deserializer;
use serde_json::json;
use signalr::protocol::Protocol::Json;
use signalr::protocol::codec::InvocationHead;
use signalr::protocol::framing::Framing;
use signalr::protocol::{CompletionError, Message, Outcome, Payload, ProtocolError};
use std::collections::BTreeMap;

/// Texts that are likely to break something, and any other.
fn text() -> impl Strategy<Value = String> {
    let trouble = vec!["\"", "\\", "\0", "\u{1e}", "\n", "🦀", "é", "\u{2028}", "a", "/"];
    prop_oneof![any::<String>(), prop::collection::vec(select(trouble), 0..8).prop_map(|parts| parts.concat())]
}

type Nested = (String, i64, f64, Option<Vec<String>>, BTreeMap<String, (bool, u64)>);

fn nested() -> impl Strategy<Value = Nested> {
    (
        text(),
        any::<i64>(),
        prop::num::f64::NORMAL | prop::num::f64::ZERO | prop::num::f64::SUBNORMAL,
        prop::option::of(prop::collection::vec(text(), 0..3)),
        prop::collection::btree_map(text(), any::<(bool, u64)>(), 0..3),
    )
}

/// Bytes that are JSON or nearly so, to stand where a value does.
fn almost_json() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![
        select(vec!["null", "true", "false"]).prop_map(str::to_owned),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:e}")),
        text().prop_map(|text| json!(text).to_string()),
        any::<u16>().prop_map(|unit| format!("\"\\u{unit:04x}\"")),
    ];
    let tree = leaf.prop_recursive(4, 24, 4, |inner| {
        let member = (text(), inner.clone()).prop_map(|(name, value)| format!("{}: {value}", json!(name)));
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(" ,"))),
            prop::collection::vec(member, 0..4).prop_map(|members| format!("{{{}}}", members.join(",\n"))),
        ]
    });
    let alphabet = b"{}[]:,\"\\ \t0129-+.eEutnfalse/*\x00\x1f\x7f\xc3\xff".to_vec();
    let change = (any::<Index>(), 0..3, select(alphabet));
    (tree, prop::collection::vec(change, 0..3)).prop_map(|(tree, changes)| {
        let mut bytes = tree.into_bytes();
        for (at, kind, byte) in changes {
            let at = at.index(bytes.len() + 1);
            let end = if kind == 0 { at } else { bytes.len().min(at + 1) };
            bytes.splice(at..end, (kind != 1).then_some(byte));
        }
        bytes
    })
}

/// The message that `encode` writes, without its framing; it is valid JSON.
fn written(encode: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    encode(&mut out);
    let frame = Framing::new(Json, None).next(&out).expect("no limit").expect("a whole message");
    assert_eq!(frame.consumed, out.len());
    serde_json::from_slice::<serde_json::Value>(frame.body).expect("JSON");
    frame.body.to_vec()
}

fn borrowed(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn invocations_come_back(
        (streaming, id, target) in (any::<bool>(), prop::option::of(text()), text()),
        arguments in prop::collection::vec(nested(), 0..4),
        stream_ids in prop::collection::vec(text(), 0..3),
        headers in prop::collection::vec((text(), text()), 0..3),
    ) {
        let id = if streaming { Some(format!("{}.", id.unwrap_or_default())) } else { id };
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let head = InvocationHead {
            streaming, id: id.as_deref(), target: &target, stream_ids: &borrowed(&stream_ids), headers: &headers,
        };
        let bytes = written(|out| Json.encode_invocation(out, head, &arguments).expect("serialisable"));
        let Ok(Message::Invocation(mut read)) = Json.decode(&bytes) else { panic!("no invocation") };
        prop_assert_eq!(read.streaming, streaming);
        prop_assert_eq!(read.id.as_deref(), id.as_deref().filter(|id| !id.is_empty()));
        prop_assert_eq!(&*read.target, target);
        prop_assert_eq!(read.stream_ids, stream_ids);
        let read_headers: Vec<_> = read.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        prop_assert_eq!(read_headers, headers);
        prop_assert_eq!(read.arguments.len(), arguments.len());
        for argument in arguments {
            prop_assert_eq!(read.arguments.next::<Nested>(), Ok(argument));
        }
    }

    #[test]
    fn items_and_results_come_back(id in text(), value in nested()) {
        let id = format!("{id}.");
        let bytes = written(|out| Json.encode_stream_item(out, &id, &value).expect("serialisable"));
        let Ok(Message::StreamItem(item)) = Json.decode(&bytes) else { panic!("no item") };
        prop_assert_eq!((&*item.id, item.item.decode::<Nested>()), (&*id, Ok(value.clone())));

        let bytes = written(|out| Json.encode_result(out, &id, &value).expect("serialisable"));
        let Ok(Message::Completion(completion)) = Json.decode(&bytes) else { panic!("no completion") };
        let Outcome::Result(result) = completion.outcome else { panic!("no result") };
        prop_assert_eq!((&*completion.id, result.decode::<Nested>()), (&*id, Ok(value)));
    }

    #[test]
    fn ends_and_errors_come_back(id in text(), error in text(), code in prop::option::of(text()), data in prop::option::of(nested())) {
        let id = format!("{id}.");
        let bytes = written(|out| Json.encode_error(out, &id, &error));
        let Ok(Message::Completion(completion)) = Json.decode(&bytes) else { panic!("no completion") };
        let Outcome::Error(read) = completion.outcome else { panic!("no error") };
        prop_assert_eq!((&*completion.id, &*read.message), (&*id, &*error));
        prop_assert!(read.code.is_none() && read.data.is_none());

        let encoded = data.as_ref().map(|data| serde_json::to_vec(data).expect("serialisable"));
        let sent = CompletionError {
            message: (&*error).into(),
            code: code.as_deref().map(Into::into),
            data: encoded.as_deref().map(|data| Payload::new(Json, data)),
        };
        let bytes = written(|out| Json.encode_error_with_info(out, &id, &sent).expect("the same protocol"));
        let Ok(Message::Completion(completion)) = Json.decode(&bytes) else { panic!("no completion") };
        let Outcome::Error(read) = completion.outcome else { panic!("no error") };
        prop_assert_eq!((&*completion.id, &*read.message), (&*id, &*error));
        prop_assert_eq!(read.code.as_deref(), code.as_deref());
        prop_assert_eq!(read.data.map(|data| data.decode::<Nested>()), data.map(Ok));

        let bytes = written(|out| Json.encode_end(out, &id));
        let Ok(Message::Completion(completion)) = Json.decode(&bytes) else { panic!("no completion") };
        prop_assert!(matches!(completion.outcome, Outcome::Void));

        let bytes = written(|out| Json.encode_cancel(out, &id));
        let same = matches!(Json.decode(&bytes), Ok(Message::CancelInvocation { id: read }) if read == id);
        prop_assert!(same);
    }

    #[test]
    fn control_messages_come_back(error in prop::option::of(text()), flag in any::<bool>(), number in any::<i64>()) {
        let bytes = written(|out| Json.encode_close(out, error.as_deref(), flag));
        let Ok(Message::Close { error: read, allow_reconnect }) = Json.decode(&bytes) else { panic!("no close") };
        prop_assert_eq!((read.as_deref(), allow_reconnect), (error.as_deref(), flag));
        let bytes = written(|out| Json.encode_ack(out, number));
        let same = matches!(Json.decode(&bytes), Ok(Message::Ack { sequence_id }) if sequence_id == number);
        prop_assert!(same);
        let bytes = written(|out| Json.encode_sequence(out, number));
        let same = matches!(Json.decode(&bytes), Ok(Message::Sequence { sequence_id }) if sequence_id == number);
        prop_assert!(same);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = Json.decode(&bytes);
    }

    #[test]
    fn arguments_are_as_many_as_were_counted(inside in almost_json(), kind in select(vec![1, 4])) {
        let mut message = b"{\"target\":\"T\",\"invocationId\":\"1\",\"arguments\":[".to_vec();
        message.extend_from_slice(&inside);
        message.extend_from_slice(format!("],\"type\":{kind}}}").as_bytes());
        if let Ok(Message::Invocation(mut call)) = Json.decode(&message) {
            for _ in 0..call.arguments.len() {
                prop_assert!(call.arguments.next::<IgnoredAny>().is_ok());
            }
            prop_assert_eq!(call.arguments.as_bytes(), b"");
        }
    }

    #[test]
    fn damaged_properties_are_read_or_refused(value in almost_json(), kind in 0..11, name in select(vec![
        "type", "invocationId", "target", "arguments", "streamIds", "headers", "item", "result", "error",
        "allowReconnect", "sequenceId",
    ])) {
        let mut message = format!("{{\"{name}\":").into_bytes();
        message.extend_from_slice(&value);
        message.extend_from_slice(format!(",\"type\":{kind}}}").as_bytes());
        let _ = Json.decode(&message);
    }

    /// The scanner draws the line between JSON and everything else where serde_json does.
    #[test]
    fn json_is_what_serde_json_takes_for_it(value in almost_json(), in_arguments in any::<bool>()) {
        let mut message = b"{\"type\":6,".to_vec();
        message.extend_from_slice(if in_arguments { b"\"arguments\":[" } else { b"\"x\":" });
        message.extend_from_slice(&value);
        message.extend_from_slice(if in_arguments { b"]}" } else { b"}" });
        let expected = Deserializer::from_slice(&message).into_iter::<IgnoredAny>().next().expect("not blank");
        match Json.decode(&message) {
            Ok(_) => prop_assert!(expected.is_ok()),
            Err(error) if error == ProtocolError::invalid_data("Error reading JSON.") => {
                prop_assert!(expected.is_err());
            }
            // Damage may also make another property, so that the message is JSON but breaks the protocol.
            Err(_) => {}
        }
    }
}
