use crate::support::connect;
use futures_util::{StreamExt, TryStreamExt, stream};
use signalr::ClientError;

#[tokio::test]
async fn a_stream_gives_its_items_and_its_end() {
    let connection = connect().await.unwrap();
    let items: Vec<u32> = connection.stream::<u32>("Count", (1000,)).await.unwrap().try_collect().await.unwrap();
    assert_eq!(items, (0..1000).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_stream_that_fails_says_so_after_its_items() {
    let connection = connect().await.unwrap();
    let mut items = connection.stream::<u32>("Broken", ()).await.unwrap();
    assert_eq!(items.next().await.unwrap().unwrap(), 1);
    assert!(matches!(items.next().await, Some(Err(ClientError::Hub(_)))));
    assert!(items.next().await.is_none());
}

#[tokio::test]
async fn uploads_go_with_a_call() {
    let connection = connect().await.unwrap();
    let sum = connection.invoke::<i64>("Sum", (1000,)).upload(stream::iter(1..=1000)).await.unwrap();
    assert_eq!(sum, 1000 + 500_500);
}

#[tokio::test]
async fn both_directions_at_once() {
    let connection = connect().await.unwrap();
    let doubled = connection.stream::<i64>("Double", ()).upload(stream::iter(0..500)).await.unwrap();
    let doubled: Vec<i64> = doubled.try_collect().await.unwrap();
    assert_eq!(doubled, (0..500).map(|n| n * 2).collect::<Vec<_>>());
}
