use super::super::pending::{Live, Pending};
use super::*;
use crate::session::owner::{Identity, Owner};
use futures_util::FutureExt;
use std::future::poll_fn;

const TIMES: PollTimes = PollTimes { poll: Duration::from_secs(90), gap: Duration::from_secs(15) };

fn connection() -> (Arc<Polls>, LongPolling) {
    let pending = Pending::new(10);
    let token = pending.promise(true, false).unwrap().unwrap().token.unwrap();
    let mut polls = None;
    let live = |_| Live::LongPolling(polls.insert(Polls::new(Arc::default(), TIMES)).clone());
    let (_, place) = pending.pick_up(&token, |id| Owner::new(id, Identity::default(), None), live).unwrap();
    let polls = polls.unwrap();
    (polls.clone(), LongPolling::new(polls, place))
}

fn send(duplex: &mut LongPolling, text: &str) -> Option<io::Result<()>> {
    let mut data = Outbound::default();
    data.encode_buffer().extend_from_slice(text.as_bytes());
    poll_fn(|cx| duplex.poll_send(cx, &mut data, TransferFormat::Text)).now_or_never()
}

async fn receive(duplex: &mut LongPolling) -> Received {
    let mut buffer = [0; 64];
    poll_fn(|cx| duplex.poll_receive(cx, &mut buffer)).await
}

