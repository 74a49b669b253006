//! A call of a hub method, whatever its hub: what filters and policies see.

use super::caller::Caller;
use super::error::HubError;
use super::filter::Answer;
use crate::protocol::payload::AnyArguments;
use crate::protocol::{Arguments, Codec, DecodeError, EncodeError, WireArguments};
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use std::fmt;

/// One call of a hub method, before its arguments are read. [Filters](crate::HubFilter) and policies see it. Matches
/// `HubInvocationContext` of ASP.NET Core.
#[derive(Debug)]
pub struct HubCall {
    caller: Caller,
    method: &'static str,
    streaming: bool,
    uploads: usize,
    arguments: CallArguments,
}

impl HubCall {
    pub(crate) fn new(
        caller: Caller,
        method: &'static str,
        streaming: bool,
        uploads: usize,
        arguments: &Arguments<'_>,
    ) -> Self {
        HubCall { caller, method, streaming, uploads, arguments: CallArguments::copied(arguments) }
    }

    /// Who calls.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The name of the method on the wire, as the hub declares it.
    pub fn method(&self) -> &'static str {
        self.method
    }

    /// Whether the method answers with a stream.
    pub fn is_streaming(&self) -> bool {
        self.streaming
    }

    /// How many streams the client sends with the call. They are no arguments; filters do not see them.
    pub fn uploads(&self) -> usize {
        self.uploads
    }

    /// What the client sends, still encoded.
    pub fn arguments(&self) -> &CallArguments {
        &self.arguments
    }

    /// What the client sends, to be replaced before the method reads it.
    pub fn arguments_mut(&mut self) -> &mut CallArguments {
        &mut self.arguments
    }

    /// An answer in place of the method's, for filters that do not call it.
    ///
    /// # Errors
    /// Fails when the value cannot be serialised, and for methods that answer with a stream.
    pub fn answer<T: Serialize + ?Sized>(&self, value: &T) -> Result<Answer, HubError> {
        if self.streaming {
            return Err(HubError::hidden("a filter cannot answer with a value in place of a stream"));
        }
        Ok(Answer::encoded(self.arguments.codec, self.arguments.codec.value(&value)?))
    }
}

/// The arguments of a call: encoded as they came, and read when somebody asks for them.
///
/// ```
/// use signalr::{HubCall, HubError};
///
/// fn shorten(call: &mut HubCall) -> Result<(), HubError> {
///     let (user, text): (String, String) = call.arguments().decode()?;
///     call.arguments_mut().set((user, text.trim()))?;
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct CallArguments {
    bytes: Box<[u8]>,
    count: usize,
    codec: Codec,
}

impl CallArguments {
    pub(crate) fn copied(arguments: &Arguments<'_>) -> Self {
        CallArguments { bytes: arguments.as_bytes().into(), count: arguments.len(), codec: arguments.codec() }
    }

    pub(crate) fn encoded(codec: Codec, arguments: &dyn AnyArguments) -> Result<Self, EncodeError> {
        Ok(CallArguments { bytes: codec.arguments(arguments)?.into(), count: arguments.count(), codec })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The protocol in which they are encoded, and how members are named in it.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// The encoded arguments, to be read one after the other.
    pub fn encoded_arguments(&self) -> Arguments<'_> {
        Arguments::new(self.codec, &self.bytes, self.count)
    }

    /// Reads the first arguments as a tuple, such as `(String, u32)`. Those that are missing are read as null.
    ///
    /// # Errors
    /// Fails when one of them cannot be read as its type.
    pub fn decode<T: FromArguments>(&self) -> Result<T, DecodeError> {
        T::from_arguments(&mut self.encoded_arguments())
    }

    /// Reads the argument at `index`, which counts from 0. One that is missing is read as null.
    ///
    /// # Errors
    /// Fails when it cannot be read as a `T`.
    pub fn get<T: DeserializeOwned>(&self, index: usize) -> Result<T, DecodeError> {
        self.from(index)?.next()
    }

    /// Replaces all arguments.
    ///
    /// # Errors
    /// Fails when a value cannot be serialised; then nothing changes.
    pub fn set(&mut self, arguments: impl WireArguments) -> Result<(), EncodeError> {
        *self = Self::encoded(self.codec, &arguments)?;
        Ok(())
    }

