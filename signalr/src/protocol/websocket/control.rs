//! Pings, pongs and closes.

use super::header::MAX_CONTROL;
use super::{CloseCode, FrameError, Opcode, apply_mask, frame_header};
use std::fmt;
use std::ops::Deref;

/// A frame that asks whether the peer is there, or answers that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// To be answered by a pong with the same payload.
    Ping(ControlPayload),
    /// The answer to a ping, or a sign of life that nobody asked for.
    Pong(ControlPayload),
}

/// The payload of a control frame, at most 125 bytes; it dereferences to them.
#[derive(Clone)]
pub struct ControlPayload {
    bytes: [u8; MAX_CONTROL],
    length: u8,
}

impl ControlPayload {
    /// No payload.
    pub const EMPTY: Self = ControlPayload { bytes: [0; MAX_CONTROL], length: 0 };

    /// These bytes, unless they are more than 125.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let mut payload = Self::EMPTY;
        payload.push(bytes);
        (payload.len() == bytes.len()).then_some(payload)
    }

    /// Appends as many bytes as there is room for.
    pub(super) fn push(&mut self, more: &[u8]) {
        let free = self.bytes.get_mut(usize::from(self.length)..).unwrap_or_default();
        let count = free.len().min(more.len());
        if let (Some(slots), Some(bytes)) = (free.get_mut(..count), more.get(..count)) {
            slots.copy_from_slice(bytes);
            self.length += count as u8;
        }
    }

    pub(super) fn apply_mask(&mut self, key: [u8; 4]) {
        apply_mask(self.bytes.get_mut(..usize::from(self.length)).unwrap_or_default(), key);
    }
}

impl Deref for ControlPayload {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}

impl PartialEq for ControlPayload {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for ControlPayload {}

impl fmt::Debug for ControlPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ControlPayload(\"{}\")", self.escape_ascii())
    }
}

/// What a Close frame says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseFrame {
    /// Why the connection is closed.
    pub code: CloseCode,
    /// The same in words; often empty.
    pub reason: String,
}

impl CloseFrame {
    /// Reads the payload of a Close frame, which may be empty.
    /// <https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1>
    pub(super) fn read(payload: &[u8]) -> Result<Option<Self>, FrameError> {
        let Some((number, reason)) = payload.split_first_chunk::<2>() else {
            return if payload.is_empty() { Ok(None) } else { Err(FrameError::CloseTooShort) };
        };
        let number = u16::from_be_bytes(*number);
        let code = CloseCode::new(number).ok_or(FrameError::InvalidCloseCode(number))?;
        let reason = str::from_utf8(reason).map_err(|_| FrameError::CloseReasonNotUtf8)?.to_owned();
        Ok(Some(CloseFrame { code, reason }))
    }
}

/// Appends a Ping or Pong frame. A client gives a new unpredictable `mask`, a server none.
pub fn write_control(out: &mut Vec<u8>, control: &Control, mask: Option<[u8; 4]>) {
    let (opcode, payload) = match control {
        Control::Ping(payload) => (Opcode::Ping, payload),
        Control::Pong(payload) => (Opcode::Pong, payload),
    };
    write_payload(out, opcode, payload.clone(), mask);
}

/// Appends a Close frame, after which nothing else may be sent. A client gives a new unpredictable `mask`, a server none.
///
/// Without a code there is no reason either: that is the answer to a Close frame without a code. The reason is cut to
/// the 123 bytes that fit.
pub fn write_close(out: &mut Vec<u8>, code: Option<CloseCode>, reason: &str, mask: Option<[u8; 4]>) {
    let mut payload = ControlPayload::EMPTY;
    if let Some(code) = code {
        payload.push(&code.get().to_be_bytes());
        let fitting = (0..=MAX_CONTROL - payload.len()).rev().find_map(|length| reason.get(..length));
        payload.push(fitting.unwrap_or_default().as_bytes());
    }
    write_payload(out, Opcode::Close, payload, mask);
}

fn write_payload(out: &mut Vec<u8>, opcode: Opcode, mut payload: ControlPayload, mask: Option<[u8; 4]>) {
    out.extend_from_slice(&frame_header(opcode, payload.len(), mask));
    if let Some(key) = mask {
        payload.apply_mask(key);
    }
    out.extend_from_slice(&payload);
}
