//! What the tests send, and how they read it.

use proptest::collection::vec;
use proptest::prelude::*;
use signalr::protocol::websocket::{Control, Decoded, End, FrameDecoder, Role};

/// Larger than any frame of these tests.
pub(crate) const LIMIT: usize = 1 << 20;

/// All that a decoder found in its input.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Found {
    pub(crate) payload: Vec<u8>,
    pub(crate) controls: Vec<Control>,
    pub(crate) end: Option<End>,
}

impl Found {
    /// The code to close with, if a rule was broken.
    pub(crate) fn error_code(&self) -> Option<u16> {
        match &self.end {
            Some(End::Error(error)) => Some(error.close_code().get()),
            Some(End::Close(_)) | None => None,
        }
    }
}

/// Decodes `input` in reads of these sizes, again and again.
pub(crate) fn decode(role: Role, limit: usize, input: &[u8], sizes: &[usize]) -> Found {
    let mut decoder = FrameDecoder::new(role, limit);
    let mut found = Found::default();
    let mut bytes = input.to_vec();
    let mut rest = &mut bytes[..];
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (buffer, unread) = rest.split_at_mut((*size).min(rest.len()));
        rest = unread;
        let controls = found.controls.len();
        let Decoded { payload, end } = decoder.decode(buffer, &mut found.controls);
        if found.end.is_some() {
            assert_eq!((payload, end, controls), (0, None, found.controls.len()), "found something behind the end");
            continue;
        }
        found.payload.extend_from_slice(&buffer[..payload]);
        found.end = end;
    }
    found
}

/// Decodes `input` in one read.
pub(crate) fn decode_whole(role: Role, limit: usize, input: &[u8]) -> Found {
    decode(role, limit, input, &[usize::MAX])
}

/// Sizes of reads, from single bytes to more than a frame.
pub(crate) fn read_sizes() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![
        Just(vec![1]),
        Just(vec![usize::MAX]),
        vec(1..8_usize, 1..50),
        vec(1..300_usize, 1..20),
        vec(prop_oneof![1..16_usize, 1..70_000_usize], 1..20),
    ]
}

/// A frame by its parts, which may break any rule.
#[derive(Debug, Clone)]
pub(crate) struct RawFrame {
    /// The first byte: final bit, reserved bits and opcode.
    pub(crate) first: u8,
    pub(crate) payload: Vec<u8>,
    pub(crate) mask: Option<[u8; 4]>,
    /// How many bytes the length takes behind the second: 0, 2 or 8; more if needed.
    pub(crate) length_bytes: usize,
}

impl RawFrame {
    pub(crate) fn new(first: u8, payload: &[u8], mask: Option<[u8; 4]>) -> Self {
        RawFrame { first, payload: payload.to_vec(), mask, length_bytes: 0 }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let length = self.payload.len();
        let masked = if self.mask.is_some() { 0x80 } else { 0 };
        let mut bytes = vec![self.first];
        match length {
            0..=125 if self.length_bytes == 0 => bytes.push(masked | length as u8),
            0..=65535 if self.length_bytes <= 2 => {
                bytes.push(masked | 126);
                bytes.extend((length as u16).to_be_bytes());
            }
            _ => {
                bytes.push(masked | 127);
                bytes.extend((length as u64).to_be_bytes());
            }
        }
        let key = self.mask.unwrap_or_default();
        bytes.extend(self.mask.iter().flatten());
        bytes.extend(self.payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
        bytes
    }
}

/// Text with code points of all lengths.
pub(crate) fn text(characters: usize) -> impl Strategy<Value = String> {
    let character = prop_oneof![
        4 => proptest::char::range('\0', '\u{7f}'),
        1 => any::<char>(),
        1 => proptest::char::range('\u{80}', '\u{7ff}'),
        1 => proptest::char::range('\u{800}', '\u{d7ff}'),
        1 => proptest::char::range('\u{10000}', '\u{10ffff}'),
    ];
    vec(character, 0..characters).prop_map(|characters| characters.into_iter().collect())
}

/// Bytes that are often text, and often nearly text.
pub(crate) fn near_text() -> impl Strategy<Value = Vec<u8>> {
    let special = prop::sample::select(vec![0x00_u8, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xE0, 0xE2]);
    let piece = prop_oneof![
        6 => text(12).prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..4),
        1 => vec(special, 1..3),
        1 => (text(2), 0..4_usize).prop_map(|(text, length)| text.into_bytes().into_iter().take(length).collect()),
        1 => (prop::sample::select(vec![0xED_u8, 0xF0, 0xF4, 0xF5, 0xFF]), any::<u8>()).prop_map(|(a, b)| vec![a, b]),
    ];
    vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

/// Bytes around the length from which a header has eight bytes for it. Made of few choices, to be made fast.
pub(crate) fn long_bytes() -> impl Strategy<Value = Vec<u8>> {
    let length = prop_oneof![60_000..70_000_usize, 65_530..65_540_usize];
    (length, 1..255_u8).prop_map(|(length, step)| (0..length).map(|index| (index % usize::from(step)) as u8).collect())
}

/// Frames that mostly obey the rules for a server to receive.
pub(crate) fn raw_frames() -> impl Strategy<Value = Vec<RawFrame>> {
    let payload = prop_oneof![
        6 => near_text(),
        2 => vec(any::<u8>(), 0..300),
        1 => long_bytes(),
        1 => (prop_oneof![Just(1000_u16), 990..1020_u16, 2990..3010_u16, any::<u16>()], text(20))
            .prop_map(|(code, reason)| [&code.to_be_bytes(), reason.as_bytes()].concat()),
    ];
    let first = prop_oneof![
        16 => prop::sample::select(vec![0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x89, 0x8A]),
        1 => Just(0x88),
        1 => any::<u8>(),
    ];
    let mask = prop_oneof![30 => any::<[u8; 4]>().prop_map(Some), 1 => Just(None)];
    let length_bytes = prop_oneof![30 => Just(0_usize), 1 => Just(2), 1 => Just(8)];
    let frame = (first, payload, mask, length_bytes);
    vec(frame.prop_map(|(first, payload, mask, length_bytes)| RawFrame { first, payload, mask, length_bytes }), 0..12)
}
