//! What breaks the protocol, and what is tolerated. Texts and outcomes are those of an ASP.NET Core 10 server that was
//! sent the same bytes, where no comment says otherwise.

use super::{completion, decode, invocation, stream_item};
use crate::protocol::message::{Message, Outcome};

#[track_caller]
fn refused(message: &[u8], text: &str) {
    let error = decode(message).expect_err("this breaks the protocol");
    assert_eq!(error.exception(), "InvalidDataException");
    assert_eq!(error.to_string(), text);
}

#[test]
fn no_array() {
    // The other server reports its reader's own exceptions here.
    let text = "Reading array length for 'message' failed.";
    refused(b"", text);
    refused(b"\x01", text);
    refused(b"\xa1x", text);
    refused(b"\xdd\xff\xff\xff\xff\x06", text);
    refused(b"\xdc\x00", text);
    // Fewer bytes follow than items are declared.
    refused(b"\x96\x01", text);
    refused(b"\x93\x07\xc0", text);
    refused(b"\x96\x01\x80\xa5a", text);
}

#[test]
fn type_is_no_int32() {
    let text = "Reading 'messageType' as Int32 failed.";
    refused(b"\x90", text);
    refused(b"\x91\xa1x", text);
    refused(b"\x91\xc0", text);
    refused(b"\x91\xcf\xff\xff\xff\xff\xff\xff\xff\xff", text);
    refused(b"\x91\xd3\x00\x00\x00\x01\x00\x00\x00\x01", text);
    refused(b"\x91\xca\x40\xc0\x00\x00", text);
    refused(b"\x91\xcd\x00", text);
}

#[test]
fn unknown_types_are_reported_as_such() {
    for (message, number) in [
        (&b"\x91\x00"[..], 0),
        (b"\x91\x0a", 10),
        (b"\x91\xff", -1),
        (b"\x92\xcd\x01\x01\xc1", 257),
        (b"\x91\xd2\x80\x00\x00\x00", i64::from(i32::MIN)),
    ] {
        assert!(matches!(decode(message), Ok(Message::Unknown { kind }) if kind == number));
    }
}

#[test]
fn headers() {
    let text = "Reading map length for 'headers' failed.";
    refused(b"\x96\x01\xc0\xa11\xa1M\x90\x90", text);
    refused(b"\x96\x01\x90\xa11\xa1M\x90\x90", text);
    refused(b"\x96\x01\xdf\xff\xff\xff\xff\xa1a\xa1b", text);
    refused(b"\x91\x05", text);
    refused(b"\x96\x01\x81\xa1a\x01\xa11\xa1M\x90\x90", "Reading 'headers[0].Value' as String failed.");
    refused(b"\x96\x01\x82\xa1a\xa1b\x01\xa1a\xa11\xa1M\x90\x90", "Reading 'headers[1].Key' as String failed.");
    refused(b"\x96\x01\x81\xa1a\xc0\xa11\xa1M\x90\x90", "Null or empty value in header.");
    refused(b"\x96\x01\x81\xa1a\xa0\xa11\xa1M\x90\x90", "Null or empty value in header.");
    refused(b"\x96\x01\x81\xc0\xa1a\xa11\xa1M\x90\x90", "Null or empty key in header.");
    refused(b"\x96\x01\x81\xa0\xa1a\xa11\xa1M\x90\x90", "Null or empty key in header.");
}

#[test]
fn headers_of_messages_that_do_not_keep_them() {
    refused(b"\x94\x02\x81\xa1a\x01\xa11\x01", "Reading 'headers[0].Value' as String failed.");
    assert_eq!(stream_item(b"\x94\x02\x81\xa1a\xa1b\xa11\x05").item.decode(), Ok(5));
    assert!(matches!(decode(b"\x93\x05\x81\xa1a\xa1b\xa11"), Ok(Message::CancelInvocation { id }) if id == "1"));
}

