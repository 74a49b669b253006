//! WebSocket frames, as much of them as a load client needs.

/// Any key does: masking is for the sake of proxies.
const MASK: [u8; 4] = [0x5a, 0xa5, 0x3c, 0xc3];

pub(crate) const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A masked text frame, as clients send it.
pub(crate) fn frame(payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x81];
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

/// The payload of the first frame, unmasked as servers send it, and the length of the frame; `None` if it is not all there.
pub(crate) fn unframe(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let (length, header) = match *bytes.get(1)? {
        126 => (u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?).into(), 4),
        127 => (usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?, 10),
        length => (length.into(), 2),
    };
    let end = length.checked_add(header)?;
    Some((bytes.get(header..end)?, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_all_lengths_are_read_to_their_end() {
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            let mut frame = frame(&vec![b'x'; length]);
            let header = frame.len() - length;
            frame[1] &= 0x7f;
            // The mask is taken out.
            frame.drain(header - 4..header);
            frame.extend(b"next");
            let (payload, end) = unframe(&frame).unwrap();
            assert_eq!((payload.len(), end), (length, header - 4 + length));
            assert!(unframe(&frame[..end - 1]).is_none());
        }
    }
}
