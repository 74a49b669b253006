//! Numbers, as JSON writes them.

use super::{Scan, Scanner, expected_at};

impl<'a> Scanner<'a> {
    /// Reads the number whose first byte is next.
    #[inline(always)]
    pub(in crate::protocol) fn number(&mut self) -> Scan<&'a [u8]> {
        let all = self.rest;
        if self.peek() == Some(b'-') {
            self.advance(1);
        }
        let digits = self.rest;
        self.digits()?;
        if let [b'0', b'0'..=b'9', ..] = digits {
            return Err(expected_at(self.bytes.len() - digits.len() + 1, "no digit behind a leading zero"));
        }
        if matches!(self.peek(), Some(b'.' | b'e' | b'E')) {
            self.rest = self.rest_behind_fraction()?;
        }
        Ok(all.get(..all.len() - self.rest.len()).unwrap_or_default())
    }

    fn rest_behind_fraction(mut self) -> Scan<&'a [u8]> {
        if self.peek() == Some(b'.') {
            self.advance(1);
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.advance(1);
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.advance(1);
            }
            self.digits()?;
        }
        Ok(self.rest)
    }

    /// Reads a number of a single digit, if one is next.
    #[inline(always)]
    pub(in crate::protocol) fn single_digit(&mut self) -> Option<u8> {
        self.skip_blanks();
        let [digit @ b'0'..=b'9', rest @ ..] = self.rest else {
            return None;
        };
        if !matches!(rest, [b',' | b'}', ..]) {
            return None;
        }
        self.rest = rest;
        Some(digit - b'0')
    }

    #[inline(always)]
    fn digits(&mut self) -> Scan<()> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(self.expected("a digit"));
        }
        while let [b'0'..=b'9', rest @ ..] = self.rest {
            self.rest = rest;
        }
        Ok(())
    }
}