#[test]
fn invocation_ids() {
    let text = "Reading 'invocationId' as String failed.";
    refused(b"\x96\x01\x80\x01\xa1M\x90\x90", text);
    refused(b"\x96\x01\x80\xc4\x011\xa1M\x90\x90", text);
    // The other server replaces what is not UTF-8, which would answer another id than the one that was sent.
    refused(b"\x96\x01\x80\xa1\xff\xa1M\x90\x90", text);
    refused(b"\x96\x01\x80\xa5abcd", text);
    assert_eq!(invocation(b"\x96\x01\x80\xc0\xa1M\x90\x90").id, None);
    assert_eq!(invocation(b"\x96\x01\x80\xa0\xa1M\x90\x90").id, None);
}

#[test]
fn ids_that_must_be_there() {
    for (name, message) in [
        ("StreamInvocation", &b"\x96\x04\x80\xc0\xa1M\x90\x90"[..]),
        ("StreamInvocation", b"\x96\x04\x80\xa0\xa1M\x90\x90"),
        ("StreamItem", b"\x94\x02\x80\xc0\x01"),
        ("StreamItem", b"\x94\x02\x80\xa0\x01"),
        ("Completion", b"\x94\x03\x80\xc0\x02"),
        ("Completion", b"\x94\x03\x80\xa0\x02"),
        ("CancelInvocation", b"\x93\x05\x80\xc0"),
        ("CancelInvocation", b"\x93\x05\x80\xa0"),
    ] {
        refused(message, &format!("Null or empty invocation ID for {name} message."));
    }
}

#[test]
fn targets() {
    refused(b"\x96\x01\x80\xa11\xc0\x90\x90", "Null or empty target for Invocation message.");
    refused(b"\x96\x01\x80\xa11\xa0\x90\x90", "Null or empty target for Invocation message.");
    refused(b"\x96\x04\x80\xa11\xa0\x90\x90", "Null or empty target for StreamInvocation message.");
    refused(b"\x96\x01\x80\xa11\x01\x90\x90", "Reading 'target' as String failed.");
}

#[test]
fn arguments_without_an_array_fail_when_they_are_read() {
    for message in [
        &b"\x94\x01\x80\xa11\xa1M"[..],
        b"\x96\x01\x80\xa11\xa1M\xc0\x90",
        b"\x96\x01\x80\xa11\xa1M\x01\x90",
        b"\x96\x01\x80\xa11\xa1M\xdd\xff\xff\xff\xff\xa1a",
    ] {
        let mut read = invocation(message);
        assert_eq!(read.id.as_deref(), Some("1"));
        assert!(!read.arguments.is_empty(), "a method without parameters is not called either");
        assert!(read.arguments.next::<Option<serde::de::IgnoredAny>>().is_err());
    }
}

#[test]
fn malformed_arguments_fail_when_they_are_read() {
    for message in [
        // Cut off, never used, and nested 501 deep.
        b"\x96\x01\x80\xa11\xa1M\x91\xa5a".to_vec(),
        b"\x96\x01\x80\xa11\xa1M\x91\xc1\x90".to_vec(),
        [&b"\x96\x01\x80\xa11\xa1M\x91"[..], &[0x91; 501], b"\x01\x90"].concat(),
    ] {
        let mut read = invocation(&message);
        assert_eq!(read.id.as_deref(), Some("1"));
        assert_eq!(read.target, "M");
        assert_eq!(read.arguments.len(), 1);
        assert!(read.arguments.next::<serde::de::IgnoredAny>().is_err());
    }
}

#[test]
fn malformed_arguments_behind_others() {
    let mut read = invocation(b"\x96\x01\x80\xa11\xa1M\x92\x07\xa5a");
    assert_eq!(read.arguments.next(), Ok(7));
    assert!(read.arguments.next::<String>().is_err());
}

