//! A strict JSON reader that moves over a message without building anything.
//!
//! It checks the grammar of RFC 8259: no comments, no trailing commas. Two things are left to whoever reads a value:
//! whether the bytes of a string are UTF-8, and whether its `\u` escapes form whole characters. A value that nobody
//! reads may break these two rules, as it may in ASP.NET Core.

/// How deeply objects and arrays may be nested, the message itself included.
pub(super) const MAX_DEPTH: u32 = 64;

/// Where a text stops being JSON, and what would have been right there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::protocol) struct SyntaxError {
    /// The offset of the first byte that cannot stand where it stands.
    pub(in crate::protocol) at: usize,
    /// What was expected there, as the end of a sentence.
    pub(in crate::protocol) expected: &'static str,
}

/// What a step of the scanner gives.
pub(in crate::protocol) type Scan<T> = Result<T, Box<SyntaxError>>;

/// Boxed, so that results fit into registers: reading messages without errors is what has to be fast.
#[cold]
fn expected_at(at: usize, expected: &'static str) -> Box<SyntaxError> {
    Box::new(SyntaxError { at, expected })
}

/// The characters between the quotes of a string, still escaped.
#[derive(Debug, Clone, Copy)]
pub(in crate::protocol) struct RawString<'a> {
    pub(in crate::protocol) bytes: &'a [u8],
    pub(in crate::protocol) escaped: bool,
}

/// What a value is, as seen from its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::protocol) enum Kind {
    Object,
    Array,
    String,
    Number,
    True,
    False,
    Null,
}

