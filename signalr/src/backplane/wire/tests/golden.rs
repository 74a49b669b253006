//! What was recorded, in both directions.

use super::super::*;
use super::{hex, recorded};
use crate::protocol::codec::InvocationHead;
use crate::protocol::{CompletionError, Outcome, Protocol, WireArguments};
use bytes::Bytes;

const A: &str = "AAAAAAAAAAAAAAAAAAAAAA";
const B: &str = "BBBBBBBBBBBBBBBBBBBBBB";
/// The names of the servers were as long.
const SERVER: &str = "vm_0123456789abcdef0123456789abcdef";

fn payload(recorded: &str) -> Vec<u8> {
    let server: String = SERVER.bytes().map(|byte| format!("{byte:02x}")).collect();
    hex(&recorded.replace("HEX(SERVER)", &server))
}

/// A call of a client method in every protocol of this build, as a hub encodes it.
fn encoded(id: Option<&str>, target: &str, arguments: &impl WireArguments) -> Vec<(Protocol, Bytes)> {
    let head = InvocationHead { id, target, ..InvocationHead::default() };
    let encode = |&protocol: &Protocol| {
        let mut out = Vec::new();
        protocol.encode_invocation(&mut out, head, arguments).unwrap();
        (protocol, Bytes::from(out))
    };
    Protocol::ALL.iter().map(encode).collect()
}

/// What was recorded is read as this call, and this call is written as what was recorded.
fn is_call(
    recorded: &str,
    excluded: &[&str],
    question: Option<Question<'_>>,
    target: &str,
    arguments: &impl WireArguments,
) {
    let payload = payload(recorded);
    let id = question.map(|question| question.id);
    let messages = encoded(id, target, arguments);

    let read = read_invocation(&payload).unwrap();
    assert_eq!((read.excluded.as_slice(), read.question, read.latest), (excluded, question, None));
    assert_eq!(read.messages.iter().collect::<Vec<_>>(), messages.iter().map(|(p, m)| (*p, &**m)).collect::<Vec<_>>());
    for (protocol, message) in read.messages.iter() {
        assert_eq!(read.messages.get(protocol), Some(message));
        assert_eq!(check_invocation(protocol, message, id), Ok(()));
    }

    // A server that has JSON alone cannot write what one with both has written.
    if cfg!(feature = "msgpack") {
        assert_eq!(invocation(excluded, &messages, None, question), payload);
    }
}

#[test]
fn calls() {
    is_call(recorded::CALL, &[], None, "Receive", &("x",));
    is_call(recorded::CALL_EXCEPT_B, &[B], None, "Receive", &("x",));
    is_call(recorded::CALL_EXCEPT_A, &[A], None, "Receive", &("x",));
    is_call(recorded::CALL_FROM_OUTSIDE, &[], None, "Receive", &("out",));
    is_call(recorded::B_GONE, &[], None, "Gone", &(B, None::<&str>));
    is_call(recorded::A_GONE, &[], None, "Gone", &(A, None::<&str>));
}

/// As recorded, of a server that has JSON alone.
#[test]
fn calls_in_one_protocol() {
    let messages = &encoded(None, "Receive", &("x",))[..1];
    let written = invocation(&[""; 0], messages, None, None);
    let (beginning, _messagepack) = recorded::CALL.split_once("ab6d657373").unwrap();
    assert_eq!(written, hex(&beginning.replacen("929082", "929081", 1)));
    assert_eq!(read_invocation(&written).unwrap().messages.iter().count(), 1);
}

#[test]
fn questions_to_clients() {
    let return_channel = format!("ConformanceHub:internal:return:{SERVER}");
    let question = |id| Some(Question { id, return_channel: &return_channel });
    is_call(recorded::QUESTION, &[], question("o84kgzjXukay08Wk+3vNdA"), "Answer", &("why",));
    is_call(recorded::SECOND_QUESTION, &[], question("LKf9aRl/O0+Pgza9mWzCng"), "Answer", &("err",));
}

