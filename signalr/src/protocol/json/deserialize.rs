//! JSON to Rust values, by serde.
//!
//! As in [`serialize`](super::serialize), what reads a part of a value knows no types and is called, not inlined.

mod contents;
mod key;
mod variant;

use super::number::{Number, number, short_number, short_size};
use super::scan::{Kind, Raw, RawString, Scan, Scanner, SyntaxError};
use super::text::text;
use super::value::RAW_VALUE;
use crate::protocol::error::ValueError;
use crate::protocol::naming::{Members, Naming};
use contents::{Contents, Expectation, Name, StructMembers};
use serde::de::value::{BorrowedStrDeserializer, MapDeserializer};
use serde::de::{Deserializer, Error as _, Expected, Unexpected, Visitor};
use std::borrow::Cow;
use std::str::FromStr;
use variant::Variant;

/// How deeply the arrays and objects of a value may be nested.
const MAX_DEPTH: usize = 128;

/// Reads one value.
pub(super) struct ValueDeserializer<'de> {
    scanner: Scanner<'de>,
    /// How many levels of arrays and objects may follow.
    depth: usize,
    naming: Naming,
    /// Where the name of a member is unescaped.
    name: String,
    /// What was wrong behind a value that has been read: told at the end, so that values need not be dropped in many places.
    failure: Option<ValueError>,
    /// Whether reading has stopped somewhere inside of an array or an object: whoever goes on behind that error is out of step.
    is_lost: bool,
}

/// How far an array or an object has been read.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Progress {
    First,
    More,
    Ended,
}

impl From<Box<SyntaxError>> for ValueError {
    #[cold]
    fn from(error: Box<SyntaxError>) -> Self {
        ValueError::custom(format_args!("expected {}", error.expected))
    }
}

impl<'de> ValueDeserializer<'de> {
    #[inline]
    pub(super) fn new(raw: Raw<'de>, naming: Naming) -> Self {
        ValueDeserializer {
            scanner: Scanner::new(raw),
            depth: MAX_DEPTH,
            naming,
            name: String::new(),
            failure: None,
            is_lost: false,
        }
    }

    /// Moves to the first value, behind the comma that may precede it.
    #[inline(never)]
    pub(super) fn begin(&mut self) -> Result<(), ValueError> {
        self.scanner.skip_blanks();
        if self.scanner.skip(b",") {
            self.scanner.skip_blanks();
        }
        if self.scanner.rest().is_empty() { Err(ValueError::custom("no value is left to read")) } else { Ok(()) }
    }

