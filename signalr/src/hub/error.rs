//! What clients may learn of a failure.

use super::told::ErrorData;
use crate::clients::results::ClientResultError;
use crate::protocol::{Codec, EncodeError};
use crate::streaming::upload::UploadError;
use crate::telemetry::call::Outcome;
use serde::Serialize;
use std::any::{Any, type_name};
use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// The name of the error of a call whose method panicked.
pub(crate) const PANIC: &str = "Panic";
/// The name of the error of a call that was dropped.
pub(crate) const CANCELED: &str = "OperationCanceledException";

/// The error of a hub method.
///
/// A *public* error is meant for the client: its text always arrives, as that of ASP.NET Core's `HubException` does. Any
/// other error is *hidden*: the client learns only that the call failed, unless detailed errors are on
/// ([`HubOptions::detailed_errors`](crate::HubOptions::detailed_errors)).
///
/// `HubError` does not implement [`std::error::Error`], so that `?` can turn any error into a hidden one:
///
/// ```
/// use signalr::HubError;
///
/// fn price(text: &str) -> Result<u32, HubError> {
///     let price: u32 = text.parse()?;                                    // hidden
///     if price == 0 {
///         return Err(HubError::public("a price must be above zero"));    // the client reads this
///     }
///     Ok(price)
/// }
/// assert!(price("x").is_err_and(|error| !error.is_public()));
/// assert!(price("0").is_err_and(|error| error.is_public()));
/// ```
///
/// Programs should not have to read texts, so an error may have a [`code`](Self::code) and [`data`](Self::data) as well:
///
/// ```
/// use signalr::HubError;
///
/// #[derive(serde::Serialize)]
/// struct Stock {
///     left: u32,
/// }
///
/// fn buy(wanted: u32, left: u32) -> Result<(), HubError> {
///     if wanted > left {
///         return Err(HubError::public("there are not as many").code("out_of_stock").data(Stock { left }));
///     }
///     Ok(())
/// }
/// assert_eq!(buy(7, 3).unwrap_err().get_code(), Some("out_of_stock"));
/// ```
///
/// The errors of [`Upload`](crate::Upload) streams and client results are the client's own words, so `?` makes public errors
/// of those.
pub struct HubError(Box<Content>);

struct Content {
    public: bool,
    /// Whether the text is the whole answer: one of the framework's own.
    verbatim: bool,
    name: &'static str,
    message: String,
    code: Option<Cow<'static, str>>,
    data: Option<Box<dyn ErrorData>>,
}

/// An error type of your own that clients may see. A hub method can return it as it is.
///
/// ```
/// use signalr::{HubError, PublicError};
///
/// struct OutOfStock { item: String }
///
/// impl PublicError for OutOfStock {
///     fn to_hub_error(&self) -> HubError {
///         HubError::public(format!("{} is out of stock", self.item))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a hub method",
    label = "not an error that a client can be told",
    note = "return `Result<_, HubError>` and make the error with `HubError::public(text)`, or implement `PublicError` or `std::error::Error` for `{Self}`"
)]
pub trait PublicError {
    /// What the client is told.
    fn to_hub_error(&self) -> HubError;
}

impl HubError {
    #[cold]
    #[inline(never)]
    fn new(public: bool, name: &'static str, message: String) -> Self {
        HubError(Box::new(Content { public, verbatim: false, name, message, code: None, data: None }))
    }

    /// An error whose text the client always sees.
    pub fn public(message: impl fmt::Display) -> Self {
        HubError::new(true, "HubException", message.to_string())
    }

    /// An error whose text only detailed errors show: for errors that do not implement [`std::error::Error`], as those of
    /// `anyhow`. Others become one by `?`.
    pub fn hidden(message: impl fmt::Display) -> Self {
        HubError::new(false, "Error", message.to_string())
    }

    /// An answer of the framework, with nothing before its text.
    pub(crate) fn verbatim(message: impl Into<String>) -> Self {
        let mut error = HubError::new(true, "HubException", message.into());
        error.0.verbatim = true;
        error
    }

    /// An answer of the framework to a call that this error keeps from its method: behind `text` stands what the client may
    /// know.
    pub(crate) fn into_refusal(self, text: &str, detailed: bool) -> Self {
        let mut refusal = HubError::verbatim(self.describe(text, detailed));
        if self.is_shown(detailed) {
            (refusal.0.code, refusal.0.data) = (self.0.code, self.0.data);
        }
        refusal
    }

    /// The same error under another type name: what stands before the text where it is shown, such as `HubException` for
    /// public errors. Existing clients may look for that name.
    #[must_use]
    pub fn named(mut self, name: &'static str) -> Self {
        self.0.name = name;
        self
    }

