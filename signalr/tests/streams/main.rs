//! Hubs over byte streams and over transports of one's own, as a user of the crate serves them.

mod custom;
mod ends;
mod handshakes;
mod listening;
mod splits;
mod support;

use serde_json::json;
use signalr::{CloseReason, HubServer, User};
use support::{Client, Probe, probe, server};

#[tokio::test]
async fn the_hub_sees_what_the_caller_of_serve_knows() {
    let (client, stream) = tokio::io::duplex(1024);
    let connection =
        server().serve(stream).id("one").user(User::new("ann")).extension(Probe("probe".to_owned())).extension(7_u8);
    let connection = connection.peer_address(([127, 0, 0, 1], 80).into());
    let connection = tokio::spawn(connection.into_future());
    let mut client = Client::shake_hands(client, "json").await;
    let about = client.call("About", json!([])).await;
    assert_eq!(about, json!(["one", "ann", "probe", "127.0.0.1:80", "Stream", null]));
    drop(client);
    assert_eq!(connection.await.unwrap(), CloseReason::ClientClosed);
}

#[tokio::test]
async fn by_default_there_is_an_id_and_nothing_else() {
    let (client, stream) = tokio::io::duplex(1024);
    let _connection = tokio::spawn(probe().serve(stream).into_future());
    let mut client = Client::shake_hands(client, "json").await;
    let about = client.call("About", json!([])).await;
    assert_eq!(about[0].as_str().map(str::len), Some(22));
    assert_eq!(about.as_array().unwrap()[1..], [json!(null), json!(null), json!(null), json!("Stream"), json!(null)]);
}

#[tokio::test]
async fn both_protocols_go_over_tcp() {
    for protocol in ["json", "messagepack"] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let connection = tokio::spawn(server().serve(stream).into_future());
        let mut client = Client::shake_hands(client, protocol).await;
        assert_eq!(client.call("Echo", json!(["x".repeat(20_000)])).await, json!("x".repeat(20_000)));
        assert_eq!(client.call("Echo", json!(["again"])).await, json!("again"));
        drop(client);
        assert_eq!(connection.await.unwrap(), CloseReason::ClientClosed);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_is_a_stream_too() {
    let (client, stream) = tokio::net::UnixStream::pair().unwrap();
    let connection = tokio::spawn(server().serve(stream).into_future());
    let mut client = Client::shake_hands(client, "messagepack").await;
    assert_eq!(client.call("Echo", json!(["x"])).await, json!("x"));
    drop(client);
    assert_eq!(connection.await.unwrap(), CloseReason::ClientClosed);
}

#[tokio::test]
async fn a_pair_of_pipes_is_a_stream_when_joined() {
    let (to_server, from_client) = tokio::io::simplex(64);
    let (from_server, to_client) = tokio::io::simplex(64);
    let stream = tokio::io::join(to_server, to_client);
    let connection = tokio::spawn(server().serve(stream).into_future());
    let mut client = Client::shake_hands(tokio::io::join(from_server, from_client), "json").await;
    assert_eq!(client.call("Echo", json!(["x".repeat(1000)])).await, json!("x".repeat(1000)));
    tokio::io::AsyncWriteExt::shutdown(&mut client.stream).await.unwrap();
    assert_eq!(connection.await.unwrap(), CloseReason::ClientClosed);
}

#[tokio::test]
async fn connections_of_all_kinds_reach_each_other() {
    let hub = probe();
    let options = signalr::HubOptions::default();
    let (one, stream) = tokio::io::duplex(1024);
    let _one = tokio::spawn(HubServer::new(&hub, &options).unwrap().serve(stream).into_future());
    let mut one = Client::shake_hands(one, "json").await;
    let hubs = signalr::SignalR::builder().hub("/probe", &hub).build();
    let (two, stream) = tokio::io::duplex(1024);
    let _two = tokio::spawn(hubs.server(&hub).serve(stream).into_future());
    let mut two = Client::shake_hands(two, "messagepack").await;
    two.call("Tell", json!(["hello"])).await;
    assert_eq!(one.next().await.unwrap()["arguments"], json!(["hello"]));
    assert_eq!(hub.handle().connections(), 2);
}

#[test]
#[should_panic(expected = "hub 'Probe' is not mounted here")]
fn only_a_hub_that_is_mounted_has_a_server_there() {
    let _ = signalr::SignalR::builder().build().server(&probe());
}