#[test]
fn stream_ids() {
    let text = "Reading array length for 'streamIds' failed.";
    refused(b"\x96\x01\x80\xa11\xa1M\x90\xc0", text);
    refused(b"\x96\x01\x80\xa11\xa1M\x90\x01", text);
    refused(b"\x96\x01\x80\xa11\xa1M\x90", text);
    refused(b"\x96\x01\x80\xa11\xa1M\x90\xdd\xff\xff\xff\xff\xa1a", text);
    refused(b"\x96\x01\x80\xa11\xa1M\x90\x91\xc0", "Null or empty value in streamIds received.");
    refused(b"\x96\x01\x80\xa11\xa1M\x90\x91\xa0", "Null or empty value in streamIds received.");
    // Here the other server reports its reader's own exception.
    refused(b"\x96\x01\x80\xa11\xa1M\x90\x91\x01", "Reading 'streamIds' as String failed.");
}

#[test]
fn number_of_items() {
    // Five items have no stream ids.
    let read = invocation(b"\x95\x01\x80\xa11\xa1M\x91\x01\x91\xa1s");
    assert!(read.stream_ids.is_empty());
    assert_eq!(read.arguments.as_bytes(), [1]);
    // Too few are declared, but they are there.
    assert_eq!(invocation(b"\x91\x01\x80\xa11\xa1M\x91\x01").arguments.as_bytes(), [1]);
    // More than are known, all there, not all there, and broken.
    for message in [
        &b"\x97\x01\x80\xa11\xa1M\x91\x01\x91\xa1s\x01"[..],
        b"\x97\x01\x80\xa11\xa1M\x91\x01\x91\xa1s",
        b"\x96\x01\x80\xa11\xa1M\x91\x01\x91\xa1s\xc1",
    ] {
        let read = invocation(message);
        assert_eq!(read.arguments.as_bytes(), [1]);
        assert_eq!(read.stream_ids, ["s"]);
    }
    assert!(matches!(decode(b"\x93\x06\x01\x02"), Ok(Message::Ping)));
    assert!(matches!(decode(b"\x91\x06\x01\x02"), Ok(Message::Ping)));
    assert!(matches!(completion(b"\x95\x03\x80\xa11\x02\x01").outcome, Outcome::Void));
}

#[test]
fn numbers_and_lengths_need_not_be_short() {
    let read = invocation(
        b"\xdd\x00\x00\x00\x06\xd3\0\0\0\0\0\0\0\x01\xde\0\0\xd9\x011\xdb\0\0\0\x09DoNothing\xdc\0\0\xdd\0\0\0\0",
    );
    assert_eq!(read.id.as_deref(), Some("1"));
    assert_eq!(read.target, "DoNothing");
    assert!(read.arguments.is_empty());
}

#[test]
fn items_that_are_not_there_fail_when_they_are_read() {
    for message in
        [&b"\x94\x02\x80\xa11"[..], b"\x93\x02\x80\xa11", b"\x94\x02\x80\xa11\xc1", b"\x94\x02\x80\xa11\xa5a"]
    {
        let read = stream_item(message);
        assert_eq!(read.id, "1");
        assert!(read.item.decode::<serde::de::IgnoredAny>().is_err());
    }
}

#[test]
fn completions() {
    refused(b"\x94\x03\x80\xa11\x04", "Invalid invocation result kind.");
    refused(b"\x94\x03\x80\xa11\x00", "Invalid invocation result kind.");
    refused(b"\x94\x03\x80\xa11\xff", "Invalid invocation result kind.");
    refused(b"\x94\x03\x80\xa11\xa1x", "Reading 'resultKind' as Int32 failed.");
    refused(b"\x94\x03\x80\xa11", "Reading 'resultKind' as Int32 failed.");
    refused(b"\x95\x03\x80\xa11\x01\x05", "Reading 'error' as String failed.");
    refused(b"\x94\x03\x80\xa11\x01", "Reading 'error' as String failed.");
    // Here the other server reports its reader's own exceptions, or fails the question if one waits for the result.
    refused(b"\x94\x03\x80\xa11\x03", "Reading 'result' failed.");
    refused(b"\x95\x03\x80\xa11\x03", "Reading 'result' failed.");
    refused(b"\x95\x03\x80\xa11\x03\xc1", "Reading 'result' failed.");
    refused(b"\x95\x03\x80\xa11\x03\xdd\xff\xff\xff\xff\x01", "Reading 'result' failed.");
    assert!(matches!(completion(b"\x95\x03\x80\xa11\x01\xc0").outcome, Outcome::Void));
    assert!(
        matches!(completion(b"\x95\x03\x80\xa11\x01\xa0").outcome, Outcome::Error(error) if error.message.is_empty())
    );
}

