//! What one server writes another one reads; all else is an error and never more than that.

use super::super::invariants::check_payload;
use super::super::*;
use super::recorded;
use crate::protocol::codec::InvocationHead;
use crate::protocol::{Protocol, WireArguments};
use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Texts of all lengths that are written differently.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => ".{0,12}",
        2 => (28usize..36).prop_map(|length| "x".repeat(length)),
        1 => (250usize..260).prop_map(|length| "y".repeat(length)),
        1 => (65_530usize..65_540).prop_map(|length| "z".repeat(length)),
    ]
}

fn binary() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        4 => vec(any::<u8>(), 0..20),
        1 => (250usize..260).prop_map(|length| vec![7; length]),
        1 => (65_530usize..65_540).prop_map(|length| vec![8; length]),
    ]
    .prop_map(Bytes::from)
}

fn messages() -> impl Strategy<Value = Vec<(Protocol, Bytes)>> {
    vec(binary(), 0..=Protocol::ALL.len()).prop_map(|messages| Protocol::ALL.iter().copied().zip(messages).collect())
}

/// An invocation with all that it may have.
#[derive(Debug, Clone)]
struct Call {
    excluded: Vec<String>,
    messages: Vec<(Protocol, Bytes)>,
    latest: Option<String>,
    question: Option<(String, String)>,
}

impl Call {
    fn question(&self) -> Option<Question<'_>> {
        self.question.as_ref().map(|(id, return_channel)| Question { id, return_channel })
    }

    fn write(&self) -> Bytes {
        invocation(&self.excluded, &self.messages, self.latest.as_deref(), self.question())
    }
}

fn call() -> impl Strategy<Value = Call> {
    let excluded = prop_oneof![vec(text(), 0..4), vec(Just("id".to_owned()), 14..18)];
    let (latest, question) = (proptest::option::of(text()), proptest::option::of((text(), text())));
    (excluded, messages(), latest, question).prop_map(|(excluded, messages, latest, question)| Call {
        excluded,
        messages,
        latest,
        question,
    })
}

fn ask_kind<'a>(kind: u8, of: &'a str, reason: Option<&'a str>) -> AskKind<'a> {
    match kind {
        0 => AskKind::Close { connection: of, reason },
        1 => AskKind::Members { group: of },
        2 => AskKind::Count { group: of },
        _ => AskKind::User { user: of },
    }
}

fn answer_kind(kind: u8, members: &[String], count: u64) -> AnswerKind<'_> {
    match kind {
        0 => AnswerKind::Done(count > 7),
        1 => AnswerKind::Members(members.iter().map(String::as_str).collect()),
        _ => AnswerKind::Count(count),
    }
}

/// How a kind of payload is read; whether that worked.
type Reads = fn(&[u8]) -> bool;

const INVOCATION: Reads = |payload| read_invocation(payload).is_ok();
const COMPLETION: Reads = |payload| read_completion(payload).is_ok();
const ACK: Reads = |payload| read_ack(payload).is_ok();
const COMMAND: Reads = |payload| GroupCommand::read(payload).is_ok();
const ASK: Reads = |payload| Ask::read(payload).is_ok();
const ANSWER: Reads = |payload| Answer::read(payload).is_ok();

const RECORDED: &[&str] = &[recorded::CALL, recorded::CALL_EXCEPT_B, recorded::B_GONE];
const ACTIONS: &[Action] = &[Action::Add, Action::Remove];

/// A payload of any kind, and how it is read.
fn valid() -> impl Strategy<Value = (Reads, Bytes)> {
    let action = select(ACTIONS);
    prop_oneof![
        4 => call().prop_map(|call| (INVOCATION, call.write())),
        1 => (select(Protocol::ALL), binary()).prop_map(|(protocol, message)| (COMPLETION, completion(protocol, &message))),
        1 => any::<i32>().prop_map(|id| (ACK, ack(id))),
        1 => (any::<i32>(), text(), action, text(), text()).prop_map(|(id, server, action, group, connection)| {
            let command =
                GroupCommand { id, server: &server, action, group: &group, connection: &connection };
            (COMMAND, command.write())
        }),
        2 => (any::<u64>(), text(), 0u8..4, text(), proptest::option::of(text())).prop_map(|(id, server, kind, of, reason)| {
            let kind = ask_kind(kind, &of, reason.as_deref());
            (ASK, Ask { id, server: &server, kind }.write())
        }),
        2 => (any::<u64>(), 0u8..3, vec(text(), 0..20), any::<u64>()).prop_map(|(id, kind, members, count)| {
            (ANSWER, Answer { id, kind: answer_kind(kind, &members, count) }.write())
        }),
        1 => select(RECORDED)
            .prop_map(|digits| (INVOCATION, super::hex(digits).into())),
    ]
}

/// Items that later versions may add.
const SURPLUS: &[&[u8]] =
    &[b"\xc0", b"\x07", b"\xa1x", b"\xc4\x01x", b"\x92\x01\x81\xa1k\xc0", b"\xcb\0\0\0\0\0\0\0\0", b"\xd6\xff\0\0\0\0"];

