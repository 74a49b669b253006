#![no_main]

use libfuzzer_sys::fuzz_target;
use signalr::protocol::framing::{Framing, SEPARATOR};
use signalr::protocol::{Protocol, ProtocolError};
use signalr_fuzz::pieces;

fuzz_target!(|input: (bool, Option<u8>, Vec<u8>, &[u8])| {
    let (json, limit, cuts, received) = input;
    let protocol = if json { Protocol::Json } else { Protocol::MessagePack };
    // Below the length of a length prefix, cuts decide which of two errors is seen first.
    let limit = limit.map(|limit| usize::from(limit) + 5);
    let (messages, result) = messages(protocol, limit, [received]);
    assert_eq!(self::messages(protocol, limit, pieces(received, &cuts)), (messages.clone(), result.clone()));
    assert_eq!(self::messages(protocol, limit, pieces(received, &[])), (messages.clone(), result.clone()));
    if let (Ok(consumed), Protocol::Json) = (&result, protocol) {
        let whole: Vec<u8> = messages.iter().flat_map(|body| [body, &[SEPARATOR][..]].concat()).collect();
        assert_eq!(whole, received[..*consumed]);
        assert!(!received[*consumed..].contains(&SEPARATOR));
        assert!(messages.iter().all(|body| !body.contains(&SEPARATOR)));
    }
    if let Some(limit) = limit {
        assert!(messages.iter().all(|body| body.len() < limit), "the framing counts");
    }
});

/// The messages in what was received piece by piece, and how many bytes they took or what was wrong.
fn messages<'a>(
    protocol: Protocol,
    limit: Option<usize>,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Vec<u8>>, Result<usize, ProtocolError>) {
    let mut framing = Framing::new(protocol, limit);
    let (mut buffer, mut messages, mut total) = (Vec::new(), Vec::new(), 0);
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match framing.next(&buffer) {
                Ok(Some(frame)) => {
                    let consumed = frame.consumed;
                    messages.push(frame.body.to_vec());
                    assert!(frame.body.len() < consumed && consumed <= buffer.len());
                    buffer.drain(..consumed);
                    total += consumed;
                }
                Ok(None) => break,
                Err(error) => return (messages, Err(error)),
            }
        }
        if let Some(limit) = limit {
            assert!(buffer.len() < limit, "what is too large is refused before it is all there");
        }
    }
    (messages, Ok(total))
}
