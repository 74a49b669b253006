//! Answers that nobody has asked for.

use crate::server::{client, serve};
use client_tests::{expect_no_calls, within};
use futures_util::{FutureExt, StreamExt, stream};
use signalr::protocol::Protocol;
use signalr::{ClientError, HubConnection};
use tokio::sync::oneshot;

fn id(message: &str) -> &str {
    let (_, rest) = message.split_once("\"invocationId\":\"").expect(message);
    rest.split('"').next().unwrap()
}

/// A client of a server that answers each call with what `answer` makes of its id, and then with 7.
async fn answered_by(answer: impl Fn(&str) -> String + Clone + Send + Sync + 'static) -> HubConnection {
    let url = serve(move |mut peer| {
        let answer = answer.clone();
        async move {
            peer.accept().await;
            while let Some(call) = peer.message().await {
                if call.contains("\"invocationId\"") && !call.starts_with("{\"type\":5") {
                    let id = id(&call);
                    let right = format!("{{\"type\":3,\"invocationId\":\"{id}\",\"result\":7}}\u{1e}");
                    peer.send(&(answer(id) + &right)).await;
                }
            }
        }
    })
    .await;
    within(client(&url, Protocol::Json).connect()).await.unwrap()
}

#[tokio::test]
async fn of_unknown_calls_are_ignored() {
    let connection = answered_by(|id| {
        let others = ["0", "999", "-1", "x", "18446744073709551616", "1 ", "01x", "ä"];
        let completion = |other: &str| format!("{{\"type\":3,\"invocationId\":\"{other}\",\"result\":1}}\u{1e}");
        let failed = |other: &str| format!("{{\"type\":3,\"invocationId\":\"{other}\",\"error\":\"no\"}}\u{1e}");
        let item = |other: &str| format!("{{\"type\":2,\"invocationId\":\"{other}\",\"item\":1}}\u{1e}");
        let mut all: String = others.iter().flat_map(|other| [completion(other), failed(other), item(other)]).collect();
        // An item of a call that is no stream.
        all += &item(id);
        all + "{\"type\":5,\"invocationId\":\"44\"}\u{1e}{\"type\":8,\"sequenceId\":3}\u{1e}{\"type\":99,\"a\":[]}\u{1e}"
    })
    .await;
    for _ in 0..3 {
        assert_eq!(within(connection.invoke::<u32>("Go", ()).into_future()).await.unwrap(), 7);
    }
    expect_no_calls(&connection).await;
}

#[tokio::test]
async fn that_come_twice_count_once() {
    let connection =
        answered_by(|id| format!("{{\"type\":3,\"invocationId\":\"{id}\",\"result\":1}}\u{1e}").repeat(3)).await;
    for _ in 0..3 {
        assert_eq!(within(connection.invoke::<u32>("Go", ()).into_future()).await.unwrap(), 1);
    }
    // Those of calls that ended long ago.
    let connection = answered_by(|id| {
        let id: u64 = id.parse().unwrap();
        (1..id).map(|old| format!("{{\"type\":3,\"invocationId\":\"{old}\",\"error\":\"late\"}}\u{1e}")).collect()
    })
    .await;
    for _ in 0..10 {
        assert_eq!(within(connection.invoke::<u32>("Go", ()).into_future()).await.unwrap(), 7);
    }
    expect_no_calls(&connection).await;
}

#[tokio::test]
async fn of_a_stream_end_it_once() {
    let connection = answered_by(|id| {
        let item = |n| format!("{{\"type\":2,\"invocationId\":\"{id}\",\"item\":{n}}}\u{1e}");
        let end = format!("{{\"type\":3,\"invocationId\":\"{id}\"}}\u{1e}");
        let error = format!("{{\"type\":3,\"invocationId\":\"{id}\",\"error\":\"late\"}}\u{1e}");
        [item(1), item(2), end.clone(), item(3), error, end].concat()
    })
    .await;
    for _ in 0..3 {
        let items = within(connection.stream::<u32>("Go", ()).into_future()).await.unwrap();
        let items: Vec<_> = within(items.map(Result::unwrap).collect()).await;
        assert_eq!(items, [1, 2]);
    }
    // A result in place of an end is none of its items.
    let connection = answered_by(|_| String::new()).await;
    let mut items = within(connection.stream::<u32>("Go", ()).into_future()).await.unwrap();
    assert!(within(items.next()).await.is_none());
    expect_no_calls(&connection).await;
}

#[tokio::test]
async fn without_a_result_are_no_value() {
    let connection = answered_by(|id| format!("{{\"type\":3,\"invocationId\":\"{id}\"}}\u{1e}")).await;
    let error = within(connection.invoke::<u32>("Go", ()).into_future()).await.unwrap_err();
    assert!(matches!(error, ClientError::Decode { part: "result", .. }), "{error:?}");
    assert_eq!(within(connection.invoke::<Option<u32>>("Go", ()).into_future()).await.unwrap(), None);
    within(connection.invoke::<()>("Go", ()).into_future()).await.unwrap();
}

#[tokio::test]
async fn that_come_before_the_end_of_an_upload_end_it() {
    /// Says that it was dropped.
    struct Told(Option<oneshot::Sender<()>>);
    impl Drop for Told {
        fn drop(&mut self) {
            let _ = self.0.take().map(|told| told.send(()));
        }
    }
    let connection = answered_by(|_| String::new()).await;
    let (dropped, was_dropped) = oneshot::channel();
    let told = Told(Some(dropped));
    let endless = stream::repeat(1).inspect(move |_| assert!(told.0.is_some()));
    assert_eq!(within(connection.invoke::<u32>("Go", ()).upload(endless).into_future()).await.unwrap(), 7);
    within(was_dropped).await.unwrap();
    expect_no_calls(&connection).await;
}

#[tokio::test]
async fn of_calls_that_were_given_up_are_ignored() {
    let connection = answered_by(|_| String::new()).await;
    for _ in 0..50 {
        let mut call = connection.invoke::<u32>("Go", ()).into_future();
        assert!((&mut call).now_or_never().is_none());
        tokio::task::yield_now().await;
        drop(call);
        drop(within(connection.stream::<u32>("Go", ()).into_future()).await.unwrap());
    }
    assert_eq!(within(connection.invoke::<u32>("Go", ()).into_future()).await.unwrap(), 7);
    within(connection.stop()).await;
    expect_no_calls(&connection).await;
}
