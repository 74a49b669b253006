//! How numbers with a fraction and strings are written.

use super::text::write_string_bytes;
use serde_json::ser::{CompactFormatter, Formatter};
use std::io::{self, Write};

/// Compact JSON in which a whole number has no fraction even if its type could have one: `1` and `-0`, not `1.0` and
/// `-0.0`. A client that reads it into an integer accepts only the former.
///
/// What it is given as bytes is the text of a string: [`Strict`](super::strict::Strict) hands over strings this way, because
/// serde_json looks for what must be escaped byte by byte and leaves formatters no other way to do better.
pub(super) struct Plain;

impl Formatter for Plain {
    #[inline]
    fn write_f32<W: ?Sized + Write>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        without_zero_fraction(writer, |text| CompactFormatter.write_f32(text, value))
    }

    #[inline]
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        without_zero_fraction(writer, |text| CompactFormatter.write_f64(text, value))
    }

    #[inline]
    fn write_byte_array<W: ?Sized + Write>(&mut self, writer: &mut W, value: &[u8]) -> io::Result<()> {
        write_string_bytes(writer, value)
    }
}

#[inline]
fn without_zero_fraction<W: ?Sized + Write>(
    writer: &mut W,
    write: impl FnOnce(&mut &mut [u8]) -> io::Result<()>,
) -> io::Result<()> {
    // Longer than any number in its shortest form: a sign, 17 digits, a point and an exponent of four characters.
    let mut buffer = [0; 32];
    let mut free = buffer.as_mut_slice();
    write(&mut free)?;
    let unused = free.len();
    let text = buffer.get(..buffer.len() - unused).unwrap_or_default();
    writer.write_all(text.strip_suffix(b".0").unwrap_or(text))
}
