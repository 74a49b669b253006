//! The answer to one call: written exactly once, whatever happens.

use super::error::{CANCELED, HubError, PANIC};
use super::invocation::PlainFailure;
use super::told::Told;
use crate::protocol::payload::AnyValue;
use crate::protocol::{Codec, EncodeError};
use crate::session::cancel::CancellationToken;
use crate::session::current;
use crate::session::inbox::Pushed;
use crate::session::peer::Peer;
use crate::session::receive::{SHUTTING_DOWN, shutting_down};
use crate::telemetry::call::{self, Outcome};
use crate::telemetry::meters::Stopwatch;
use crate::telemetry::redact;
use smol_str::SmolStr;
use std::borrow::Borrow;
use std::ops::Deref;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Answers one call. Dropped without an answer (the method panicked, or its future was dropped because the call was cancelled)
/// it answers by itself, so no caller waits in vain.
///
/// The answer of a call that ends at once borrows what it needs; any other is a `Reply<'static>`.
#[derive(Debug)]
pub struct Reply<'p> {
    peer: Kept<'p, Arc<Peer>>,
    to: To<'p>,
    /// The name of the method.
    target: &'static str,
    streaming: bool,
    pub(crate) token: Option<CancellationToken>,
    /// The failure of a plain upload stream, which is the call's own.
    pub(crate) failure: Option<PlainFailure>,
    /// `None` as long as the call is not answered.
    outcome: Option<Outcome>,
    stopwatch: Stopwatch,
    /// Whether it is the answer to a call, and not to filters.
    is_last: bool,
}

/// A value of one's own, or somebody else's: counting references takes longer than most of what is done with them.
#[derive(Debug)]
enum Kept<'p, O, B: ?Sized = O> {
    Owned(O),
    Borrowed(&'p B),
}

impl<O: Borrow<B>, B: ?Sized> Deref for Kept<'_, O, B> {
    type Target = B;

    #[inline(always)]
    fn deref(&self) -> &B {
        match self {
            Kept::Owned(value) => value.borrow(),
            Kept::Borrowed(value) => value,
        }
    }
}

/// The id of a call.
type Id<'p> = Kept<'p, SmolStr, str>;

/// Where an answer goes.
#[derive(Debug)]
enum To<'p> {
    /// The call is answered, or nobody wants an answer.
    Nobody,
    /// To the client, under the id of its call.
    Client(Id<'p>),
    /// To the filters around the method.
    Filters(oneshot::Sender<Captured>),
}

impl To<'_> {
    /// Takes the filters, and leaves the client.
    fn take_filters(&mut self) -> Option<oneshot::Sender<Captured>> {
        match self.take() {
            To::Filters(filters) => Some(filters),
            to => {
                *self = to;
                None
            }
        }
    }

    fn take(&mut self) -> Self {
        std::mem::replace(self, To::Nobody)
    }
}

/// What a method has answered, for the filters around it.
#[derive(Debug)]
pub(crate) enum Captured {
    Value(Codec, Vec<u8>),
    Error(HubError),
    /// A stream, which waits for the reply that goes to the client.
    Stream(oneshot::Sender<Reply<'static>>),
}

impl Reply<'static> {
    pub(crate) fn new(peer: Arc<Peer>, id: Option<&str>, target: &'static str, streaming: bool) -> Self {
        let to = id.map_or(To::Nobody, |id| To::Client(Id::Owned(id.into())));
        Self::to(Kept::Owned(peer), to, target, streaming)
    }

    /// A reply to the filters around the method.
    pub(crate) fn captured(
        peer: Arc<Peer>,
        target: &'static str,
        streaming: bool,
        to: oneshot::Sender<Captured>,
    ) -> Self {
        let mut reply = Reply::new(peer, None, target, streaming);
        reply.to = To::Filters(to);
        reply.is_last = false;
        reply
    }

    /// Where there are filters, what gives the reply by which a stream reaches the client once all of them have let it pass.
    pub(crate) fn opening(&mut self) -> Option<oneshot::Receiver<Self>> {
        let filters = self.to.take_filters()?;
        let (go, opening) = oneshot::channel();
        let _ = filters.send(Captured::Stream(go));
        Some(opening)
    }
}

impl<'p> Reply<'p> {
    /// The reply of a call that ends while what it borrows is there.
    pub(crate) fn at_once(peer: &'p Arc<Peer>, id: Option<&'p str>, target: &'static str) -> Self {
        let to = id.map_or(To::Nobody, |id| To::Client(Id::Borrowed(id)));
        Self::to(Kept::Borrowed(peer), to, target, false)
    }

    #[inline(always)]
    fn to(peer: Kept<'p, Arc<Peer>>, to: To<'p>, target: &'static str, streaming: bool) -> Self {
        let stopwatch = peer.telemetry.meters.stopwatch();
        Reply { peer, to, target, streaming, token: None, failure: None, outcome: None, stopwatch, is_last: true }
    }