/// Arguments that look like anything.
fn arguments() -> impl Strategy<Value = Vec<String>> {
    vec(text(), 0..4)
}

fn framed(protocol: Protocol, id: Option<&str>, target: &str, arguments: &impl WireArguments) -> Vec<u8> {
    let mut out = Vec::new();
    let head = InvocationHead { id, target, ..InvocationHead::default() };
    protocol.encode_invocation(&mut out, head, arguments).unwrap();
    out
}

proptest! {
    #[test]
    fn a_call_is_read_as_it_was_written(call in call()) {
        let payload = call.write();
        let read = read_invocation(&payload).unwrap();
        prop_assert_eq!(&read.excluded, &call.excluded);
        let messages: Vec<_> = call.messages.iter().map(|(protocol, message)| (*protocol, &**message)).collect();
        prop_assert_eq!(read.messages.iter().collect::<Vec<_>>(), messages);
        prop_assert_eq!(read.latest, call.latest.as_deref());
        prop_assert_eq!(read.question, call.question());
    }

    #[test]
    fn everything_else_is_read_as_it_was_written(
        (number, wide) in any::<(i32, u64)>(),
        (one, two, three) in (text(), text(), text()),
        reason in proptest::option::of(text()),
        members in vec(text(), 0..20),
        message in binary(),
    ) {
        for &action in ACTIONS {
            let command = GroupCommand { id: number, server: &one, action, group: &two, connection: &three };
            let payload = command.write();
            prop_assert_eq!(GroupCommand::read(&payload), Ok(command));
        }
        prop_assert_eq!(read_ack(&ack(number)), Ok(number));
        for &protocol in Protocol::ALL {
            let payload = completion(protocol, &message);
            prop_assert_eq!(read_completion(&payload), Ok((protocol, &*message)));
        }
        for kind in 0..4 {
            let ask = Ask { id: wide, server: &one, kind: ask_kind(kind, &two, reason.as_deref()) };
            let payload = ask.write();
            prop_assert_eq!(Ask::read(&payload), Ok(ask));
        }
        for kind in 0..3 {
            let answer = Answer { id: wide, kind: answer_kind(kind, &members, wide) };
            let payload = answer.write();
            prop_assert_eq!(Answer::read(&payload), Ok(answer.clone()));
        }
    }

    #[test]
    fn a_part_of_a_payload_is_none((reads, payload) in valid(), cut in any::<Index>()) {
        prop_assert!(reads(&payload));
        prop_assert!(!reads(&payload[..cut.index(payload.len())]));
    }

    #[test]
    fn nothing_follows_a_payload((reads, payload) in valid(), byte in any::<u8>()) {
        prop_assert!(!reads(&[&*payload, &[byte]].concat()));
    }

    #[test]
    fn surplus_items_are_ignored((reads, payload) in valid(), surplus in select(SURPLUS)) {
        // An invocation may have an id and a channel there.
        let count = if payload[0] == 0x92 { 1 } else { 3 };
        let mut longer = payload.to_vec();
        longer[0] += count;
        for _ in 0..count {
            longer.extend_from_slice(surplus);
        }
        prop_assert!(reads(&longer));
    }

    #[test]
    fn no_bytes_panic(payload in vec(prop_oneof![any::<u8>(), 0x90u8..0x96, 0xa0u8..0xa4, Just(0xc4)], 0..60)) {
        check_payload(&payload);
    }

    #[test]
    fn no_change_of_a_payload_panics((_, payload) in valid(), changes in vec((any::<Index>(), any::<u8>()), 1..6)) {
        let mut changed = payload.to_vec();
        for (at, byte) in changes {
            let at = at.index(changed.len());
            changed[at] = byte;
        }
        check_payload(&changed);
    }

    #[test]
    fn messages_of_hubs_pass(target in ".{1,9}", id in proptest::option::of(".{1,9}"), arguments in arguments()) {
        for &protocol in Protocol::ALL {
            let message = framed(protocol, id.as_deref(), &target, &arguments);
            prop_assert_eq!(check_invocation(protocol, &message, id.as_deref()), Ok(()));
            let other = if id.is_some() { None } else { Some("1") };
            prop_assert!(check_invocation(protocol, &message, other).is_err());
            prop_assert!(completed(protocol.into(), &message).is_err());
        }
    }

    #[test]
    fn other_than_whole_messages_do_not_pass(arguments in arguments(), cut in any::<Index>(), surplus in any::<u8>()) {
        for &protocol in Protocol::ALL {
            let message = framed(protocol, None, "Receive", &arguments);
            let passes = |bytes: &[u8]| check_invocation(protocol, bytes, None).is_ok();
            prop_assert!(passes(&message));
            prop_assert!(!passes(&message[..cut.index(message.len())]));
            prop_assert!(!passes(&[&*message, &[surplus]].concat()));
            prop_assert!(!passes(&[&*message, &*message].concat()));
        }
    }
}
