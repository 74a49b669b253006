//! Received bytes to payload and control frames.

use super::header::{Header, MAX_HEADER, Rules, SHORT_HEADER, ShortMessage};
use super::in_place::InPlace;
use super::utf8::{NotUtf8, Utf8};
use super::{CloseFrame, Control, ControlPayload, FrameError, Opcode, Role};
use crate::protocol::TransferFormat;

/// Reads frames out of received bytes, wherever reads happen to split them.
///
/// It is small, since every idle connection has one.
#[derive(Debug)]
pub struct FrameDecoder {
    rules: Rules,
    state: State,
    message: Message,
    /// What has arrived of the payload of a control frame, still masked.
    control: Option<Box<ControlPayload>>,
}

/// What the next received byte belongs to.
#[derive(Debug, Clone, Copy)]
enum State {
    /// The header of a frame, of which this has arrived.
    Header(PartialHeader),
    /// The payload of a frame.
    Payload(Frame),
    /// Nothing: the peer closed the connection or broke a rule.
    Ended,
}

/// The beginning of a header whose rest has not arrived.
#[derive(Debug, Clone, Copy)]
struct PartialHeader {
    bytes: [u8; MAX_HEADER],
    length: u8,
}

/// A frame whose payload is being received.
#[derive(Debug, Clone, Copy)]
struct Frame {
    opcode: Opcode,
    /// Whether the message ends with this frame.
    last: bool,
    /// The key, rotated to fit the next byte; all zero if there is none.
    mask: [u8; 4],
    /// How many bytes of the payload have not arrived.
    remaining: usize,
}

/// The message that the last data frame belongs to.
#[derive(Debug, Clone, Copy)]
enum Message {
    /// It has ended.
    None,
    Text(Utf8),
    Binary,
}

impl Message {
    fn format(self) -> Option<TransferFormat> {
        match self {
            Message::None => None,
            Message::Text(_) => Some(TransferFormat::Text),
            Message::Binary => Some(TransferFormat::Binary),
        }
    }
}

/// What [`FrameDecoder::decode`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// How many bytes of payload are at the front of the buffer.
    pub payload: usize,
    /// Why nothing follows this payload. Once the decoder has said it, it finds nothing any more.
    pub end: Option<End>,
}

/// A piece of one message in the payload that [`FrameDecoder::decode_messages`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Where it ends in the payload; it begins where the one before it ends.
    pub end: usize,
    /// Whether the message is text.
    pub format: TransferFormat,
}

/// Whoever wants to know how the payload is divided. A type, so that the decoder costs nothing more where nobody does.
trait Pieces {
    fn found(&mut self, piece: Piece);
}

impl Pieces for Vec<Piece> {
    fn found(&mut self, piece: Piece) {
        self.push(piece);
    }
}

/// Nobody wants to know.
struct Undivided;

impl Pieces for Undivided {
    #[inline(always)]
    fn found(&mut self, _piece: Piece) {}
}

/// Why nothing more is decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The peer closed the connection, with or without saying why.
    Close(Option<CloseFrame>),
    /// The peer broke a rule.
    Error(FrameError),
}

impl From<FrameError> for End {
    fn from(error: FrameError) -> Self {
        End::Error(error)
    }
}

impl From<Box<FrameError>> for End {
    fn from(error: Box<FrameError>) -> Self {
        End::Error(*error)
    }
}

impl FrameDecoder {
    /// A decoder for what the other end sends. Data frames of more than `max_frame_size` bytes are an error, which shows as
    /// soon as their header is there; how many frames a message has is not limited.
    pub fn new(role: Role, max_frame_size: usize) -> Self {
        FrameDecoder {
            rules: Rules { role, max_frame_size },
            state: State::Header(PartialHeader::EMPTY),
            message: Message::None,
            control: None,
        }
    }

