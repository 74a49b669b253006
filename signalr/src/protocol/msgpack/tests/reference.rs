//! The examples of the specification and of behaviour seen on an ASP.NET Core server.

use super::{completion, decode, invocation, stream_item, written};
use crate::protocol::codec::{InvocationHead, Protocol};
use crate::protocol::message::{Message, Outcome};

const INVOCATION: &[u8] = b"\x96\x01\x80\xa3xyz\xa6method\x91\x2a\x90";
const WITH_HEADERS: &[u8] = b"\x96\x01\x82\xa1x\xa1y\xa1z\xa1z\xa3xyz\xa6method\x91\x2a\x90";

fn framed(body: &[u8]) -> Vec<u8> {
    let mut framed = vec![u8::try_from(body.len()).unwrap()];
    assert!(body.len() < 128);
    framed.extend_from_slice(body);
    framed
}

fn head() -> InvocationHead<'static> {
    InvocationHead { id: Some("xyz"), target: "method", ..InvocationHead::default() }
}

#[test]
fn invocation_is_read() {
    let mut read = invocation(INVOCATION);
    assert!(!read.streaming);
    assert_eq!(read.id.as_deref(), Some("xyz"));
    assert_eq!(read.target, "method");
    assert_eq!(read.arguments.len(), 1);
    assert_eq!(read.arguments.as_bytes(), [0x2a]);
    assert_eq!(read.arguments.next::<i32>(), Ok(42));
    assert!(read.stream_ids.is_empty());
    assert!(read.headers.is_empty());
}

#[test]
fn invocation_is_written() {
    let bytes = written(|out| Protocol::MessagePack.encode_invocation(out, head(), &(42,)).unwrap());
    assert_eq!(bytes, framed(INVOCATION));
}

#[test]
fn non_blocking_invocation() {
    let message = b"\x96\x01\x80\xc0\xa6method\x91\x2a\x90";
    assert_eq!(invocation(message).id, None);
    let without_id = InvocationHead { id: None, ..head() };
    let bytes = written(|out| {
        Protocol::MessagePack.encode_invocation(out, without_id, &(42,)).unwrap();
    });
    assert_eq!(bytes, framed(message));
}

#[test]
fn stream_invocation() {
    let message = b"\x96\x04\x80\xa3xyz\xa6method\x91\x2a\x90";
    let read = invocation(message);
    assert!(read.streaming);
    assert_eq!(read.id.as_deref(), Some("xyz"));
    let streaming = InvocationHead { streaming: true, ..head() };
    let bytes = written(|out| Protocol::MessagePack.encode_invocation(out, streaming, &[42]).unwrap());
    assert_eq!(bytes, framed(message));
}

#[test]
fn headers() {
    let read = invocation(WITH_HEADERS);
    assert_eq!(read.headers, [("x".into(), "y".into()), ("z".into(), "z".into())]);
    assert_eq!(read.id.as_deref(), Some("xyz"));
    let with_headers = InvocationHead { headers: &[("x", "y"), ("z", "z")], ..head() };
    let bytes = written(|out| {
        Protocol::MessagePack.encode_invocation(out, with_headers, &vec![42]).unwrap();
    });
    assert_eq!(bytes, framed(WITH_HEADERS));
}

#[test]
fn stream_ids() {
    let message = b"\x96\x01\x80\xa3xyz\xa6method\x90\x92\xa1a\xa1b";
    let read = invocation(message);
    assert_eq!(read.stream_ids, ["a", "b"]);
    assert!(read.arguments.is_empty());
    let with_streams = InvocationHead { stream_ids: &["a", "b"], ..head() };
    let bytes = written(|out| Protocol::MessagePack.encode_invocation(out, with_streams, &()).unwrap());
    assert_eq!(bytes, framed(message));
}

#[test]
fn item_of_a_stream() {
    let message = b"\x94\x02\x80\xa3xyz\x2a";
    let read = stream_item(message);
    assert_eq!(read.id, "xyz");
    assert_eq!(read.item.decode::<i32>(), Ok(42));
    let bytes = written(|out| Protocol::MessagePack.encode_stream_item(out, "xyz", &42).unwrap());
    assert_eq!(bytes, framed(message));
}

#[test]
fn completion_with_error() {
    let message = b"\x95\x03\x80\xa3xyz\x01\xa5Error";
    let read = completion(message);
    assert_eq!(read.id, "xyz");
    assert!(matches!(read.outcome, Outcome::Error(error) if error.message == "Error"));
    assert_eq!(written(|out| Protocol::MessagePack.encode_error(out, "xyz", "Error")), framed(message));
}

