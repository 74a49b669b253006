//! Arguments, items and results that are still encoded.

use super::codec::{Codec, Protocol};
use super::error::{DecodeError, EncodeError};
use super::json::{self, Raw};
#[cfg(feature = "msgpack")]
use super::msgpack;
use super::naming::Naming;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Where a value cannot be read as a `T`; empty where it is the value itself.
#[cfg(feature = "client-core")]
pub(super) fn path_in<'de, T: DeserializeOwned, D: serde::Deserializer<'de>>(deserializer: D) -> String {
    match serde_path_to_error::deserialize::<_, T>(deserializer) {
        // A path without segments is written as a point.
        Err(error) => Some(error.path().to_string()).filter(|path| path != ".").unwrap_or_default(),
        Ok(_) => String::new(),
    }
}

/// Encoded values.
#[derive(Debug, Clone, Copy)]
enum Encoded<'a> {
    Json(Raw<'a>),
    #[cfg(feature = "msgpack")]
    MessagePack(&'a [u8]),
}

impl<'a> Encoded<'a> {
    fn new(protocol: Protocol, bytes: &'a [u8]) -> Self {
        match protocol {
            Protocol::Json => Encoded::Json(Raw::Bytes(bytes)),
            #[cfg(feature = "msgpack")]
            Protocol::MessagePack => Encoded::MessagePack(bytes),
        }
    }

    #[cfg(feature = "client-core")]
    fn path_of_failure<T: DeserializeOwned>(self, naming: Naming) -> String {
        match self {
            Encoded::Json(raw) => json::path_of_failure::<T>(raw, naming),
            #[cfg(feature = "msgpack")]
            Encoded::MessagePack(bytes) => msgpack::path_of_failure::<T>(bytes, naming),
        }
    }

    fn as_bytes(self) -> &'a [u8] {
        match self {
            Encoded::Json(raw) => raw.as_bytes(),
            #[cfg(feature = "msgpack")]
            Encoded::MessagePack(bytes) => bytes,
        }
    }

    fn protocol(self) -> Protocol {
        match self {
            Encoded::Json(_) => Protocol::Json,
            #[cfg(feature = "msgpack")]
            Encoded::MessagePack(_) => Protocol::MessagePack,
        }
    }
}

/// One encoded value: an item of a stream or the result of a call.
#[derive(Debug, Clone, Copy)]
pub struct Payload<'a> {
    value: Encoded<'a>,
    naming: Naming,
}

impl<'a> Payload<'a> {
    /// A value that is encoded in a [`Protocol`] or by a [`Codec`].
    pub fn new(codec: impl Into<Codec>, bytes: &'a [u8]) -> Self {
        let Codec { protocol, naming } = codec.into();
        Payload { value: Encoded::new(protocol, bytes), naming }
    }

    /// A value in JSON.
    #[inline]
    pub(super) fn json(raw: Raw<'a>) -> Self {
        Payload { value: Encoded::Json(raw), naming: Naming::AsDeclared }
    }

    /// The encoded bytes, without any framing.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.value.as_bytes()
    }

    /// The protocol in which the value is encoded.
    pub fn protocol(&self) -> Protocol {
        self.value.protocol()
    }

    /// The protocol in which the value is encoded, and how members are named in it.
    pub fn codec(&self) -> Codec {
        Codec::new(self.protocol(), self.naming)
    }

    pub(super) fn set_naming(&mut self, naming: Naming) {
        self.naming = naming;
    }

    /// Reads the value as a `T`. Where `T` leaves it open what a number is, JSON gives a `u64`, an `i64` or an `f64`, also with
    /// serde_json's feature `arbitrary_precision`: `dotnet::Decimal` and serde_json's `RawValue` keep all digits.
    ///
    /// # Errors
    /// Fails when the value cannot be read as a `T`.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        match self.value {
            Encoded::Json(raw) => json::decode_value(raw, self.naming),
            #[cfg(feature = "msgpack")]
            Encoded::MessagePack(bytes) => msgpack::decode_value(bytes, self.naming),
        }
    }

    /// Where the value cannot be read as a `T`, after [`decode`](Self::decode) has failed: such as `lines[2].price`, and empty
    /// where it is the value itself.
    #[cfg(feature = "client-core")]
    pub(crate) fn path_of_failure<T: DeserializeOwned>(&self) -> String {
        self.value.path_of_failure::<T>(self.naming)
    }
}

