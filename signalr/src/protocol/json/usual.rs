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
