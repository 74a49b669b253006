//! Clusters and Sentinels.

use crate::server::{Client, Server};
use crate::support::{Inbox, builder, connected, publish, soon};
use bytes::Bytes;
use signalr::Backplane;

#[tokio::test]
async fn any_node_of_a_cluster_will_do() {
    let arguments = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"];
    let (mut one, two) = (Server::start_with(&arguments).await, Server::start_with(&arguments).await);
    one.command(&["CLUSTER", "MEET", "127.0.0.1", &two.port.to_string()]).await;
    // Whether the nodes carry anything to each other shows when they do.
    let mut client = Client::connect(two.port).await;
    client.command(&["SUBSCRIBE", "ready"]).await;
    let ready = async {
        tokio::select! {
            _ = client.reply() => {}
            () = async { loop { one.command(&["PUBLISH", "ready", ""]).await; } } => {}
        }
    };
    soon(ready).await;

    let at_one = builder(&one.url()).node(two.url()).open().expect("it opens");
    let at_two = builder(&two.url()).open().expect("it opens");
    connected(&at_one).await;
    connected(&at_two).await;
    assert_eq!((one.clients().await, two.clients().await), (1, 2));
    let (mut inbox, mut other) = (Inbox::on(&at_one, "c").await, Inbox::on(&at_two, "c").await);
    // Each node only knows of its own.
    assert_eq!(publish(&at_one, "c", "x").await, Ok(None));
    assert_eq!(soon(at_two.subscribers("c")).await, Ok(None));
    assert_eq!((inbox.text().await, other.text().await), ("x".to_owned(), "x".to_owned()));

    let mut watch = at_one.watch();
    one.kill().await;
    soon(watch.wait_for(|is_connected| !is_connected)).await.expect("the handle lives");
    connected(&at_one).await;
    assert_eq!(publish(&at_two, "c", "y").await, Ok(None));
    assert_eq!((inbox.text().await, other.text().await), ("y".to_owned(), "y".to_owned()));
}

#[tokio::test]
async fn sentinels_say_where_the_master_is() {
    let master = Server::start_with(&["--requirepass", "pw"]).await;
    let replica =
        Server::start_with(&["--replicaof", &format!("127.0.0.1 {}", master.port), "--masterauth", "pw"]).await;
    let sentinel = Server::start_sentinel().await;
    let (port, name) = (master.port.to_string(), "main");
    sentinel.command(&["SENTINEL", "MONITOR", name, "127.0.0.1", &port, "1"]).await;
    sentinel.command(&["SENTINEL", "SET", name, "auth-pass", "pw"]).await;

    let redis = builder("redis://:pw@nowhere").sentinel(name, ["redis://127.0.0.1:1".to_owned(), sentinel.url()]);
    let redis = redis.open().expect("it opens");
    connected(&redis).await;
    let mut inbox = Inbox::on(&redis, "c").await;
    assert_eq!(publish(&redis, "c", "x").await, Ok(Some(1)));
    assert_eq!(inbox.text().await, "x");
    drop(replica);

    let unknown = builder("redis://:pw@nowhere").sentinel("other", [sentinel.url()]).open().expect("it opens");
    let error = soon(unknown.publish("c", Bytes::new()).expect("taken")).await.expect_err("no such master");
    assert!(error.to_string().contains("it knows no master of the name other"), "{error}");
}
