//! A strict JSON reader that moves over a message without building anything.
//!
//! It checks the grammar of RFC 8259: no comments, no trailing commas. Two things are left to whoever reads a value:
//! whether the bytes of a string are UTF-8, and whether its `\u` escapes form whole characters. A value that nobody
//! reads may break these two rules, as it may in ASP.NET Core.

mod number;
mod plain;

pub(super) use plain::skip_plain;
use std::str::from_utf8;

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
    pub(in crate::protocol) raw: Raw<'a>,
    pub(in crate::protocol) escaped: bool,
}

/// A message or a piece of one, as it stands there.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Raw<'a> {
    Text(&'a str),
    /// Nobody has checked whether it is UTF-8, or some of it, or of what stands before it, is not.
    Bytes(&'a [u8]),
}

impl<'a> Raw<'a> {
    #[inline]
    pub(crate) fn as_bytes(self) -> &'a [u8] {
        match self {
            Raw::Text(text) => text.as_bytes(),
            Raw::Bytes(bytes) => bytes,
        }
    }
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
///
/// Passed by value to functions that are not inlined, which return what is left: the scanner of a message then stays in
/// registers.
#[derive(Debug, Clone, Copy)]
pub(in crate::protocol) struct Scanner<'a> {
    bytes: &'a [u8],
    /// `bytes` up to the first that are not UTF-8: checking all at once costs less than checking string by string.
    text: &'a str,
    /// What was not read yet.
    rest: &'a [u8],
}

impl<'a> Scanner<'a> {
    #[inline]
    pub(in crate::protocol) fn new(message: Raw<'a>) -> Self {
        let (bytes, text) = match message {
            Raw::Text(text) => (text.as_bytes(), text),
            Raw::Bytes(bytes) => (bytes, valid_beginning(bytes)),
        };
        Scanner { bytes, text, rest: bytes }
    }

