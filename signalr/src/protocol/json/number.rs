//! The values of numbers.

use crate::protocol::error::ValueError;
use serde::de::Error as _;

/// A number in its widest type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Unsigned(u64),
    Negative(i64),
    Fraction(f64),
}

/// Up to here whole numbers are exactly what an `f64` can say, and so are the powers of ten below: what one of them divided by the other
/// gives is the nearest that there is.
const EXACT: u64 = 1 << f64::MANTISSA_DIGITS;
const POWERS: [f64; 19] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18];

/// The whole number that `text` begins with, and what follows it, if it has few digits and nothing but what ends a value follows.
#[inline]
pub(super) fn short_size(text: &[u8]) -> Option<(u64, &[u8])> {
    let mut size = 0;
    let rest = add_digits(&mut size, text);
    let count = text.len() - rest.len();
    let ends = matches!(rest, [] | [b',' | b']' | b'}', ..]);
    let is_short = ends && (count == 1 || (2..=18).contains(&count) && !text.starts_with(b"0"));
    is_short.then_some((size, rest))
}

/// As [`short_size`], for numbers that may have a sign and a fraction, but no exponent.
#[inline]
pub(super) fn short_number(text: &[u8]) -> Option<(Number, &[u8])> {
    let (negative, digits) = text.strip_prefix(b"-").map_or((false, text), |digits| (true, digits));
    let mut size = 0;
    let behind_digits = add_digits(&mut size, digits);
    let (rest, places) = match behind_digits {
        [b'.', fraction @ ..] => {
            let rest = add_digits(&mut size, fraction);
            (rest, Some(fraction.len() - rest.len()))
        }
        rest => (rest, None),
    };
    let count = digits.len() - behind_digits.len();
    let leading_zero = count > 1 && digits.starts_with(b"0");
    let ends = matches!(rest, [] | [b',' | b']' | b'}', ..]);
    if count == 0 || leading_zero || places == Some(0) || count + places.unwrap_or(0) > 18 || !ends {
        return None;
    }
    let number = match places {
        None if !negative => Number::Unsigned(size),
        None if size > 0 => Number::Negative(0i64.checked_sub_unsigned(size)?),
        // A whole number has no negative zero.
        None => Number::Fraction(-0.0),
        Some(_) if size > EXACT => return None,
        Some(places) => {
            let number = size as f64 / POWERS.get(places)?;
            Number::Fraction(if negative { -number } else { number })
        }
    };
    Some((number, rest))
}

/// Appends digits to a number, which wraps around if they are too many. What is left is behind them.
#[inline(always)]
fn add_digits<'a>(number: &mut u64, mut text: &'a [u8]) -> &'a [u8] {
    while let [digit @ b'0'..=b'9', rest @ ..] = text {
        *number = number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
        text = rest;
    }
    text
}

/// The value of a number, whose grammar has been checked.
///
/// # Errors
/// Fails for what is larger than any `f64`.
#[inline(never)]
pub(super) fn number(text: &[u8]) -> Result<Number, ValueError> {
    let text = std::str::from_utf8(text).unwrap_or_default();
    if let Ok(number) = text.parse() {
        return Ok(Number::Unsigned(number));
    }
    // A whole number has no negative zero.
    if let Ok(number @ ..=-1) = text.parse() {
        return Ok(Number::Negative(number));
    }
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    number.map(Number::Fraction).ok_or_else(|| ValueError::custom("number out of range"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_number_has_the_type_that_holds_it() {
        for (text, value) in [
            ("0", Number::Unsigned(0)),
            ("18446744073709551615", Number::Unsigned(u64::MAX)),
            ("18446744073709551616", Number::Fraction(18446744073709551616.0)),
            ("-1", Number::Negative(-1)),
            ("-9223372036854775808", Number::Negative(i64::MIN)),
            ("-9223372036854775809", Number::Fraction(-9223372036854775809.0)),
            ("1.0", Number::Fraction(1.0)),
            ("1e2", Number::Fraction(100.0)),
            ("-2.5", Number::Fraction(-2.5)),
        ] {
            assert_eq!(number(text.as_bytes()).unwrap(), value, "{text}");
        }
        assert!(matches!(number(b"-0"), Ok(Number::Fraction(zero)) if zero.is_sign_negative()));
        assert!(number(b"1e400").is_err());
    }

    proptest! {
        #[test]
        fn fractions_are_the_nearest_there_are(
            text in prop_oneof![
                "-?(0|[1-9][0-9]{0,17})\\.[0-9]{1,25}",
                "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,3})?[eE][+-]?[0-9]{1,2}",
                any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(|number| format!("{number:?}")),
            ],
        ) {
            let expected: f64 = text.parse().unwrap();
            let Ok(Number::Fraction(read)) = number(text.as_bytes()) else { panic!("{text}") };
            prop_assert_eq!(read.to_bits(), expected.to_bits(), "{}", text);
        }
    }
}
