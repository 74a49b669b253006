//! Text messages are UTF-8, however they are fragmented and received.

use crate::frames::{LIMIT, RawFrame, decode, near_text, read_sizes};
use proptest::collection::vec;
use proptest::prelude::*;
use signalr::protocol::websocket::{End, FrameError, Role};
use std::str::from_utf8;

/// A text message in fragments of these sizes, the last of which takes what is left.
fn fragments(text: &[u8], sizes: &[usize]) -> Vec<u8> {
    let mut input = Vec::new();
    let mut rest = text;
    for (index, size) in sizes.iter().enumerate() {
        let is_last = index + 1 == sizes.len();
        let (fragment, behind) = rest.split_at(if is_last { rest.len() } else { (*size).min(rest.len()) });
        rest = behind;
        let first = if is_last { 0x80 } else { 0 } | u8::from(index == 0);
        input.extend(RawFrame::new(first, fragment, Some([index as u8, 7, 0xF0, 0x55])).bytes());
    }
    input
}

/// Whether text may begin like this.
fn may_begin_text(bytes: &[u8]) -> bool {
    from_utf8(bytes).map_or_else(|error| error.error_len().is_none(), |_| true)
}

proptest! {
    #[test]
    fn verdict_is_that_of_the_standard_library(
        text in near_text(),
        fragment_sizes in vec(0..12_usize, 1..12),
        sizes in read_sizes(),
    ) {
        let found = decode(Role::Server, LIMIT, &fragments(&text, &fragment_sizes), &sizes);
        if from_utf8(&text).is_ok() {
            prop_assert_eq!(found.end, None);
            prop_assert_eq!(found.payload, text);
        } else {
            prop_assert_eq!(found.end, Some(End::Error(FrameError::TextNotUtf8)));
            let acceptable = (0..=text.len()).rev().find(|length| may_begin_text(&text[..*length]));
            prop_assert_eq!(Some(found.payload.len()), acceptable);
            prop_assert!(text.starts_with(&found.payload));
        }
    }

    #[test]
    fn binary_messages_may_be_anything(bytes in vec(any::<u8>(), 0..2000), mask in any::<[u8; 4]>(), sizes in read_sizes()) {
        let found = decode(Role::Server, LIMIT, &RawFrame::new(0x82, &bytes, Some(mask)).bytes(), &sizes);
        prop_assert_eq!(found.payload, bytes);
        prop_assert_eq!(found.end, None);
    }
}

/// Every first byte with every second byte, alone and followed by two continuation bytes.
#[test]
fn all_pairs_of_bytes() {
    for pair in 0..=u16::MAX {
        let [a, b] = pair.to_be_bytes();
        for text in [&[a, b][..], &[a, b, 0x80, 0xBF], &[b'x', a, b, 0x80]] {
            let found = decode(Role::Server, LIMIT, &fragments(text, &[1, 1]), &[usize::MAX]);
            assert_eq!(found.end.is_none(), from_utf8(text).is_ok(), "{text:x?}");
        }
    }
}

#[test]
fn a_message_must_not_end_inside_a_code_point() {
    let euro = "€".as_bytes();
    let [first, second, rest @ ..] =
        [&euro[..1], &euro[1..]].map(|part| RawFrame::new(0x81, part, Some([1, 2, 3, 4])).bytes());
    assert!(rest.is_empty());
    let found = decode(Role::Server, LIMIT, &[first, second].concat(), &[1]);
    assert_eq!(found.end, Some(End::Error(FrameError::TextNotUtf8)));
}

#[test]
fn control_frames_inside_a_code_point_do_no_harm() {
    let mask = Some([9, 8, 7, 6]);
    let input = [
        RawFrame::new(0x01, b"a\xE2\x82", mask).bytes(),
        RawFrame::new(0x89, b"\xFF", mask).bytes(),
        RawFrame::new(0x80, b"\xACb", mask).bytes(),
    ]
    .concat();
    let found = decode(Role::Server, LIMIT, &input, &[3]);
    assert_eq!((found.payload, found.end), ("a€b".into(), None));
}