    pub(crate) fn peer(&self) -> &Arc<Peer> {
        &self.peer
    }

    /// Answers with a value.
    #[inline(never)]
    pub(crate) fn result(&mut self, value: &dyn AnyValue) {
        match &self.to {
            To::Nobody => self.outcome = Some(Outcome::Ok),
            To::Client(id) => {
                let encoded = self.emit(|codec, out| codec.write_result(out, id, value));
                // Only now: if `Serialize` panics, the call is answered when this is dropped.
                self.outcome = Some(Outcome::Ok);
                if let Err(error) = encoded
                    && let To::Client(id) = self.to.take()
                {
                    self.cannot_encode(&id, &error);
                }
            }
            To::Filters(_) => self.capture(value),
        }
    }

    /// Answers to filters with a value.
    #[cold]
    fn capture(&mut self, value: &dyn AnyValue) {
        let codec = self.peer.codec();
        let encoded = codec.value(value);
        if let To::Filters(filters) = self.to.take() {
            let _ = filters.send(match encoded {
                Ok(value) => Captured::Value(codec, value),
                Err(error) => Captured::Error(HubError::from_encode(&error)),
            });
        }
    }

    /// Answers with a value that is encoded already.
    pub(crate) fn encoded(mut self, value: &[u8]) {
        self.outcome = Some(Outcome::Ok);
        if let To::Client(id) = self.to.take()
            && let Err(error) = self.emit(|codec, out| codec.encode_encoded_result(out, &id, value))
        {
            self.cannot_encode(&id, &error);
        }
    }

    /// Answers with the error of the method.
    #[inline(never)]
    pub fn error(&mut self, error: HubError) {
        if let Some(filters) = self.to.take_filters() {
            let _ = filters.send(Captured::Error(error));
            return;
        }
        let told = self.told(&error);
        self.log(&error);
        self.write_told(told);
    }

    /// Answers with an error of the framework, as it is.
    pub(crate) fn refuse(mut self, error: HubError) {
        if let Some(filters) = self.to.take_filters() {
            let _ = filters.send(Captured::Error(error));
            return;
        }
        let told = self.told(&error);
        tracing::debug!(connection = self.peer.id.as_str(), method = self.target, "{error}");
        self.failed(Outcome::Rejected, Outcome::Rejected.name());
        self.write_told(told);
    }

    /// Answers a call whose arguments could not be read without a panic.
    pub(crate) fn panicked(mut self) {
        let to = self.to.take();
        self.write_panic(to);
    }

    /// Answers a call whose method has panicked, if it has not answered before.
    pub(crate) fn unwound(mut self) {
        self.answer_unanswered(true);
    }

    // ---- for the pump ----

    /// Whether the answer goes to filters.
    fn is_captured(&self) -> bool {
        matches!(self.to, To::Filters(_))
    }

    /// Whether the peer has taken enough of what was sent before.
    pub(crate) fn has_room(&self) -> bool {
        current::with(self.peer.number, |outbound| outbound.has_room()).unwrap_or(true)
    }

    /// What the items of a stream begin with.
    pub(crate) fn item_head(&self) -> Box<[u8]> {
        match &self.to {
            To::Client(id) => self.peer.codec().stream_item_head(id),
            To::Nobody | To::Filters(_) => Box::default(),
        }
    }

    /// Sends one item behind that head; returns what became of it.
    pub(crate) fn item(&self, head: &[u8], item: &dyn AnyValue) -> Result<Pushed, HubError> {
        if !matches!(self.to, To::Client(_)) {
            return Ok(Pushed::Queued);
        }
        self.emit(|codec, out| codec.write_next_stream_item(out, head, item))
            .map_err(|error| HubError::from_encode(&error))
    }

    /// When the inbox has room again, for streams in a task of their own.
    pub(crate) fn room(&self) -> Option<crate::session::BoxFuture<()>> {
        let peer = self.peer.clone();
        Some(Box::pin(async move { peer.inbox.room().await }))
    }

    pub(crate) fn end(&mut self) {
        self.outcome = Some(Outcome::Ok);
        if let To::Client(id) = self.to.take() {
            self.write_end(&id);
        }
    }

    pub(crate) fn stream_error(&mut self, error: &HubError) {
        let told = self.told_as("An error occurred on the server while streaming results.", error);
        self.log(error);
        self.write_told(told);
    }

    // ---- writing ----

    fn emit<F>(&self, encode: F) -> Result<Pushed, EncodeError>
    where
        F: FnOnce(Codec, &mut Vec<u8>) -> Result<(), EncodeError>,
    {
        self.peer.emit(encode)
    }