    /// Replaces the argument at `index`, which counts from 0, and keeps the others as they came.
    ///
    /// # Errors
    /// Fails when the value cannot be serialised, and when there is no such argument; then nothing changes.
    pub fn replace<T: Serialize + ?Sized>(&mut self, index: usize, value: &T) -> Result<(), EncodeError> {
        if index >= self.count {
            return Err(EncodeError::new(format!(
                "there is no argument {index} to be replaced: there are {}",
                self.count
            )));
        }
        let unread = |error: DecodeError| EncodeError::new(error.to_string());
        let mut rest = self.from(index).map_err(unread)?;
        let before = self.bytes.len() - rest.as_bytes().len();
        rest.next::<IgnoredAny>().map_err(unread)?;
        // The last one is read to the end of what there is.
        let after = if rest.is_empty() { self.bytes.len() } else { self.bytes.len() - rest.as_bytes().len() };
        let mut bytes = self.bytes.get(..before).unwrap_or_default().to_vec();
        if index > 0 && self.codec.protocol.separates_arguments() {
            bytes.push(b',');
        }
        bytes.append(&mut self.codec.value(&value)?);
        bytes.extend_from_slice(self.bytes.get(after..).unwrap_or_default());
        self.bytes = bytes.into();
        Ok(())
    }

    /// What follows the first `index` arguments.
    fn from(&self, index: usize) -> Result<Arguments<'_>, DecodeError> {
        let mut arguments = self.encoded_arguments();
        for _ in 0..index.min(self.count) {
            arguments.next::<IgnoredAny>()?;
        }
        Ok(arguments)
    }
}

/// What users say to each other does not belong into logs.
impl fmt::Debug for CallArguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallArguments").field("count", &self.count).finish_non_exhaustive()
    }
}

/// What [`CallArguments::decode`] reads: a tuple of up to 16 owned types, or `()`.
pub trait FromArguments: Sized {
    /// Reads the next arguments.
    ///
    /// # Errors
    /// Fails when one of them cannot be read as its type.
    fn from_arguments(arguments: &mut Arguments<'_>) -> Result<Self, DecodeError>;
}

impl FromArguments for () {
    fn from_arguments(_arguments: &mut Arguments<'_>) -> Result<Self, DecodeError> {
        Ok(())
    }
}

macro_rules! tuples {
    ($($name:ident)+) => {
        impl<$($name: DeserializeOwned),+> FromArguments for ($($name,)+) {
            fn from_arguments(arguments: &mut Arguments<'_>) -> Result<Self, DecodeError> {
                Ok(($(arguments.next::<$name>()?,)+))
            }
        }
    };
}

tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);
tuples!(A B C D E F G H I);
tuples!(A B C D E F G H I J);
tuples!(A B C D E F G H I J K);
tuples!(A B C D E F G H I J K L);
tuples!(A B C D E F G H I J K L M);
tuples!(A B C D E F G H I J K L M N);
tuples!(A B C D E F G H I J K L M N O);
tuples!(A B C D E F G H I J K L M N O P);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Protocol;

    fn of(codec: impl Into<Codec>, arguments: impl WireArguments) -> CallArguments {
        CallArguments::encoded(codec.into(), &arguments).unwrap()
    }

    #[test]
    fn arguments_are_read_by_place_or_together() {
        for protocol in Protocol::ALL {
            let arguments = of(*protocol, ("ann", 3, vec![1, 2]));
            assert_eq!(arguments.decode::<(String, u32, Vec<u8>)>().unwrap(), ("ann".into(), 3, vec![1, 2]));
            assert_eq!(arguments.decode::<(String,)>().unwrap(), ("ann".into(),));
            assert_eq!(arguments.get::<u32>(1).unwrap(), 3);
            assert_eq!(arguments.get::<Option<u32>>(7).unwrap(), None);
            assert!(arguments.get::<u32>(0).is_err() && arguments.get::<u32>(3).is_err());
        }
    }

    #[test]
    fn one_argument_is_replaced_and_the_others_stay() {
        for protocol in Protocol::ALL {
            for (index, expected) in [(0, ("new", "b", "c")), (1, ("a", "new", "c")), (2, ("a", "b", "new"))] {
                let mut arguments = of(*protocol, ("a", "b", "c"));
                arguments.replace(index, "new").unwrap();
                let (a, b, c) = arguments.decode::<(String, String, String)>().unwrap();
                assert_eq!((&*a, &*b, &*c), expected);
            }
            let mut arguments = of(*protocol, ("a",));
            assert!(arguments.replace(1, "new").is_err());
            arguments.set((1, 2)).unwrap();
            assert_eq!((arguments.len(), arguments.decode::<(u8, u8)>().unwrap()), (2, (1, 2)));
        }
    }

    #[test]
    fn blanks_between_arguments_do_not_matter() {
        let received = Arguments::new(Protocol::Json, b" 1 , [ 2 ] ,\"x\" ", 3);
        let mut arguments = CallArguments::copied(&received);
        arguments.replace(1, &7).unwrap();
        assert_eq!(arguments.decode::<(u8, u8, String)>().unwrap(), (1, 7, "x".into()));
        arguments.replace(2, &8).unwrap();
        assert_eq!(arguments.decode::<(u8, u8, u8)>().unwrap(), (1, 7, 8));
    }
}
