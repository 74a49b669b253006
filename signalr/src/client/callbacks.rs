//! What becomes of the server's calls: which handlers run, and what the server is answered.

use super::callback::{Begun, Callback, CallbackResult, NotRun};
use super::connection::WeakConnection;
use super::handlers::{Handlers, Registered, shortened};
use crate::hub::error::{HubError, PANIC};
use crate::protocol::{Arguments, Invocation};
use crate::session::BoxFuture;
use crate::session::calls::Call;
use crate::session::peer::Peer;
use crate::telemetry::redact;
use futures_util::FutureExt;
use smol_str::SmolStr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

// The texts are those of Microsoft's clients.
const NO_RESULT: &str = "Client didn't provide a result.";
const SEVERAL_RESULTS: &str = "Client provided multiple results.";
const UNREADABLE: &str = "Client failed to parse argument(s).";

/// Runs the handlers that the server calls.
pub(super) struct Callbacks {
    peer: Arc<Peer>,
    handlers: Handlers,
    connection: WeakConnection,
}

impl Callbacks {
    pub(super) fn new(peer: Arc<Peer>, handlers: Handlers, connection: WeakConnection) -> Self {
        Callbacks { peer, handlers, connection }
    }

    /// The server calls. What does not finish at once is returned.
    pub(super) fn invoke(&self, invocation: &Invocation<'_>) -> Option<Call> {
        let target = &*invocation.target;
        let mut answer = Answer::new(self.peer.clone(), invocation.id.as_deref(), target);
        if invocation.streaming {
            answer.failure = Some(format!("Failed to invoke '{target}': a client does not answer with a stream."));
            answer.send();
            return None;
        }
        let Some(handlers) = self.handlers.get(target) else {
            if self.handlers.is_news(target) {
                let connection = self.peer.id.as_str();
                let method = shortened(target);
                tracing::warn!(connection, method, "the server calls a method that has no handler");
            }
            answer.send();
            return None;
        };
        let (first, others) = handlers.split_first()?;
        let question = answer.id.is_some();
        let mut callback = Callback::new(target, invocation.arguments, &self.connection, question);
        let running = answer.begin(first, &mut callback);
        if running.is_none() && others.is_empty() {
            answer.send();
            return None;
        }
        // The arguments are copied for the handlers that begin later.
        let bytes: Box<[u8]> = if others.is_empty() { Box::default() } else { invocation.arguments.as_bytes().into() };
        let (codec, count) = (invocation.arguments.codec(), invocation.arguments.len());
        let connection = self.connection.clone();
        let future = async move {
            answer.run(running).await;
            for handler in handlers.get(1..).unwrap_or_default() {
                let arguments = Arguments::new(codec, &bytes, count);
                let target = answer.target.clone();
                let running = answer.begin(handler, &mut Callback::new(&target, arguments, &connection, question));
                answer.run(running).await;
            }
            answer.send();
        };
        Some(Call { future: Box::pin(future), id: None, cancel: None, drop: None, limited: true, streaming: false })
    }
}

/// What the handlers of one call have answered so far.
struct Answer {
    peer: Arc<Peer>,
    /// `None` if the server does not wait for an answer.
    id: Option<SmolStr>,
    target: SmolStr,
    results: Results,
    /// What the server is told if there is no result.
    failure: Option<String>,
}

/// The results of handlers, encoded. None is there if the server does not wait for one.
enum Results {
    None,
    One(Vec<u8>),
    Several,
}

impl Answer {
    fn new(peer: Arc<Peer>, id: Option<&str>, target: &str) -> Self {
        Answer { peer, id: id.map(Into::into), target: target.into(), results: Results::None, failure: None }
    }

    /// Begins a handler. What does not finish at once is returned.
    fn begin(&mut self, handler: &Registered, callback: &mut Callback<'_>) -> Option<BoxFuture<CallbackResult>> {
        match catch_unwind(AssertUnwindSafe(|| (handler.run)(callback))) {
            Ok(Ok(started)) => match started.0 {
                Begun::Running(future) => return Some(future),
                Begun::Done(result) => self.add(result),
            },
            Ok(Err(reason)) => self.not_run(&reason),
            Err(_panic) => self.panicked(),
        }
        None
    }

    /// Runs a handler to its end.
    async fn run(&mut self, running: Option<BoxFuture<CallbackResult>>) {
        let Some(running) = running else { return };
        match AssertUnwindSafe(running).catch_unwind().await {
            Ok(result) => self.add(result),
            Err(_panic) => self.panicked(),
        }
    }

    /// Adds what one handler has come to.
    fn add(&mut self, result: CallbackResult) {
        match result {
            Ok(None) => {}
            Ok(Some(result)) => {
                self.results = match self.results {
                    Results::None => Results::One(result),
                    Results::One(_) | Results::Several => Results::Several,
                };
            }
            Err(error) => self.failed(&error),
        }
    }

    fn not_run(&mut self, reason: &NotRun) {
        let (connection, method) = (self.peer.id.as_str(), self.target.as_str());
        tracing::error!(connection, method, reason = reason.redacted(), "handler not run");
        let details = if self.peer.detailed_errors { format!(" {reason}") } else { String::new() };
        self.failure = match reason {
            NotRun::Unreadable { .. } => Some(format!("{UNREADABLE}{details}")),
            NotRun::Abandoned => None,
        };
    }

    fn panicked(&mut self) {
        self.failed(&HubError::hidden("the handler panicked").named(PANIC));
    }

    fn failed(&mut self, error: &HubError) {
        let (connection, method) = (self.peer.id.as_str(), self.target.as_str());
        let text = error.to_string();
        let told = &*redact::without_value(&text);
        if error.is_public() && self.id.is_some() {
            tracing::debug!(connection, method, error = told, "handler failed");
        } else {
            tracing::error!(connection, method, error = told, "handler failed");
        }
        let text = format!("An unexpected error occurred invoking '{}' on the client.", self.target);
        self.failure = Some(error.describe(&text, self.peer.detailed_errors));
    }

    /// Answers the server, if it waits for an answer. One handler's result is the answer even if others have failed.
    fn send(self) {
        let Some(id) = &self.id else { return };
        let failure = match &self.results {
            Results::One(result) => {
                let _ = self.peer.emit(|codec, out| codec.encode_encoded_result(out, id, result));
                return;
            }
            Results::Several => SEVERAL_RESULTS,
            Results::None => self.failure.as_deref().unwrap_or(NO_RESULT),
        };
        let _ = self.peer.emit(|codec, out| {
            codec.protocol.encode_error(out, id, failure);
            Ok(())
        });
    }
}

#[cfg(test)]
mod tests;
