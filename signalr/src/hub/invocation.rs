//! One call on its way from the wire into the method.

use super::context::Context;
use super::error::HubError;
use super::method::{HubMethods, Method};
use super::reply::Reply;
use crate::protocol::{Arguments, DecodeError};
use crate::session::calls::CallFuture;
use crate::session::cancel::CancellationToken;
use crate::streaming::upload::{Upload, UploadError, UploadHandle};
use crate::telemetry::redact;
use futures_util::{Stream, StreamExt};
use serde::de::DeserializeOwned;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as TaskContext, Poll};
use tracing::Instrument;

/// A call of a hub method whose parameters are being collected: first the arguments from the wire, in order, then those
/// that the server makes itself, by [`FromInvocation`], which finds the caller and the method here.
pub struct Invocation<'a, H: HubMethods> {
    pub(crate) hub: &'a Arc<H>,
    pub(crate) context: &'a Context<H>,
    pub(crate) method: &'static Method<H>,
    /// `None` if no answer is wanted.
    pub(crate) id: Option<&'a str>,
    pub(crate) arguments: Arguments<'a>,
    /// Whether the client expects a stream.
    pub(crate) streaming: bool,
    pub(crate) uploads: std::vec::IntoIter<UploadHandle>,
    /// What answers the call, if it was made already: before the method begins nothing else can end the call.
    pub(crate) reply: Option<Reply<'static>>,
    /// Whether the method has taken the reply.
    pub(crate) begun: bool,
    /// The call of a method that runs to its end when it begins.
    pub(crate) at_once: Option<Begun<'a, &'a Arc<H>>>,
    /// Where the session finds the tokens of the call, if any were made.
    pub(crate) tokens: &'a mut CallTokens,
    /// The place of the argument read next, for error texts.
    pub(crate) position: usize,
    pub(crate) failure: Option<PlainFailure>,
}

/// What can end a call before its time; made only where somebody listens.
#[derive(Debug, Default, Clone)]
pub(crate) struct CallTokens {
    /// Fired by CancelInvocation and by the end of the connection.
    pub(crate) cancel: Option<CancellationToken>,
    /// Drops the call's future when fired.
    pub(crate) drop: Option<CancellationToken>,
}

/// A parameter of a hub method that does not travel over the wire but is made by the server: [`Context`],
/// [`Upload`], [`CancellationToken`], and your own types where the parameter is marked `#[inject]`.
///
/// ```
/// use signalr::{FromInvocation, HubError, HubMethods, Invocation};
///
/// /// Who calls, by the name in the query string of the connection.
/// struct Caller(String);
///
/// impl<H: HubMethods> FromInvocation<H> for Caller {
///     fn from_invocation(invocation: &mut Invocation<'_, H>) -> Result<Self, HubError> {
///         let name = invocation.context().query("name");
///         name.map(|name| Caller(name.into_owned())).ok_or_else(|| HubError::public("who are you?"))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be made for a call of a hub method",
    label = "`FromInvocation` is not implemented for `{Self}`",
    note = "implement `FromInvocation`, or remove `#[inject]` if the client sends this argument"
)]
pub trait FromInvocation<H: HubMethods>: Sized {
    /// Makes the parameter.
    ///
    /// # Errors
    /// The call fails with the error; the method does not run.
    fn from_invocation(invocation: &mut Invocation<'_, H>) -> Result<Self, HubError>;
}

/// Why a call never reached its method: the answer.
#[derive(Debug)]
pub struct Rejection(HubError);

impl<'a, H: HubMethods> Invocation<'a, H> {
    /// The caller.
    pub fn context(&self) -> &Context<H> {
        self.context
    }

    /// The method that is called.
    pub fn method(&self) -> &'static Method<H> {
        self.method
    }

    /// The next argument from the wire. Past the last one it is read as null.
    #[doc(hidden)]
    pub fn argument<T: DeserializeOwned>(&mut self, name: &'static str) -> Result<T, Rejection> {
        self.position += 1;
        match self.arguments.next() {
            Ok(value) => Ok(value),
            Err(error) => Err(self.unreadable(name, &error)),
        }
    }

    #[cold]
    #[inline(never)]
    fn unreadable(&self, name: &'static str, error: &DecodeError) -> Rejection {
        let error = error.to_string();
        let error = &*redact::of_argument(&error);
        let (method, position) = (self.method.name(), self.position - 1);
        tracing::debug!(method, argument = name, position, error, "argument cannot be read");
        self.binding_failure(
            "Error binding arguments. Make sure that the types of the provided values match the types of the hub \
             method being invoked.",
        )
    }

