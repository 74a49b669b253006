//! The rules of RFC 6455, one by one.

use crate::frames::{LIMIT, RawFrame, decode, decode_whole};
use signalr::protocol::websocket::{
    CloseCode, CloseFrame, Control, ControlPayload, End, FrameError, Opcode, Role, frame_header,
};

const MASK: Option<[u8; 4]> = Some([0x37, 0xFA, 0x21, 0x3D]);

fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    RawFrame::new(first, payload, MASK).bytes()
}

fn plain(first: u8, payload: &[u8]) -> Vec<u8> {
    RawFrame::new(first, payload, None).bytes()
}

#[test]
fn broken_rules() {
    use FrameError as E;
    let (server, client) = (Role::Server, Role::Client);
    let not_minimal = |length: usize, length_bytes| {
        RawFrame { first: 0x82, payload: vec![0; length], mask: MASK, length_bytes }.bytes()
    };
    let table = [
        (server, masked(0xC1, b"x"), E::ReservedBits, 1002),
        (server, masked(0xA1, b"x"), E::ReservedBits, 1002),
        (client, plain(0x91, b"x"), E::ReservedBits, 1002),
        (server, masked(0x83, b"x"), E::UnknownOpcode(3), 1002),
        (client, plain(0x87, b"x"), E::UnknownOpcode(7), 1002),
        (server, masked(0x8B, b"x"), E::UnknownOpcode(0xB), 1002),
        (server, masked(0x8F, b"x"), E::UnknownOpcode(0xF), 1002),
        (server, plain(0x81, b"x"), E::Unmasked, 1002),
        (server, plain(0x89, b""), E::Unmasked, 1002),
        (client, masked(0x81, b"x"), E::Masked, 1002),
        (client, masked(0x88, b""), E::Masked, 1002),
        (server, masked(0x09, b""), E::FragmentedControl, 1002),
        (server, masked(0x08, b""), E::FragmentedControl, 1002),
        (server, masked(0x89, &[0; 126]), E::ControlTooLong, 1002),
        (client, plain(0x88, &[0; 70_000]), E::ControlTooLong, 1002),
        (server, masked(0x80, b"x"), E::UnexpectedContinuation, 1002),
        (server, [masked(0x82, b"x"), masked(0x00, b"x")].concat(), E::UnexpectedContinuation, 1002),
        (server, [masked(0x02, b"x"), masked(0x82, b"x")].concat(), E::InterruptedMessage, 1002),
        (client, [plain(0x01, b"x"), plain(0x01, b"x")].concat(), E::InterruptedMessage, 1002),
        (server, not_minimal(125, 2), E::LengthNotMinimal, 1002),
        (server, not_minimal(0, 8), E::LengthNotMinimal, 1002),
        (server, not_minimal(65_535, 8), E::LengthNotMinimal, 1002),
        (client, vec![0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0], E::LengthOutOfRange, 1002),
        (client, vec![0x82, 127, 0x7F, 0, 0, 0, 0, 0, 0, 0], E::TooLong { length: 0x7F << 56, limit: LIMIT }, 1009),
        (server, masked(0x88, b"\x03"), E::CloseTooShort, 1002),
        (server, masked(0x88, b"\x03\xE8\xFF"), E::CloseReasonNotUtf8, 1007),
        (server, masked(0x81, b"\xC0\xAF"), E::TextNotUtf8, 1007),
        (server, masked(0x81, b"\xED\xA0\x80"), E::TextNotUtf8, 1007),
        (server, masked(0x81, b"\xF4\x90\x80\x80"), E::TextNotUtf8, 1007),
        (server, masked(0x81, b"\xE2\x82"), E::TextNotUtf8, 1007),
    ];
    for (role, input, error, code) in table {
        assert_eq!(error.close_code().get(), code, "{error}");
        for size in [1, usize::MAX] {
            let found = decode(role, LIMIT, &input, &[size]);
            assert_eq!(found.end, Some(End::Error(error)), "{error}");
        }
        // What comes before the error is not lost.
        let valid = if role == Role::Server { masked(0x81, b"before") } else { plain(0x81, b"before") };
        let found = decode_whole(role, LIMIT, &[valid, input].concat());
        assert!(found.payload.starts_with(b"before"), "{error}");
        assert_eq!(found.end, Some(End::Error(error)), "{error}");
    }
}

#[test]
fn every_first_byte() {
    for first in 0..=255_u8 {
        let known = [0x0, 0x1, 0x2, 0x8, 0x9, 0xA].contains(&(first & 0x0F));
        let whole_if_control = first & 0x08 == 0 || first & 0x80 != 0;
        let continues = first & 0x0F == 0;
        let valid = known && first & 0x70 == 0 && whole_if_control && !continues;
        let found = decode_whole(Role::Server, LIMIT, &masked(first, b""));
        let found_error = matches!(found.end, Some(End::Error(_)));
        assert_eq!(found_error, !valid, "{first:#x}");
    }
}

