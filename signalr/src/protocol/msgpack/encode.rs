//! The array around each kind of message, written with its length prefix.

use super::value::write_value;
use super::{kind, result_kind};
use crate::protocol::codec::InvocationHead;
use crate::protocol::error::EncodeError;
use crate::protocol::message::CompletionError;
use crate::protocol::naming::Naming;
use crate::protocol::packed::write::{FALSE, NIL, TRUE, write_array_len, write_map_len, write_signed, write_str};
use crate::protocol::payload::{AnyArguments, AnyValue, ArgumentEncoder};
use serde::Serialize;

/// A map without entries, which is what headers are in all messages but invocations.
const NO_HEADERS: u8 = 0x80;

/// The longest body that the protocol has.
const MAX_BODY: usize = 0x7fff_ffff;

/// An array of `N` items, at most 15.
const fn array<const N: usize>() -> u8 {
    assert!(N < 16);
    0x90 | N as u8
}

pub(crate) fn encode_invocation(
    out: &mut Vec<u8>,
    head: InvocationHead<'_>,
    arguments: &dyn AnyArguments,
    naming: Naming,
) -> Result<(), EncodeError> {
    invocation(out, head, arguments.count(), |out| arguments.write_message_pack(out, naming))
}

/// An Invocation whose arguments are encoded already, without the head of their array.
pub(crate) fn encode_encoded_invocation(
    out: &mut Vec<u8>,
    head: InvocationHead<'_>,
    arguments: &[u8],
    count: usize,
) -> Result<(), EncodeError> {
    invocation(out, head, count, |out| {
        out.extend_from_slice(arguments);
        Ok(())
    })
}

#[inline]
fn invocation(
    out: &mut Vec<u8>,
    head: InvocationHead<'_>,
    count: usize,
    arguments: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    try_framed(out, |out| {
        let kind = if head.streaming { kind::STREAM_INVOCATION } else { kind::INVOCATION };
        out.extend_from_slice(&[const { array::<6>() }, kind]);
        write_map_len(out, head.headers.len());
        for (key, value) in head.headers {
            write_str(out, key);
            write_str(out, value);
        }
        match head.id {
            Some(id) => write_str(out, id),
            None => out.push(NIL),
        }
        write_str(out, head.target);
        write_array_len(out, count);
        arguments(out)?;
        write_array_len(out, head.stream_ids.len());
        for id in head.stream_ids {
            write_str(out, id);
        }
        Ok(())
    })
}

pub(crate) fn encode_stream_item(
    out: &mut Vec<u8>,
    id: &str,
    item: &dyn AnyValue,
    naming: Naming,
) -> Result<(), EncodeError> {
    try_framed(out, |out| {
        write_stream_item_head(out, id);
        item.write_message_pack(out, naming)
    })
}

/// A StreamItem of a stream whose head was written before.
#[inline]
pub(crate) fn encode_next_stream_item(
    out: &mut Vec<u8>,
    head: &[u8],
    item: &dyn AnyValue,
    naming: Naming,
) -> Result<(), EncodeError> {
    try_framed(out, |out| {
        out.extend_from_slice(head);
        item.write_message_pack(out, naming)
    })
}

/// What stands in front of each item of a stream, behind the length of its message.
pub(crate) fn write_stream_item_head(out: &mut Vec<u8>, id: &str) {
    out.extend_from_slice(&[const { array::<4>() }, kind::STREAM_ITEM, NO_HEADERS]);
    write_str(out, id);
}

pub(crate) fn encode_result(
    out: &mut Vec<u8>,
    id: &str,
    value: &dyn AnyValue,
    naming: Naming,
) -> Result<(), EncodeError> {
    try_framed(out, |out| {
        out.extend_from_slice(&[const { array::<5>() }, kind::COMPLETION, NO_HEADERS]);
        write_str(out, id);
        out.push(result_kind::VALUE);
        value.write_message_pack(out, naming)
    })
}

/// A Completion with a value that is encoded already.
pub(crate) fn encode_encoded_result(out: &mut Vec<u8>, id: &str, value: &[u8]) -> Result<(), EncodeError> {
    try_framed(out, |out| {
        out.extend_from_slice(&[const { array::<5>() }, kind::COMPLETION, NO_HEADERS]);
        write_str(out, id);
        out.push(result_kind::VALUE);
        out.extend_from_slice(value);
        Ok(())
    })
}

pub(crate) fn encode_error(out: &mut Vec<u8>, id: &str, error: &str) {
    framed(out, |out| {
        out.extend_from_slice(&[const { array::<5>() }, kind::COMPLETION, NO_HEADERS]);
        write_str(out, id);
        out.push(result_kind::ERROR);
        write_str(out, error);
    });
}

