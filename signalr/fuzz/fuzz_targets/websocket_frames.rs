#![no_main]

use libfuzzer_sys::fuzz_target;
use signalr::protocol::websocket::{
    Control, Decoded, End, FrameDecoder, Opcode, Role, apply_mask, frame_header, write_control,
};
use signalr_fuzz::pieces;

fuzz_target!(|input: (bool, u16, [u8; 4], Vec<u8>, &[u8])| {
    let (server, limit, key, cuts, received) = input;
    let role = if server { Role::Server } else { Role::Client };
    let limit = usize::from(limit);
    let whole = decode(role, limit, [received]);
    assert_eq!(decode(role, limit, pieces(received, &cuts)), whole);
    assert_eq!(decode(role, limit, pieces(received, &[])), whole);
    assert!(whole.payload.len() <= received.len());

    // What is found, sent to the other end in frames of our own, is found there.
    let mask = server.then_some(key);
    let mut sent = Vec::new();
    let mut payload = whole.payload.clone();
    sent.extend_from_slice(&frame_header(Opcode::Binary, payload.len(), mask));
    if let Some(key) = mask {
        apply_mask(&mut payload, key);
    }
    sent.extend_from_slice(&payload);
    for control in &whole.controls {
        write_control(&mut sent, control, mask);
    }
    let again = decode(role, whole.payload.len(), pieces(&sent, &cuts));
    assert_eq!(again, Found { end: None, ..whole });
});

#[derive(Debug, Clone, PartialEq)]
struct Found {
    payload: Vec<u8>,
    controls: Vec<Control>,
    end: Option<End>,
}

fn decode<'a>(role: Role, limit: usize, pieces: impl IntoIterator<Item = &'a [u8]>) -> Found {
    let mut decoder = FrameDecoder::new(role, limit);
    let mut found = Found { payload: Vec::new(), controls: Vec::new(), end: None };
    for piece in pieces {
        let mut buffer = piece.to_vec();
        let Decoded { payload, end } = decoder.decode(&mut buffer, &mut found.controls);
        found.payload.extend_from_slice(&buffer[..payload]);
        if found.end.is_some() {
            assert_eq!((payload, end), (0, None), "nothing is found after the end");
        } else {
            found.end = end;
        }
    }
    found
}