/// The encoded arguments of an invocation, read one after the other, each into its own type.
#[derive(Debug, Clone, Copy)]
pub struct Arguments<'a> {
    /// The encoded arguments that were not read yet: for JSON what follows the opening bracket or the last value read
    /// (so it may begin with blanks and a comma, and ends before the closing bracket), for MessagePack the values
    /// without the head of their array.
    rest: Encoded<'a>,
    remaining: usize,
    naming: Naming,
}

impl<'a> Arguments<'a> {
    /// `count` arguments in `bytes`: for JSON the inside of the array without its brackets, for MessagePack the values
    /// without the array's head.
    pub fn new(codec: impl Into<Codec>, bytes: &'a [u8], count: usize) -> Self {
        let Codec { protocol, naming } = codec.into();
        Arguments { rest: Encoded::new(protocol, bytes), remaining: count, naming }
    }

    /// `count` arguments in the inside of a JSON array.
    #[inline]
    pub(super) fn json(raw: Raw<'a>, count: usize) -> Self {
        Arguments { rest: Encoded::Json(raw), remaining: count, naming: Naming::AsDeclared }
    }

    /// How many arguments were not read yet.
    pub fn len(&self) -> usize {
        self.remaining
    }

    /// Whether all arguments were read.
    pub fn is_empty(&self) -> bool {
        self.remaining == 0
    }

    /// The protocol in which the arguments are encoded.
    pub fn protocol(&self) -> Protocol {
        self.rest.protocol()
    }

    /// The protocol in which the arguments are encoded, and how members are named in it.
    pub fn codec(&self) -> Codec {
        Codec::new(self.protocol(), self.naming)
    }

    pub(super) fn set_naming(&mut self, naming: Naming) {
        self.naming = naming;
    }

    /// The encoded arguments that were not read yet.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.rest.as_bytes()
    }

    /// Where the next argument cannot be read as a `T`, after [`next`](Self::next) of a copy has failed.
    #[cfg(feature = "client-core")]
    pub(crate) fn path_of_failure<T: DeserializeOwned>(&self) -> String {
        if self.is_empty() { String::new() } else { self.rest.path_of_failure::<T>(self.naming) }
    }

    /// Reads the next argument as a `T`. When none is left, it is read as if it were null, so that a trailing
    /// `Option` may be missing.
    ///
    /// # Errors
    /// Fails when the argument cannot be read as a `T`; nothing can be read after that.
    #[allow(clippy::should_implement_trait)] // the type differs from call to call
    pub fn next<T: DeserializeOwned>(&mut self) -> Result<T, DecodeError> {
        match (self.remaining.checked_sub(1), &mut self.rest) {
            (Some(remaining), _) => self.remaining = remaining,
            (None, Encoded::Json(rest)) => *rest = Raw::Text("null"),
            #[cfg(feature = "msgpack")]
            (None, Encoded::MessagePack(rest)) => *rest = &[0xc0],
        }
        match &mut self.rest {
            Encoded::Json(rest) => json::decode_next(rest, self.naming),
            #[cfg(feature = "msgpack")]
            Encoded::MessagePack(rest) => msgpack::decode_next(rest, self.naming),
        }
    }
}

/// A list of arguments that can be written: a tuple of up to 16 values, `()` for none, a slice, an array or a `Vec`.
pub trait WireArguments {
    /// How many arguments there are.
    fn count(&self) -> usize;

    /// Calls `each` for every argument in turn and stops at the first error.
    ///
    /// # Errors
    /// Passes on what `each` returns.
    fn try_each<E: ArgumentEncoder>(&self, each: &mut E) -> Result<(), EncodeError>;
}

/// Writes one argument after the other; made by a codec.
pub trait ArgumentEncoder {
    /// Writes one argument.
    ///
    /// # Errors
    /// Fails when the value cannot be serialised in the protocol.
    fn argument<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError>;
}

/// A value of any type. What is around values is written by functions that know no types, so that each type costs a program
/// no more than its own serialisation.
pub(crate) trait AnyValue {
    fn write_json(&self, out: &mut Vec<u8>, naming: Naming) -> Result<(), EncodeError>;

