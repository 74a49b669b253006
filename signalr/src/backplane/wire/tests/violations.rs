//! What is wrong, and what is said of it.

use super::super::*;
use super::hex;
use crate::protocol::Protocol;

fn said<T: std::fmt::Debug>(read: Result<T, WireError>) -> String {
    read.unwrap_err().to_string()
}

#[test]
fn of_invocations() {
    for (digits, expected) in [
        ("", "the invocation is missing"),
        ("c0", "the invocation should be Array, but is Nil"),
        ("80", "the invocation should be Array, but is Map"),
        ("c1", "the invocation is cut short or malformed"),
        ("9190", "the invocation has 1 items instead of 2"),
        ("92", "the invocation is cut short or malformed"),
        ("ddffffffff9080", "the invocation is cut short or malformed"),
        ("92c080", "the list of excluded connections should be Array, but is Nil"),
        ("9291c080", "an excluded connection should be Text, but is Nil"),
        ("92910580", "an excluded connection should be Text, but is Int"),
        ("9291a1ff80", "an excluded connection is cut short or malformed"),
        ("92ddffffffffa0a0", "the list of excluded connections is cut short or malformed"),
        ("9291dbffffffffa0", "an excluded connection is cut short or malformed"),
        ("9290c0", "the map of messages should be Map, but is Nil"),
        ("929081c0c400", "the name of an entry should be Text, but is Nil"),
        ("929081a46a736f6ea0", "the value of an entry should be Bytes, but is Text"),
        ("929081a46a736f6ec0", "the value of an entry should be Bytes, but is Nil"),
        ("929081a46a736f6ec6ffffffff00", "the value of an entry is cut short or malformed"),
        ("9290dfffffffffa0c400", "the map of messages is cut short or malformed"),
        ("929080c0", "1 bytes follow the payload"),
        ("94908005a0", "the id of the question should be Text, but is Int"),
        ("949080a131c0", "the return channel is missing"),
        ("949080c0a163", "the id of the question is missing"),
        ("949080a131", "the return channel is missing"),
        ("9490", "the invocation is cut short or malformed"),
        ("939080c1", "a surplus item is cut short or malformed"),
    ] {
        assert_eq!(said(read_invocation(&hex(digits))), expected, "{digits}");
    }
    let mut deep = hex("939080");
    deep.extend([0x91; 100_000]);
    deep.push(0xc0);
    assert_eq!(said(read_invocation(&deep)), "a surplus item is cut short or malformed");
}

#[test]
fn of_other_payloads() {
    assert_eq!(said(read_ack(&hex("90"))), "the acknowledgement has 0 items instead of 1");
    assert_eq!(said(read_ack(&hex("91c3"))), "the id of the acknowledgement should be Int, but is Bool");
    assert_eq!(said(read_ack(&hex("91ce80000000"))), "the id of the acknowledgement cannot be 2147483648");
    assert_eq!(said(GroupCommand::read(&hex("9404a17301a167"))), "the group command has 4 items instead of 5");
    assert_eq!(said(GroupCommand::read(&hex("9504a17303a167a163"))), "the action cannot be 3");
    assert_eq!(said(GroupCommand::read(&hex("9504a17301c0a163"))), "the name of the group should be Text, but is Nil");
    assert_eq!(
        said(GroupCommand::read(&hex("9504a17301a167a1"))),
        "the id of the connection is cut short or malformed"
    );
    assert_eq!(said(read_completion(&hex("92a3786d6cc400"))), "the protocol of the message is not known here");
    assert_eq!(said(Ask::read(&hex("9407a17301a163"))), "the reason is missing");
    assert_eq!(said(Ask::read(&hex("9407a17305a163"))), "the kind of the question cannot be 5");
    assert_eq!(said(Ask::read(&hex("94ffa17302a163"))), "the id of the question cannot be -1");
    assert_eq!(said(Answer::read(&hex("930700c3"))), "the kind of the answer cannot be 0");
    assert_eq!(said(Answer::read(&hex("930703ff"))), "the count cannot be -1");
}

#[test]
fn a_question_may_be_nil() {
    assert_eq!(read_invocation(&hex("949080c0c0")).unwrap().question, None);
}

/// As ASP.NET Core 10 does: of two messages in one protocol the first counts, and `JSON` is not `json`.
#[test]
fn messages_of_other_protocols_are_ignored() {
    let payload = hex("929084a3786d6cc40178a44a534f4ec40178a46a736f6ec40161a46a736f6ec40162");
    let read = read_invocation(&payload).unwrap();
    assert_eq!(read.messages.iter().collect::<Vec<_>>(), [(Protocol::Json, &b"a"[..])]);
}

