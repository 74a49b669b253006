//! Closures and functions as handlers of the server's calls.

use super::callback::{AnswerEncoder, Callback, CallbackResult, CallbackStart, NotRun};
use super::connection::HubConnection;
use crate::hub::error::HubError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::TypeId;
use std::convert::Infallible;

/// What can be called by the server: closures and functions with up to eight parameters, `async` or not, given to
/// [`HubConnection::on`](crate::HubConnection::on) and [`HubConnectionBuilder::on`](crate::HubConnectionBuilder::on).
///
/// - A parameter is what the server sends (anything that implements `serde::Deserialize`, with its type written down in a
///   closure), or a [`HubConnection`], by which the handler can call the server back. An `Option` at the end may be missing.
/// - The result is a value for servers that ask for one (anything that implements `serde::Serialize`), `()` for those that do
///   not, or a `Result` whose error is a [`HubError`](crate::HubError) or can be made one by `?`. `Ok(())` is null for a server
///   that asks; after `()` it is told that there is no result.
///
/// What an `async` closure has captured it may not borrow, since it can be called again before its future ends:
///
/// ```
/// use signalr::{HubConnection, HubConnectionBuilder};
/// use tokio::sync::mpsc;
///
/// # fn connect(builder: HubConnectionBuilder<HubConnection>) {
/// let (lines, received) = mpsc::channel(100);
/// builder
///     .on("Count", |count: u32| println!("{count} users"))
///     .on("Confirm", async |question: String| question.ends_with('?'))
///     .on("Line", move |text: String| {
///         let lines = lines.clone();
///         async move { drop(lines.send(text).await) }
///     });
/// # drop(received);
/// # }
/// ```
///
/// `K` tells the kinds of handlers apart; the compiler finds it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be called by the server",
    label = "not a handler",
    note = "a handler is a closure or a function, `async` or not, with up to 8 parameters and their types: \
            `|user: String, count: u32| ..` or `async |text: String| -> bool {{ .. }}`",
    note = "each parameter implements `serde::Deserialize` or is a `HubConnection`; the result implements `serde::Serialize` or \
            is a `Result` whose error is a `HubError`; all of it is `Send + Sync + 'static`"
)]
pub trait Handler<K>: Send + Sync + 'static {
    /// Reads the arguments and calls the handler.
    #[doc(hidden)]
    fn call(&self, callback: &mut Callback<'_>) -> Result<CallbackStart, NotRun>;
}

/// A parameter of a handler.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a handler",
    label = "neither sent by the server nor known to the client",
    note = "a parameter implements `serde::Deserialize` and borrows nothing, or it is a `HubConnection`"
)]
pub trait HandlerParameter: Sized {
    /// Reads it.
    #[doc(hidden)]
    fn read(callback: &mut Callback<'_>) -> Result<Self, NotRun>;
}

impl<T: DeserializeOwned> HandlerParameter for T {
    fn read(callback: &mut Callback<'_>) -> Result<Self, NotRun> {
        callback.argument(None)
    }
}

impl HandlerParameter for HubConnection {
    fn read(callback: &mut Callback<'_>) -> Result<Self, NotRun> {
        callback.connection()
    }
}

/// What a handler may return: a value, or a `Result`; `M` says which of the two.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a handler",
    label = "cannot be sent to the server",
    note = "a result implements `serde::Serialize`, or is a `Result` whose error is a `HubError`"
)]
pub trait HandlerResult<M> {
    /// The value of the answer.
    type Value: Serialize + 'static;
    /// Why there may be none.
    type Error;

    /// Itself as a `Result`.
    #[doc(hidden)]
    fn split(self) -> Result<Self::Value, Self::Error>;

    /// Whether a handler that returns this has no answer, even to a question.
    #[doc(hidden)]
    fn is_nothing() -> bool {
        false
    }
}

/// A result that is always there.
#[derive(Debug)]
pub struct Always;

/// A `Result`.
#[derive(Debug)]
pub struct Fallible;

impl<T: Serialize + 'static> HandlerResult<Always> for T {
    type Value = T;
    type Error = Infallible;

    fn split(self) -> Result<T, Infallible> {
        Ok(self)
    }

    fn is_nothing() -> bool {
        TypeId::of::<T>() == TypeId::of::<()>()
    }
}

// For any `E`, so that a `Result` that could be serialised as it is, is an error: it would be sent as a successful value.
impl<T: Serialize + 'static, E> HandlerResult<Fallible> for Result<T, E> {
    type Value = T;
    type Error = E;

    fn split(self) -> Self {
        self
    }
}

/// Encodes what a handler has returned.
fn answer<M, R: HandlerResult<M>>(returned: R, encoder: AnswerEncoder) -> CallbackResult
where
    HubError: From<R::Error>,
{
    let value = returned.split().map_err(HubError::from)?;
    if R::is_nothing() { Ok(None) } else { encoder.value(&value) }
}

/// The kind of a plain function.
#[derive(Debug)]
pub struct Plain;

/// The kind of an `async` function.
#[derive(Debug)]
pub struct Async;

macro_rules! handlers {
    ($(($($parameter:ident)*))*) => {$(
        #[allow(non_snake_case, unused_variables)]
        impl<F, R, M, $($parameter),*> Handler<(Plain, M, fn($($parameter),*))> for F
        where
            F: Fn($($parameter),*) -> R + Send + Sync + 'static,
            R: HandlerResult<M>,
            HubError: From<R::Error>,
            $($parameter: HandlerParameter,)*
        {
            fn call(&self, callback: &mut Callback<'_>) -> Result<CallbackStart, NotRun> {
                $(let $parameter = $parameter::read(callback)?;)*
                Ok(CallbackStart::done(answer(self($($parameter),*), callback.answer())))
            }
        }

        #[allow(non_snake_case, unused_variables)]
        impl<F, R, M, $($parameter),*> Handler<(Async, M, fn($($parameter),*))> for F
        where
            F: Fn($($parameter),*) -> R + Send + Sync + 'static,
            R: Future<Output: HandlerResult<M>> + Send + 'static,
            HubError: From<<R::Output as HandlerResult<M>>::Error>,
            $($parameter: HandlerParameter,)*
        {
            fn call(&self, callback: &mut Callback<'_>) -> Result<CallbackStart, NotRun> {
                $(let $parameter = $parameter::read(callback)?;)*
                let (future, encoder) = (self($($parameter),*), callback.answer());
                Ok(CallbackStart::future(async move { answer(future.await, encoder) }))
            }
        }
    )*};
}

handlers! {
    ()
    (A)
    (A B)
    (A B C)
    (A B C D)
    (A B C D E)
    (A B C D E G)
    (A B C D E G H)
    (A B C D E G H I)
}
