//! Calls and streams whose answers nobody wants any more.

use crate::support::next;
use client_tests::{Combination, Heard, reference_lacks};
use futures_util::{FutureExt, StreamExt, stream};
use signalr::ClientError;
use std::time::Duration;
use tokio::sync::oneshot;

pub(crate) async fn a_dropped_call(with: Combination) {
    if reference_lacks("a plain call with a token") {
        return;
    }
    // The next call need not wait for the one that is cancelled.
    let (hub, mut heard) = with.recorded("/conformance-detailed").await;
    let mut call = hub.slow_cancellable(60_000).into_future();
    assert!((&mut call).now_or_never().is_none());
    // Now the server has it.
    hub.do_nothing().await.unwrap();
    drop(call);
    assert_eq!(next(&mut heard).await, Heard::receive("cancelled"));
    let late = hub.slow_cancellable(60_000).timeout(Duration::from_millis(100)).await;
    assert!(matches!(late, Err(ClientError::TimedOut(_))), "{late:?}");
    assert_eq!(next(&mut heard).await, Heard::receive("cancelled"));
    assert_eq!(hub.echo("again").await.unwrap(), "again");
}

pub(crate) async fn a_late_call(with: Combination) {
    let hub = with.typed("/conformance-detailed").await;
    let limit = Duration::from_millis(100);
    let late = hub.slow(1_000).timeout(limit).await;
    assert!(matches!(late, Err(ClientError::TimedOut(after)) if after == limit), "{late:?}");
    assert_eq!(hub.echo("again").timeout(Duration::from_secs(20)).await.unwrap(), "again");
}

pub(crate) async fn a_late_answer(with: Combination) {
    let hub = with.typed("/conformance").await;
    for _ in 0..20 {
        let mut call = hub.slow(5).into_future();
        assert!((&mut call).now_or_never().is_none());
        drop(call);
        let mut call = hub.slow(5).into_future();
        tokio::select! {
            _ = &mut call => {}
            () = tokio::time::sleep(Duration::from_millis(5)) => {}
        }
        drop(call);
        assert_eq!(hub.add(1, 2).await.unwrap(), 3);
    }
}

pub(crate) async fn a_dropped_stream(with: Combination) {
    let (hub, mut heard) = with.recorded("/conformance-stateful").await;
    let mut ticks = hub.infinite().await.unwrap();
    for _ in 0..3 {
        assert_eq!(ticks.next().await.unwrap().unwrap(), "tick");
    }
    drop(ticks);
    assert_eq!(next(&mut heard).await, Heard::StreamCanceled);
    assert_eq!(hub.echo("again").await.unwrap(), "again");
}

pub(crate) async fn a_dropped_call_with_an_upload(with: Combination) {
    /// Says that it was dropped.
    struct Told(Option<oneshot::Sender<()>>);
    impl Drop for Told {
        fn drop(&mut self) {
            let _ = self.0.take().map(|told| told.send(()));
        }
    }
    let hub = with.typed("/conformance").await;
    let (dropped, was_dropped) = oneshot::channel();
    let told = Told(Some(dropped));
    let numbers = stream::iter([1, 2, 3]).chain(stream::once(async move {
        let _told = told;
        std::future::pending().await
    }));
    let call = hub.sum(numbers);
    let waited = tokio::time::timeout(Duration::from_millis(100), call.into_future()).await;
    assert!(waited.is_err(), "{waited:?}");
    was_dropped.await.expect("it is told");
    assert_eq!(hub.echo("again").await.unwrap(), "again");
}