#[test]
fn a_frame_that_is_too_long_is_refused_before_its_payload() {
    let error = |length| Some(End::Error(FrameError::TooLong { length, limit: 1000 }));
    assert_eq!(decode_whole(Role::Server, 1000, &[0x82, 0xFE, 0x03, 0xE9]).end, error(1001));
    assert_eq!(decode_whole(Role::Client, 1000, &[0x00, 0x7E, 0x03, 0xE9]).end, error(1001));
    assert_eq!(decode_whole(Role::Server, 1000, &[0x82, 0xFF, 0, 0, 0, 0, 0, 1, 0, 0]).end, error(65536));
    assert_eq!(FrameError::TooLong { length: 1001, limit: 1000 }.close_code(), CloseCode::TOO_BIG);

    let fitting = [masked(0x02, &[5; 1000]), masked(0x80, &[6; 1000])].concat();
    let found = decode_whole(Role::Server, 1000, &fitting);
    assert_eq!((found.payload.len(), found.end), (2000, None));
    // The limit is for data: a connection stays alive with any.
    assert_eq!(decode_whole(Role::Server, 0, &masked(0x89, &[0; 125])).controls.len(), 1);
}

#[test]
fn close_codes() {
    for number in 0..=u16::MAX {
        let allowed = matches!(number, 1000..=1003 | 1007..=1014 | 3000..=4999);
        let found = decode_whole(Role::Server, LIMIT, &masked(0x88, &[&number.to_be_bytes()[..], b"why"].concat()));
        let expected = match CloseCode::new(number) {
            Some(code) => End::Close(Some(CloseFrame { code, reason: "why".into() })),
            None => End::Error(FrameError::InvalidCloseCode(number)),
        };
        assert_eq!(CloseCode::new(number).map(CloseCode::get), allowed.then_some(number));
        assert_eq!(found.end, Some(expected));
    }
    assert_eq!(FrameError::InvalidCloseCode(1005).close_code(), CloseCode::PROTOCOL_ERROR);
    assert_eq!(decode_whole(Role::Server, LIMIT, &masked(0x88, b"")).end, Some(End::Close(None)));
}

#[test]
fn control_frames_in_a_message_in_pieces() {
    let long = [7; 125];
    let input = [
        masked(0x01, b"Hel"),
        masked(0x89, &long),
        masked(0x8A, b""),
        masked(0x80, b"lo"),
        masked(0x88, b"\x0F\xA0bye"),
        masked(0x81, b"never read"),
    ]
    .concat();
    for size in [1, 2, 5, 64, usize::MAX] {
        let found = decode(Role::Server, LIMIT, &input, &[size]);
        assert_eq!(found.payload, b"Hello");
        let ping = Control::Ping(ControlPayload::new(&long).unwrap());
        assert_eq!(found.controls, [ping, Control::Pong(ControlPayload::EMPTY)]);
        let code = CloseCode::new(4000).unwrap();
        assert_eq!(found.end, Some(End::Close(Some(CloseFrame { code, reason: "bye".into() }))));
    }
}

/// <https://www.rfc-editor.org/rfc/rfc6455#section-5.7>
#[test]
fn examples_of_the_rfc() {
    let hello = [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58];
    assert_eq!(decode_whole(Role::Server, LIMIT, &hello).payload, b"Hello");
    let unmasked = [0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F];
    assert_eq!(decode_whole(Role::Client, LIMIT, &unmasked).payload, b"Hello");
    let fragmented = [0x01, 0x03, 0x48, 0x65, 0x6C, 0x80, 0x02, 0x6C, 0x6F];
    assert_eq!(decode_whole(Role::Client, LIMIT, &fragmented).payload, b"Hello");
    let large = [&[0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0][..], &[3; 65536]].concat();
    assert_eq!(decode_whole(Role::Client, LIMIT, &large).payload, [3; 65536]);
}

#[test]
fn written_lengths_are_minimal() {
    for (length, bytes) in [
        (0, &[0x82, 0][..]),
        (125, &[0x82, 125]),
        (126, &[0x82, 126, 0, 126]),
        (65_535, &[0x82, 126, 0xFF, 0xFF]),
        (65_536, &[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
    ] {
        assert_eq!(*frame_header(Opcode::Binary, length, None), *bytes);
        let masked = frame_header(Opcode::Binary, length, Some([1, 2, 3, 4]));
        assert_eq!(masked[1], bytes[1] | 0x80);
        assert_eq!(masked[2..], [&bytes[2..], &[1, 2, 3, 4]].concat());
    }
}