#[test]
fn what_stands_beside_the_text_of_an_error() {
    let info = |item: &[u8]| {
        let message = [b"\x96\x03\x80\xa11\x01\xa1x", item].concat();
        let Outcome::Error(error) = completion(&message).outcome else { panic!("no error") };
        assert_eq!(error.message, "x");
        (error.code.map(String::from), error.data.map(|data| data.as_bytes().to_vec()))
    };
    let both = (Some("c".to_owned()), Some(b"\x91\x01".to_vec()));
    assert_eq!(info(b"\x82\xa4code\xa1c\xa4data\x91\x01"), both);
    assert_eq!(info(b"\x84\x01\x02\xa4data\x91\x01\xa4more\xc0\xa4code\xd9\x01c"), both);
    assert_eq!(info(b"\x81\xa4code\xa1c"), (Some("c".to_owned()), None));
    assert_eq!(info(b"\x81\xa4data\xc0"), (None, Some(b"\xc0".to_vec())));
    // Others may mean something else by it.
    for other in [
        &b""[..],
        b"\xc0",
        b"\x80",
        b"\x07",
        b"\xa1c",
        b"\x92\xa4code\xa1c",
        b"\x81\xa4code\x07",
        b"\x81\xa4code\xc0",
        b"\x81\xa4code\xa1\xff",
        b"\x82\xa4code\xa1c",
        b"\x81\xa4data\xc1",
        b"\xdf\xff\xff\xff\xff\xa4code\xa1c",
    ] {
        assert_eq!(info(other), (None, None), "{other:?}");
    }
    // It is there only if the message says so.
    let message = b"\x95\x03\x80\xa11\x01\xa1x\x81\xa4code\xa1c";
    assert!(matches!(completion(message).outcome, Outcome::Error(error) if error.code.is_none()));
}

#[test]
fn closes() {
    refused(b"\x91\x07", "Reading 'error' as String failed.");
    refused(b"\x92\x07\x01", "Reading 'error' as String failed.");
    refused(b"\x93\x07\xc0\x01", "Reading 'allowReconnect' as Boolean failed.");
    refused(b"\x93\x07\xc0\xc0", "Reading 'allowReconnect' as Boolean failed.");
    assert!(matches!(decode(b"\x92\x07\xa0"), Ok(Message::Close { error: Some(error), .. }) if error.is_empty()));
    assert!(matches!(decode(b"\x94\x07\xc0\xc3\x01"), Ok(Message::Close { error: None, allow_reconnect: true })));
}

#[test]
fn sequence_ids() {
    let text = "Reading 'sequenceId' as Int64 failed.";
    for message in [&b"\x91\x08"[..], b"\x92\x08\xa1x", b"\x91\x09", b"\x92\x09\xc0"] {
        refused(message, text);
    }
    refused(b"\x92\x08\xcf\xff\xff\xff\xff\xff\xff\xff\xff", text);
    assert!(matches!(decode(b"\x92\x08\xff"), Ok(Message::Ack { sequence_id: -1 })));
    let most = b"\x92\x09\xcf\x7f\xff\xff\xff\xff\xff\xff\xff";
    assert!(matches!(decode(most), Ok(Message::Sequence { sequence_id: i64::MAX })));
}