    /// Decodes all of `buffer`: unmasks the payloads of data frames and moves them together to the front of `buffer`, and
    /// appends pings and pongs to `controls`.
    ///
    /// What is found does not depend on how the received bytes are split into calls. In a text message that is not UTF-8,
    /// the payload ends before the byte that cannot follow those before it.
    pub fn decode(&mut self, buffer: &mut [u8], controls: &mut Vec<Control>) -> Decoded {
        self.decode_pieces(buffer, controls, &mut Undivided)
    }

    /// As [`decode`](Self::decode), and appends to `pieces` how the payload is divided into messages. A message that goes on
    /// is a piece too; one that is empty may be none.
    pub fn decode_messages(
        &mut self,
        buffer: &mut [u8],
        controls: &mut Vec<Control>,
        pieces: &mut Vec<Piece>,
    ) -> Decoded {
        self.decode_pieces(buffer, controls, pieces)
    }

    fn decode_pieces<P: Pieces>(&mut self, buffer: &mut [u8], controls: &mut Vec<Control>, pieces: &mut P) -> Decoded {
        let mut bytes = InPlace::new(buffer);
        let end = self.decode_frames(&mut bytes, controls, pieces).err();
        if let Some(format) = self.message.format() {
            pieces.found(Piece { end: bytes.kept(), format });
        }
        if end.is_some() {
            self.state = State::Ended;
            self.control = None;
        }
        Decoded { payload: bytes.kept(), end }
    }

    #[inline(always)]
    fn decode_frames<P: Pieces>(
        &mut self,
        bytes: &mut InPlace<'_>,
        controls: &mut Vec<Control>,
        pieces: &mut P,
    ) -> Result<(), End> {
        while !bytes.unread().is_empty() {
            if self.short_message(bytes, pieces)? {
                continue;
            }
            let mut frame = match &mut self.state {
                State::Header(partial) => {
                    let Some(header) = partial.read(bytes, self.rules)? else {
                        return Ok(());
                    };
                    self.begin(header)?
                }
                State::Payload(frame) => *frame,
                State::Ended => return Ok(()),
            };
            let complete = if frame.opcode.is_control() {
                self.control_payload(&mut frame, bytes, controls)?
            } else {
                let format = self.message.format();
                let complete = self.data_payload(&mut frame, bytes)?;
                if let (Some(format), Message::None) = (format, self.message) {
                    pieces.found(Piece { end: bytes.kept(), format });
                }
                complete
            };
            if !complete {
                self.state = State::Payload(frame);
                return Ok(());
            }
            self.state = State::Header(PartialHeader::EMPTY);
        }
        Ok(())
    }

    /// Takes a short message that is one frame and all there, without remembering anything of it. Says whether there was one.
    #[inline(always)]
    fn short_message<P: Pieces>(&mut self, bytes: &mut InPlace<'_>, pieces: &mut P) -> Result<bool, FrameError> {
        let State::Header(PartialHeader { length: 0, .. }) = self.state else { return Ok(false) };
        if !matches!(self.message, Message::None) || self.rules.role == Role::Client {
            return Ok(false);
        }
        let Some(ShortMessage { is_text, mask, length }) = ShortMessage::read(bytes.unread()) else { return Ok(false) };
        if length > self.rules.max_frame_size {
            return Ok(false);
        }
        bytes.take(SHORT_HEADER);
        let payload = bytes.keep(length, mask);
        if is_text {
            let mut text = Utf8::default();
            let checked = text.check(payload);
            if let Err(NotUtf8 { accepted }) = checked {
                bytes.forget(length - accepted);
            }
            if checked.is_err() || !text.is_complete() {
                self.message = Message::Text(text);
                return Err(FrameError::TextNotUtf8);
            }
        }
        let format = if is_text { TransferFormat::Text } else { TransferFormat::Binary };
        pieces.found(Piece { end: bytes.kept(), format });
        Ok(true)
    }

