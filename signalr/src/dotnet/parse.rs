//! Reading values from text.

use super::InvalidValue;
use serde::de::{Error, Visitor};
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

/// Reads a string by `FromStr`.
pub(super) struct Parsed<T> {
    expected: &'static str,
    parsed: PhantomData<T>,
}

impl<T> Parsed<T> {
    pub(super) fn new(expected: &'static str) -> Self {
        Parsed { expected, parsed: PhantomData }
    }
}

impl<T: FromStr<Err = InvalidValue>> Visitor<'_> for Parsed<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

/// What is left of a text that is read from its start.
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl Cursor<'_> {
    /// Whether this character comes next; it is taken.
    pub(super) fn take(&mut self, character: u8) -> bool {
        match self.0.split_first() {
            Some((&first, rest)) if first == character => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    /// A number of at least `least` and at most `most` digits, at most 18.
    pub(super) fn number(&mut self, least: usize, most: usize) -> Option<i64> {
        let length = self.0.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at_checked(length).filter(|_| length >= least)?;
        self.0 = rest;
        Some(digits.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0')))
    }

    /// A number below `bound` of exactly two digits.
    pub(super) fn two(&mut self, bound: i64) -> Option<i64> {
        self.number(2, 2).filter(|number| *number < bound)
    }

    /// The digits behind a decimal point, at most `most`, as ticks; what is finer than those is dropped.
    pub(super) fn fraction(&mut self, most: usize) -> Option<i64> {
        let before = self.0.len();
        let mut ticks = self.number(1, 7)?;
        let digits = before - self.0.len();
        for _ in digits..7 {
            ticks *= 10;
        }
        if digits == 7 && most > 7 {
            self.number(0, most - 7)?;
        }
        Some(ticks)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Seven decimals, behind their point.
pub(super) struct Fraction {
    pub(super) ticks: i64,
    /// Whether zeros at the end are left out.
    pub(super) short: bool,
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut ticks, mut width) = (self.ticks, 7);
        if ticks == 0 {
            return Ok(());
        }
        while self.short && ticks % 10 == 0 {
            ticks /= 10;
            width -= 1;
        }
        write!(f, ".{ticks:0width$}")
    }
}
