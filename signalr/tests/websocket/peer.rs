//! tungstenite at the other end.

use crate::frames::{Found, LIMIT, RawFrame, decode, decode_whole, long_bytes, raw_frames, read_sizes, text};
use proptest::collection::vec;
use proptest::prelude::*;
use signalr::protocol::websocket::{
    CloseCode, CloseFrame, Control, ControlPayload, End, FrameError, Opcode, Role, apply_mask, frame_header,
    write_close, write_control,
};
use std::io::{self, Cursor, Read, Write};
use tokio_tungstenite::tungstenite::error::{Error, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame as PeerClose, Frame};
use tokio_tungstenite::tungstenite::protocol::{Role as PeerRole, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, WebSocket};

/// A socket whose other end has sent `received`, and to which `sent` was written.
#[derive(Debug, Default)]
struct Socket {
    received: Cursor<Vec<u8>>,
    sent: Vec<u8>,
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.received.read(buffer)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sent.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn peer(role: PeerRole, received: Vec<u8>) -> WebSocket<Socket> {
    let socket = Socket { received: Cursor::new(received), sent: Vec::new() };
    let config = WebSocketConfig::default().max_frame_size(Some(LIMIT)).max_message_size(None);
    WebSocket::from_raw_socket(socket, role, Some(config))
}

/// What one end says to the other.
#[derive(Debug, Clone)]
enum Said {
    Text(String),
    Binary(Vec<u8>),
    Ping(ControlPayload),
    Pong(ControlPayload),
}

fn said() -> impl Strategy<Value = Said> {
    let control = || vec(any::<u8>(), 0..126).prop_map(|bytes| ControlPayload::new(&bytes).unwrap());
    prop_oneof![
        4 => text(60).prop_map(Said::Text),
        1 => text(500).prop_map(Said::Text),
        3 => vec(any::<u8>(), 0..200).prop_map(Said::Binary),
        1 => long_bytes().prop_map(Said::Binary),
        1 => control().prop_map(Said::Ping),
        1 => control().prop_map(Said::Pong),
    ]
}

fn close() -> impl Strategy<Value = Option<CloseFrame>> {
    let code = prop_oneof![1000..1004_u16, 1007..1014_u16, 3000..5000_u16];
    proptest::option::of((code, text(30)).prop_map(|(number, reason)| {
        let code = CloseCode::new(number).unwrap();
        CloseFrame { code, reason }
    }))
}

fn role_pair() -> impl Strategy<Value = (Role, PeerRole)> {
    prop_oneof![Just((Role::Server, PeerRole::Client)), Just((Role::Client, PeerRole::Server))]
}

/// Lets the peer write a message in fragments, with pings between them.
fn write_fragments(peer: &mut WebSocket<Socket>, kind: Data, bytes: &[u8], size: usize, controls: &mut Vec<Control>) {
    let count = bytes.len().div_ceil(size).max(1);
    for index in 0..count {
        let fragment = bytes[index * size..].iter().take(size).copied().collect::<Vec<_>>();
        let kind = if index == 0 { kind } else { Data::Continue };
        let frame = Frame::message(fragment, OpCode::Data(kind), index + 1 == count);
        peer.write(Message::Frame(frame)).unwrap();
        if index % 3 == 1 {
            peer.write(Message::Ping(vec![index as u8].into())).unwrap();
            controls.push(Control::Ping(ControlPayload::new(&[index as u8]).unwrap()));
        }
    }
}

/// What tungstenite makes of `input`, in the terms of the decoder.
fn read_by_peer(role: PeerRole, input: Vec<u8>) -> Found {
    let mut peer = peer(role, input);
    let mut found = Found::default();
    let control = |bytes: &[u8]| ControlPayload::new(bytes).unwrap();
    loop {
        match peer.read() {
            Ok(Message::Text(text)) => found.payload.extend_from_slice(text.as_bytes()),
            Ok(Message::Binary(bytes)) => found.payload.extend_from_slice(&bytes),
            Ok(Message::Ping(bytes)) => found.controls.push(Control::Ping(control(&bytes))),
            Ok(Message::Pong(bytes)) => found.controls.push(Control::Pong(control(&bytes))),
            Ok(Message::Close(close)) => {
                let close = close.map(|close| CloseFrame {
                    code: CloseCode::new(close.code.into()).unwrap(),
                    reason: close.reason.as_str().into(),
                });
                found.end = Some(End::Close(close));
                return found;
            }
            Ok(Message::Frame(_)) => unreachable!("only written"),
            Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => return found,
            Err(error) => panic!("{error}"),
        }
    }
}

/// The close code for which tungstenite gives up on `input`, and the payload of the messages before.
fn verdict_of_peer(role: PeerRole, input: Vec<u8>) -> (Option<u16>, Vec<u8>) {
    let mut peer = peer(role, input);
    let mut payload = Vec::new();
    loop {
        match peer.read() {
            Ok(Message::Text(text)) => payload.extend_from_slice(text.as_bytes()),
            Ok(Message::Binary(bytes)) => payload.extend_from_slice(&bytes),
            // This is how it reports a code that is not allowed.
            Ok(Message::Close(Some(close))) if close.reason.as_str() == "Protocol violation" => {
                return (Some(1002), payload);
            }
            Ok(Message::Close(_)) | Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => {
                return (None, payload);
            }
            Ok(_) => {}
            Err(Error::Protocol(_)) => return (Some(1002), payload),
            Err(Error::Utf8(_)) => return (Some(1007), payload),
            Err(Error::Capacity(_)) => return (Some(1009), payload),
            Err(error) => panic!("{error}"),
        }
    }
}

proptest! {
    #[test]
    fn the_peer_writes_and_we_read(
        (role, peer_role) in role_pair(),
        all in vec((said(), prop_oneof![Just(usize::MAX), 1..100_usize]), 0..10),
        close in close(),
        sizes in read_sizes(),
    ) {
        let mut peer = peer(peer_role, Vec::new());
        let mut expected = Found { end: Some(End::Close(close.clone())), ..Found::default() };
        for (said, size) in all {
            match said {
                Said::Text(text) => {
                    write_fragments(&mut peer, Data::Text, text.as_bytes(), size, &mut expected.controls);
                    expected.payload.extend_from_slice(text.as_bytes());
                }
                Said::Binary(bytes) => {
                    write_fragments(&mut peer, Data::Binary, &bytes, size, &mut expected.controls);
                    expected.payload.extend_from_slice(&bytes);
                }
                Said::Ping(payload) => {
                    peer.write(Message::Ping(payload.to_vec().into())).unwrap();
                    expected.controls.push(Control::Ping(payload));
                }
                Said::Pong(payload) => {
                    peer.send(Message::Pong(payload.to_vec().into())).unwrap();
                    expected.controls.push(Control::Pong(payload));
                }
            }
        }
        let close = close.map(|close| PeerClose { code: close.code.get().into(), reason: close.reason.into() });
        peer.close(close).unwrap();
        prop_assert_eq!(decode(role, LIMIT, &peer.get_ref().sent, &sizes), expected);
    }

    #[test]
    fn we_write_and_the_peer_reads(
        (role, peer_role) in role_pair(),
        all in vec((said(), any::<[u8; 4]>()), 0..10),
        close in close(),
        key in any::<[u8; 4]>(),
    ) {
        let mut input = Vec::new();
        let mut expected = Found { end: Some(End::Close(close.clone())), ..Found::default() };
        let mask = |key| (role == Role::Client).then_some(key);
        for (said, key) in all {
            let (opcode, mut payload) = match said {
                Said::Text(text) => (Opcode::Text, text.into_bytes()),
                Said::Binary(bytes) => (Opcode::Binary, bytes),
                Said::Ping(payload) => {
                    expected.controls.push(Control::Ping(payload));
                    write_control(&mut input, expected.controls.last().unwrap(), mask(key));
                    continue;
                }
                Said::Pong(payload) => {
                    expected.controls.push(Control::Pong(payload));
                    write_control(&mut input, expected.controls.last().unwrap(), mask(key));
                    continue;
                }
            };
            expected.payload.extend_from_slice(&payload);
            input.extend_from_slice(&frame_header(opcode, payload.len(), mask(key)));
            if let Some(key) = mask(key) {
                apply_mask(&mut payload, key);
            }
            input.extend_from_slice(&payload);
        }
        let reason = close.as_ref().map_or("", |close| close.reason.as_str());
        write_close(&mut input, close.as_ref().map(|close| close.code), reason, mask(key));
        prop_assert_eq!(read_by_peer(peer_role, input), expected);
    }

    /// Exceptions, all deliberate: tungstenite accepts lengths that are not minimal, refuses close code 1014, and where
    /// both the code and the reason of a close are wrong, names the reason.
    #[test]
    fn both_refuse_the_same_frames(frames in raw_frames()) {
        let minimal = frames.into_iter().map(|mut frame| {
            frame.length_bytes = 0;
            frame
        });
        let frames: Vec<_> = minimal.filter(|frame| !frame.payload.starts_with(&1014_u16.to_be_bytes())).collect();
        let input: Vec<u8> = frames.iter().flat_map(RawFrame::bytes).collect();
        let ours = decode_whole(Role::Server, LIMIT, &input);
        let (error, payload) = verdict_of_peer(PeerRole::Server, input);
        match ours.end {
            Some(End::Error(FrameError::InvalidCloseCode(_))) => prop_assert!(matches!(error, Some(1002 | 1007))),
            _ => prop_assert_eq!(ours.error_code(), error),
        }
        // tungstenite gives whole messages only.
        prop_assert!(ours.payload.starts_with(&payload));
    }
}

#[test]
fn a_long_reason_is_cut_at_a_character() {
    let mut input = Vec::new();
    write_close(&mut input, Some(CloseCode::GOING_AWAY), &"€".repeat(60), None);
    let close = CloseFrame { code: CloseCode::GOING_AWAY, reason: "€".repeat(41) };
    assert_eq!(read_by_peer(PeerRole::Client, input).end, Some(End::Close(Some(close))));
    assert_eq!(ControlPayload::new(&[0; 126]), None);
}