    #[cfg(feature = "msgpack")]
    fn write_message_pack(&self, out: &mut Vec<u8>, naming: Naming) -> Result<(), EncodeError>;
}

impl<T: Serialize + ?Sized> AnyValue for T {
    fn write_json(&self, out: &mut Vec<u8>, naming: Naming) -> Result<(), EncodeError> {
        json::write_value(out, self, naming)
    }

    #[cfg(feature = "msgpack")]
    fn write_message_pack(&self, out: &mut Vec<u8>, naming: Naming) -> Result<(), EncodeError> {
        msgpack::write_value(out, self, naming)
    }
}

/// Arguments of any types, for the same reason.
pub(crate) trait AnyArguments {
    fn count(&self) -> usize;

    /// Writes the inside of an array.
    fn write_json(&self, out: &mut Vec<u8>, naming: Naming) -> Result<(), EncodeError>;

    /// Writes the values without the head of their array.
    #[cfg(feature = "msgpack")]
    fn write_message_pack(&self, out: &mut Vec<u8>, naming: Naming) -> Result<(), EncodeError>;
}

impl<A: WireArguments + ?Sized> AnyArguments for A {
    fn count(&self) -> usize {
        WireArguments::count(self)
    }

    fn write_json(&self, out: &mut Vec<u8>, naming: Naming) -> Result<(), EncodeError> {
        self.try_each(&mut json::Elements::new(out, naming))
    }

    #[cfg(feature = "msgpack")]
    fn write_message_pack(&self, out: &mut Vec<u8>, naming: Naming) -> Result<(), EncodeError> {
        let mut elements = msgpack::Elements::new(out, naming);
        self.try_each(&mut elements)?;
        elements.check(WireArguments::count(self))
    }
}

impl WireArguments for () {
    fn count(&self) -> usize {
        0
    }

    fn try_each<E: ArgumentEncoder>(&self, _each: &mut E) -> Result<(), EncodeError> {
        Ok(())
    }
}

impl<T: Serialize> WireArguments for [T] {
    fn count(&self) -> usize {
        self.len()
    }

    fn try_each<E: ArgumentEncoder>(&self, each: &mut E) -> Result<(), EncodeError> {
        self.iter().try_for_each(|value| each.argument(value))
    }
}

impl<T: Serialize> WireArguments for Vec<T> {
    fn count(&self) -> usize {
        self.len()
    }

    fn try_each<E: ArgumentEncoder>(&self, each: &mut E) -> Result<(), EncodeError> {
        self.as_slice().try_each(each)
    }
}

impl<T: Serialize, const N: usize> WireArguments for [T; N] {
    fn count(&self) -> usize {
        N
    }

    fn try_each<E: ArgumentEncoder>(&self, each: &mut E) -> Result<(), EncodeError> {
        self.as_slice().try_each(each)
    }
}

impl<A: WireArguments + ?Sized> WireArguments for &A {
    fn count(&self) -> usize {
        (**self).count()
    }

    fn try_each<E: ArgumentEncoder>(&self, each: &mut E) -> Result<(), EncodeError> {
        (**self).try_each(each)
    }
}

macro_rules! tuples {
    ($($count:literal: $($name:ident)+;)+) => {$(
        #[allow(non_snake_case)]
        impl<$($name: Serialize),+> WireArguments for ($($name,)+) {
            fn count(&self) -> usize {
                $count
            }

            fn try_each<Encoder: ArgumentEncoder>(&self, each: &mut Encoder) -> Result<(), EncodeError> {
                let ($($name,)+) = self;
                $(each.argument($name)?;)+
                Ok(())
            }
        }
    )+};
}

tuples! {
    1: A;
    2: A B;
    3: A B C;
    4: A B C D;
    5: A B C D E;
    6: A B C D E F;
    7: A B C D E F G;
    8: A B C D E F G H;
    9: A B C D E F G H I;
    10: A B C D E F G H I J;
    11: A B C D E F G H I J K;
    12: A B C D E F G H I J K L;
    13: A B C D E F G H I J K L M;
    14: A B C D E F G H I J K L M N;
    15: A B C D E F G H I J K L M N O;
    16: A B C D E F G H I J K L M N O P;
}