    /// Checks whether a frame with this header may come now.
    /// <https://www.rfc-editor.org/rfc/rfc6455#section-5.4>
    fn begin(&mut self, header: Header) -> Result<Frame, FrameError> {
        let Header { opcode, last, mask, length } = header;
        match (opcode, self.message) {
            (Opcode::Continuation, Message::None) => return Err(FrameError::UnexpectedContinuation),
            (Opcode::Text | Opcode::Binary, Message::Text(_) | Message::Binary) => {
                return Err(FrameError::InterruptedMessage);
            }
            (Opcode::Text, Message::None) => self.message = Message::Text(Utf8::default()),
            (Opcode::Binary, Message::None) => self.message = Message::Binary,
            (Opcode::Continuation | Opcode::Close | Opcode::Ping | Opcode::Pong, _) => {}
        }
        Ok(Frame { opcode, last, mask, remaining: length })
    }

    /// Reads what is there of a data frame's payload; tells whether that is all of it.
    #[inline(always)]
    fn data_payload(&mut self, frame: &mut Frame, bytes: &mut InPlace<'_>) -> Result<bool, FrameError> {
        let piece = bytes.keep(frame.remaining, frame.mask);
        let length = piece.len();
        if let Message::Text(text) = &mut self.message
            && let Err(NotUtf8 { accepted }) = text.check(piece)
        {
            bytes.forget(length - accepted);
            return Err(FrameError::TextNotUtf8);
        }
        frame.remaining -= length;
        if frame.remaining > 0 {
            frame.mask.rotate_left(length % 4);
            return Ok(false);
        }
        if frame.last {
            if let Message::Text(text) = self.message
                && !text.is_complete()
            {
                return Err(FrameError::TextNotUtf8);
            }
            self.message = Message::None;
        }
        Ok(true)
    }

    /// Reads what is there of a control frame's payload; tells whether that is all of it.
    fn control_payload(
        &mut self,
        frame: &mut Frame,
        bytes: &mut InPlace<'_>,
        controls: &mut Vec<Control>,
    ) -> Result<bool, End> {
        let mut payload = self.control.take().map_or(ControlPayload::EMPTY, |payload| *payload);
        let piece = bytes.take(frame.remaining);
        payload.push(piece);
        frame.remaining -= piece.len();
        if frame.remaining > 0 {
            self.control = Some(Box::new(payload));
            return Ok(false);
        }
        payload.apply_mask(frame.mask);
        match frame.opcode {
            Opcode::Ping => controls.push(Control::Ping(payload)),
            Opcode::Pong => controls.push(Control::Pong(payload)),
            _ => return Err(End::Close(CloseFrame::read(&payload)?)),
        }
        Ok(true)
    }
}

impl PartialHeader {
    const EMPTY: Self = PartialHeader { bytes: [0; MAX_HEADER], length: 0 };

    /// Reads the rest of the header; if that has not arrived either, keeps what has.
    #[inline(always)]
    fn read(&mut self, bytes: &mut InPlace<'_>, rules: Rules) -> Result<Option<Header>, Box<FrameError>> {
        // All of the header is usually there, and is read where it lies.
        if self.length == 0
            && let Some((header, length)) = Header::read(bytes.unread(), rules)?
        {
            bytes.take(length);
            return Ok(Some(header));
        }
        self.read_on(bytes, rules)
    }

    /// Goes on with a header that arrives in pieces.
    #[cold]
    fn read_on(&mut self, bytes: &mut InPlace<'_>, rules: Rules) -> Result<Option<Header>, Box<FrameError>> {
        let kept = usize::from(self.length);
        for (slot, byte) in self.bytes.iter_mut().skip(kept).zip(bytes.unread()) {
            *slot = *byte;
            self.length += 1;
        }
        let joined = self.bytes.get(..usize::from(self.length)).unwrap_or_default();
        let Some((header, length)) = Header::read(joined, rules)? else {
            bytes.take(MAX_HEADER);
            return Ok(None);
        };
        bytes.take(length.saturating_sub(kept));
        Ok(Some(header))
    }
}
