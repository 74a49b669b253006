//! Strings as they stand in JSON: with escapes.

use super::scan::{Raw, RawString, skip_plain};
use crate::protocol::error::ProtocolError;
use std::borrow::Cow;

/// The text of a string whose escapes are known to be right.
#[derive(Debug, Clone, Copy)]
pub(in crate::protocol) enum Text<'a> {
    Plain(&'a str),
    Escaped(&'a str),
}

impl<'a> Text<'a> {
    /// Checks a string.
    ///
    /// # Errors
    /// Fails where the bytes are not UTF-8 or an escape is half of a surrogate pair, in the words of ASP.NET Core.
    #[inline(always)]
    pub(in crate::protocol) fn new(string: RawString<'a>) -> Result<Self, Box<ProtocolError>> {
        match string {
            RawString { raw: Raw::Text(text), escaped: false } => Ok(Text::Plain(text)),
            RawString { raw, escaped } => Self::check(raw.as_bytes(), escaped),
        }
    }

    #[inline(never)]
    fn check(bytes: &'a [u8], escaped: bool) -> Result<Self, Box<ProtocolError>> {
        if escaped {
            unescape(bytes)?;
        }
        utf8(bytes).map(if escaped { Text::Escaped } else { Text::Plain })
    }

    /// The text without escapes; borrowed if it had none.
    #[inline(always)]
    pub(in crate::protocol) fn into_cow(self) -> Cow<'a, str> {
        match self {
            Text::Plain(text) => Cow::Borrowed(text),
            // It was checked before.
            Text::Escaped(text) => Cow::Owned(unescape(text.as_bytes()).unwrap_or_default()),
        }
    }
}