/// A position in a text, moving forward.
#[derive(Debug)]
pub(in crate::protocol) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(in crate::protocol) fn new(bytes: &'a [u8]) -> Self {
        Scanner { bytes, at: 0 }
    }

    /// The offset of the next byte.
    pub(in crate::protocol) fn position(&self) -> usize {
        self.at
    }

    /// What was not read yet.
    #[inline]
    pub(in crate::protocol) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Moves over bytes that `rest` showed.
    #[inline]
    pub(in crate::protocol) fn advance(&mut self, length: usize) {
        self.at += length;
    }

    /// What was read since `start`.
    pub(in crate::protocol) fn since(&self, start: usize) -> &'a [u8] {
        self.between(start, self.at)
    }

    /// The bytes from one offset to another.
    pub(in crate::protocol) fn between(&self, start: usize, end: usize) -> &'a [u8] {
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// Moves over blanks and tells what kind of value begins there.
    #[inline]
    pub(in crate::protocol) fn peek_kind(&mut self) -> Scan<Kind> {
        match self.peek_after_blanks() {
            Some(b'"') => Ok(Kind::String),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::Array),
            Some(b't') => Ok(Kind::True),
            Some(b'f') => Ok(Kind::False),
            Some(b'n') => Ok(Kind::Null),
            _ => Err(self.expected("a value")),
        }
    }

    /// Moves over a whole value that is no container, or over the first byte of a container.
    pub(in crate::protocol) fn token(&mut self) -> Scan<()> {
        if matches!(self.peek_kind()?, Kind::Object | Kind::Array) {
            self.open();
            return Ok(());
        }
        self.skip_value(0)?;
        match self.peek() {
            None | Some(b' ' | b'\t' | b'\n' | b'\r' | b',' | b']' | b'}') => Ok(()),
            Some(_) => Err(self.expected("a delimiter")),
        }
    }

    /// Moves over the opening brace or bracket that `peek_kind` saw.
    #[inline]
    pub(in crate::protocol) fn open(&mut self) {
        self.at += 1;
    }

    /// The name of the next property of an object, or `None` at its end; afterwards the value is next.
    pub(in crate::protocol) fn next_property(&mut self, first: bool) -> Scan<Option<RawString<'a>>> {
        if !self.next_name(first)? {
            return Ok(None);
        }
        let name = self.string()?;
        self.colon()?;
        Ok(Some(name))
    }

    /// Whether an object has another property, whose name is then next, at its opening quote.
    #[inline]
    pub(in crate::protocol) fn next_name(&mut self, first: bool) -> Scan<bool> {
        if !self.next_member(first, b'}')? {
            return Ok(false);
        }
        if self.peek_after_blanks() != Some(b'"') {
            return Err(self.expected("a property name"));
        }
        Ok(true)
    }

    /// Moves over what stands between the name of a property and its value.
    #[inline]
    pub(in crate::protocol) fn colon(&mut self) -> Scan<()> {
        if self.peek_after_blanks() != Some(b':') {
            return Err(self.expected("a colon"));
        }
        self.at += 1;
        Ok(())
    }

    /// Whether an array has another element, which is then next.
    #[inline]
    pub(in crate::protocol) fn next_element(&mut self, first: bool) -> Scan<bool> {
        self.next_member(first, b']')
    }

    /// Moves over the comma before a member, or over the bracket that closes the container.
    #[inline]
    fn next_member(&mut self, first: bool, close: u8) -> Scan<bool> {
        match self.peek_after_blanks() {
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(false)
            }
            Some(b',') if !first => {
                self.at += 1;
                Ok(true)
            }
            Some(_) if first => Ok(true),
            _ if close == b'}' => Err(self.expected("a comma or '}'")),
            _ => Err(self.expected("a comma or ']'")),
        }
    }

    /// Moves over any value that lies inside `depth` containers.
    #[inline]
    pub(in crate::protocol) fn skip_value(&mut self, depth: u32) -> Scan<()> {
        match self.peek_kind()? {
            Kind::String => self.skip_string(),
            Kind::Number => self.number().map(|_| ()),
            Kind::True => self.literal(b"true"),
            Kind::False => self.literal(b"false"),
            Kind::Null => self.literal(b"null"),
            Kind::Object | Kind::Array => self.skip_container(depth),
        }
    }

    /// Moves over an object or an array without recursion: one bit per open container says which of the two it is.
    fn skip_container(&mut self, outside: u32) -> Scan<()> {
        let mut objects: u64 = 0;
        let mut depth = outside;
        loop {
            let kind = self.peek_kind()?;
            let mut first = false;
            match kind {
                Kind::String => self.skip_string()?,
                Kind::Number => self.number().map(|_| ())?,
                Kind::True => self.literal(b"true")?,
                Kind::False => self.literal(b"false")?,
                Kind::Null => self.literal(b"null")?,
                Kind::Object | Kind::Array => {
                    if depth >= MAX_DEPTH {
                        return Err(self.expected("no deeper nesting"));
                    }
                    self.at += 1;
                    depth += 1;
                    objects = objects << 1 | u64::from(kind == Kind::Object);
                    first = true;
                }
            }
            // Leaves the containers that end here and stops before the next value.
            loop {
                let in_object = objects & 1 == 1;
                if in_object {
                    if self.next_name(first)? {
                        self.skip_string()?;
                        self.colon()?;
                        break;
                    }
                } else if self.next_element(first)? {
                    break;
                }
                objects >>= 1;
                depth -= 1;
                if depth == outside {
                    return Ok(());
                }
                first = false;
            }
        }
    }

    fn skip_string(&mut self) -> Scan<()> {
        self.string().map(|_| ())
    }

    /// Reads the string whose opening quote is next.
    ///
    /// Always inlined: its result would travel through memory otherwise, which costs more than reading a short string.
    #[inline(always)]
    pub(in crate::protocol) fn string(&mut self) -> Scan<RawString<'a>> {
        let start = self.at + 1;
        let mut at = start;
        let mut escaped = false;
        loop {
            at = skip_plain(self.bytes, at);
            match self.bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    at = self.escape(at)?;
                }
                Some(_) => {
                    return Err(expected_at(at, "no control character in a string"));
                }
                None => {
                    return Err(expected_at(at, "the end of the string"));
                }
            }
        }
        self.at = at + 1;
        Ok(RawString { bytes: self.bytes.get(start..at).unwrap_or_default(), escaped })
    }

    /// The offset behind the escape that begins at `at`.
    fn escape(&self, at: usize) -> Scan<usize> {
        match self.bytes.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
            Some(b'u') => match (at + 2..at + 6).find(|&at| !self.bytes.get(at).is_some_and(u8::is_ascii_hexdigit)) {
                None => Ok(at + 6),
                Some(at) => Err(expected_at(at, "a hexadecimal digit")),
            },
            _ => Err(expected_at(at + 1, "an escape character")),
        }
    }

    /// Reads the number whose first byte is next.
    #[inline]
    pub(in crate::protocol) fn number(&mut self) -> Scan<&'a [u8]> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let leading_zero = self.peek() == Some(b'0');
        let first = self.at;
        self.digits()?;
        if leading_zero && self.at != first + 1 {
            return Err(expected_at(first + 1, "no digit behind a leading zero"));
        }
        if matches!(self.peek(), Some(b'.' | b'e' | b'E')) {
            self.fraction_and_exponent()?;
        }
        Ok(self.since(start))
    }

    fn fraction_and_exponent(&mut self) -> Scan<()> {
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    #[inline]
    fn digits(&mut self) -> Scan<()> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { Err(self.expected("a digit")) } else { Ok(()) }
    }

    /// Moves over `true`, `false` or `null`.
    #[inline]
    pub(in crate::protocol) fn literal(&mut self, word: &'static [u8]) -> Scan<()> {
        let rest = self.rest();
        if rest.starts_with(word) {
            self.at += word.len();
            return Ok(());
        }
        self.at += rest.iter().zip(word).take_while(|(found, wanted)| found == wanted).count();
        Err(self.expected("a literal"))
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn peek_after_blanks(&mut self) -> Option<u8> {
        loop {
            let byte = self.peek();
            if !matches!(byte, Some(b' ' | b'\t' | b'\n' | b'\r')) {
                return byte;
            }
            self.at += 1;
        }
    }

    fn expected(&self, expected: &'static str) -> Box<SyntaxError> {
        expected_at(self.at, expected)
    }
}

/// The offset of the first byte from `at` on that cannot stand in a string as it is: a quote, a backslash or a control
/// character; or the length of the text.
#[inline]
pub(super) fn skip_plain(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let special = special_bytes(u64::from_le_bytes(*chunk));
        if special != 0 {
            return at + special.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(|&byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        at += 1;
    }
    at
}

/// The high bit of each of the eight bytes that is a quote, a backslash or a control character. A borrow may set bits
/// too many, but only above a true one, so that the lowest bit is exact.
#[inline]
const fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let found = quote.wrapping_sub(ONES) & !quote
        | backslash.wrapping_sub(ONES) & !backslash
        | word.wrapping_sub(ONES * 0x20) & !word;
    found & (ONES * 0x80)
}

#[cfg(test)]
mod tests;
