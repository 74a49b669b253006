//! JSON to Rust values, by serde.
//!
//! As in [`serialize`](super::serialize), what reads a part of a value knows no types and is called, not inlined.

use super::number::{Number, number, short_number, short_size};
use super::scan::{Kind, Raw, RawString, Scan, Scanner, SyntaxError};
use super::text::text;
use super::value::RAW_VALUE;
use crate::protocol::error::ValueError;
use crate::protocol::naming::{Camel, Members, Naming, declared};
use serde::de::value::{BorrowedStrDeserializer, MapDeserializer, StrDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, Expected, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use std::borrow::Cow;
use std::str::FromStr;

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

    #[inline]
    fn visit_array<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, ValueError> {
        if !self.enter(Kind::Array)? {
            return Err(self.unexpected(&visitor));
        }
        let mut elements = Elements { inner: self, progress: Progress::First };
        let value = visitor.visit_seq(&mut elements);
        let Elements { inner, progress } = elements;
        inner.leave(Kind::Array, progress, value.is_ok());
        value
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
        if !self.enter(Kind::Object)? {
            return Err(self.unexpected(&visitor));
        }
        let mut entries = Entries { inner: self, progress: Progress::First };
        let value = visitor.visit_map(&mut entries);
        let Entries { inner, progress } = entries;
        inner.leave(Kind::Object, progress, value.is_ok());
        value
    }

    /// An object only, as in .NET: serde itself would take the elements of an array for the members, in their order.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        members: Members,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        if !self.enter(Kind::Object)? {
            return Err(self.unexpected(&visitor));
        }
        let expectation = Expectation { all: members, next: 0 };
        let mut members = StructMembers { inner: self, progress: Progress::First, expectation };
        let value = visitor.visit_map(&mut members);
        let StructMembers { inner, progress, .. } = members;
        inner.leave(Kind::Object, progress, value.is_ok());
        value
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

impl ValueDeserializer<'_> {
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
}

/// The values in an array.
struct Elements<'a, 'de> {
    inner: &'a mut ValueDeserializer<'de>,
    progress: Progress,
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = ValueError;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ValueError> {
        if self.inner.element(&mut self.progress)? { seed.deserialize(&mut *self.inner).map(Some) } else { Ok(None) }
    }
}

/// The entries of a map.
struct Entries<'a, 'de> {
    inner: &'a mut ValueDeserializer<'de>,
    progress: Progress,
}

impl<'de> MapAccess<'de> for Entries<'_, 'de> {
    type Error = ValueError;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ValueError> {
        match self.inner.key(&mut self.progress)? {
            Some(key) => seed.deserialize(Key(key)).map(Some),
            None => Ok(None),
        }
    }

    #[inline]
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, ValueError> {
        seed.deserialize(&mut *self.inner)
    }
}

/// The members of a struct.
struct StructMembers<'a, 'de> {
    inner: &'a mut ValueDeserializer<'de>,
    progress: Progress,
    expectation: Expectation,
}

/// Members mostly come in the order of their declaration.
struct Expectation {
    all: Members,
    /// The one after the last that was found.
    next: usize,
}

impl Expectation {
    /// The name by which serde knows a member.
    fn declared<'a>(&mut self, naming: Naming, received: &'a str) -> &'a str {
        match naming {
            Naming::AsDeclared => received,
            Naming::DotNet => declared::<Camel>(self.all, &mut self.next, received),
        }
    }
}

impl<'de> MapAccess<'de> for StructMembers<'_, 'de> {
    type Error = ValueError;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ValueError> {
        match self.inner.member(&mut self.expectation, &mut self.progress)? {
            Some(name) => seed.deserialize(name).map(Some),
            None => Ok(None),
        }
    }

    #[inline]
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, ValueError> {
        seed.deserialize(&mut *self.inner)
    }
}

/// The name of a member.
enum Name<'a, 'de> {
    Lent(&'de str),
    Unescaped(&'a str),
}

impl<'de> Deserializer<'de> for Name<'_, 'de> {
    type Error = ValueError;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self {
            Name::Lent(name) => visitor.visit_borrowed_str(name),
            Name::Unescaped(name) => visitor.visit_str(name),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// A variant of an enum, whose name is next.
struct Variant<'a, 'de> {
    inner: &'a mut ValueDeserializer<'de>,
    /// Whether it is the member of an object, and not a name alone.
    has_content: bool,
}

impl Variant<'_, '_> {
    fn content(&self, expected: &'static str) -> Result<(), ValueError> {
        if self.has_content { Ok(()) } else { Err(ValueError::invalid_type(Unexpected::UnitVariant, &expected)) }
    }
}

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = ValueError;
    type Variant = Self;

    #[inline]
    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), ValueError> {
        let name = self.inner.variant(self.has_content)?;
        let name = seed.deserialize(StrDeserializer::<ValueError>::new(&name))?;
        Ok((name, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = ValueError;

    fn unit_variant(self) -> Result<(), ValueError> {
        if self.has_content { serde::Deserialize::deserialize(self.inner) } else { Ok(()) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, ValueError> {
        self.content("newtype variant")?;
        seed.deserialize(self.inner)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, ValueError> {
        self.content("tuple variant")?;
        self.inner.visit_array(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, members: Members, visitor: V) -> Result<V::Value, ValueError> {
        self.content("struct variant")?;
        self.inner.deserialize_struct("", members, visitor)
    }
}

/// The key of an entry: a string, which also stands for the number or the bool that is written in it.
struct Key<'de>(Cow<'de, str>);

macro_rules! parsed {
    ($($function:ident: $visit:ident($type:ty) if $accepted:expr;)+) => {$(
        fn $function<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
            match self.parsed::<$type>().filter($accepted) {
                Some(value) => visitor.$visit(value),
                None => Err(ValueError::invalid_type(Unexpected::Str(&self.0), &visitor)),
            }
        }
    )+};
}

impl Key<'_> {
    /// The number or the bool that the key is the text of, as JSON writes it.
    fn parsed<T: FromStr>(&self) -> Option<T> {
        // Rust takes more for numbers than JSON does.
        let mut scanner = Scanner::new(Raw::Text(&self.0));
        let is_value = scanner.skip_value(0).is_ok() && scanner.rest().is_empty();
        if is_value { self.0.parse().ok() } else { None }
    }
}

impl<'de> Deserializer<'de> for Key<'de> {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0 {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        visitor.visit_enum(self.0.into_deserializer())
    }

    parsed! {
        deserialize_bool: visit_bool(bool) if |_| true;
        deserialize_i8: visit_i8(i8) if |_| true;
        deserialize_i16: visit_i16(i16) if |_| true;
        deserialize_i32: visit_i32(i32) if |_| true;
        deserialize_i64: visit_i64(i64) if |_| true;
        deserialize_i128: visit_i128(i128) if |_| true;
        deserialize_u8: visit_u8(u8) if |_| true;
        deserialize_u16: visit_u16(u16) if |_| true;
        deserialize_u32: visit_u32(u32) if |_| true;
        deserialize_u64: visit_u64(u64) if |_| true;
        deserialize_u128: visit_u128(u128) if |_| true;
        deserialize_f32: visit_f32(f32) if |value| value.is_finite();
        deserialize_f64: visit_f64(f64) if |value| value.is_finite();
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}