    /// Moves behind the value, and gives what follows it: nothing, or a comma and the next value.
    #[inline(never)]
    pub(super) fn end(&mut self, rest: &mut Raw<'de>) -> Result<(), ValueError> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        if self.is_lost {
            return Err(ValueError::custom("a part of the value cannot be read"));
        }
        self.scanner.skip_blanks();
        if !matches!(self.scanner.rest(), [] | [b',', ..]) {
            return Err(trailing());
        }
        *rest = self.scanner.remaining();
        Ok(())
    }

    /// Why reading has failed, which may have been noticed before, behind a value that was read.
    #[cold]
    #[inline(never)]
    pub(super) fn cause(&mut self, error: ValueError) -> ValueError {
        self.failure.take().unwrap_or(error)
    }

    /// Takes a step; where there is no JSON, no other one leads back.
    #[inline(always)]
    fn scan<T>(&mut self, step: impl FnOnce(&mut Scanner<'de>) -> Scan<T>) -> Result<T, ValueError> {
        step(&mut self.scanner).map_err(|error| {
            self.is_lost = true;
            error.into()
        })
    }

    #[inline]
    fn kind(&mut self) -> Result<Kind, ValueError> {
        self.scan(Scanner::peek_kind)
    }

    #[inline(never)]
    fn null(&mut self) -> Result<bool, ValueError> {
        let is_null = self.kind()? == Kind::Null;
        if is_null {
            self.scan(|scanner| scanner.literal(b"null"))?;
        }
        Ok(is_null)
    }

    /// The bool that is next, if one is.
    #[inline(never)]
    fn bool(&mut self) -> Result<Option<bool>, ValueError> {
        match self.kind()? {
            Kind::True => self.scan(|scanner| scanner.literal(b"true"))?,
            Kind::False => return self.scan(|scanner| scanner.literal(b"false")).map(|()| Some(false)),
            _ => return Ok(None),
        }
        Ok(Some(true))
    }

    /// The digits of the number that is next, if one is.
    #[inline]
    fn digits(&mut self) -> Result<Option<&'de [u8]>, ValueError> {
        if self.kind()? == Kind::Number { Ok(Some(self.scan(Scanner::number)?)) } else { Ok(None) }
    }

    /// The number that is next, if one is.
    #[inline(never)]
    fn number(&mut self) -> Result<Option<Number>, ValueError> {
        if let Some((number, rest)) = short_number(self.scanner.rest()) {
            self.scanner.move_to(rest);
            return Ok(Some(number));
        }
        self.digits()?.map(number).transpose()
    }

    /// The string that is next, if one is.
    #[inline(never)]
    fn text(&mut self) -> Result<Option<Cow<'de, str>>, ValueError> {
        if self.kind()? != Kind::String {
            return Ok(None);
        }
        let string = self.scan(Scanner::string)?;
        unescaped(string).map(Some)
    }

    /// Enters an array or an object, if one is next.
    #[inline(never)]
    fn enter(&mut self, container: Kind) -> Result<bool, ValueError> {
        if self.kind()? != container {
            return Ok(false);
        }
        self.scanner.open();
        match self.depth.checked_sub(1) {
            Some(depth) => self.depth = depth,
            None => {
                self.is_lost = true;
                return Err(ValueError::custom(format_args!("a value is nested more than {MAX_DEPTH} levels deep")));
            }
        }
        Ok(true)
    }

    /// Leaves an array or an object, whose value was read or not: where somebody makes do without it, what follows is next.
    #[inline(never)]
    fn leave(&mut self, container: Kind, progress: Progress, was_read: bool) {
        self.depth += 1;
        if progress == Progress::Ended {
            return;
        }
        let first = progress == Progress::First;
        let more = match container {
            Kind::Array => self.scanner.next_element(first),
            _ => self.scanner.next_name(first),
        };
        match more {
            Ok(false) => {}
            _ if !was_read => self.is_lost = true,
            Ok(true) => self.failure = self.failure.take().or_else(|| Some(trailing())),
            Err(error) => self.failure = self.failure.take().or_else(|| Some(error.into())),
        }
    }

    /// Whether the array has another element, which then is next.
    #[inline(never)]
    fn element(&mut self, progress: &mut Progress) -> Result<bool, ValueError> {
        if *progress == Progress::Ended {
            return Ok(false);
        }
        let more = self.scan(|scanner| scanner.next_element(*progress == Progress::First))?;
        *progress = if more { Progress::More } else { Progress::Ended };
        Ok(more)
    }

    /// The key of the next entry of an object, whose value then is next.
    #[inline(never)]
    fn key(&mut self, progress: &mut Progress) -> Result<Option<Cow<'de, str>>, ValueError> {
        if *progress == Progress::Ended || !self.scan(|scanner| scanner.next_name(*progress == Progress::First))? {
            *progress = Progress::Ended;
            return Ok(None);
        }
        *progress = Progress::More;
        let key = unescaped(self.scan(Scanner::inside_string)?)?;
        self.scan(Scanner::colon)?;
        Ok(Some(key))
    }

    /// The declared name of the next member of a struct, whose value then is next.
    #[inline(never)]
    fn member(
        &mut self,
        members: &mut Expectation,
        progress: &mut Progress,
    ) -> Result<Option<Name<'_, 'de>>, ValueError> {
        Ok(match self.key(progress)? {
            None => None,
            Some(Cow::Borrowed(key)) => Some(Name::Lent(members.declared(self.naming, key))),
            Some(Cow::Owned(key)) => {
                self.name = key;
                Some(Name::Unescaped(members.declared(self.naming, &self.name)))
            }
        })
    }

    /// Some other value is next than is expected.
    #[cold]
    #[inline(never)]
    fn unexpected(&mut self, expected: &dyn Expected) -> ValueError {
        match self.kind() {
            Ok(Kind::Null) => match self.null() {
                Ok(_) => ValueError::custom(format_args!("invalid type: null, expected {expected}")),
                Err(error) => error,
            },
            Ok(Kind::Object) => ValueError::invalid_type(Unexpected::Map, expected),
            Ok(Kind::Array) => ValueError::invalid_type(Unexpected::Seq, expected),
            Ok(Kind::String) => match self.text() {
                Ok(text) => ValueError::invalid_type(Unexpected::Str(&text.unwrap_or_default()), expected),
                Err(error) => error,
            },
            Ok(Kind::True | Kind::False) => match self.bool() {
                Ok(value) => ValueError::invalid_type(Unexpected::Bool(value.unwrap_or_default()), expected),
                Err(error) => error,
            },
            Ok(Kind::Number) => match self.number() {
                Ok(Some(Number::Unsigned(number))) => ValueError::invalid_type(Unexpected::Unsigned(number), expected),
                Ok(Some(Number::Negative(number))) => ValueError::invalid_type(Unexpected::Signed(number), expected),
                Ok(Some(Number::Fraction(number))) => ValueError::invalid_type(Unexpected::Float(number), expected),
                Ok(None) => trailing(),
                Err(error) => error,
            },
            Err(error) => error,
        }
    }

    #[inline]
    fn visit_number<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, ValueError> {
        if let Some((number, rest)) = short_size(self.scanner.rest()) {
            self.scanner.move_to(rest);
            return visitor.visit_u64(number);
        }
        match self.number()? {
            Some(Number::Unsigned(number)) => visitor.visit_u64(number),
            Some(Number::Negative(number)) => visitor.visit_i64(number),
            Some(Number::Fraction(number)) => visitor.visit_f64(number),
            None => Err(self.unexpected(&visitor)),
        }
    }

    fn visit_wide<V: Visitor<'de>, N: FromStr>(
        &mut self,
        visitor: V,
        visit: impl FnOnce(V, N) -> Result<V::Value, ValueError>,
    ) -> Result<V::Value, ValueError> {
        let Some(digits) = self.digits()? else { return Err(self.unexpected(&visitor)) };
        match std::str::from_utf8(digits).unwrap_or_default().parse() {
            Ok(number) => visit(visitor, number),
            Err(_) => Err(ValueError::invalid_value(Unexpected::Other("number"), &visitor)),
        }
    }

    /// Reads an array or an object by what `visit` does with its contents.
    #[inline]
    fn visit_contents<V: Visitor<'de>>(
        &mut self,
        container: Kind,
        visitor: V,
        visit: impl FnOnce(V, &mut Contents<'_, 'de>) -> Result<V::Value, ValueError>,
    ) -> Result<V::Value, ValueError> {
        if !self.enter(container)? {
            return Err(self.unexpected(&visitor));
        }
        let mut contents = Contents { inner: self, progress: Progress::First };
        let value = visit(visitor, &mut contents);
        let Contents { inner, progress } = contents;
        inner.leave(container, progress, value.is_ok());
        value
    }

    #[inline]
    fn visit_array<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, ValueError> {
        self.visit_contents(Kind::Array, visitor, |visitor, elements| visitor.visit_seq(elements))
    }

    #[inline(never)]
    fn skip(&mut self) -> Result<(), ValueError> {
        self.scan(|scanner| scanner.skip_value(0))
    }

    /// The name of a variant.
    #[inline(never)]
    fn variant(&mut self, has_content: bool) -> Result<Cow<'_, str>, ValueError> {
        let name = if has_content { self.key(&mut { Progress::First })? } else { self.text()? };
        name.ok_or_else(|| ValueError::custom("expected the name of a variant"))
    }

    /// The text of the value that is next, as it stands there.
    fn raw(&mut self) -> Result<&'de str, ValueError> {
        self.scanner.skip_blanks();
        let start = self.scanner.position();
        self.scan(|scanner| scanner.skip_value(0))?;
        match self.scanner.since(start) {
            Raw::Text(text) => Ok(text),
            Raw::Bytes(bytes) => std::str::from_utf8(bytes).map_err(ValueError::custom),
        }
    }
}

