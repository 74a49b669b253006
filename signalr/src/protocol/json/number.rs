//! How numbers with a fraction are written.

use serde_json::ser::{CompactFormatter, Formatter};
use std::io::{self, Write};

/// Compact JSON in which a whole number has no fraction even if its type could have one: `1` and `-0`, not `1.0` and
/// `-0.0`. A client that reads it into an integer accepts only the former.
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
