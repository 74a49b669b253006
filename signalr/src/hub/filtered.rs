//! Calls that go through filters, and the answers of methods on their way back to them.

use super::HubInner;
use super::call::HubCall;
use super::context::Context;
use super::error::HubError;
use super::filter::{Answer, Content, Filters, Next, Opened, RunMethod};
use super::invocation::{CallTokens, Invocation, PlainFailure};
use super::method::{HubMethods, Method};
use super::reply::{Captured, Reply};
use super::service::rest;
use crate::session::BoxFuture;
use crate::session::calls::CallFuture;
use crate::streaming::upload::UploadHandle;
use futures_util::FutureExt;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::Poll;
use tokio::sync::oneshot;

/// The method itself, as the filters around it run it.
pub(super) struct Innermost<H: HubMethods> {
    pub(super) hub: Arc<HubInner<H>>,
    pub(super) instance: Arc<OnceLock<Arc<H>>>,
    pub(super) context: Context<H>,
    pub(super) method: &'static Method<H>,
    /// Whether the client expects a stream.
    pub(super) streaming: bool,
    /// `None` once a run has taken them.
    pub(super) uploads: Mutex<Option<Vec<UploadHandle>>>,
    pub(super) tokens: CallTokens,
    pub(super) failure: Option<PlainFailure>,
}

impl<H: HubMethods> Innermost<H> {
    /// Runs the call through the filters, and answers.
    pub(super) async fn answered(self, filters: Filters, mut call: HubCall, mut reply: Reply<'static>) {
        let answer = Next { filters: &filters, method: &self }.run(&mut call).await;
        match answer.map(Answer::into_content) {
            Ok(Content::Value(_, value)) => reply.encoded(&value),
            Ok(Content::Stream(Opened { future, go })) => {
                // If nobody takes it, the stream is over already, and the reply answers as it is dropped.
                if go.send(reply).is_ok() {
                    future.await;
                }
            }
            Err(error) => reply.error(error),
        }
    }

    fn take_uploads(&self) -> Result<Vec<UploadHandle>, HubError> {
        let mut uploads = self.uploads.lock().unwrap_or_else(PoisonError::into_inner);
        if uploads.as_ref().is_some_and(Vec::is_empty) {
            return Ok(Vec::new());
        }
        uploads.take().ok_or_else(|| HubError::hidden("a call with streams from the client cannot be run again"))
    }

    /// Begins a run of the method, whose answer goes to `to`. Returns what is left to run.
    fn begin(
        &self,
        hub: &Arc<H>,
        call: &HubCall,
        to: oneshot::Sender<Captured>,
    ) -> Result<Option<CallFuture>, HubError> {
        let uploads = self.take_uploads()?;
        let mut tokens = self.tokens.clone();
        let mut reply = Reply::captured(self.context.peer().clone(), self.method.name(), self.streaming, to);
        reply.token = tokens.cancel.clone();
        let invocation = Invocation {
            hub,
            context: &self.context,
            method: self.method,
            id: None,
            arguments: call.arguments().encoded_arguments(),
            streaming: self.streaming,
            uploads: uploads.into_iter(),
            reply: Some(reply),
            begun: false,
            at_once: None,
            tokens: &mut tokens,
            position: 0,
            failure: self.failure.clone(),
        };
        Ok(invocation.run().and_then(|started| rest(started, &self.context)))
    }

    async fn hub(&self) -> Result<Arc<H>, HubError> {
        self.hub.source.value(&self.context, &self.instance).await
    }
}

impl<H: HubMethods> RunMethod for Innermost<H> {
    fn run<'a>(&'a self, call: &'a mut HubCall) -> Pin<Box<dyn Future<Output = Result<Answer, HubError>> + Send + 'a>> {
        Box::pin(async move {
            let hub = self.hub().await?;
            let (to, captured) = oneshot::channel();
            let left = self.begin(&hub, call, to)?;
            answer_of(left, captured).await
        })
    }
}

/// Runs what is left of a call until it has answered, or has a stream to send.
async fn answer_of(left: Option<CallFuture>, mut captured: oneshot::Receiver<Captured>) -> Result<Answer, HubError> {
    let lost = || Captured::Error(HubError::hidden("The operation was canceled.").named("OperationCanceledException"));
    let Some(mut future) = left else {
        return match captured.try_recv().unwrap_or_else(|_| lost()) {
            Captured::Value(codec, value) => Ok(Answer::encoded(codec, value)),
            Captured::Error(error) => Err(error),
            // Its future is gone, so there is no stream either.
            Captured::Stream(_) => Err(HubError::hidden("the stream has ended before it began")),
        };
    };
    let mut early = None;
    let answer = poll_fn(|cx| {
        let ended = match catch_unwind(AssertUnwindSafe(|| future.poll_unpin(cx))) {
            Ok(Poll::Pending) => false,
            // A panic was answered when it unwound.
            Ok(Poll::Ready(())) | Err(_) => true,
        };
        if early.is_none()
            && let Poll::Ready(answer) = captured.poll_unpin(cx)
        {
            early = Some(answer.unwrap_or_else(|_| lost()));
        }
        match early.take() {
            Some(Captured::Stream(go)) => Poll::Ready(Captured::Stream(go)),
            answer if ended => Poll::Ready(answer.unwrap_or_else(lost)),
            // What the method does behind its answer, such as dropping its locals, belongs to the run.
            answer => {
                early = answer;
                Poll::Pending
            }
        }
    })
    .await;
    match answer {
        Captured::Value(codec, value) => Ok(Answer::encoded(codec, value)),
        Captured::Error(error) => Err(error),
        Captured::Stream(go) => Ok(Answer::stream(Opened { future, go })),
    }
}

/// A policy that is still at work.
pub(super) type Gate = BoxFuture<Result<(), HubError>>;
