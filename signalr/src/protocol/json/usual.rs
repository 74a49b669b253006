//! Invocations in the words of Microsoft's clients, read in one go: most of what a server reads is one of these.
//!
//! What differs in any way (another order, blanks, escapes, headers, streams, a mistake) is left to
//! [`decode`](super::decode), which reads properties in any order and says what is wrong.

use super::decode::arguments;
use super::scan::{Raw, Scanner};
use crate::protocol::message::Invocation;
use crate::protocol::payload::Arguments;
use std::borrow::Cow;

/// The invocation, if `text` begins with one of these forms:
///
/// - .NET: `{"type":1,"invocationId":"1","target":"Method","arguments":[…]}`,
/// - JavaScript: `{"arguments":[…],"invocationId":"1","target":"Method","type":1}`,
///
/// with or without its id.
#[inline(always)]
pub(super) fn invocation(text: &str) -> Option<Invocation<'_>> {
    let mut scanner = Scanner::new(Raw::Text(text));
    let (id, target, arguments) =
        if scanner.skip(b"{\"type\":1,") { dotnet(&mut scanner)? } else { javascript(&mut scanner)? };
    Some(Invocation {
        streaming: false,
        id: id.map(Cow::Borrowed),
        target: Cow::Borrowed(target),
        arguments,
        stream_ids: Vec::new(),
        headers: Vec::new(),
    })
}

type Parts<'a> = (Option<&'a str>, &'a str, Arguments<'a>);

#[inline(always)]
fn dotnet<'a>(scanner: &mut Scanner<'a>) -> Option<Parts<'a>> {
    let id = if scanner.skip(b"\"invocationId\":\"") { Some(id(scanner)?) } else { None };
    let target = if scanner.skip(b"\"target\":\"") { scanner.plain()? } else { return None };
    let arguments = if scanner.skip(b",\"arguments\":") { arguments(scanner).ok()? } else { return None };
    scanner.skip(b"}").then_some((id, target, arguments))
}

#[inline(always)]
fn javascript<'a>(scanner: &mut Scanner<'a>) -> Option<Parts<'a>> {
    let arguments = if scanner.skip(b"{\"arguments\":") { arguments(scanner).ok()? } else { return None };
    if !scanner.skip(b",") {
        return None;
    }
    let id = if scanner.skip(b"\"invocationId\":\"") { Some(id(scanner)?) } else { None };
    let target = if scanner.skip(b"\"target\":\"") { scanner.plain()? } else { return None };
    scanner.skip(b",\"type\":1}").then_some((id, target, arguments))
}

/// An id and the comma behind it. An empty one means that there is none.
#[inline(always)]
fn id<'a>(scanner: &mut Scanner<'a>) -> Option<&'a str> {
    let id = scanner.plain().filter(|id| !id.is_empty())?;
    scanner.skip(b",").then_some(id)
}

#[cfg(test)]
mod tests {
    use super::super::decode::{decode, decode_any};
    use super::*;
    use proptest::prelude::*;

    /// What is read, or why it cannot be.
    fn read(text: &str) -> [String; 2] {
        [decode, decode_any].map(|decode| format!("{:?}", decode(Raw::Text(text))))
    }

    #[test]
    fn the_usual_forms_are_recognised() {
        for text in [
            r#"{"type":1,"invocationId":"1","target":"Method","arguments":[1,"a"]}"#,
            r#"{"type":1,"target":"Method","arguments":[]}"#,
            r#"{"arguments":[{"a":[1]},null],"invocationId":"12345678901","target":"AMuchLongerName","type":1}"#,
            r#"{"arguments":[],"target":"Method","type":1}"#,
        ] {
            assert!(invocation(text).is_some(), "{text}");
            let [usual, any] = read(text);
            assert_eq!(usual, any);
        }
    }

    proptest! {
        #[test]
        fn nothing_is_read_otherwise_than_property_by_property(
            dotnet: bool,
            id in proptest::option::of("[a-z0-9\"\\\\é]{0,10}"),
            target in "[a-z\"\\\\é]{0,10}",
            arguments in prop::collection::vec("[0-9\"\\\\é]{0,20}", 0..3),
            change in proptest::option::of((any::<prop::sample::Index>(), "[\"\\\\{}\\[\\]:, 1a]?")),
        ) {
            let quoted = |text: &str| serde_json::to_string(text).unwrap();
            let id = id.map(|id| format!("\"invocationId\":{},", quoted(&id))).unwrap_or_default();
            let target = format!("\"target\":{}", quoted(&target));
            let arguments = format!("\"arguments\":{}", serde_json::to_string(&arguments).unwrap());
            let mut text = if dotnet {
                format!("{{\"type\":1,{id}{target},{arguments}}}")
            } else {
                format!("{{{arguments},{id}{target},\"type\":1}}")
            };
            if let Some((at, new)) = change {
                let (at, old) = text.char_indices().nth(at.index(text.chars().count())).unwrap();
                text.replace_range(at..at + old.len_utf8(), &new);
            }
            let [usual, any] = read(&text);
            prop_assert_eq!(usual, any, "{}", text);
        }
    }
}
