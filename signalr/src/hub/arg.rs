//! How generated code reads one parameter that travels: the type decides, and a wrong type gets a helpful error.
//!
//! The levels below are tried in order by method lookup: each derefs to the next, and a level whose type does not meet
//! the bounds of its `impl` is passed over. A bound that should fail with an error stands on the method instead.

use super::invocation::{FromInvocation, Invocation, Rejection};
use super::method::HubMethods;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;
use std::ops::Deref;

/// The first level for a parameter of type `T` in a method of the hub `H`.
pub const fn parameter<H, T>() -> Payload<H, T> {
    Payload(Given(Unknown(PhantomData)))
}

/// What clients can send.
pub struct Payload<H, T>(Given<H, T>);

/// What the invocation gives, though the parameter is not marked so.
pub struct Given<H, T>(Unknown<H, T>);

/// Anything else, for serde's own error.
pub struct Unknown<H, T>(PhantomData<fn(H) -> T>);

// Each `read` takes the type once more, as `U`, so that an error points at the type where generated code names it.

impl<H: HubMethods, T: DeserializeOwned> Payload<H, T> {
    /// Reads the next argument.
    #[inline]
    pub fn read<U: DeserializeOwned>(
        &self,
        invocation: &mut Invocation<'_, H>,
        name: &'static str,
    ) -> Result<U, Rejection> {
        invocation.argument(name)
    }
}

impl<H: HubMethods, T: FromInvocation<H>> Given<H, T> {
    /// Never callable: asks for `#[inject]`.
    pub fn read<U: SentByClients>(
        &self,
        _invocation: &mut Invocation<'_, H>,
        _name: &'static str,
    ) -> Result<U, Rejection> {
        match U::NEVER {}
    }
}

impl<H: HubMethods, T> Unknown<H, T> {
    /// Reads the next argument, which no type that arrives here can.
    pub fn read<U: DeserializeOwned>(
        &self,
        invocation: &mut Invocation<'_, H>,
        name: &'static str,
    ) -> Result<U, Rejection> {
        invocation.argument(name)
    }
}

impl<H, T> Deref for Payload<H, T> {
    type Target = Given<H, T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<H, T> Deref for Given<H, T> {
    type Target = Unknown<H, T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// Implemented by no type: the bound that turns an unmarked extractor into an error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is given by the invocation, not sent by the client",
    label = "mark this parameter `#[inject]`",
    note = "`Context`, `Upload`, `CancellationToken` and `impl Stream` are known by their names; \
            behind an alias, or with a name of your own, what the invocation gives is marked `#[inject]`"
)]
pub trait SentByClients {
    /// Never there.
    const NEVER: std::convert::Infallible;
}

/// Whether a parameter is an `Option`, whose argument may be missing at the end: [`IsOption::OPTIONAL`] unless the
/// inherent constant shadows it.
pub struct Wire<T>(PhantomData<fn() -> T>);

impl<T> Wire<Option<T>> {
    /// An `Option` may be missing.
    pub const OPTIONAL: bool = true;
}

/// The answer for every type that is not an `Option`.
pub trait IsOption {
    /// Any other argument has to be there.
    const OPTIONAL: bool = false;
}

impl<T> IsOption for Wire<T> {}

#[cfg(test)]
mod tests {
    use super::{IsOption as _, Wire};

    #[test]
    fn an_option_is_known_by_its_type() {
        type Alias = Option<u32>;
        const {
            assert!(Wire::<Option<Vec<u8>>>::OPTIONAL && Wire::<Alias>::OPTIONAL);
            assert!(!Wire::<Vec<Option<u8>>>::OPTIONAL && !Wire::<()>::OPTIONAL);
        }
    }
}