#[test]
fn answers_of_clients() {
    let mut message = Vec::new();
    Protocol::Json.encode_result(&mut message, "o84kgzjXukay08Wk+3vNdA", &"why!").unwrap();
    let answer = payload(recorded::ANSWER);
    assert_eq!(completion(Protocol::Json, &message), answer);
    assert_eq!(read_completion(&answer), Ok((Protocol::Json, &*message)));
    let read = completed(Protocol::Json.into(), &message).unwrap();
    assert_eq!(read.id, "o84kgzjXukay08Wk+3vNdA");
    assert!(matches!(read.outcome, Outcome::Result(value) if value.decode() == Ok("why!".to_owned())));

    let mut message = Vec::new();
    Protocol::Json.encode_error(&mut message, "LKf9aRl/O0+Pgza9mWzCng", "no");
    let answer = payload(recorded::ERROR_ANSWER);
    assert_eq!(completion(Protocol::Json, &message), answer);
    assert_eq!(read_completion(&answer), Ok((Protocol::Json, &*message)));
    let read = completed(Protocol::Json.into(), &message).unwrap();
    assert_eq!(read.id, "LKf9aRl/O0+Pgza9mWzCng");
    assert!(matches!(read.outcome, Outcome::Error(CompletionError { message, .. }) if message == "no"));
}

#[test]
fn group_commands() {
    let recorded = payload(recorded::COMMAND);
    let command = GroupCommand { id: 4, server: SERVER, action: Action::Add, group: "k", connection: B };
    assert_eq!(command.write(), recorded);
    assert_eq!(GroupCommand::read(&recorded), Ok(command));
    // Not recorded: the other action is 2.
    let removal = GroupCommand { action: Action::Remove, ..command };
    let expected = payload(&recorded::COMMAND.replace("01a16b", "02a16b"));
    assert_eq!(removal.write(), expected);
    assert_eq!(GroupCommand::read(&expected), Ok(removal));
}

#[test]
fn acknowledgements() {
    assert_eq!(ack(4), payload(recorded::ACK));
    assert_eq!(read_ack(&payload(recorded::ACK)), Ok(4));
}

/// What only servers of this crate write: it must stay as it is, too, while servers are replaced one by one.
#[test]
fn own_payloads() {
    let latest = invocation(&[""; 0], &[(Protocol::Json, Bytes::from_static(b"{}\x1e"))], Some("Moved"), None);
    assert_eq!(latest, hex("929082a46a736f6ec4037b7d1eb17369676e616c722d72733a6c6174657374c4054d6f766564"));
    let read = read_invocation(&latest).unwrap();
    assert_eq!((read.latest, read.messages.iter().count()), (Some("Moved"), 1));

    for (kind, digits) in [
        (AskKind::Close { connection: "c", reason: Some("r") }, "9507a17301a163a172"),
        (AskKind::Close { connection: "c", reason: None }, "9507a17301a163c0"),
        (AskKind::Members { group: "g" }, "9407a17302a167"),
        (AskKind::Count { group: "g" }, "9407a17303a167"),
        (AskKind::User { user: "u" }, "9407a17304a175"),
    ] {
        let ask = Ask { id: 7, server: "s", kind };
        assert_eq!(ask.write(), hex(digits), "{kind:?}");
        assert_eq!(Ask::read(&hex(digits)), Ok(ask));
    }
    for (kind, digits) in [
        (AnswerKind::Done(true), "930701c3"),
        (AnswerKind::Done(false), "930701c2"),
        (AnswerKind::Members(vec!["a", "b"]), "93070292a161a162"),
        (AnswerKind::Count(300), "930703cd012c"),
    ] {
        let answer = Answer { id: 7, kind };
        assert_eq!(answer.write(), hex(digits), "{answer:?}");
        assert_eq!(Answer::read(&hex(digits)), Ok(answer));
    }
}

/// In MessagePack a client answers as was recorded of JSON.
#[cfg(feature = "msgpack")]
#[test]
fn answers_in_messagepack() {
    let codec = crate::protocol::Codec::from(Protocol::MessagePack);
    let mut message = Vec::new();
    codec.encode_result(&mut message, "1", &"why!").unwrap();
    assert_eq!(completion(codec.protocol, &message), hex("92ab6d6573736167657061636bc40c0b950380a13103a477687921"));
    assert!(matches!(completed(codec, &message).unwrap().outcome, Outcome::Result(_)));
    message.clear();
    codec.protocol.encode_error(&mut message, "1", "no");
    assert!(matches!(completed(codec, &message).unwrap().outcome, Outcome::Error(error) if error.message == "no"));
    message.clear();
    codec.protocol.encode_end(&mut message, "1");
    assert!(matches!(completed(codec, &message).unwrap().outcome, Outcome::Void));
}