pub(crate) fn encode_error_with_info(
    out: &mut Vec<u8>,
    id: &str,
    error: &CompletionError<'_>,
) -> Result<(), EncodeError> {
    let members = usize::from(error.code.is_some()) + usize::from(error.data.is_some());
    try_framed(out, |out| {
        let head = if members == 0 { const { array::<5>() } } else { const { array::<6>() } };
        out.extend_from_slice(&[head, kind::COMPLETION, NO_HEADERS]);
        write_str(out, id);
        out.push(result_kind::ERROR);
        write_str(out, &error.message);
        if members > 0 {
            write_map_len(out, members);
        }
        if let Some(code) = &error.code {
            write_str(out, "code");
            write_str(out, code);
        }
        if let Some(data) = &error.data {
            write_str(out, "data");
            out.extend_from_slice(data.as_bytes());
        }
        Ok(())
    })
}

pub(crate) fn encode_end(out: &mut Vec<u8>, id: &str) {
    framed(out, |out| {
        out.extend_from_slice(&[const { array::<4>() }, kind::COMPLETION, NO_HEADERS]);
        write_str(out, id);
        out.push(result_kind::VOID);
    });
}

pub(crate) fn encode_cancel(out: &mut Vec<u8>, id: &str) {
    framed(out, |out| {
        out.extend_from_slice(&[const { array::<3>() }, kind::CANCEL_INVOCATION, NO_HEADERS]);
        write_str(out, id);
    });
}

pub(crate) fn encode_ping(out: &mut Vec<u8>) {
    framed(out, |out| out.extend_from_slice(&[const { array::<1>() }, kind::PING]));
}

pub(crate) fn encode_close(out: &mut Vec<u8>, error: Option<&str>, allow_reconnect: bool) {
    framed(out, |out| {
        out.extend_from_slice(&[const { array::<3>() }, kind::CLOSE]);
        match error {
            Some(error) => write_str(out, error),
            None => out.push(NIL),
        }
        out.push(if allow_reconnect { TRUE } else { FALSE });
    });
}

pub(crate) fn encode_ack(out: &mut Vec<u8>, sequence_id: i64) {
    numbered(out, kind::ACK, sequence_id);
}

pub(crate) fn encode_sequence(out: &mut Vec<u8>, sequence_id: i64) {
    numbered(out, kind::SEQUENCE, sequence_id);
}

fn numbered(out: &mut Vec<u8>, kind: u8, number: i64) {
    framed(out, |out| {
        out.extend_from_slice(&[const { array::<2>() }, kind]);
        write_signed(out, number);
    });
}

/// Writes arguments as the elements of an array.
pub(in crate::protocol) struct Elements<'a> {
    out: &'a mut Vec<u8>,
    written: usize,
    naming: Naming,
}

impl<'a> Elements<'a> {
    pub(in crate::protocol) fn new(out: &'a mut Vec<u8>, naming: Naming) -> Self {
        Elements { out, written: 0, naming }
    }

    /// Whether so many were written as the head of their array says.
    pub(in crate::protocol) fn check(&self, count: usize) -> Result<(), EncodeError> {
        if self.written == count {
            return Ok(());
        }
        Err(EncodeError::new(format!("{} arguments were written instead of {count}", self.written)))
    }
}

impl ArgumentEncoder for Elements<'_> {
    #[inline]
    fn argument<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.written += 1;
        write_value(self.out, value, self.naming)
    }
}

/// Writes the length of what `body` writes in front of it.
#[inline]
fn framed(out: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.push(0);
    body(out);
    write_prefix(out, start);
}

/// Like [`framed`], for messages with values in them: these can fail, and can be longer than the protocol allows.
#[inline]
fn try_framed(
    out: &mut Vec<u8>,
    body: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let start = out.len();
    out.push(0);
    body(out)?;
    if out.len() - start - 1 > MAX_BODY {
        return Err(EncodeError::new("messages over 2 GB in size are not supported"));
    }
    write_prefix(out, start);
    Ok(())
}

/// Puts the length of the body, which follows the byte at `start`, in place of that byte. Only a body of 128 bytes or
/// more has to move.
#[inline]
fn write_prefix(out: &mut Vec<u8>, start: usize) {
    let length = out.len() - start - 1;
    match (u8::try_from(length), out.get_mut(start)) {
        (Ok(length @ 0..0x80), Some(prefix)) => *prefix = length,
        _ => {
            let count = 1 + (1..5).filter(|&byte| length >> (7 * byte) != 0).count();
            let varint: [u8; 5] = std::array::from_fn(|byte| {
                let more = if byte + 1 < count { 0x80 } else { 0 };
                (length >> (7 * byte)) as u8 & 0x7f | more
            });
            out.splice(start..=start, varint.into_iter().take(count));
        }
    }
}
