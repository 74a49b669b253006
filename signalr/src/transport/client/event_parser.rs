//! An event stream to the bytes of its data, wherever it is cut into pieces
//! ([HTML, section 9.2.6](https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation)).

use memchr::memchr2;

/// Reads the `data` fields of an event stream. The hub protocol marks the ends of its messages itself, so events need not be
/// told apart, and nothing has to be kept until one is whole.
#[derive(Debug)]
pub(super) struct EventParser {
    state: State,
    /// The last line ended with a carriage return: a line feed that follows belongs to it.
    after_cr: bool,
    /// Whether the event has had a line of data: the next one is divided from it by a line feed.
    has_data: bool,
}

/// What the next byte belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The beginning of the stream, of whose byte order mark so many bytes were there.
    Mark(u8),
    /// The name of a field, which so far is that of data up to here.
    Name(u8),
    /// The value of a data field, in front of which one blank means nothing.
    Blank,
    Value,
    /// A comment or a field without meaning.
    Ignored,
}

const MARK: &[u8] = b"\xef\xbb\xbf";
const DATA: &[u8] = b"data";

impl Default for EventParser {
    fn default() -> Self {
        EventParser { state: State::Mark(0), after_cr: false, has_data: false }
    }
}

impl EventParser {
    /// Reads from `input` until it ends or `output` is full; says how many bytes were read and how many written.
    pub(super) fn parse(&mut self, input: &[u8], output: &mut [u8]) -> (usize, usize) {
        let (mut read, mut written) = (0, 0);
        while let Some((&byte, rest)) = input.get(read..).and_then(<[u8]>::split_first) {
            if std::mem::take(&mut self.after_cr) && byte == b'\n' {
                read += 1;
                continue;
            }
            let ends = matches!(byte, b'\r' | b'\n');
            match self.state {
                State::Mark(at) => match MARK.get(usize::from(at)) {
                    Some(mark) if *mark == byte => {
                        self.state = State::Mark(at + 1);
                        read += 1;
                    }
                    // What only begins like a mark is the name of a field that nobody knows.
                    _ if matches!(at, 1 | 2) => self.state = State::Ignored,
                    _ => self.state = State::Name(0),
                },
                State::Name(at) if ends => {
                    let is_data = usize::from(at) == DATA.len();
                    if is_data && !self.begin_data(output, &mut written) {
                        break;
                    }
                    self.has_data &= at != 0;
                    self.end_line(byte);
                    read += 1;
                }
                State::Name(at) => {
                    let name = usize::from(at);
                    if name == DATA.len() && byte == b':' {
                        if !self.begin_data(output, &mut written) {
                            break;
                        }
                        self.state = State::Blank;
                    } else if DATA.get(name) == Some(&byte) {
                        self.state = State::Name(at + 1);
                    } else {
                        self.state = State::Ignored;
                    }
                    read += 1;
                }
                State::Blank => {
                    self.state = State::Value;
                    read += usize::from(byte == b' ');
                }
                State::Value | State::Ignored if ends => {
                    self.end_line(byte);
                    read += 1;
                }
                State::Value => {
                    let free = output.get_mut(written..).unwrap_or_default();
                    if free.is_empty() {
                        break;
                    }
                    let unread = input.get(read..).unwrap_or_default();
                    let line = unread.get(..free.len()).unwrap_or(unread);
                    let value = line.get(..memchr2(b'\r', b'\n', line).unwrap_or(line.len())).unwrap_or_default();
                    if let Some(to) = free.get_mut(..value.len()) {
                        to.copy_from_slice(value);
                    }
                    read += value.len();
                    written += value.len();
                }
                State::Ignored => read += 1 + memchr2(b'\r', b'\n', rest).unwrap_or(rest.len()),
            }
        }
        (read, written)
    }

    /// Divides the data from that of the line before. Says whether there was room for it.
    fn begin_data(&mut self, output: &mut [u8], written: &mut usize) -> bool {
        if self.has_data {
            let Some(slot) = output.get_mut(*written) else { return false };
            *slot = b'\n';
            *written += 1;
        }
        self.has_data = true;
        true
    }

    fn end_line(&mut self, byte: u8) {
        self.after_cr = byte == b'\r';
        self.state = State::Name(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds pieces of that size, with room for so many bytes at a time.
    fn parse(stream: &[u8], size: usize, room: usize) -> Vec<u8> {
        let mut parser = EventParser::default();
        let mut all = Vec::new();
        for mut piece in stream.chunks(size) {
            while !piece.is_empty() {
                let mut output = vec![0; room];
                let (read, written) = parser.parse(piece, &mut output);
                assert!(read + written > 0, "it goes on");
                all.extend_from_slice(&output[..written]);
                piece = &piece[read..];
            }
        }
        all
    }

    #[test]
    fn data_is_found_however_the_stream_is_cut() {
        for (stream, data) in [
            (":\r\ndata: one\x1e\r\n\r\ndata: two\x1e\r\n\r\n", "one\x1etwo\x1e"),
            ("data:one\n\ndata:  two\n\n", "one two"),
            ("data: a\r\ndata: b\r\ndata: \r\ndata\r\ndata:c\r\n\r\n", "a\nb\n\n\nc"),
            ("data: a\rdata: b\r\rdata: c\r\n\r\n", "a\nbc"),
            ("data: a\n: comment\nid: 7\nevent: x\ndata: b\n\n", "a\nb"),
            ("data\n\ndata: x\n\n", "x"),
            ("datax: no\ndat: no\ndata : no\n data: no\nData: no\ndata\n\n", ""),
            ("\u{feff}data: marked\n\n", "marked"),
            ("\u{feff}\u{feff}data: no\ndata: yes\n\n", "yes"),
            ("data: a:b data: c\r\n\r\n", "a:b data: c"),
            ("data: not whole yet", "not whole yet"),
            ("\n\n\r\n\rdata: \u{e4}\n", "\u{e4}"),
        ] {
            for size in 1..=stream.len() {
                for room in [1, 2, 7, 1000] {
                    let found = parse(stream.as_bytes(), size, room);
                    assert_eq!(String::from_utf8_lossy(&found), data, "{stream:?} by {size}, room for {room}");
                }
            }
        }
    }

    #[test]
    fn half_a_mark_is_none() {
        assert_eq!(parse(b"\xef\xbbdata: no\ndata: yes\n", 1, 10), b"yes");
    }
}
