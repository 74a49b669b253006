//! WebSocket frames ([RFC 6455]), without I/O.
//!
//! SignalR marks the end of its messages itself, so neither frames nor WebSocket messages mean anything to it: the
//! payloads of all data frames are one stream of bytes. [`FrameDecoder`] turns received bytes into a piece of that
//! stream where they lie. It never holds data back and never allocates from a length that the peer declared; what it
//! keeps between two reads is half a header, half a code point, or the beginning of a control frame.
//!
//! | module | holds |
//! | --- | --- |
//! | `decoder` | received bytes to payload and control frames |
//! | `header` | what precedes the payload of a frame, read and written |
//! | `mask` | the XOR that a client applies to all it sends |
//! | `control` | pings, pongs and closes |
//! | `close_code` | why a connection is closed, as a number |
//! | `error` | how a peer can break the rules |
//! | [`handshake`] | the HTTP headers that open a WebSocket |
//!
//! [RFC 6455]: https://www.rfc-editor.org/rfc/rfc6455

mod close_code;
mod control;
mod decoder;
mod error;
pub mod handshake;
mod header;
mod in_place;
mod mask;
mod utf8;

pub use close_code::CloseCode;
pub use control::{CloseFrame, Control, ControlPayload, write_close, write_control};
pub use decoder::{Decoded, End, FrameDecoder, Piece};
pub use error::FrameError;
pub use header::{FrameHeader, Opcode, frame_header};
pub use mask::apply_mask;

/// Which end of the connection this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Receives masked frames and sends unmasked ones.
    Server,
    /// Receives unmasked frames and sends masked ones.
    Client,
}
