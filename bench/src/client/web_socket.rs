//! WebSocket frames, as much of them as a load client needs.

use crate::Error;

/// Any key does, as masking is for the sake of proxies. Not zero, which a server could leave out.
const MASK: [u8; 4] = [0x5a, 0xa5, 0x3c, 0xc3];
/// Longer frames are taken for a mistake of the server.
const LONGEST: u64 = 64 * 1024 * 1024;

pub(crate) const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

pub(crate) const CONTINUATION: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// A masked frame, as clients send it.
pub(crate) fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ ..126), _) => frame.push(0x80 | length),
        (_, Ok(length)) => {
            frame.push(0x80 | 126);
            frame.extend(length.to_be_bytes());
        }
        _ => {
            frame.push(0x80 | 127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// A frame, unmasked as servers send it.
pub(crate) struct Frame<'a> {
    pub(crate) opcode: u8,
    /// Whether the message ends with it.
    pub(crate) is_last: bool,
    pub(crate) payload: &'a [u8],
    /// Of the whole frame.
    pub(crate) length: usize,
}

/// The first frame; `None` if it is not all there.
#[inline]
pub(crate) fn unframe(bytes: &[u8]) -> Result<Option<Frame<'_>>, Error> {
    let [first, second, rest @ ..] = bytes else { return Ok(None) };
    if first & 0x70 != 0 || second & 0x80 != 0 {
        return Err(format!("not a frame of a server: {first:02x} {second:02x}").into());
    }
    let (length, header) = match second {
        126 => match rest.first_chunk() {
            Some(length) => (u16::from_be_bytes(*length).into(), 4),
            None => return Ok(None),
        },
        127 => match rest.first_chunk() {
            Some(length) => (u64::from_be_bytes(*length), 10),
            None => return Ok(None),
        },
        length => (u64::from(*length), 2),
    };
    if length > LONGEST {
        return Err(format!("a frame of {length} bytes").into());
    }
    let end = header + length as usize;
    let frame = |payload| Frame { opcode: first & 0x0f, is_last: first & 0x80 != 0, payload, length: end };
    Ok(bytes.get(header..end).map(frame))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_all_lengths_are_read_to_their_end() {
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            let mut bytes = frame(TEXT, &vec![b'x'; length]);
            let header = bytes.len() - length;
            bytes[1] &= 0x7f;
            // The mask is taken out.
            bytes.drain(header - 4..header);
            bytes.extend(b"next");
            let frame = unframe(&bytes).unwrap().unwrap();
            assert_eq!((frame.opcode, frame.is_last), (TEXT, true));
            assert_eq!((frame.payload.len(), frame.length), (length, header - 4 + length));
            for cut in [0, 1, 2, 3, header - 5, frame.length - 1] {
                assert!(unframe(&bytes[..cut.min(frame.length - 1)]).unwrap().is_none());
            }
        }
    }

    #[test]
    fn what_no_server_sends_is_refused() {
        assert!(unframe(&[0x81, 0x80, 0, 0]).is_err());
        assert!(unframe(&[0xc1, 0x00]).is_err());
        assert!(unframe(&[0x82, 0x7f, 0, 0, 0, 1, 0, 0, 0, 0]).is_err());
    }
}
