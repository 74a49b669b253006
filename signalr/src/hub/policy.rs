//! Policies: functions of the application that say whether a caller may call a method, or connect to a hub.

use super::call::HubCall;
use super::caller::Caller;
use super::error::HubError;
use super::request::Request;
use crate::session::BoxFuture;
use std::marker::PhantomData;
use std::ops::Deref;

/// What a policy has decided, or will have.
pub type PolicyFuture = BoxFuture<Result<(), Refusal>>;

/// The policy of a method.
pub(crate) type MethodPolicy = fn(HubCall) -> PolicyFuture;

/// Why somebody is not let in.
#[derive(Debug)]
pub enum Refusal {
    /// The policy has said no.
    Unauthorized,
    /// The policy has an error to tell.
    Error(HubError),
}

impl Refusal {
    /// The error of a call of `method`.
    pub(crate) fn of_call(self, method: &str) -> HubError {
        match self {
            Refusal::Unauthorized => {
                HubError::verbatim(format!("Failed to invoke '{method}' because user is unauthorized"))
            }
            Refusal::Error(error) => error,
        }
    }
}

/// What the policy of a method can be given.
#[diagnostic::on_unimplemented(
    message = "the policy of a hub method cannot take `{Self}`",
    label = "this policy takes something that a call does not have",
    note = "a policy is `fn(&Caller) -> bool`, `fn(&HubCall) -> bool` or `fn(&Request) -> bool`; it may be an `async fn`, \
            and return `Result<(), HubError>`"
)]
pub trait OfCall<'a> {
    /// What it sees of the call.
    fn of(call: &'a HubCall) -> Self;
}

impl<'a> OfCall<'a> for &'a HubCall {
    fn of(call: &'a HubCall) -> Self {
        call
    }
}

impl<'a> OfCall<'a> for &'a Caller {
    fn of(call: &'a HubCall) -> Self {
        call.caller()
    }
}

impl<'a> OfCall<'a> for &'a Request {
    fn of(call: &'a HubCall) -> Self {
        call.caller().request()
    }
}

/// What the policy of a whole hub can be given.
#[diagnostic::on_unimplemented(
    message = "the policy of a hub cannot take `{Self}`",
    label = "this policy takes something that a request does not have",
    note = "the policy of a hub is asked before there is a connection: it is `fn(&Request) -> bool`; it may be an `async fn`, \
            and return `Result<(), HubError>`"
)]
pub trait OfRequest<'a> {
    /// What it sees of the request.
    fn of(request: &'a Request) -> Self;
}

impl<'a> OfRequest<'a> for &'a Request {
    fn of(request: &'a Request) -> Self {
        request
    }
}

/// What a policy can return, at once or by a future.
#[diagnostic::on_unimplemented(
    message = "a policy cannot return `{Self}`",
    label = "this policy returns neither `bool` nor `Result<(), HubError>`",
    note = "`true` and `Ok(())` let the caller in; the error of a `Result` is told in place of the standard text"
)]
pub trait Verdict {
    /// As a result.
    fn decided(self) -> Result<(), Refusal>;
}

impl Verdict for bool {
    fn decided(self) -> Result<(), Refusal> {
        if self { Ok(()) } else { Err(Refusal::Unauthorized) }
    }
}

impl Verdict for Result<(), HubError> {
    fn decided(self) -> Result<(), Refusal> {
        self.map_err(Refusal::Error)
    }
}

// Whether a policy is `async` is found by its type, as with the answers of methods.

/// A verdict that is still to come.
pub struct Later<T>(Now<T>);

/// A verdict, or what is none.
pub struct Now<T>(PhantomData<fn() -> T>);

/// Looks whether `value` is a verdict or the future of one.
pub fn verdict<T>(_value: &T) -> Later<T> {
    Later(Now(PhantomData))
}

impl<T> Deref for Later<T> {
    type Target = Now<T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<F: Future> Later<F> {
    /// Waits for it.
    pub async fn decide(&self, value: F) -> Result<(), Refusal>
    where
        F::Output: Verdict,
    {
        value.await.decided()
    }
}

impl<T> Now<T> {
    /// It is there.
    pub async fn decide(&self, value: T) -> Result<(), Refusal>
    where
        T: Verdict,
    {
        value.decided()
    }
}