    /// All arguments are read: checks what else must fit before the method runs.
    #[doc(hidden)]
    #[inline(never)]
    pub fn begin(&mut self) -> Result<(), Rejection> {
        let target = self.method.name();
        let expected = self.method.upload_count();
        let text = if self.method.is_streaming() && !self.streaming {
            format!("The client attempted to invoke the streaming '{target}' method with a non-streaming invocation.")
        } else if !self.method.is_streaming() && self.streaming {
            format!("The client attempted to invoke the non-streaming '{target}' method with a streaming invocation.")
        } else if self.uploads.len() != expected {
            let sent = self.uploads.len();
            format!(
                "An unexpected error occurred invoking '{target}' on the server. \
                 HubException: Client sent {sent} stream(s), Hub method expects {expected}."
            )
        } else {
            return Ok(());
        };
        Err(Rejection(HubError::verbatim(text)))
    }

    /// A parameter that the server makes.
    #[doc(hidden)]
    pub fn inject<T: FromInvocation<H>>(&mut self) -> Result<T, Rejection> {
        match T::from_invocation(self) {
            Ok(value) => Ok(value),
            Err(error) => Err(self.refused(error)),
        }
    }

    #[cold]
    #[inline(never)]
    fn refused(&self, error: HubError) -> Rejection {
        let text = format!("An unexpected error occurred invoking '{}' on the server.", self.method.name());
        Rejection(error.into_refusal(&text, self.context.peer().detailed_errors))
    }

    /// Begins the call of a method that runs to its end now.
    #[doc(hidden)]
    #[inline(never)]
    pub fn at_once(&mut self) -> &mut Begun<'a, &'a Arc<H>> {
        self.begun = true;
        let make = || Reply::at_once(self.context.peer(), self.id, self.method.name());
        let mut reply = self.reply.take().unwrap_or_else(make);
        reply.token = self.tokens.cancel.clone();
        reply.failure = self.failure.take();
        self.at_once.insert(Begun { reply, hub: self.hub })
    }

    /// Begins the call of a method that goes on. It is in a box, so that futures carry a pointer.
    #[doc(hidden)]
    #[inline(never)]
    pub fn start(&mut self) -> Box<Begun<'static, Arc<H>>> {
        if self.method.drops_on_cancel() {
            self.tokens.drop = Some(self.token());
        }
        let mut reply = self.take_reply();
        reply.token = self.tokens.cancel.clone();
        reply.failure = self.failure.take();
        Box::new(Begun { reply, hub: self.hub.clone() })
    }

    fn take_reply(&mut self) -> Reply<'static> {
        self.begun = true;
        let make = || Reply::new(self.context.peer().clone(), self.id, self.method.name(), self.streaming);
        self.reply.take().unwrap_or_else(make)
    }

    /// Runs the method, or answers why it cannot. Returns what is left to run.
    pub(crate) fn run(mut self) -> Option<Started> {
        let started = if let Some(expected) = self.method.misfit(self.arguments.len()) {
            Ok(Err(self.wrong_count(expected)))
        } else {
            catch_unwind(AssertUnwindSafe(|| self.method.start(&mut self)))
        };
        match started {
            Ok(Ok(started)) => Some(started.0),
            Ok(Err(rejection)) => {
                let reply = self.take_reply();
                // The application's error may have data. Its panic is answered when the reply unwinds.
                let _ = catch_unwind(AssertUnwindSafe(|| reply.refuse(rejection.0)));
                None
            }
            Err(_panic) => {
                match self.at_once.take() {
                    Some(begun) => begun.reply.unwound(),
                    None if !self.begun => self.take_reply().panicked(),
                    // A method that would have gone on was answered when it unwound.
                    None => {}
                }
                None
            }
        }
    }

    #[inline(never)]
    pub(crate) fn token(&mut self) -> CancellationToken {
        self.tokens.cancel.get_or_insert_default().clone()
    }

    /// The next stream that the client sends.
    #[inline(never)]
    fn upload(&mut self) -> Result<UploadHandle, HubError> {
        // `begin` has compared the numbers.
        self.uploads.next().ok_or_else(|| HubError::public("Client sent too few streams."))
    }

    /// By what a plain upload stream ends the call.
    #[inline(never)]
    fn plain(&mut self) -> (PlainFailure, CancellationToken) {
        let failure = self.failure.get_or_insert_default().clone();
        let drop = if self.method.drops_on_cancel() { self.token() } else { CancellationToken::new() };
        (failure, self.tokens.drop.get_or_insert(drop).clone())
    }

    /// The number of arguments does not fit.
    fn wrong_count(&self, expected: usize) -> Rejection {
        let count = self.arguments.len();
        self.binding_failure(&format!("Invocation provides {count} argument(s) but target expects {expected}."))
    }

    fn binding_failure(&self, text: &str) -> Rejection {
        let mut full = format!("Failed to invoke '{}' due to an error on the server.", self.method.name());
        if self.context.peer().detailed_errors {
            full = format!("{full} InvalidDataException: {text}");
        }
        Rejection(HubError::verbatim(full))
    }
}