#[test]
fn completion_without_result() {
    let message = b"\x94\x03\x80\xa3xyz\x02";
    assert!(matches!(completion(message).outcome, Outcome::Void));
    assert_eq!(written(|out| Protocol::MessagePack.encode_end(out, "xyz")), framed(message));
}

#[test]
fn completion_with_result() {
    let message = b"\x95\x03\x80\xa3xyz\x03\x2a";
    assert!(matches!(completion(message).outcome, Outcome::Result(result) if result.decode() == Ok(42)));
    let bytes = written(|out| Protocol::MessagePack.encode_result(out, "xyz", &42).unwrap());
    assert_eq!(bytes, framed(message));
}

#[test]
fn method_without_result_answers_nil() {
    let bytes = written(|out| Protocol::MessagePack.encode_result(out, "1", &()).unwrap());
    assert_eq!(bytes, b"\x07\x95\x03\x80\xa11\x03\xc0");
}

#[test]
fn cancel_invocation() {
    let message = b"\x93\x05\x80\xa3xyz";
    assert!(matches!(decode(message), Ok(Message::CancelInvocation { id }) if id == "xyz"));
    assert_eq!(written(|out| Protocol::MessagePack.encode_cancel(out, "xyz")), framed(message));
}

#[test]
fn ping() {
    assert!(matches!(decode(b"\x91\x06"), Ok(Message::Ping)));
    assert_eq!(written(|out| Protocol::MessagePack.encode_ping(out)), b"\x02\x91\x06");
}

#[test]
fn close() {
    assert!(matches!(
        decode(b"\x92\x07\xa3xyz"),
        Ok(Message::Close { error: Some(error), allow_reconnect: false }) if error == "xyz"
    ));
    assert!(matches!(
        decode(b"\x93\x07\xa3xyz\xc3"),
        Ok(Message::Close { error: Some(error), allow_reconnect: true }) if error == "xyz"
    ));
    assert!(matches!(decode(b"\x92\x07\xc0"), Ok(Message::Close { error: None, allow_reconnect: false })));
    // What ASP.NET Core writes always has three items.
    assert_eq!(written(|out| Protocol::MessagePack.encode_close(out, None, false)), b"\x04\x93\x07\xc0\xc2");
    assert_eq!(written(|out| Protocol::MessagePack.encode_close(out, Some("xyz"), true)), b"\x07\x93\x07\xa3xyz\xc3");
}

#[test]
fn ack_and_sequence() {
    assert!(matches!(decode(b"\x92\x08\xcc\x24"), Ok(Message::Ack { sequence_id: 36 })));
    assert!(matches!(decode(b"\x92\x09\xcc\x13"), Ok(Message::Sequence { sequence_id: 19 })));
    assert_eq!(written(|out| Protocol::MessagePack.encode_ack(out, 36)), b"\x03\x92\x08\x24");
    assert_eq!(written(|out| Protocol::MessagePack.encode_sequence(out, 200)), b"\x04\x92\x09\xcc\xc8");
}

#[test]
fn close_with_error_as_a_server_sent_it() {
    let error = "Connection closed with an error. InvalidDataException: Reading 'messageType' as Int32 failed.";
    let mut sent = b"b\x93\x07\xd9]".to_vec();
    sent.extend_from_slice(error.as_bytes());
    sent.push(0xc3);
    assert_eq!(written(|out| Protocol::MessagePack.encode_close(out, Some(error), true)), sent);
}

#[test]
fn long_messages_have_longer_prefixes() {
    for (length, prefix) in [
        (127usize, &b"\x7f"[..]),
        (128, b"\x80\x01"),
        (16_383, b"\xff\x7f"),
        (16_384, b"\x80\x80\x01"),
        (2_097_151, b"\xff\xff\x7f"),
        (2_097_152, b"\x80\x80\x80\x01"),
    ] {
        // The body is the item and five or more bytes around it.
        let around = length - item_that_fills(length).len();
        let bytes = written(|out| {
            Protocol::MessagePack.encode_stream_item(out, "1", &item_that_fills(length)).unwrap();
        });
        assert!(bytes.starts_with(prefix), "{length}: {:x?}", &bytes[..8]);
        let body = &bytes[prefix.len()..];
        assert_eq!(body.len(), length);
        assert!(body.starts_with(b"\x94\x02\x80\xa11"), "nothing but the prefix is in front of the body");
        assert!(body[around..].iter().all(|&byte| byte == b'x'));
        assert_eq!(stream_item(body).item.decode::<String>().unwrap(), item_that_fills(length));
    }
}

/// A text that makes the body of its StreamItem for the stream `1` exactly `length` bytes long.
fn item_that_fills(length: usize) -> String {
    let head = match length {
        0..=0xff => 2,
        0x100..=0xffff => 3,
        _ => 5,
    };
    "x".repeat(length - 5 - head)
}
