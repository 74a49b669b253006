//! The MessagePack hub protocol, in the encoding that the load client uses.

use super::protocol::{Protocol, Request};

pub(super) struct MessagePack;

impl Protocol for MessagePack {
    type Slice = [u8];
    type Buffer = Vec<u8>;

    fn next<'a>(rest: &mut &'a [u8]) -> Option<Request<'a, [u8]>> {
        let (message, after) = split(rest)?;
        *rest = after;
        let [_array, kind, _headers, message @ ..] = message else { return None };
        let (id, message) = short_text(message)?;
        match kind {
            2 => number(message).map(Request::Item),
            3 => Some(Request::EndOfUpload),
            _ => {
                let (target, message) = short_text(message)?;
                let [_array, argument @ ..] = message else { return None };
                match (kind, target) {
                    (1, b"Sum") => Some(Request::Sum { id }),
                    // Behind the arguments are the ids of streams, of which there are none.
                    (1, b"Echo") => Some(Request::Echo { id, argument: argument.strip_suffix(b"\x90")? }),
                    (1, b"Broadcast") => Some(Request::Broadcast { id, argument: argument.strip_suffix(b"\x90")? }),
                    (4, b"Counter") => number(argument).map(|count| Request::Counter { id, count }),
                    _ => None,
                }
            }
        }
    }

    fn is_empty(buffer: &Vec<u8>) -> bool {
        buffer.is_empty()
    }

    fn invocation(argument: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        append(&mut out, [b"\x96\x01\x80\xc0\xa7receive\x91", argument, b"\x90"]);
        out
    }

    fn item(out: &mut Vec<u8>, id: &[u8], item: u64) {
        append(out, [b"\x94\x02\x80", &[short(id)], id, &[0xce], &(item as u32).to_be_bytes()]);
    }

    fn completion(out: &mut Vec<u8>, id: &[u8], result: Option<&[u8]>) {
        match result {
            Some(result) => append(out, [b"\x95\x03\x80", &[short(id)], id, &[3], result]),
            None => append(out, [b"\x94\x03\x80", &[short(id)], id, &[2]]),
        }
    }

    fn number(number: u64) -> Vec<u8> {
        [&[0xcf][..], &number.to_be_bytes()].concat()
    }
}

/// The head of a text that short.
fn short(text: &[u8]) -> u8 {
    0xa0 | text.len() as u8
}

/// Appends a message, its length before it.
fn append<const N: usize>(out: &mut Vec<u8>, parts: [&[u8]; N]) {
    let mut length: usize = parts.iter().map(|part| part.len()).sum();
    out.reserve(length + 5);
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    parts.iter().for_each(|part| out.extend_from_slice(part));
}

fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0;
    for (nth, byte) in bytes.iter().take(5).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * nth);
        if *byte < 0x80 {
            return bytes.get(nth + 1..)?.split_at_checked(length);
        }
    }
    None
}

fn short_text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (head, rest) = bytes.split_first()?;
    rest.split_at_checked((head & 0x1f).into())
}

fn number(bytes: &[u8]) -> Option<u64> {
    let big_endian = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    match bytes {
        [small @ ..0x80, ..] => Some((*small).into()),
        [0xcc, rest @ ..] => rest.get(..1).map(big_endian),
        [0xcd, rest @ ..] => rest.get(..2).map(big_endian),
        [0xce, rest @ ..] => rest.get(..4).map(big_endian),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_sliced() {
        let mut all = Vec::new();
        append(&mut all, [b"\x96\x01\x80\xa17\xa4Echo\x91\xa3abc\x90"]);
        append(&mut all, [b"\x96\x04\x80\xa10\xa7Counter\x91\xcd\x03\xe8\x90"]);
        append(&mut all, [b"\x96\x01\x80\xa11\xa3Sum\x90\x91\xa1s"]);
        append(&mut all, [b"\x94\x02\x80\xa1s\x2a"]);
        append(&mut all, [b"\x94\x03\x80\xa1s\x02"]);
        let mut rest = &all[..];
        assert_eq!(MessagePack::next(&mut rest), Some(Request::Echo { id: &b"7"[..], argument: b"\xa3abc" }));
        assert_eq!(MessagePack::next(&mut rest), Some(Request::Counter { id: &b"0"[..], count: 1000 }));
        assert_eq!(MessagePack::next(&mut rest), Some(Request::Sum { id: &b"1"[..] }));
        assert_eq!(MessagePack::next(&mut rest), Some(Request::Item(42)));
        assert_eq!(MessagePack::next(&mut rest), Some(Request::EndOfUpload));
        assert_eq!(MessagePack::next(&mut rest), None);
    }
}
