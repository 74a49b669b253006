//! Values of properties that must be of one type, and what is said when they are not.

use super::scan::{Kind, RawString, Scanner, SyntaxError};
use super::text::text;
use crate::protocol::error::ProtocolError;
use std::borrow::Cow;

/// Why a message cannot be read.
#[derive(Debug)]
pub(in crate::protocol) enum ReadError {
    /// It is not JSON.
    Syntax(SyntaxError),
    /// It is JSON, but not what it should say.
    Violation(ProtocolError),
}

impl From<SyntaxError> for ReadError {
    fn from(error: SyntaxError) -> Self {
        ReadError::Syntax(error)
    }
}

impl From<ProtocolError> for ReadError {
    fn from(error: ProtocolError) -> Self {
        ReadError::Violation(error)
    }
}

/// Moves over the brace that a message must begin with.
pub(in crate::protocol) fn open_object(scanner: &mut Scanner<'_>) -> Result<(), ReadError> {
    let kind = scanner.peek_kind()?;
    if kind == Kind::Object {
        scanner.open();
        return Ok(());
    }
    Err(misplaced(
        scanner,
        format!("Unexpected JSON Token Type '{kind:?}'. Expected a JSON Object."),
    ))
}

/// The name of a property as its bytes; `buffer` keeps them where they had to be unescaped.
#[inline]
pub(in crate::protocol) fn name_bytes<'b>(
    name: RawString<'b>,
    buffer: &'b mut Cow<'static, str>,
) -> Result<&'b [u8], ReadError> {
    if !name.escaped {
        return Ok(name.bytes);
    }
    *buffer = Cow::Owned(text(name)?.into_owned());
    Ok(buffer.as_bytes())
}

/// Reads a string.
#[inline]
pub(in crate::protocol) fn string<'a>(scanner: &mut Scanner<'a>, name: &str) -> Result<Cow<'a, str>, ReadError> {
    match scanner.peek_kind()? {
        Kind::String => Ok(text(scanner.string()?)?),
        _ => Err(wrong_type(scanner, name, "String")),
    }
}

/// Reads a whole number of 32 bits, or `None` for null.
#[inline]
pub(in crate::protocol) fn int32(scanner: &mut Scanner<'_>, name: &str) -> Result<Option<i32>, ReadError> {
    integer(scanner, name, "Int32")
}

/// Reads a whole number of 64 bits, or `None` for null.
#[inline]
pub(in crate::protocol) fn int64(scanner: &mut Scanner<'_>, name: &str) -> Result<Option<i64>, ReadError> {
    integer(scanner, name, "Int64")
}

#[inline]
fn integer<T: std::str::FromStr>(
    scanner: &mut Scanner<'_>,
    name: &str,
    type_name: &str,
) -> Result<Option<T>, ReadError> {
    match scanner.peek_kind()? {
        Kind::Number => {}
        Kind::Null => {
            scanner.literal(b"null")?;
            return Ok(None);
        }
        _ => return Err(wrong_type(scanner, name, "Number")),
    }
    let digits = std::str::from_utf8(scanner.number()?).unwrap_or_default();
    // A fraction or an exponent is refused even where the number is whole, as ASP.NET Core does.
    digits.parse().map(Some).map_err(|_| out_of_bounds(type_name))
}

/// Reads `true` or `false`.
pub(in crate::protocol) fn boolean(scanner: &mut Scanner<'_>, name: &str) -> Result<bool, ReadError> {
    match scanner.peek_kind()? {
        Kind::True => scanner.literal(b"true").map(|()| true).map_err(ReadError::Syntax),
        Kind::False => scanner.literal(b"false").map(|()| false).map_err(ReadError::Syntax),
        _ => Err(misplaced(scanner, format!("Expected '{name}' to be true or false."))),
    }
}

#[cold]
fn out_of_bounds(type_name: &str) -> ReadError {
    ReadError::Violation(ProtocolError::format(format!(
        "Either the JSON value is not in a supported format, or is out of bounds for an {type_name}."
    )))
}

/// The value that is next is not of the type that the property has.
#[cold]
pub(in crate::protocol) fn wrong_type(scanner: &mut Scanner<'_>, name: &str, expected: &str) -> ReadError {
    misplaced(scanner, format!("Expected '{name}' to be of type {expected}."))
}

/// A violation by the value that is next, unless that value is broken in itself.
#[cold]
pub(in crate::protocol) fn misplaced(scanner: &mut Scanner<'_>, message: String) -> ReadError {
    scanner.token().map_or_else(ReadError::Syntax, |()| violation(message))
}

/// A violation in these words.
#[cold]
pub(in crate::protocol) fn violation(message: impl Into<String>) -> ReadError {
    ReadError::Violation(ProtocolError::invalid_data(message))
}