    /// What the client is told of an error, if it waits for an answer. To be asked before the call counts as answered: if the
    /// application's `Serialize` panics, it is answered when this is dropped.
    fn told<'e>(&self, error: &'e HubError) -> Option<Told<'e>> {
        self.told_as(&format!("An unexpected error occurred invoking '{}' on the server.", self.target), error)
    }

    fn told_as<'e>(&self, text: &str, error: &'e HubError) -> Option<Told<'e>> {
        matches!(self.to, To::Client(_)).then(|| Told::new(error, text, &self.peer))
    }

    fn write_told(&mut self, told: Option<Told<'_>>) {
        if let (To::Client(id), Some(told)) = (self.to.take(), told) {
            self.write_told_to(&id, &told);
        }
    }

    fn write_told_to(&self, id: &str, told: &Told<'_>) {
        if self.emit(|codec, out| told.write(codec, out, id)).is_err() {
            // Too much stands beside it.
            self.write_text(id, told.text());
        }
    }

    /// Writes an error of the framework.
    fn write_error(&self, id: &str, error: &HubError) {
        let text = format!("An unexpected error occurred invoking '{}' on the server.", self.target);
        self.write_told_to(id, &Told::new(error, &text, &self.peer));
    }

    fn write_panic(&mut self, to: To<'_>) {
        self.failed(Outcome::Panic, PANIC);
        tracing::error!(connection = self.peer.id.as_str(), method = self.target, "hub method panicked");
        self.write_to(to, HubError::hidden("the method panicked").named(PANIC));
    }

    fn write_to(&self, to: To<'_>, error: HubError) {
        match to {
            To::Nobody => {}
            To::Client(id) => self.write_error(&id, &error),
            To::Filters(filters) => {
                let _ = filters.send(Captured::Error(error));
            }
        }
    }

    fn write_text(&self, id: &str, text: &str) {
        let _ = self.emit(|codec, out| {
            codec.protocol.encode_error(out, id, text);
            Ok(())
        });
    }

    fn write_end(&self, id: &str) {
        let _ = self.emit(|codec, out| {
            codec.protocol.encode_end(out, id);
            Ok(())
        });
    }

    /// The call has failed.
    fn log(&mut self, error: &HubError) {
        self.failed(error.outcome(), error.name());
        let connection = self.peer.id.as_str();
        macro_rules! log {
            ($level:ident) => {
                tracing::$level!(
                    connection,
                    method = self.target,
                    error = &*redact::without_value(&error.to_string()),
                    "hub method failed"
                )
            };
        }
        if error.is_public() { log!(debug) } else { log!(error) }
    }

    fn cannot_encode(&mut self, id: &str, error: &EncodeError) {
        let error = HubError::from_encode(error);
        self.log(&error);
        self.write_error(id, &error);
    }

    fn failed(&mut self, outcome: Outcome, error_type: &str) {
        self.outcome = Some(outcome);
        if self.is_last {
            call::failed(error_type);
        }
    }
}

impl Drop for Reply<'_> {
    #[inline(never)]
    fn drop(&mut self) {
        self.answer_unanswered(std::thread::panicking());
        if self.is_last {
            let outcome = self.outcome.unwrap_or(Outcome::Canceled);
            self.peer.telemetry.meters.invoked(self.target, &self.stopwatch, outcome);
        }
    }
}

impl Reply<'_> {
    #[inline]
    fn answer_unanswered(&mut self, panicked: bool) {
        if self.outcome.is_none() && (self.is_last || self.is_captured()) {
            self.dropped(panicked);
        }
    }

    /// Answers a call that nobody has answered.
    #[cold]
    fn dropped(&mut self, panicked: bool) {
        let to = self.to.take();
        // Filters are dropped with such a call, and it is not theirs to take the error.
        let failure = self.failure.as_ref().filter(|_| matches!(to, To::Client(_)));
        if let Some(error) = failure.and_then(PlainFailure::take) {
            let error = HubError::from(error);
            self.log(&error);
            self.write_to(to, error);
        } else if self.peer.draining().is_some() && !panicked {
            self.failed(Outcome::ShuttingDown, Outcome::ShuttingDown.name());
            self.write_to(to, HubError::verbatim(shutting_down(self.target)).code(SHUTTING_DOWN));
        } else if self.streaming && self.token.as_ref().is_some_and(CancellationToken::is_cancelled) {
            self.outcome = Some(Outcome::Canceled);
            // Filters that still wait are dropped with their call.
            if let To::Client(id) = to {
                self.write_end(&id);
            }
        } else if panicked {
            self.write_panic(to);
        } else {
            self.failed(Outcome::Canceled, Outcome::Canceled.name());
            self.write_to(to, HubError::hidden("The operation was canceled.").named(CANCELED));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_make_replies_no_larger() {
        assert_eq!(size_of::<To<'_>>(), size_of::<Option<SmolStr>>());
    }
}
