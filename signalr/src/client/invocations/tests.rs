//! What a call and its end do to each other, in an order that threads rarely give.

use super::super::upload::Upload;
use super::*;
use crate::protocol::Protocol;
use crate::session::inbox::Overflow;
use futures_util::FutureExt;
use std::future::poll_fn;

#[tokio::test]
async fn a_stream_whose_call_has_ended_before_it_begins_is_not_read() {
    let codec = Codec::from(Protocol::Json);
    let invocations = Arc::new(Invocations::new(codec, 1000, 10, None));
    invocations.attach(&Arc::new(Peer::new("one".into(), codec, 1000, Overflow::Wait, false)));
    let request = Request { method: "Sum", arguments: b"", count: 0, uploads: 1 };
    let number = poll_fn(|cx| invocations.poll_invoke(cx, &request)).await.unwrap();
    invocations.take(&mut Outbound::default(), true);
    invocations.complete(Completion { id: number.to_string().into(), outcome: Outcome::Void });
    let read = Arc::new(());
    let kept = read.clone();
    Upload::new(futures_util::stream::repeat_with(move || Arc::strong_count(&kept))).start(
        &invocations,
        number,
        number + 1,
    );
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert_eq!(Arc::strong_count(&read), 1, "the stream is still there");
    assert!(!invocations.take(&mut Outbound::default(), false));
    assert!(invocations.lock().queue.is_empty() && !invocations.lock().uploads.has(number + 1));
    assert!(poll_fn(|cx| invocations.poll_answer(number, cx)).now_or_never().unwrap().is_ok());
}