impl<H: HubMethods> fmt::Debug for Invocation<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invocation").field("method", &self.method.name()).finish_non_exhaustive()
    }
}

impl<H: HubMethods> FromInvocation<H> for Context<H> {
    fn from_invocation(invocation: &mut Invocation<'_, H>) -> Result<Self, HubError> {
        Ok(invocation.context.clone())
    }
}

impl<H: HubMethods> FromInvocation<H> for CancellationToken {
    fn from_invocation(invocation: &mut Invocation<'_, H>) -> Result<Self, HubError> {
        Ok(invocation.token())
    }
}

impl<H: HubMethods, T: DeserializeOwned> FromInvocation<H> for Upload<T> {
    fn from_invocation(invocation: &mut Invocation<'_, H>) -> Result<Self, HubError> {
        invocation.upload().map(Upload::new)
    }
}

/// What a parameter `impl Stream<Item = T>` gets: the items alone. If the upload fails, the call fails with the client's
/// error, and the method is dropped where it waits for the next item.
#[derive(Debug)]
pub struct PlainUpload<T> {
    upload: Upload<T>,
    failure: PlainFailure,
    /// Ends the call.
    drop: CancellationToken,
}

/// The error of a plain upload stream, for the call to fail with.
#[derive(Debug, Clone, Default)]
pub(crate) struct PlainFailure(Arc<Mutex<Option<UploadError>>>);

impl PlainFailure {
    /// The first one counts.
    #[cold]
    fn keep(&self, error: UploadError) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    pub(crate) fn take(&self) -> Option<UploadError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<H: HubMethods, T: DeserializeOwned> FromInvocation<H> for PlainUpload<T> {
    fn from_invocation(invocation: &mut Invocation<'_, H>) -> Result<Self, HubError> {
        let upload = Upload::from_invocation(invocation)?;
        let (failure, drop) = invocation.plain();
        Ok(PlainUpload { upload, failure, drop })
    }
}

impl<T: DeserializeOwned> Stream for PlainUpload<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<T>> {
        match self.upload.poll_next_unpin(cx) {
            // The method never learns of an end that was none.
            Poll::Ready(Some(Err(error))) => {
                self.failure.keep(error);
                self.drop.cancel();
                Poll::Pending
            }
            Poll::Ready(Some(Ok(item))) => Poll::Ready(Some(item)),
            Poll::Ready(None) if self.drop.is_cancelled() => Poll::Pending,
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// What a call needs until it has ended: the hub that its method borrows, and what answers it.
#[derive(Debug)]
pub struct Begun<'p, B> {
    /// Answers the call.
    pub reply: Reply<'p>,
    /// The hub.
    pub hub: B,
}

impl<H> Begun<'static, Arc<H>> {
    /// Ends a call that was answered. Dropping it does the same; this is one function for all methods.
    #[inline(never)]
    #[expect(clippy::boxed_local, reason = "it ends the box")]
    pub fn end(self: Box<Self>) {}
}

/// A call that has begun.
pub struct CallStart(pub(crate) Started);

pub(crate) enum Started {
    Done,
    Running(CallFuture),
    Blocking(Box<dyn FnOnce() + Send>),
}

impl fmt::Debug for CallStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Started::Done => "Done",
            Started::Running(_) => "Running",
            Started::Blocking(_) => "Blocking",
        })
    }
}

impl CallStart {
    /// The method has run and its call is answered.
    pub fn done() -> Self {
        CallStart(Started::Done)
    }

    /// The method runs on, as a part of its connection.
    pub fn future(future: impl Future<Output = ()> + Send + 'static) -> Self {
        CallStart(Started::Running(Box::pin(future)))
    }

    /// The method runs on in a task of its own, which is aborted where the call would be dropped.
    pub fn spawned(future: impl Future<Output = ()> + Send + 'static) -> Self {
        CallStart(Started::Running(spawned(Box::pin(future))))
    }

    /// The method runs on a thread for blocking work.
    pub fn blocking(run: impl FnOnce() + Send + 'static) -> Self {
        CallStart(Started::Blocking(Box::new(run)))
    }
}

/// Runs a call in a task of its own. It is in a box already, so that all calls share one kind of task.
fn spawned(call: CallFuture) -> CallFuture {
    struct AbortOnDrop(tokio::task::JoinHandle<()>);
    impl Drop for AbortOnDrop {
        fn drop(&mut self) {
            self.0.abort();
        }
    }
    let mut task = AbortOnDrop(tokio::spawn(call.in_current_span()));
    Box::pin(async move {
        // A panic was answered when it unwound.
        let _ = (&mut task.0).await;
    })
}

/// Keeps a type parameter of a hub without owning one.
pub(crate) type Of<H> = PhantomData<fn() -> H>;