#[test]
fn of_json_messages() {
    let call = |framed: &[u8], id| check_invocation(Protocol::Json, framed, id);
    let body = r#"{"type":1,"target":"T","arguments":[1]}"#;
    assert_eq!(call(format!("{body}\x1e").as_bytes(), None), Ok(()));
    for framed in [body.to_owned(), format!("{body}\x1e\x1e"), format!("{body}\x1e{body}\x1e"), String::new()] {
        assert_eq!(said(call(framed.as_bytes(), None)), "the json message is not framed as one message", "{framed}");
    }
    for (framed, expected) in [
        ("\x1e", "breaks its protocol: Error reading JSON."),
        ("{}\x1e", "breaks its protocol: Missing required property 'type'."),
        ("{\"type\":1,\"target\":\"T\",\"arguments\":[}\x1e", "breaks its protocol: Error reading JSON."),
        (
            "{\"type\":1,\"target\":\"T\",\"arguments\":[]}{}\x1e",
            "breaks its protocol: The message goes on behind its object.",
        ),
        ("{\"type\":6}\x1e", "is no invocation"),
        ("{\"type\":4,\"invocationId\":\"1\",\"target\":\"T\",\"arguments\":[]}\x1e", "asks for a stream"),
        ("{\"type\":1,\"target\":\"T\",\"arguments\":[],\"streamIds\":[\"1\"]}\x1e", "announces streams"),
        (
            "{\"type\":1,\"invocationId\":\"1\",\"target\":\"T\",\"arguments\":[]}\x1e",
            "has another id than the question",
        ),
    ] {
        assert_eq!(said(call(framed.as_bytes(), None)), format!("the json message {expected}"), "{framed}");
    }
    let not_utf8 = b"{\"type\":1,\"target\":\"T\",\"arguments\":[\"\xff\"]}\x1e";
    assert_eq!(said(call(not_utf8, None)), "the json message breaks its protocol: The message is not UTF-8.");
    let asking = b"{\"type\":1,\"invocationId\":\"1\",\"target\":\"T\",\"arguments\":[]}\x1e";
    assert_eq!(call(asking, Some("1")), Ok(()));
    assert_eq!(said(call(asking, Some("2"))), "the json message has another id than the question");
    assert_eq!(said(completed(Protocol::Json.into(), asking)), "the json message is no completion");
}

#[cfg(feature = "msgpack")]
#[test]
fn of_messagepack_messages() {
    let call = |digits: &str| check_invocation(Protocol::MessagePack, &hex(digits), None);
    let whole = "10960180c0a75265636569766591a17890";
    assert_eq!(call(whole), Ok(()));
    for framed in ["", "10", "11960180c0a75265636569766591a17890", "0f960180c0a75265636569766591a17890", "ffffffffff"] {
        assert_eq!(said(call(framed)), "the messagepack message is not framed as one message", "{framed}");
    }
    let not_whole = "breaks its protocol: The message is not one whole MessagePack value.";
    for (framed, expected) in [
        ("00", not_whole),
        // An argument that is cut short, and one that never ends.
        ("0a960180c0a15493a17890", not_whole),
        ("0a960180c0a15491c16190", not_whole),
        ("0b960180c0a15491a1789000", not_whole),
        // Fewer items than are there, and more.
        ("0a950180c0a15491a17890", not_whole),
        ("0a970180c0a15491a17890", not_whole),
        ("0109", "breaks its protocol: Reading array length for 'message' failed."),
        ("029106", "is no invocation"),
        ("0b960480a131a15491a17890", "asks for a stream"),
        ("0b960180a131a15491a17890", "has another id than the question"),
        ("0c960180c0a15491a17891a131", "announces streams"),
    ] {
        assert_eq!(said(call(framed)), format!("the messagepack message {expected}"), "{framed}");
    }
    let mut deep = hex("95018000a154");
    deep[3] = 0xc0;
    deep.extend([0x91; 600]);
    deep.push(0xc0);
    let mut framed = vec![0x80 | (deep.len() & 0x7f) as u8, (deep.len() >> 7) as u8];
    framed.extend(deep);
    let error = check_invocation(Protocol::MessagePack, &framed, None);
    assert_eq!(said(error), format!("the messagepack message {not_whole}"));
}
