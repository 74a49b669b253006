//! What precedes the payload of a frame, read and written.

use super::{FrameError, Role};
use std::ops::Deref;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Opcode {
    /// The next part of a fragmented message.
    Continuation = 0x0,
    /// A text message, or its first part.
    Text = 0x1,
    /// A binary message, or its first part.
    Binary = 0x2,
    /// The last frame of this direction.
    Close = 0x8,
    /// To be answered by a pong with the same payload.
    Ping = 0x9,
    /// The answer to a ping.
    Pong = 0xA,
}

impl Opcode {
    fn from_bits(bits: u8) -> Result<Self, FrameError> {
        Ok(match bits {
            0x0 => Opcode::Continuation,
            0x1 => Opcode::Text,
            0x2 => Opcode::Binary,
            0x8 => Opcode::Close,
            0x9 => Opcode::Ping,
            0xA => Opcode::Pong,
            unknown => return Err(FrameError::UnknownOpcode(unknown)),
        })
    }

    /// Whether frames of this kind belong to the connection and not to a message.
    pub const fn is_control(self) -> bool {
        matches!(self, Opcode::Close | Opcode::Ping | Opcode::Pong)
    }
}

/// How long a header can be.
pub(super) const MAX_HEADER: usize = 14;
/// How long the payload of a control frame can be, and the largest length that is written in the second byte.
pub(super) const MAX_CONTROL: usize = 125;

const FINAL: u8 = 0x80;
const RESERVED: u8 = 0x70;
const OPCODE: u8 = 0x0F;
const MASKED: u8 = 0x80;
const LENGTH: u8 = 0x7F;
/// The length follows in two bytes.
const LENGTH_16: u8 = 126;
/// The length follows in eight bytes.
const LENGTH_64: u8 = 127;

/// A received header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) opcode: Opcode,
    /// Whether the message ends with this frame.
    pub(super) last: bool,
    /// All zero if the payload is not masked.
    pub(super) mask: [u8; 4],
    pub(super) length: usize,
}

/// Which frames are acceptable.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) role: Role,
    pub(super) max_frame_size: usize,
}

impl Header {
    /// Reads the header at the beginning of `bytes`, and how long it is; `None` if more bytes are needed.
    ///
    /// An error shows as soon as its bytes are there: the payload is not waited for. It is boxed, so that what is read fits
    /// into registers.
    /// <https://www.rfc-editor.org/rfc/rfc6455#section-5.2>
    #[inline(always)]
    pub(super) fn read(bytes: &[u8], rules: Rules) -> Result<Option<(Header, usize)>, Box<FrameError>> {
        let [first, second, rest @ ..] = bytes else {
            return Ok(None);
        };
        if first & RESERVED != 0 {
            return Err(FrameError::ReservedBits.into());
        }
        let opcode = Opcode::from_bits(first & OPCODE)?;
        let last = first & FINAL != 0;
        let masked = second & MASKED != 0;
        match rules.role {
            Role::Server if !masked => return Err(FrameError::Unmasked.into()),
            Role::Client if masked => return Err(FrameError::Masked.into()),
            Role::Server | Role::Client => {}
        }
        if opcode.is_control() {
            if !last {
                return Err(FrameError::FragmentedControl.into());
            }
            if usize::from(second & LENGTH) > MAX_CONTROL {
                return Err(FrameError::ControlTooLong.into());
            }
        }
        let Some((length, rest)) = read_length(second & LENGTH, rest)? else {
            return Ok(None);
        };
        let length = match usize::try_from(length) {
            Ok(length) if length <= rules.max_frame_size || opcode.is_control() => length,
            _ => {
                return Err(FrameError::TooLong { length, limit: rules.max_frame_size }.into());
            }
        };
        let (mask, rest) = if masked {
            let Some((key, rest)) = rest.split_first_chunk::<4>() else {
                return Ok(None);
            };
            (*key, rest)
        } else {
            ([0; 4], rest)
        };
        Ok(Some((Header { opcode, last, mask, length }, bytes.len() - rest.len())))
    }
}

/// How long the header of a [`ShortMessage`] is.
pub(super) const SHORT_HEADER: usize = 6;

/// A masked frame that is a whole message of up to 125 bytes, as most are.
#[derive(Debug, Clone, Copy)]
pub(super) struct ShortMessage {
    pub(super) is_text: bool,
    pub(super) mask: [u8; 4],
    pub(super) length: usize,
}

impl ShortMessage {
    /// Recognises one whose bytes are all there.
    #[inline(always)]
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        const TEXT: u8 = FINAL | Opcode::Text as u8;
        const BINARY: u8 = FINAL | Opcode::Binary as u8;
        let (&[first, second, ref mask @ ..], rest) = bytes.split_first_chunk::<SHORT_HEADER>()?;
        // Without the bit of the mask it wraps around, and is too long.
        let length = usize::from(second.wrapping_sub(MASKED));
        let is_short = matches!(first, TEXT | BINARY) && length <= MAX_CONTROL && length <= rest.len();
        is_short.then_some(ShortMessage { is_text: first == TEXT, mask: *mask, length })
    }
}

/// Reads the length of the payload, given the seven bits of the second byte and what follows it.
fn read_length(bits: u8, rest: &[u8]) -> Result<Option<(u64, &[u8])>, Box<FrameError>> {
    let (length, least, rest) = match bits {
        LENGTH_16 => {
            let Some((length, rest)) = rest.split_first_chunk::<2>() else {
                return Ok(None);
            };
            (u64::from(u16::from_be_bytes(*length)), u64::from(LENGTH_16), rest)
        }
        LENGTH_64 => {
            let Some((length, rest)) = rest.split_first_chunk::<8>() else {
                return Ok(None);
            };
            (u64::from_be_bytes(*length), 0x1_0000, rest)
        }
        length => (u64::from(length), 0, rest),
    };
    if length < least {
        return Err(FrameError::LengthNotMinimal.into());
    }
    if length > i64::MAX as u64 {
        return Err(FrameError::LengthOutOfRange.into());
    }
    Ok(Some((length, rest)))
}

/// A header to be sent; it dereferences to its bytes.
#[derive(Debug, Clone, Copy)]
pub struct FrameHeader {
    bytes: [u8; MAX_HEADER],
    length: u8,
}

/// The header of a frame that is a whole message with `length` bytes of payload.
///
/// A client gives a new unpredictable `mask` for every frame and applies it to the payload with
/// [`apply_mask`](super::apply_mask); a server gives none.
pub fn frame_header(opcode: Opcode, length: usize, mask: Option<[u8; 4]>) -> FrameHeader {
    let mut header = FrameHeader { bytes: [0; MAX_HEADER], length: 0 };
    let masked = if mask.is_some() { MASKED } else { 0 };
    header.push([FINAL | opcode as u8]);
    match length {
        0..=MAX_CONTROL => header.push([masked | length as u8]),
        126..=0xFFFF => {
            header.push([masked | LENGTH_16]);
            header.push((length as u16).to_be_bytes());
        }
        _ => {
            header.push([masked | LENGTH_64]);
            header.push((length as u64).to_be_bytes());
        }
    }
    if let Some(key) = mask {
        header.push(key);
    }
    header
}

impl FrameHeader {
    #[inline(always)]
    fn push<const N: usize>(&mut self, more: [u8; N]) {
        let free = self.bytes.get_mut(usize::from(self.length)..);
        if let Some(slot) = free.and_then(|free| free.first_chunk_mut()) {
            *slot = more;
            self.length += N as u8;
        }
    }
}

impl Deref for FrameHeader {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}