    /// Moves over `text` if it is next.
    #[inline(always)]
    pub(in crate::protocol) fn skip<const N: usize>(&mut self, text: &[u8; N]) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Reads the string whose opening quote has been read, if it is known to be UTF-8 and nothing in it is escaped.
    #[inline(always)]
    pub(in crate::protocol) fn plain(&mut self) -> Option<&'a str> {
        let start = self.position();
        let [b'"', rest @ ..] = skip_plain(self.rest) else { return None };
        self.rest = rest;
        self.text.get(start..self.position() - 1)
    }

    /// Reads the string that begins here, as [`plain`](Self::plain) does behind the quote; otherwise nothing is read.
    #[inline(never)]
    pub(in crate::protocol) fn plain_string(&mut self) -> Option<&'a str> {
        let [b'"', inside @ ..] = self.rest else { return None };
        let [b'"', behind @ ..] = skip_plain(inside) else { return None };
        let start = self.bytes.len() - inside.len();
        let text = self.text.get(start..start + inside.len() - behind.len() - 1)?;
        self.rest = behind;
        Some(text)
    }

    /// The offset of the next byte.
    #[inline(always)]
    pub(in crate::protocol) fn position(&self) -> usize {
        self.bytes.len() - self.rest.len()
    }

    /// What was not read yet.
    #[inline(always)]
    pub(in crate::protocol) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Moves to the end of `rest` that is given.
    #[inline(always)]
    pub(in crate::protocol) fn move_to(&mut self, rest: &'a [u8]) {
        self.rest = rest;
    }

    #[inline(always)]
    fn advance(&mut self, length: usize) {
        self.rest = self.rest.get(length..).unwrap_or_default();
    }

    /// What was not read yet, as a text if it is one.
    #[inline(always)]
    pub(in crate::protocol) fn remaining(&self) -> Raw<'a> {
        self.between(self.position(), self.bytes.len())
    }

    /// What was read since `start`.
    #[inline(always)]
    pub(in crate::protocol) fn since(&self, start: usize) -> Raw<'a> {
        self.between(start, self.position())
    }

    /// What lies between two offsets.
    #[inline(always)]
    pub(in crate::protocol) fn between(&self, start: usize, end: usize) -> Raw<'a> {
        match self.text.get(start..end) {
            Some(text) => Raw::Text(text),
            None => Raw::Bytes(self.bytes.get(start..end).unwrap_or_default()),
        }
    }

    /// Moves over blanks and tells what kind of value begins there.
    #[inline(always)]
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
    #[inline(always)]
    pub(in crate::protocol) fn open(&mut self) {
        self.advance(1);
    }

    /// The name of the next property of an object, or `None` at its end; afterwards the value is next.
    pub(in crate::protocol) fn next_property(&mut self, first: bool) -> Scan<Option<RawString<'a>>> {
        if !self.next_name(first)? {
            return Ok(None);
        }
        let name = self.inside_string()?;
        self.colon()?;
        Ok(Some(name))
    }

    /// Whether an object has another property, whose name then begins here, behind its opening quote.
    #[inline(always)]
    pub(in crate::protocol) fn next_name(&mut self, first: bool) -> Scan<bool> {
        if !first && self.skip(b",\"") {
            return Ok(true);
        }
        if !self.next_member(first, b'}')? {
            return Ok(false);
        }
        self.skip_blanks();
        if self.skip(b"\"") { Ok(true) } else { Err(self.expected("a property name")) }
    }

    /// Moves over what stands between the name of a property and its value.
    #[inline(always)]
    pub(in crate::protocol) fn colon(&mut self) -> Scan<()> {
        self.skip_blanks();
        if self.skip(b":") { Ok(()) } else { Err(self.expected("a colon")) }
    }

    /// Whether an array has another element, which is then next.
    #[inline(always)]
    pub(in crate::protocol) fn next_element(&mut self, first: bool) -> Scan<bool> {
        self.next_member(first, b']')
    }

    /// Moves over the comma before a member, or over the bracket that closes the container.
    #[inline(always)]
    fn next_member(&mut self, first: bool, close: u8) -> Scan<bool> {
        self.skip_blanks();
        match self.rest {
            [b',', rest @ ..] if !first => {
                self.rest = rest;
                Ok(true)
            }
            [byte, rest @ ..] if *byte == close => {
                self.rest = rest;
                Ok(false)
            }
            [_, ..] if first => Ok(true),
            _ if close == b'}' => Err(self.expected("a comma or '}'")),
            _ => Err(self.expected("a comma or ']'")),
        }
    }

    /// Moves over any value that lies inside `depth` containers.
    #[inline(always)]
    pub(in crate::protocol) fn skip_value(&mut self, depth: u32) -> Scan<()> {
        match self.peek_kind()? {
            Kind::String => self.skip_string(),
            Kind::Number => self.number().map(|_| ()),
            Kind::True => self.literal(b"true"),
            Kind::False => self.literal(b"false"),
            Kind::Null => self.literal(b"null"),
            Kind::Object | Kind::Array => self.rest_behind_container(depth).map(|rest| self.rest = rest),
        }
    }

    /// Moves over an object or an array without recursion: one bit per open container says which of the two it is.
    fn rest_behind_container(mut self, outside: u32) -> Scan<&'a [u8]> {
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
                    self.advance(1);
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
                        self.inside_string()?;
                        self.colon()?;
                        break;
                    }
                } else if self.next_element(first)? {
                    break;
                }
                objects >>= 1;
                depth -= 1;
                if depth == outside {
                    return Ok(self.rest);
                }
                first = false;
            }
        }
    }

    #[inline(always)]
    fn skip_string(&mut self) -> Scan<()> {
        self.string().map(|_| ())
    }

    /// Reads the string whose opening quote is next.
    #[inline(always)]
    pub(in crate::protocol) fn string(&mut self) -> Scan<RawString<'a>> {
        self.rest = self.rest.get(1..).unwrap_or_default();
        self.inside_string()
    }

    /// Reads the string whose opening quote has been read.
    #[inline(always)]
    pub(in crate::protocol) fn inside_string(&mut self) -> Scan<RawString<'a>> {
        let start = self.position();
        let (rest, escaped) = match skip_plain(self.rest) {
            [b'"', rest @ ..] => (rest, false),
            rest => (Scanner { rest, ..*self }.rest_behind_string()?, true),
        };
        self.rest = rest;
        Ok(RawString { raw: self.between(start, self.position() - 1), escaped })
    }

    /// What is left behind a string that goes on here.
    #[inline(never)]
    fn rest_behind_string(mut self) -> Scan<&'a [u8]> {
        loop {
            match self.rest {
                [b'"', rest @ ..] => return Ok(rest),
                [b'\\', ..] => self.escape()?,
                [_, ..] => return Err(self.expected("no control character in a string")),
                [] => return Err(self.expected("the end of the string")),
            }
            self.rest = skip_plain(self.rest);
        }
    }

    /// Moves over the escape that is next.
    fn escape(&mut self) -> Scan<()> {
        self.advance(1);
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.advance(1),
            Some(b'u') => {
                self.advance(1);
                for _ in 0..4 {
                    if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                        return Err(self.expected("a hexadecimal digit"));
                    }
                    self.advance(1);
                }
            }
            _ => return Err(self.expected("an escape character")),
        }
        Ok(())
    }

    /// Moves over `true`, `false` or `null`.
    #[inline(always)]
    pub(in crate::protocol) fn literal(&mut self, word: &'static [u8]) -> Scan<()> {
        if let Some(rest) = self.rest.strip_prefix(word) {
            self.rest = rest;
            return Ok(());
        }
        self.advance(self.rest.iter().zip(word).take_while(|(found, wanted)| found == wanted).count());
        Err(self.expected("a literal"))
    }

    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    #[inline(always)]
    fn peek_after_blanks(&mut self) -> Option<u8> {
        self.skip_blanks();
        self.peek()
    }

    #[inline(always)]
    pub(in crate::protocol) fn skip_blanks(&mut self) {
        if let Some(..=b' ') = self.peek() {
            self.rest = behind_blanks(self.rest);
        }
    }

    #[inline(always)]
    fn expected(&self, expected: &'static str) -> Box<SyntaxError> {
        expected_at(self.position(), expected)
    }
}

#[inline(never)]
fn behind_blanks(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = bytes {
        bytes = rest;
    }
    bytes
}

/// What of `bytes` is UTF-8, up to the first error.
#[inline(never)]
pub(in crate::protocol) fn valid_beginning(bytes: &[u8]) -> &str {
    from_utf8(bytes).unwrap_or_else(|error| {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
        from_utf8(valid).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests;
