//! How generated code answers with what a hub method returned: a value, a `Result`, or a stream of either.
//!
//! Method lookup picks by type: each level below derefs to the next, and a level whose type does not meet the bounds of
//! its `impl` is passed over. A bound that should fail with an error, rather than fall through to the next level, stands
//! on the method: otherwise a `Result` with an unusable error would be sent as an ordinary value.
//!
//! Generated code takes three steps: [`outcome`] makes any return value a `Result`, then [`success`] answers with its
//! value and [`failure`] turns its error into a [`HubError`].

use super::error::{HubError, PublicError};
use super::reply::Reply;
use crate::streaming::pump::pump;
use futures_util::Stream;
use serde::Serialize;
use std::borrow::Cow;
use std::convert::Infallible;
use std::error::Error;
use std::marker::PhantomData;
use std::ops::Deref;

/// Declares levels, each of which derefs to the next.
macro_rules! levels {
    ($(#[doc = $doc:literal] $level:ident > $next:ident;)*) => {$(
        #[doc = $doc]
        pub struct $level<T>($next<T>);

        impl<T> Deref for $level<T> {
            type Target = $next<T>;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }
    )*};
}

// ---- a return value as a `Result` ----

levels! {
    /// A `Result`.
    Fallible > Infallibly;
}

/// Any other value.
pub struct Infallibly<T>(PhantomData<fn() -> T>);

/// Looks whether `value` is a `Result`.
#[inline]
pub fn outcome<T>(_value: &T) -> Fallible<T> {
    Fallible(Infallibly(PhantomData))
}

impl<T, E> Fallible<Result<T, E>> {
    /// The `Result` as it is.
    #[inline]
    pub fn split(&self, value: Result<T, E>) -> Result<T, E> {
        value
    }
}

impl<T> Infallibly<T> {
    /// Cannot fail.
    #[inline]
    pub fn split(&self, value: T) -> Result<T, Infallible> {
        Ok(value)
    }
}

// ---- an error as a `HubError` ----

levels! {
    /// An error of the user's own that says what clients may see.
    Public > Plain;
    /// A `HubError`, or an error whose text is hidden from clients.
    Plain > Text;
    /// A bare text, which does not say whether clients may see it.
    Text > Boxed;
    /// An error that can be boxed, such as `anyhow::Error`: hidden from clients.
    Boxed > Unusable;
}

/// No error at all.
pub struct Unusable<E>(PhantomData<fn() -> E>);

/// Looks what kind of error `error` is.
#[inline]
pub fn failure<E>(_error: &E) -> Public<E> {
    Public(Plain(Text(Boxed(Unusable(PhantomData)))))
}

impl<E: PublicError> Public<E> {
    /// Lets the error say what clients may see.
    #[expect(clippy::needless_pass_by_value, reason = "all levels take the error")]
    pub fn convert<F: PublicError>(&self, error: F) -> HubError {
        error.to_hub_error()
    }
}

impl<E: Into<HubError>> Plain<E> {
    /// Hides the error unless it is a `HubError`.
    pub fn convert<F: Into<HubError>>(&self, error: F) -> HubError {
        error.into()
    }
}

impl<E: Into<Cow<'static, str>>> Text<E> {
    /// Never callable: asks for a `HubError`.
    pub fn convert<F: MethodError>(&self, error: F) -> HubError {
        error.never()
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> Boxed<E> {
    /// Hides the error.
    pub fn convert<F: Into<Box<dyn Error + Send + Sync>>>(&self, error: F) -> HubError {
        HubError::hidden(error.into())
    }
}

impl<E> Unusable<E> {
    /// Never callable: asks for an error type.
    pub fn convert<F: MethodError>(&self, error: F) -> HubError {
        error.never()
    }
}

/// Implemented by no type: the bound that makes an unusable error type an error.
#[diagnostic::on_unimplemented(
    message = "a hub method cannot fail with `{Self}`",
    label = "write `HubError`, and `HubError::public(..)` for a text that the caller may read",
    note = "an error is a `HubError`, a type that implements `PublicError` (what the caller may read), \
            or any `std::error::Error` (its text is logged, and hidden from the caller)"
)]
pub trait MethodError {
    /// Never there.
    fn never(self) -> HubError;
}

// ---- a value as an answer ----

levels! {
    /// A stream whose items are `Result`s.
    FallibleItems > Items;
    /// A stream.
    Items > Value;
}

/// A single value.
pub struct Value<T>(PhantomData<fn() -> T>);

/// Looks whether `value` is a stream.
#[inline]
pub fn success<T>(_value: &T) -> FallibleItems<T> {
    FallibleItems(Items(Value(PhantomData)))
}

