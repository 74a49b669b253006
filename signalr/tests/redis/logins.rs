//! What a URL says beside the address.

use crate::server::Server;
use crate::support::{Inbox, builder, connected, publish, soon};
use signalr::{Redis, RedisError};
use std::time::Duration;

#[tokio::test]
async fn the_url_has_password_and_database() {
    let server = Server::start_with(&["--requirepass", "s3cret/@:"]).await;
    let url = format!("redis://:s3cret%2F%40%3A@127.0.0.1:{}/3", server.port);
    let redis = builder(&url).open().expect("it opens");
    connected(&redis).await;
    let other =
        builder(&format!("redis://default:s3cret%2F%40%3A@127.0.0.1:{}", server.port)).open().expect("it opens");
    connected(&other).await;
    let mut inbox = Inbox::on(&redis, "c").await;
    // Databases do not divide channels.
    assert_eq!(publish(&other, "c", "x").await, Ok(Some(1)));
    assert_eq!(inbox.text().await, "x");
}

#[tokio::test]
async fn a_wrong_password_is_told_without_it() {
    let server = Server::start_with(&["--requirepass", "right"]).await;
    let redis = builder(&format!("redis://:wr0ng@127.0.0.1:{}", server.port)).open().expect("it opens");
    let error = soon(publish_until_error(&redis)).await;
    assert!(error.contains("WRONGPASS"), "{error}");
    assert_eq!(redis.last_error().map(|error| error.contains("WRONGPASS")), Some(true));
    for text in [error, redis.last_error().unwrap_or_default(), format!("{redis:?}")] {
        assert!(!text.contains("wr0ng"), "{text}");
    }
}

#[tokio::test]
async fn a_missing_password_is_told() {
    let server = Server::start_with(&["--requirepass", "right"]).await;
    let redis = builder(&server.url()).open().expect("it opens");
    let error = soon(publish_until_error(&redis)).await;
    assert!(error.contains("NOAUTH"), "{error}");
}

/// The first publish waits for the first attempt.
async fn publish_until_error(redis: &Redis) -> String {
    publish(redis, "c", "x").await.expect_err("it cannot be published").to_string()
}

#[tokio::test]
async fn a_user_needs_few_rights() {
    let server = Server::start().await;
    let rights = ["on", ">pw", "resetchannels", "&app:*", "+publish", "+subscribe", "+unsubscribe", "+pubsub", "+ping"];
    assert_eq!(server.command(&[&["ACL", "SETUSER", "chat"], &rights[..]].concat()).await, "OK");
    let redis = builder(&format!("redis://chat:pw@127.0.0.1:{}", server.port)).prefix("app:").open().expect("it opens");
    connected(&redis).await;
    let mut inbox = Inbox::on(&redis, "c").await;
    assert_eq!(publish(&redis, "c", "x").await, Ok(Some(1)));
    assert_eq!(inbox.text().await, "x");
    assert_eq!(soon(signalr::Backplane::subscribers(&redis, "c")).await, Ok(Some(1)));
}

#[tokio::test]
async fn what_a_user_may_not_do_is_refused_to_whoever_asked() {
    let server = Server::start().await;
    server.command(&["ACL", "SETUSER", "chat", "on", ">pw", "resetchannels", "&app:*", "+@all"]).await;
    let redis = builder(&format!("redis://chat:pw@127.0.0.1:{}", server.port)).open().expect("it opens");
    connected(&redis).await;
    let mut inbox = Inbox::on(&redis, "app:c").await;
    let refused = |error: signalr::BackplaneError| error.to_string().contains("NOPERM");
    assert!(publish(&redis, "other", "x").await.is_err_and(refused));
    let receiver = Inbox::new().receiver;
    assert!(soon(signalr::Backplane::subscribe(&redis, "other", &receiver)).await.is_err_and(refused));
    // The connection goes on.
    assert_eq!(publish(&redis, "app:c", "x").await, Ok(Some(1)));
    assert_eq!(inbox.text().await, "x");
}

#[tokio::test]
async fn a_unix_socket_serves_as_well() {
    let directory = crate::server::Directory::new();
    let path = directory.join("redis.sock");
    let path = path.to_str().expect("text");
    let _server = Server::start_with(&["--unixsocket", path]).await;
    let redis = builder(&format!("unix://{path}")).open().expect("it opens");
    connected(&redis).await;
    assert_eq!(publish(&redis, "c", "x").await, Ok(Some(0)));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    for url in
        ["", "localhost", "http://localhost", "redis://", "redis://:pw0rd@localhost/x", "rediss://localhost#insecure"]
    {
        let error = Redis::open(url).expect_err(url);
        assert!(matches!(error, RedisError::Url(_)), "{url}: {error}");
        assert!(!error.to_string().contains("pw0rd"), "{error}");
    }
    let builder = || Redis::builder("redis://:pw0rd@localhost");
    assert!(!format!("{:?}", builder()).contains("pw0rd"));
    let [short, long] = [1, 2].map(Duration::from_secs);
    for builder in [
        builder().connect_timeout(Duration::ZERO),
        builder().response_timeout(Duration::ZERO),
        builder().backoff(Duration::ZERO, short),
        builder().backoff(long, short),
        builder().sentinel("main", [""; 0]),
        builder().node("redis://other").sentinel("main", ["redis://sentinel"]),
    ] {
        let error = builder.open().expect_err("refused");
        assert!(matches!(error, RedisError::Options(_)), "{error}");
    }
}
