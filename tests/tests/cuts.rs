//! Sessions cut at every byte: the connection ends, and the server goes on.

use std::{
    io::{ErrorKind, Read, Write},
    net::Shutdown,
};

use serde_json::json;
use wire_tests::{
    BOTH, Frame, HubSocket, Protocol, ended, invocation, invocation_with_streams, item, server, stream_invocation,
};

/// Everything that a client sends in a session with a bit of everything.
fn session(protocol: Protocol) -> Vec<u8> {
    let mut bytes = format!(
        "GET /conformance?watch HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        server().authority()
    )
    .into_bytes();
    bytes.extend(Frame::text(protocol.handshake()).to_bytes());
    let messages = [
        invocation("1", "Echo", json!(["some text"])),
        stream_invocation("2", "Infinite", json!([])),
        invocation_with_streams("3", "Sum", json!([]), &["u"]),
        item("u", json!(1)),
        json!({"type": 6}),
        ended("u"),
        invocation("4", "SlowCancellable", json!([5])),
        json!({"type": 7}),
    ];
    for message in messages {
        bytes.extend(protocol.frame(protocol.encode(&message)).to_bytes());
    }
    bytes.extend(Frame::close(1000).to_bytes());
    bytes
}

#[test]
fn a_session_cut_at_any_byte_ends_and_harms_nobody() {
    for protocol in BOTH {
        let bytes = session(protocol);
        for cut in 0..bytes.len() {
            let mut stream = server().tcp();
            stream.write_all(&bytes[..cut]).expect("the server reads");
            stream.shutdown(Shutdown::Write).expect("the connection is open");
            let mut chunk = [0; 4096];
            loop {
                match stream.read(&mut chunk) {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
                    Err(error) => panic!("{protocol:?} cut at {cut}: the server keeps the connection: {error}"),
                }
            }
            if cut % 50 == 0 {
                HubSocket::connect("/conformance", protocol).expect_alive();
            }
        }
    }
    HubSocket::json("/conformance").expect_alive();
}

#[test]
fn a_session_reset_at_any_byte_harms_nobody() {
    let mut other = HubSocket::json("/conformance");
    for protocol in BOTH {
        let bytes = session(protocol);
        for cut in (0..bytes.len()).step_by(3) {
            let mut stream = server().tcp();
            stream.write_all(&bytes[..cut]).expect("the server reads");
            drop(stream);
            if cut % 50 == 0 {
                other.expect_alive();
            }
        }
    }
    other.expect_alive();
    HubSocket::connect("/conformance", BOTH[1]).expect_alive();
}
