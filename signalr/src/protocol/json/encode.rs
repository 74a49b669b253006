//! Writing messages: properties in the order in which ASP.NET Core writes them, each message ended by a separator.

use super::text::write_string;
use super::value::write_value;
use crate::protocol::codec::InvocationHead;
use crate::protocol::error::EncodeError;
use crate::protocol::framing::SEPARATOR;
use crate::protocol::message::CompletionError;
use crate::protocol::naming::Naming;
use crate::protocol::payload::{AnyArguments, AnyValue, ArgumentEncoder};
use serde::Serialize;
use std::io::Write;

pub(in crate::protocol) fn encode_invocation(
    out: &mut Vec<u8>,
    head: InvocationHead<'_>,
    arguments: &dyn AnyArguments,
    naming: Naming,
) -> Result<(), EncodeError> {
    invocation(out, head, |out| arguments.write_json(out, naming))
}

/// An Invocation whose arguments are the inside of an array already.
pub(in crate::protocol) fn encode_encoded_invocation(
    out: &mut Vec<u8>,
    head: InvocationHead<'_>,
    arguments: &[u8],
    _count: usize,
) -> Result<(), EncodeError> {
    invocation(out, head, |out| {
        out.extend_from_slice(arguments);
        Ok(())
    })
}

#[inline]
fn invocation(
    out: &mut Vec<u8>,
    head: InvocationHead<'_>,
    arguments: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    out.extend_from_slice(if head.streaming { b"{\"type\":4," } else { b"{\"type\":1," });
    if !head.headers.is_empty() {
        out.extend_from_slice(b"\"headers\":{");
        for (index, (name, value)) in head.headers.iter().enumerate() {
            separate(out, index);
            write_string(out, name);
            out.push(b':');
            write_string(out, value);
        }
        out.extend_from_slice(b"},");
    }
    if let Some(id) = head.id {
        out.extend_from_slice(b"\"invocationId\":");
        write_string(out, id);
        out.push(b',');
    }
    out.extend_from_slice(b"\"target\":");
    write_string(out, head.target);
    out.extend_from_slice(b",\"arguments\":[");
    arguments(out)?;
    out.push(b']');
    if !head.stream_ids.is_empty() {
        out.extend_from_slice(b",\"streamIds\":[");
        for (index, id) in head.stream_ids.iter().enumerate() {
            separate(out, index);
            write_string(out, id);
        }
        out.push(b']');
    }
    end(out);
    Ok(())
}

#[inline]
pub(in crate::protocol) fn encode_stream_item(
    out: &mut Vec<u8>,
    id: &str,
    item: &dyn AnyValue,
    naming: Naming,
) -> Result<(), EncodeError> {
    write_stream_item_head(out, id);
    item.write_json(out, naming)?;
    end(out);
    Ok(())
}

/// A StreamItem of a stream whose head was written before.
#[inline]
pub(in crate::protocol) fn encode_next_stream_item(
    out: &mut Vec<u8>,
    head: &[u8],
    item: &dyn AnyValue,
    naming: Naming,
) -> Result<(), EncodeError> {
    out.extend_from_slice(head);
    item.write_json(out, naming)?;
    end(out);
    Ok(())
}

/// What stands in front of each item of a stream.
pub(in crate::protocol) fn write_stream_item_head(out: &mut Vec<u8>, id: &str) {
    out.extend_from_slice(b"{\"type\":2,\"invocationId\":");
    write_string(out, id);
    out.extend_from_slice(b",\"item\":");
}

#[inline]
pub(in crate::protocol) fn encode_result(
    out: &mut Vec<u8>,
    id: &str,
    value: &dyn AnyValue,
    naming: Naming,
) -> Result<(), EncodeError> {
    begin_completion(out, id);
    out.extend_from_slice(b",\"result\":");
    value.write_json(out, naming)?;
    end(out);
    Ok(())
}

/// A Completion with a value that is encoded already.
pub(in crate::protocol) fn encode_encoded_result(out: &mut Vec<u8>, id: &str, value: &[u8]) -> Result<(), EncodeError> {
    begin_completion(out, id);
    out.extend_from_slice(b",\"result\":");
    out.extend_from_slice(value);
    end(out);
    Ok(())
}

pub(in crate::protocol) fn encode_error(out: &mut Vec<u8>, id: &str, error: &str) {
    begin_completion(out, id);
    out.extend_from_slice(b",\"error\":");
    write_string(out, error);
    end(out);
}

pub(in crate::protocol) fn encode_error_with_info(
    out: &mut Vec<u8>,
    id: &str,
    error: &CompletionError<'_>,
) -> Result<(), EncodeError> {
    begin_completion(out, id);
    out.extend_from_slice(b",\"error\":");
    write_string(out, &error.message);
    if error.code.is_some() || error.data.is_some() {
        out.extend_from_slice(b",\"errorInfo\":{");
        if let Some(code) = &error.code {
            out.extend_from_slice(b"\"code\":");
            write_string(out, code);
        }
        if let Some(data) = &error.data {
            separate(out, usize::from(error.code.is_some()));
            out.extend_from_slice(b"\"data\":");
            out.extend_from_slice(data.as_bytes());
        }
        out.push(b'}');
    }
    end(out);
    Ok(())
}

pub(in crate::protocol) fn encode_end(out: &mut Vec<u8>, id: &str) {
    begin_completion(out, id);
    end(out);
}

pub(in crate::protocol) fn encode_cancel(out: &mut Vec<u8>, id: &str) {
    out.extend_from_slice(b"{\"type\":5,\"invocationId\":");
    write_string(out, id);
    end(out);
}

pub(in crate::protocol) fn encode_ping(out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"type\":6");
    end(out);
}

pub(in crate::protocol) fn encode_close(out: &mut Vec<u8>, error: Option<&str>, allow_reconnect: bool) {
    out.extend_from_slice(b"{\"type\":7");
    if let Some(error) = error {
        out.extend_from_slice(b",\"error\":");
        write_string(out, error);
    }
    if allow_reconnect {
        out.extend_from_slice(b",\"allowReconnect\":true");
    }
    end(out);
}

pub(in crate::protocol) fn encode_ack(out: &mut Vec<u8>, sequence_id: i64) {
    encode_sequence_id(out, b"{\"type\":8,\"sequenceId\":", sequence_id);
}

pub(in crate::protocol) fn encode_sequence(out: &mut Vec<u8>, sequence_id: i64) {
    encode_sequence_id(out, b"{\"type\":9,\"sequenceId\":", sequence_id);
}

fn encode_sequence_id(out: &mut Vec<u8>, head: &[u8], sequence_id: i64) {
    out.extend_from_slice(head);
    // A `Vec` takes everything: this cannot fail.
    let _ = write!(out, "{sequence_id}");
    end(out);
}

#[inline]
fn begin_completion(out: &mut Vec<u8>, id: &str) {
    out.extend_from_slice(b"{\"type\":3,\"invocationId\":");
    write_string(out, id);
}

#[inline]
fn end(out: &mut Vec<u8>) {
    out.extend_from_slice(&[b'}', SEPARATOR]);
}

fn separate(out: &mut Vec<u8>, index: usize) {
    if index > 0 {
        out.push(b',');
    }
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
}

impl ArgumentEncoder for Elements<'_> {
    #[inline]
    fn argument<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        separate(self.out, self.written);
        self.written += 1;
        write_value(self.out, value, self.naming)
    }
}
