//! What clients do while their connections are cut.

use client_tests::conformance::ConformanceHubClient;
use futures_util::{StreamExt, stream};
use signalr::ClientError;

/// What became of one piece of work: nothing but what the type says, or an error that says that the connection was lost.
pub(crate) type Done = Result<(), ClientError>;

/// One after the other for ever, until an error that has nothing to do with the connection, or a wrong answer, which panics.
pub(crate) async fn call(hub: &ConformanceHubClient, number: i32) -> Done {
    assert_eq!(hub.add(number, 1).await?, number + 1);
    let text = format!("text {number}").repeat(1 + usize::try_from(number % 50).unwrap_or_default());
    assert_eq!(hub.echo(&*text).await?, text);
    Ok(())
}

pub(crate) async fn download(hub: &ConformanceHubClient, count: i32) -> Done {
    let mut items = hub.counter(count, 0).await?;
    for number in 0..count {
        assert_eq!(items.next().await.expect("an item or an error")?, number);
    }
    match items.next().await {
        None => Ok(()),
        Some(Err(error)) => Err(error),
        Some(Ok(item)) => panic!("one item too much: {item}"),
    }
}

pub(crate) async fn upload(hub: &ConformanceHubClient, count: i32) -> Done {
    assert_eq!(hub.sum(stream::iter(0..count)).await?, (0..count).sum::<i32>());
    Ok(())
}

pub(crate) async fn both(hub: &ConformanceHubClient, count: i32) -> Done {
    let texts = stream::iter((0..count).map(|number| format!("n{number}")));
    let mut capitals = hub.upper(texts).await?;
    for number in 0..count {
        assert_eq!(capitals.next().await.expect("an item or an error")?, format!("N{number}"));
    }
    match capitals.next().await {
        None => Ok(()),
        Some(Err(error)) => Err(error),
        Some(Ok(item)) => panic!("one item too much: {item}"),
    }
}
