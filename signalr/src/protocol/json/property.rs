//! Values of properties that must be of one type, and what is said when they are not.

use super::scan::{Kind, RawString, Scanner, SyntaxError};
use super::text::{Text, text};
use crate::protocol::error::ProtocolError;
use std::borrow::Cow;

/// Why a message cannot be read.
#[derive(Debug)]
pub(in crate::protocol) enum ReadError {
    /// It is not JSON.
    Syntax(Box<SyntaxError>),
    /// It is JSON, but not what it should say.
    Violation(Box<ProtocolError>),
}

impl ReadError {
    /// The same, without saying where the syntax is wrong.
    #[cold]
    pub(in crate::protocol) fn into_protocol_error(self) -> ProtocolError {
        match self {
            ReadError::Syntax(_) => ProtocolError::invalid_data("Error reading JSON."),
            ReadError::Violation(violation) => *violation,
        }
    }
}

impl From<Box<SyntaxError>> for ReadError {
    fn from(error: Box<SyntaxError>) -> Self {
        ReadError::Syntax(error)
    }
}

impl From<ProtocolError> for ReadError {
    fn from(error: ProtocolError) -> Self {
        ReadError::Violation(Box::new(error))
    }
}

impl From<Box<ProtocolError>> for ReadError {
    fn from(error: Box<ProtocolError>) -> Self {
        ReadError::Violation(error)
    }
}

/// Moves over the brace that a message must begin with.
#[inline(always)]
pub(in crate::protocol) fn open_object(scanner: &mut Scanner<'_>) -> Result<(), ReadError> {
    if scanner.skip(b"{") {
        return Ok(());
    }
    let kind = scanner.peek_kind()?;
    if kind == Kind::Object {
        scanner.open();
        return Ok(());
    }
    Err(misplaced(*scanner, format!("Unexpected JSON Token Type '{kind:?}'. Expected a JSON Object.")))
}

/// The name of a property as its bytes; `buffer` keeps them where they had to be unescaped.
#[inline]
pub(in crate::protocol) fn name_bytes<'b>(
    name: RawString<'b>,
    buffer: &'b mut Cow<'static, str>,
) -> Result<&'b [u8], ReadError> {
    if !name.escaped {
        return Ok(name.raw.as_bytes());
    }
    *buffer = Cow::Owned(text(name)?.into_owned());
    Ok(buffer.as_bytes())
}

/// Reads a string.
#[inline(always)]
pub(in crate::protocol) fn string<'a>(scanner: &mut Scanner<'a>, name: &str) -> Result<Text<'a>, ReadError> {
    match scanner.peek_kind()? {
        Kind::String => Ok(Text::new(scanner.string()?)?),
        _ => Err(wrong_type(*scanner, name, "String")),
    }
}

/// Reads a whole number of 32 bits, or `None` for null.
#[inline(always)]
pub(in crate::protocol) fn int32(scanner: &mut Scanner<'_>, name: &str) -> Result<Option<i32>, ReadError> {
    if let Some(digit) = scanner.single_digit() {
        return Ok(Some(digit.into()));
    }
    let value;
    (value, *scanner) = integer(*scanner, name)?;
    match value {
        Integer::Null => Ok(None),
        Integer::Value(value) => value.try_into().map(Some).map_err(|_| out_of_bounds("Int32")),
        Integer::OutOfBounds => Err(out_of_bounds("Int32")),
    }
}

/// Reads a whole number of 64 bits, or `None` for null.
pub(in crate::protocol) fn int64(scanner: &mut Scanner<'_>, name: &str) -> Result<Option<i64>, ReadError> {
    let value;
    (value, *scanner) = integer(*scanner, name)?;
    match value {
        Integer::Null => Ok(None),
        Integer::Value(value) => Ok(Some(value)),
        Integer::OutOfBounds => Err(out_of_bounds("Int64")),
    }
}

enum Integer {
    Null,
    Value(i64),
    OutOfBounds,
}

#[inline(never)]
fn integer<'a>(mut scanner: Scanner<'a>, name: &str) -> Result<(Integer, Scanner<'a>), ReadError> {
    let value = match scanner.peek_kind()? {
        Kind::Number => parse_integer(scanner.number()?).map_or(Integer::OutOfBounds, Integer::Value),
        Kind::Null => {
            scanner.literal(b"null")?;
            Integer::Null
        }
        _ => return Err(wrong_type(scanner, name, "Number")),
    };
    Ok((value, scanner))
}

/// A number with a fraction or an exponent is none, even where it is whole: ASP.NET Core refuses it as well.
#[inline]
fn parse_integer(number: &[u8]) -> Option<i64> {
    let (negative, digits) = match number.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, number),
    };
    let mut value = 0i64;
    for &digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        let digit = i64::from(digit - b'0');
        let shifted = value.checked_mul(10)?;
        value = if negative { shifted.checked_sub(digit)? } else { shifted.checked_add(digit)? };
    }
    Some(value)
}

/// Reads `true` or `false`.
pub(in crate::protocol) fn boolean(scanner: &mut Scanner<'_>, name: &str) -> Result<bool, ReadError> {
    match scanner.peek_kind()? {
        Kind::True => scanner.literal(b"true").map(|()| true).map_err(ReadError::Syntax),
        Kind::False => scanner.literal(b"false").map(|()| false).map_err(ReadError::Syntax),
        _ => Err(misplaced(*scanner, format!("Expected '{name}' to be true or false."))),
    }
}

#[cold]
fn out_of_bounds(type_name: &str) -> ReadError {
    ProtocolError::format(format!(
        "Either the JSON value is not in a supported format, or is out of bounds for an {type_name}."
    ))
    .into()
}

/// The value that is next is not of the type that the property has.
#[cold]
pub(in crate::protocol) fn wrong_type(scanner: Scanner<'_>, name: &str, expected: &str) -> ReadError {
    misplaced(scanner, format!("Expected '{name}' to be of type {expected}."))
}

/// A violation by the value that is next, unless that value is broken in itself.
#[cold]
pub(in crate::protocol) fn misplaced(mut scanner: Scanner<'_>, message: String) -> ReadError {
    scanner.token().map_or_else(ReadError::Syntax, |()| violation(message))
}

/// A violation in these words.
#[cold]
pub(in crate::protocol) fn violation(message: impl Into<String>) -> ReadError {
    ProtocolError::invalid_data(message).into()
}
