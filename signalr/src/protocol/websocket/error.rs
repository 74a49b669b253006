//! How a peer can break the rules.

use super::CloseCode;
use thiserror::Error;

/// The peer broke the rules of WebSocket; the connection cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FrameError {
    /// A reserved bit is set although no extension was negotiated.
    #[error("a reserved bit of a frame is set")]
    ReservedBits,
    /// The opcode has no meaning.
    #[error("opcode {0:#x} is not defined")]
    UnknownOpcode(u8),
    /// A client sent a frame without a mask.
    #[error("a frame from the client is not masked")]
    Unmasked,
    /// A server sent a frame with a mask.
    #[error("a frame from the server is masked")]
    Masked,
    /// A control frame is not the only frame of its message.
    #[error("a control frame is fragmented")]
    FragmentedControl,
    /// A control frame has a payload of more than 125 bytes.
    #[error("a control frame is longer than 125 bytes")]
    ControlTooLong,
    /// A continuation arrived while no message was begun.
    #[error("a continuation frame continues nothing")]
    UnexpectedContinuation,
    /// A message began before the previous one ended.
    #[error("a message begins inside another one")]
    InterruptedMessage,
    /// A length is written in more bytes than it needs.
    #[error("a frame's length is not written in the shortest form")]
    LengthNotMinimal,
    /// The highest bit of a 64-bit length is set.
    #[error("a frame's length has its highest bit set")]
    LengthOutOfRange,
    /// A data frame declares more bytes than it may have.
    #[error("a frame of {length} bytes is longer than the limit of {limit}")]
    TooLong {
        /// What the frame declares.
        length: u64,
        /// What the decoder was made with.
        limit: usize,
    },
    /// The payload of a Close frame is one byte, too short for a code.
    #[error("the payload of a close frame is a single byte")]
    CloseTooShort,
    /// A Close frame has a code that no Close frame may carry.
    #[error("close code {0} is not allowed in a frame")]
    InvalidCloseCode(u16),
    /// The reason in a Close frame is not UTF-8.
    #[error("the reason of a close frame is not UTF-8")]
    CloseReasonNotUtf8,
    /// A text message is not UTF-8.
    #[error("a text message is not UTF-8")]
    TextNotUtf8,
}

impl FrameError {
    /// The code to close the connection with: 1002, 1007 or 1009.
    pub const fn close_code(self) -> CloseCode {
        match self {
            FrameError::TextNotUtf8 | FrameError::CloseReasonNotUtf8 => CloseCode::INVALID_PAYLOAD,
            FrameError::TooLong { .. } => CloseCode::TOO_BIG,
            _ => CloseCode::PROTOCOL_ERROR,
        }
    }
}