async fn read(response: Response) -> (StatusCode, String) {
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_is_dropped_leaves_its_data_to_the_next_one() {
    let (polls, mut duplex) = connection();
    let mut poll = polls.clone().begin();
    assert!((&mut poll).now_or_never().is_none());
    send(&mut duplex, "one ").unwrap().unwrap();
    drop(poll);
    send(&mut duplex, "two").unwrap().unwrap();
    let response = polls.begin().now_or_never().unwrap();
    assert_eq!(read(response).await, (StatusCode::OK, "one two".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_response_that_was_never_written_gives_its_data_back() {
    let (polls, mut duplex) = connection();
    send(&mut duplex, "one ").unwrap().unwrap();
    let response = polls.clone().begin().now_or_never().unwrap();
    send(&mut duplex, "two").unwrap().unwrap();
    let mut waiting = polls.clone().begin();
    drop(response);
    let response = (&mut waiting).now_or_never().unwrap();
    assert_eq!(read(response).await, (StatusCode::OK, "one two".to_owned()));
    assert!(polls.begin().now_or_never().is_none());
}

#[tokio::test(start_paused = true)]
async fn no_more_than_the_capacity_is_handed_over_before_a_poll_comes() {
    let (polls, mut duplex) = connection();
    let text = "x".repeat(30_000);
    for _ in 0..3 {
        send(&mut duplex, &text).unwrap().unwrap();
    }
    assert!(send(&mut duplex, &text).is_none());
    let response = polls.begin().now_or_never().unwrap();
    assert_eq!(read(response).await.1.len(), 90_000);
    send(&mut duplex, &text).unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_poll_ends_after_its_time_and_the_connection_when_none_follows() {
    let (polls, mut duplex) = connection();
    let start = Instant::now();
    tokio::time::sleep(Duration::from_secs(10)).await;
    let mut buffer = [0; 64];
    let mut received = poll_fn(|cx| duplex.poll_receive(cx, &mut buffer));
    let (status, body) = tokio::select! {
        response = polls.begin() => read(response).await,
        _ = &mut received => panic!("it ends although a poll is there"),
    };
    assert_eq!((status, body.as_str()), (StatusCode::OK, ""));
    assert_eq!(start.elapsed().as_secs(), 100);
    assert!(matches!(received.await, Received::Lost(_)));
    assert_eq!(start.elapsed().as_secs(), 115);
    assert!(send(&mut duplex, "too late").unwrap().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_a_second_poll_ends() {
    let (_polls, mut duplex) = connection();
    let start = Instant::now();
    assert!(matches!(receive(&mut duplex).await, Received::Lost(_)));
    assert_eq!(start.elapsed().as_secs(), 15);
}

#[tokio::test(start_paused = true)]
async fn an_older_poll_does_not_keep_the_connection() {
    let (polls, mut duplex) = connection();
    let mut older = polls.clone().begin();
    assert!((&mut older).now_or_never().is_none());
    drop(polls.begin());
    assert_eq!(older.await.status(), StatusCode::NO_CONTENT);
    let start = Instant::now();
    assert!(matches!(receive(&mut duplex).await, Received::Lost(_)));
    assert_eq!(start.elapsed().as_secs(), 15);
}

#[tokio::test(start_paused = true)]
async fn the_end_waits_until_the_client_was_told() {
    let (polls, mut duplex) = connection();
    send(&mut duplex, "last").unwrap().unwrap();
    let mut close = Box::pin(poll_fn(|cx| duplex.poll_close(cx)));
    assert!((&mut close).now_or_never().is_none());
    let response = polls.clone().begin().await;
    assert_eq!(read(response).await, (StatusCode::OK, "last".to_owned()));
    assert!((&mut close).now_or_never().is_none());
    assert_eq!(polls.begin().await.status(), StatusCode::NO_CONTENT);
    close.await;
}

#[tokio::test(start_paused = true)]
async fn delete_ends_everything_and_what_waits_is_dropped() {
    let (polls, mut duplex) = connection();
    send(&mut duplex, "never read").unwrap().unwrap();
    polls.delete();
    assert!(matches!(receive(&mut duplex).await, Received::Closed));
    send(&mut duplex, "{}").unwrap().unwrap();
    poll_fn(|cx| duplex.poll_close(cx)).await;
    assert_eq!(polls.begin().await.status(), StatusCode::NO_CONTENT);
}

/// The next piece of a body.
async fn piece(body: &mut Body) -> Option<Bytes> {
    poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await?.ok()?.into_data().ok()
}

#[tokio::test(start_paused = true)]
async fn a_large_response_that_breaks_off_is_given_whole_to_the_next_poll() {
    let (polls, mut duplex) = connection();
    let text = "x".repeat(300_000);
    send(&mut duplex, &text).unwrap().unwrap();
    let mut cut = polls.clone().begin().await.into_body();
    assert_eq!(cut.size_hint().exact(), Some(300_000));
    assert!(piece(&mut cut).await.unwrap().len() < 300_000);
    send(&mut duplex, "later").unwrap().unwrap();
    drop(cut);
    assert_eq!(read(polls.begin().await).await, (StatusCode::OK, text + "later"));
}

#[tokio::test(start_paused = true)]
async fn a_poll_takes_over_what_an_older_one_is_still_being_sent() {
    let (polls, mut duplex) = connection();
    let text = "x".repeat(300_000);
    send(&mut duplex, &text).unwrap().unwrap();
    // Its client has gone, which nobody has noticed.
    let mut older = polls.clone().begin().await.into_body();
    piece(&mut older).await.unwrap();
    send(&mut duplex, "later").unwrap().unwrap();
    assert_eq!(read(polls.clone().begin().await).await, (StatusCode::OK, text + "later"));
    // It ends before its length, so that nobody takes it for whole.
    assert!(poll_fn(|cx| Pin::new(&mut older).poll_frame(cx)).await.unwrap().is_err());
    drop(older);
    assert!(polls.begin().now_or_never().is_none(), "nothing comes twice");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_long_to_read_an_answer_is_not_away() {
    let (polls, mut duplex) = connection();
    send(&mut duplex, &"x".repeat(300_000)).unwrap().unwrap();
    let mut body = polls.clone().begin().await.into_body();
    let start = Instant::now();
    let reading = async {
        while piece(&mut body).await.is_some() {
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        start.elapsed()
    };
    let (read, end) = tokio::join!(reading, receive(&mut duplex));
    assert!(matches!(end, Received::Lost(_)));
    assert!(read > Duration::from_secs(30), "{read:?}");
    // From the last piece on, which is not the end of the body.
    assert_eq!(start.elapsed(), read + Duration::from_secs(5));
}