/// The text of a string; borrowed unless it has escapes.
///
/// # Errors
/// As [`Text::new`].
pub(in crate::protocol) fn text(string: RawString<'_>) -> Result<Cow<'_, str>, Box<ProtocolError>> {
    if string.escaped {
        return unescape(string.raw.as_bytes()).map(Cow::Owned);
    }
    match string.raw {
        Raw::Text(text) => Ok(Cow::Borrowed(text)),
        Raw::Bytes(bytes) => utf8(bytes).map(Cow::Borrowed),
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, Box<ProtocolError>> {
    std::str::from_utf8(bytes).map_err(|_| not_utf8())
}

#[cold]
fn not_utf8() -> Box<ProtocolError> {
    invalid("Cannot transcode invalid UTF-8 JSON text to UTF-16 string.")
}

/// Resolves escapes, whose syntax the scanner has checked.
fn unescape(mut bytes: &[u8]) -> Result<String, Box<ProtocolError>> {
    let mut out = Vec::with_capacity(bytes.len());
    loop {
        let special = skip_plain(bytes);
        out.extend_from_slice(bytes.get(..bytes.len() - special.len()).unwrap_or_default());
        let [_, letter, rest @ ..] = special else { break };
        bytes = rest;
        out.push(match letter {
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let (character, length) = code_point(special)?;
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                bytes = special.get(length..).unwrap_or_default();
                continue;
            }
            other => *other,
        });
    }
    String::from_utf8(out).map_err(|_| not_utf8())
}

/// The character at the start of `rest`, and how long its one or two `\u` escapes are.
fn code_point(rest: &[u8]) -> Result<(char, usize), Box<ProtocolError>> {
    let incomplete = || invalid("Cannot read incomplete UTF-16 JSON text as string with missing low surrogate.");
    let first = unit(rest).ok_or_else(incomplete)?;
    if let Some(character) = char::from_u32(first) {
        return Ok((character, 6));
    }
    let surrogate = |unit| {
        invalid(format!("Cannot read invalid UTF-16 JSON text as string. Invalid surrogate value: '0x{unit:X}'."))
    };
    if first >= 0xDC00 {
        return Err(surrogate(first));
    }
    let second = rest.get(6..).and_then(unit).ok_or_else(incomplete)?;
    if !(0xDC00..0xE000).contains(&second) {
        return Err(surrogate(second));
    }
    let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
    char::from_u32(code).map(|character| (character, 12)).ok_or_else(|| surrogate(second))
}

#[cold]
fn invalid(message: impl Into<String>) -> Box<ProtocolError> {
    Box::new(ProtocolError::invalid_operation(message))
}

/// The number of the `\uXXXX` escape that `bytes` begin with.
fn unit(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.strip_prefix(b"\\u")?.first_chunk::<4>()?;
    digits.iter().try_fold(0, |value, &digit| Some(value << 4 | char::from(digit).to_digit(16)?))
}

/// Writes a string with its quotes. Only what JSON demands is escaped.
#[inline]
pub(in crate::protocol) fn write_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    write_escaped(out, text.as_bytes());
    out.push(b'"');
}

/// Writes a part of a string, of which these are the bytes.
#[inline]
pub(super) fn write_escaped(out: &mut Vec<u8>, mut text: &[u8]) {
    loop {
        let special = skip_plain(text);
        let (plain, _) = text.split_at_checked(text.len() - special.len()).unwrap_or_default();
        out.extend_from_slice(plain);
        let Some((&byte, behind)) = special.split_first() else { return };
        let (escape, length) = escaped(byte);
        out.extend_from_slice(escape.get(..length).unwrap_or_default());
        text = behind;
    }
}

/// The escape for a character, and its length.
#[cold]
fn escaped(byte: u8) -> ([u8; 6], usize) {
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x0c => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => {
            let digit = |value: u8| if value < 10 { b'0' + value } else { b'A' - 10 + value };
            return ([b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 15)], 6);
        }
    };
    ([b'\\', short, 0, 0, 0, 0], 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(escaped: &str) -> Result<String, String> {
        let string = RawString { raw: Raw::Text(escaped), escaped: escaped.contains('\\') };
        text(string).map(Cow::into_owned).map_err(|error| format!("{}: {error}", error.exception()))
    }

    #[test]
    fn resolves_escapes() {
        assert_eq!(read(r#"a\"\\\/\b\f\n\r\t\u00e9\ud83e\uDD80b"#).unwrap(), "a\"\\/\u{8}\u{c}\n\r\té🦀b");
    }

    #[test]
    fn refuses_half_surrogate_pairs() {
        let incomplete =
            "InvalidOperationException: Cannot read incomplete UTF-16 JSON text as string with missing low surrogate.";
        let invalid =
            "InvalidOperationException: Cannot read invalid UTF-16 JSON text as string. Invalid surrogate value: ";
        assert_eq!(read(r"\ud800").unwrap_err(), incomplete);
        assert_eq!(read(r"\ud800x").unwrap_err(), incomplete);
        assert_eq!(read(r"\ud800\n").unwrap_err(), incomplete);
        assert_eq!(read(r"\udc00").unwrap_err(), format!("{invalid}'0xDC00'."));
        assert_eq!(read(r"\ud800\u0041").unwrap_err(), format!("{invalid}'0x41'."));
        assert_eq!(read(r"\ud800\ud800").unwrap_err(), format!("{invalid}'0xD800'."));
    }

    #[test]
    fn refuses_what_is_not_utf8() {
        let error = text(RawString { raw: Raw::Bytes(b"a\xff"), escaped: false }).unwrap_err();
        assert_eq!(error.exception(), "InvalidOperationException");
        assert!(text(RawString { raw: Raw::Bytes(b"\\n\xc3"), escaped: true }).is_err());
    }

    #[test]
    fn escapes_only_what_it_must() {
        let mut out = Vec::new();
        write_string(&mut out, "\"\\/\u{0}\u{1f}\n\u{7f}é\u{2028}🦀<>&'+");
        assert_eq!(String::from_utf8(out).unwrap(), "\"\\\"\\\\/\\u0000\\u001F\\n\u{7f}é\u{2028}🦀<>&'+\"");
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(original in any::<String>()) {
            let mut out = Vec::new();
            write_string(&mut out, &original);
            prop_assert_eq!(&serde_json::from_slice::<String>(&out).unwrap(), &original);
            let inside = std::str::from_utf8(&out[1..out.len() - 1]).unwrap();
            prop_assert_eq!(read(inside).unwrap(), original);
        }

        #[test]
        fn resolves_escapes_as_serde_json_does(parts in prop::collection::vec(
            prop_oneof![
                Just(r"\n".to_owned()), Just(r"\/".to_owned()), Just("é".to_owned()), Just("x".to_owned()),
                any::<u16>().prop_map(|unit| format!("\\u{unit:04x}")),
                (0xD800u16..0xE000).prop_map(|unit| format!("\\u{unit:04X}")),
            ], 0..6)) {
            let inside = parts.concat();
            let expected = serde_json::from_str::<String>(&format!("\"{inside}\"")).ok();
            prop_assert_eq!(read(&inside).ok(), expected);
        }
    }
}