#[cold]
fn trailing() -> ValueError {
    ValueError::custom("trailing characters")
}

fn unescaped(string: RawString<'_>) -> Result<Cow<'_, str>, ValueError> {
    text(string).map_err(ValueError::custom)
}

macro_rules! numbers {
    ($($function:ident)+) => {$(
        #[inline(never)]
        fn $function<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
            self.visit_number(visitor)
        }
    )+};
}

impl<'de> Deserializer<'de> for &mut ValueDeserializer<'de> {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.kind()? {
            Kind::Null => self.deserialize_unit(visitor),
            Kind::True | Kind::False => self.deserialize_bool(visitor),
            Kind::Number => self.visit_number(visitor),
            Kind::String => self.deserialize_str(visitor),
            Kind::Array => self.visit_array(visitor),
            Kind::Object => self.deserialize_map(visitor),
        }
    }

    #[inline(never)]
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.bool()? {
            Some(value) => visitor.visit_bool(value),
            None => Err(self.unexpected(&visitor)),
        }
    }

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_f64
    }

    /// Not by way of an `f64`, which would be rounded a second time.
    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.visit_wide(visitor, |visitor, number: f32| match number.is_finite() {
            true => visitor.visit_f32(number),
            false => Err(ValueError::custom("number out of range")),
        })
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.visit_wide(visitor, V::visit_i128)
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.visit_wide(visitor, V::visit_u128)
    }

    #[inline(never)]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        if let Some(text) = self.scanner.plain_string() {
            return visitor.visit_borrowed_str(text);
        }
        match self.text()? {
            Some(Cow::Borrowed(text)) => visitor.visit_borrowed_str(text),
            Some(Cow::Owned(text)) => visitor.visit_string(text),
            None => Err(self.unexpected(&visitor)),
        }
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.deserialize_str(visitor)
    }

    /// A string stands for its bytes, an array for those that it lists.
    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.text()? {
            Some(Cow::Borrowed(text)) => visitor.visit_borrowed_bytes(text.as_bytes()),
            Some(Cow::Owned(text)) => visitor.visit_byte_buf(text.into_bytes()),
            None => self.visit_array(visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.deserialize_bytes(visitor)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        if self.null()? { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        if self.null()? { visitor.visit_unit() } else { Err(self.unexpected(&visitor)) }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, ValueError> {
        self.deserialize_unit(visitor)
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        if name == RAW_VALUE {
            let raw = BorrowedStrDeserializer::new(self.raw()?);
            return visitor.visit_map(MapDeserializer::new([(RAW_VALUE, raw)].into_iter()));
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.visit_array(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, ValueError> {
        self.visit_array(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.visit_array(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.visit_contents(Kind::Object, visitor, |visitor, entries| visitor.visit_map(entries))
    }

    /// An object only, as in .NET: serde itself would take the elements of an array for the members, in their order.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        members: Members,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.visit_contents(Kind::Object, visitor, |visitor, contents| {
            visitor.visit_map(StructMembers { contents, expectation: Expectation { all: members, next: 0 } })
        })
    }

    /// A name, or an object with one member of that name, which is what the variant has.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        let has_content = self.enter(Kind::Object)?;
        if !has_content && self.kind()? != Kind::String {
            return Err(self.unexpected(&visitor));
        }
        let value = visitor.visit_enum(Variant { inner: &mut *self, has_content });
        if has_content {
            // Behind the one member that it has.
            self.leave(Kind::Object, Progress::More, value.is_ok());
        }
        value
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.skip()?;
        visitor.visit_unit()
    }
}
