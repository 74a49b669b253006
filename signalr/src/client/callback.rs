//! One call of the server on this client: what its handlers read, and what they answer.

use super::connection::{HubConnection, WeakConnection};
use super::error::at;
use crate::hub::error::HubError;
use crate::protocol::{Arguments, Codec};
use crate::session::BoxFuture;
use crate::telemetry::redact;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;

/// A call of the server, as one handler sees it: its arguments are read one after the other.
pub struct Callback<'a> {
    target: &'a str,
    arguments: Arguments<'a>,
    connection: &'a WeakConnection,
    answer: AnswerEncoder,
    /// The place of the argument read next.
    position: usize,
}

/// What a handler has done: the answer, still encoded, where there is one and the server waits for it.
pub type CallbackResult = Result<Option<Vec<u8>>, HubError>;

/// A handler that has begun.
pub struct CallbackStart(pub(super) Begun);

pub(super) enum Begun {
    Done(CallbackResult),
    Running(BoxFuture<CallbackResult>),
}

impl CallbackStart {
    /// The handler has run to its end.
    pub(crate) fn done(result: CallbackResult) -> Self {
        CallbackStart(Begun::Done(result))
    }

    /// The handler runs on.
    pub fn future(future: impl Future<Output = CallbackResult> + Send + 'static) -> Self {
        CallbackStart(Begun::Running(Box::pin(future)))
    }
}

/// Why a handler was not run.
#[derive(Debug, PartialEq, Eq)]
pub enum NotRun {
    /// An argument cannot be read.
    Unreadable {
        /// Its place, from 1.
        position: usize,
        /// Its name, where the handler is a method of a receiver.
        name: Option<&'static str>,
        /// Whether the server has sent it at all.
        sent: bool,
        /// Where in it, such as `lines[2].price`; empty where it is the argument itself.
        path: String,
        /// Why it cannot.
        cause: String,
    },
    /// Nobody has the connection any more.
    Abandoned,
}

impl fmt::Display for NotRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotRun::Abandoned => f.write_str("nobody has the connection any more"),
            NotRun::Unreadable { position, name, sent, path, cause } => {
                write!(f, "argument {position}")?;
                if let Some(name) = name {
                    write!(f, " ('{name}')")?;
                }
                if *sent { write!(f, "{}: {cause}", at(path)) } else { f.write_str(" was not sent") }
            }
        }
    }
}

impl NotRun {
    /// For the log: without what the server has sent.
    pub(super) fn redacted(&self) -> String {
        match self {
            NotRun::Unreadable { position, name, sent: true, path, cause } => {
                let (path, cause) = (path.clone(), redact::of_argument(cause).into_owned());
                NotRun::Unreadable { position: *position, name: *name, sent: true, path, cause }.to_string()
            }
            other => other.to_string(),
        }
    }
}

impl<'a> Callback<'a> {
    /// `question` says whether the server waits for an answer.
    pub(super) fn new(
        target: &'a str,
        arguments: Arguments<'a>,
        connection: &'a WeakConnection,
        question: bool,
    ) -> Self {
        let answer = AnswerEncoder(question.then(|| arguments.codec()));
        Callback { target, arguments, connection, answer, position: 0 }
    }

    /// The name by which the server calls.
    pub fn target(&self) -> &str {
        self.target
    }

    /// The arguments that were not read yet.
    #[cfg(feature = "testing")]
    pub(crate) fn arguments(&self) -> &Arguments<'a> {
        &self.arguments
    }

    /// The connection that is called.
    ///
    /// # Errors
    /// Fails when nobody has it any more: it is about to end.
    pub fn connection(&self) -> Result<HubConnection, NotRun> {
        self.connection.upgrade().ok_or(NotRun::Abandoned)
    }

    /// The next argument. Past the last one it is read as null.
    ///
    /// # Errors
    /// Fails when it cannot be read as a `T`.
    pub fn argument<T: DeserializeOwned>(&mut self, name: Option<&'static str>) -> Result<T, NotRun> {
        self.position += 1;
        let before = self.arguments;
        self.arguments.next().map_err(|error| NotRun::Unreadable {
            position: self.position,
            name,
            sent: !before.is_empty(),
            path: before.path_of_failure::<T>(),
            cause: error.to_string(),
        })
    }

    /// How the handler answers.
    pub fn answer(&self) -> AnswerEncoder {
        self.answer
    }
}

impl fmt::Debug for Callback<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback").field("target", &self.target).finish_non_exhaustive()
    }
}

/// Encodes an answer, where the server waits for one.
#[derive(Debug, Clone, Copy)]
pub struct AnswerEncoder(Option<Codec>);

impl AnswerEncoder {
    /// No answer: the method has no result.
    pub fn nothing(self) -> CallbackResult {
        Ok(None)
    }

    /// The encoded value.
    ///
    /// # Errors
    /// Fails when the value cannot be serialised.
    pub fn value<T: Serialize>(self, value: &T) -> CallbackResult {
        self.0.map(|codec| codec.value(value)).transpose().map_err(|error| HubError::from_encode(&error))
    }
}
