//! What operators are told.

use crate::capture::{Seen, capture};
use crate::counting::Numbers;
use crate::server::Server;
use crate::support::{Inbox, builder, connected, disconnected, publish};
use tracing::Level;

/// The levels and the fields of what was told of the Redis at this port.
fn told<'a>(seen: &'a Seen, port: &str, message: &str) -> Vec<(Level, &'a crate::capture::Fields)> {
    let events = seen.events.iter().filter(|event| event.message() == message);
    let of_port = events.filter(|event| event.fields.0.values().any(|value| value.contains(port)));
    of_port.map(|event| (event.level, &event.fields)).collect()
}

#[tokio::test]
async fn a_loss_and_the_return_are_told_once_counted_and_without_secrets() {
    let capture = capture();
    let numbers = Numbers::default();
    let recorder = metrics::set_default_local_recorder(&numbers);
    let mut server = Server::start_with(&["--requirepass", "h1dden"]).await;
    let port = server.port.to_string();
    let redis = builder(&format!("redis://:h1dden@127.0.0.1:{port}")).open().expect("it opens");
    drop(recorder);
    connected(&redis).await;
    let sum = |name: &str| numbers.sum(&format!("signalr.backplane.{name}{{}}"));
    assert_eq!(sum("connected"), 1.0);

    let mut inbox = Inbox::on(&redis, "c").await;
    let other = Inbox::on(&redis, "d").await;
    publish(&redis, "c", "x").await.expect("published");
    inbox.text().await;
    server.kill().await;
    disconnected(&redis).await;
    publish(&redis, "c", "x").await.expect_err("away");
    assert_eq!([sum("connected"), sum("published"), sum("received"), sum("publish.failed")], [0.0, 1.0, 1.0, 1.0]);

    let (lost, away) = ("Redis is lost, connecting again", "Redis cannot be reached, trying on");
    capture.until(|seen| (told(seen, &port, away).len() >= 4).then_some(())).await;
    server.restart().await;
    connected(&redis).await;
    assert_eq!([sum("connected"), sum("lost")], [1.0, 1.0]);
    {
        let seen = capture.lock();
        let levels = |message| told(&seen, &port, message).into_iter().map(|(level, _)| level).collect::<Vec<_>>();
        assert_eq!(levels(lost), [Level::WARN]);
        let (first, others) = levels(away).split_first().map(|(first, others)| (*first, others.to_vec())).expect("one");
        assert!(first == Level::WARN && others.iter().all(|level| *level == Level::DEBUG), "{others:?}");
        let back = told(&seen, &port, "connected to Redis");
        let channels: Vec<_> = back.iter().map(|(level, fields)| (*level, fields.get("channels"))).collect();
        assert_eq!(channels, [(Level::INFO, Some("0")), (Level::INFO, Some("2"))]);
        assert!(!seen.text("connected to Redis").contains("h1dden"));
    }

    drop((redis, other));
    crate::support::soon(async {
        while sum("connected") > 0.0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