    /// Adds a short name of the error, such as `out_of_stock`, that programs can compare. It takes the place of an earlier one.
    ///
    /// It goes to the client beside the text, and only where the text does. Clients of Microsoft skip it; the Rust client has it
    /// in [`HubFailure::code`](crate::HubFailure::code). Other clients find it in the property `errorInfo` of the Completion, and
    /// over MessagePack ask for it in their handshake ([`CompletionError`](crate::protocol::CompletionError)).
    #[must_use]
    pub fn code(mut self, code: impl Into<Cow<'static, str>>) -> Self {
        self.0.code = Some(code.into());
        self
    }

    /// Adds what else programs may want to know of the error. It takes the place of earlier data.
    ///
    /// It goes to the client as the [`code`](Self::code) does. It is serialised when the answer is written, in the protocol
    /// and with the naming of that client; if it cannot be, the client gets the error without it.
    #[must_use]
    pub fn data<T: Serialize + Send + Sync + 'static>(mut self, data: T) -> Self {
        self.0.data = Some(Box::new(data));
        self
    }

    /// The code, if there is one.
    pub fn get_code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The data, if there are any of the type `T`: for filters, which see errors on their way to the client.
    pub fn get_data<T: 'static>(&self) -> Option<&T> {
        let data: &dyn Any = self.0.data.as_deref()?;
        data.downcast_ref()
    }

    /// The data as this client reads it, if there are any.
    pub(crate) fn encoded_data(&self, codec: Codec) -> Option<Result<Vec<u8>, EncodeError>> {
        self.0.data.as_ref().map(|data| (**data).encode(codec))
    }

    /// Whether the client sees the text whatever the options are.
    pub fn is_public(&self) -> bool {
        self.0.public
    }

    /// How a call ends with this error.
    pub(crate) fn outcome(&self) -> Outcome {
        match (self.0.verbatim, self.0.name) {
            (true, _) => Outcome::Rejected,
            (_, PANIC) => Outcome::Panic,
            (_, CANCELED) => Outcome::Canceled,
            _ if self.0.public => Outcome::PublicError,
            _ => Outcome::HiddenError,
        }
    }

    /// The name of the type: what stands before the text where it is shown.
    pub(crate) fn name(&self) -> &'static str {
        self.0.name
    }

    /// The text, without the name of the type.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Whether the client sees the text with or without detailed errors.
    pub(crate) fn is_shown(&self, detailed: bool) -> bool {
        self.0.public || detailed
    }

    /// `text`, and behind it what the client may know: one blank, the name, a colon and the message.
    pub(crate) fn describe(&self, text: &str, detailed: bool) -> String {
        if self.0.verbatim {
            self.0.message.clone()
        } else if self.is_shown(detailed) {
            format!("{text} {self}")
        } else {
            text.to_owned()
        }
    }
}

impl fmt::Display for HubError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.verbatim {
            return f.write_str(&self.0.message);
        }
        write!(f, "{}: {}", self.0.name, self.0.message)
    }
}

impl fmt::Debug for HubError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("HubError");
        debug.field("public", &self.0.public).field("text", &format_args!("{self}"));
        if let Some(code) = &self.0.code {
            debug.field("code", code);
        }
        debug.finish()
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for HubError {
    fn from(error: E) -> Self {
        HubError::from_error(&error, &error, type_name::<E>())
    }
}

impl HubError {
    /// `error` is the error and `any` as well, so that this is compiled once and not for each type.
    #[cold]
    #[inline(never)]
    fn from_error(error: &dyn fmt::Display, any: &dyn Any, path: &'static str) -> Self {
        let public = any.is::<UploadError>() || any.downcast_ref().is_some_and(ClientResultError::is_of_the_client);
        let name = if public { "HubException" } else { without_path(path) };
        HubError::new(public, name, error.to_string())
    }

    /// A value that cannot be serialised is an error of the server.
    pub(crate) fn from_encode(error: &EncodeError) -> Self {
        HubError::hidden(error).named("EncodeError")
    }
}

/// The name of a type without its path and parameters.
pub(crate) fn short_type_name<T>() -> &'static str {
    without_path(type_name::<T>())
}

#[cold]
#[inline(never)]
fn without_path(path: &'static str) -> &'static str {
    let path = path.split('<').next().unwrap_or(path);
    path.rsplit("::").next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_texts_show_only_with_detailed_errors() {
        let error = HubError::from("x".parse::<u32>().unwrap_err());
        assert_eq!(error.describe("Failed.", false), "Failed.");
        assert_eq!(error.describe("Failed.", true), "Failed. ParseIntError: invalid digit found in string");
    }

    #[test]
    fn public_texts_and_the_clients_own_words_always_show() {
        assert_eq!(HubError::public("no").describe("Failed.", false), "Failed. HubException: no");
        let error = HubError::from(UploadError::Client("broken".into()));
        assert_eq!(error.describe("Failed.", false), "Failed. HubException: broken");
    }
}
