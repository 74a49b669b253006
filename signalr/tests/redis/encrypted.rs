//! Redis by TLS. `tls/key.pem` is the secret of nothing but this test.

use crate::server::Server;
use crate::support::{Inbox, builder, connected, publish, soon};
use bytes::Bytes;
use signalr::{Backplane, RedisError};
use std::path::Path;

#[tokio::test]
async fn the_application_chooses_how_to_encrypt_and_whom_to_trust() {
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/redis/tls");
    let read = |name| std::fs::read(files.join(name)).expect("a file");
    let path = |name| files.join(name).to_str().expect("text").to_owned();
    let server = Server::start_encrypted(&path("certificate.pem"), &path("key.pem")).await;
    let url = format!("rediss://localhost:{}", server.port);
    let open = |roots: &str| builder(&url).root_certificates(read(roots)).open();

    // The only test of this process that uses TLS.
    let error = open("certificate.pem").expect_err("nothing is chosen yet");
    assert!(matches!(&error, RedisError::Tls(text) if text.contains("install_default")), "{error}");
    rustls::crypto::ring::default_provider().install_default().expect("once");

    let redis = open("certificate.pem").expect("it opens");
    connected(&redis).await;
    let mut inbox = Inbox::on(&redis, "c").await;
    assert_eq!(publish(&redis, "c", &"x".repeat(100_000)).await, Ok(Some(1)));
    assert_eq!(inbox.text().await.len(), 100_000);

    let error = open("key.pem").expect_err("no certificate");
    assert!(matches!(&error, RedisError::Tls(text) if text.contains("no root certificates")), "{error}");
    let stranger = open("other.pem").expect("it opens");
    let error = soon(stranger.publish("c", Bytes::new()).expect("taken")).await.expect_err("not trusted");
    assert!(error.to_string().contains("certificate"), "{error}");
}