impl<S: Stream<Item = Result<T, E>>, T, E> FallibleItems<S> {
    /// Sends the items until the stream ends or an item is an error.
    #[inline]
    pub fn stream<F>(&self, stream: S, reply: &mut Reply<'static>, failure: F) -> impl Future<Output = ()>
    where
        T: Serialize,
        F: FnMut(E) -> HubError,
    {
        let mut failure = failure;
        pump(reply, stream, move |item: Result<T, E>| item.map_err(&mut failure))
    }
}

impl<S: Stream> Items<S> {
    /// Sends the items until the stream ends.
    #[inline]
    pub fn stream<F>(&self, stream: S, reply: &mut Reply<'static>, _failure: F) -> impl Future<Output = ()>
    where
        S::Item: Serialize,
        F: FnMut(Infallible) -> HubError,
    {
        pump(reply, stream, Ok)
    }

    /// Never callable: asks for `#[hub(stream)]`.
    pub fn value<U: NotAStream>(&self, value: U, reply: &mut Reply<'_>) {
        value.never(reply);
    }
}

impl<T> Value<T> {
    /// Answers with the value.
    #[inline]
    pub fn value<U: Serialize>(&self, value: U, reply: &mut Reply<'_>) {
        reply.result(&value);
    }

    /// Never callable: there is no stream.
    pub fn stream<F>(&self, value: T, reply: &mut Reply<'_>, _failure: F) -> std::future::Ready<()>
    where
        T: IsStream,
        F: FnMut(Infallible) -> HubError,
    {
        value.never(reply)
    }
}

// ---- a return type, as clients see it ----

levels! {
    /// A `Result` in disguise.
    Disguised > Plainly;
}

/// Any other type.
pub struct Plainly<T>(PhantomData<fn() -> T>);

/// Looks whether a type that does not show it is a `Result`.
pub const fn shown<T>() -> Disguised<T> {
    Disguised(Plainly(PhantomData))
}

impl<T, E> Disguised<Result<T, E>> {
    /// Never callable: asks for the `Result`.
    pub fn check<U: ShowsResult>(&self) {}
}

impl<T> Plainly<T> {
    /// The client reads this type.
    pub fn check<U>(&self) {}
}

/// Implemented by no type: the bound that makes a `Result` in disguise an error.
#[diagnostic::on_unimplemented(
    message = "this hub method returns a `Result`, but its signature does not show it",
    label = "write `Result<T, E>` here: a client reads the `T`",
    note = "a typed client is made from the signature alone"
)]
pub trait ShowsResult {}

/// What `on_connected` and `on_disconnected` return.
#[inline]
pub fn nothing<T: Nothing>(_value: T) {}

/// Implemented by `()` only.
#[diagnostic::on_unimplemented(
    message = "`{Self}` goes nowhere: no client called this method",
    label = "write `()`, or `Result<(), E>`"
)]
pub trait Nothing {}

impl Nothing for () {}

/// Implemented by no type: the bound that makes a stream in disguise an error.
#[diagnostic::on_unimplemented(
    message = "this hub method returns a stream, but its signature does not show it",
    label = "write `impl Stream<Item = ..>` here, or mark the method `#[hub(stream)]`"
)]
pub trait NotAStream {
    /// Never there.
    fn never(self, reply: &mut Reply<'_>);
}

/// Implemented by no type: the bound that makes `#[hub(stream)]` on an ordinary value an error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a stream",
    label = "a method marked `#[hub(stream)]` returns a type that implements `Stream`"
)]
pub trait IsStream {
    /// Never there.
    fn never(self, reply: &mut Reply<'_>) -> std::future::Ready<()>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt;

    /// An ordinary error that clients may read.
    #[derive(Debug)]
    struct Full;

    impl fmt::Display for Full {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("for the log")
        }
    }

    impl Error for Full {}

    impl PublicError for Full {
        fn to_hub_error(&self) -> HubError {
            HubError::public("for everybody")
        }
    }

    /// What generated code does with an error.
    macro_rules! converted {
        ($error:expr) => {{
            let error = $error;
            let converted = failure(&error).convert(error);
            (converted.is_public(), converted.message().to_owned())
        }};
    }

    #[test]
    fn an_error_is_hidden_unless_it_says_otherwise() {
        assert_eq!(converted!(HubError::public("no")), (true, "no".into()));
        assert_eq!(converted!(HubError::hidden("secret")), (false, "secret".into()));
        assert_eq!(converted!(Full), (true, "for everybody".into()));
        assert_eq!(converted!(fmt::Error), (false, fmt::Error.to_string()));
        let boxed: Box<dyn Error + Send + Sync> = "secret".into();
        assert_eq!(converted!(boxed), (false, "secret".into()));
    }

    #[test]
    fn a_result_is_taken_apart_and_anything_else_cannot_fail() {
        type Alias = Result<u32, Full>;
        let value: Alias = Ok(3);
        assert!(matches!(outcome(&value).split(value), Ok::<_, Full>(3)));
        let value: Alias = Err(Full);
        assert!(matches!(outcome(&value).split(value), Err(Full)));
        let value = Some(3);
        assert!(matches!(outcome(&value).split(value), Ok::<_, Infallible>(Some(3))));
    }
}
